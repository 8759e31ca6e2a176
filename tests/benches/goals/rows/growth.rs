//! From 10,000 activities to 100,000 in one fan-out: time beside the floor's, and memory.

use crate::alternate::Run;
use crate::alternate::Side;
use crate::alternate::alternate;
use crate::figures::Figure;
use crate::figures::exponent;
use crate::figures::short;
use crate::floor;
use crate::floor::Load;
use crate::options::Options;
use crate::ours;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;

const SMALL: u32 = 10_000;
const LARGE: u32 = 100_000;
const OF_FLOOR: f64 = 1.05;
const PEAK_MB: f64 = 200.0;
const PEAK_TIMES: f64 = 3.0;

pub(crate) async fn measure(options: &Options) -> Section {
    let sizes = (options.size(SMALL), options.size(LARGE));
    let ours = |size| move || ours::fan_out(options, "normal", size);
    let floor = |size| move || floor::run(options, "normal", Load::wide(size));
    let sides = [
        Side::new("ours, small", ours(sizes.0)),
        Side::new("ours, large", ours(sizes.1)),
        Side::new("floor, small", floor(sizes.0)),
        Side::new("floor, large", floor(sizes.1)),
    ];
    let series = alternate(options.pairs, &sides).await;
    let [small, large, floor_small, floor_large] = &series[..] else {
        return Section::default();
    };
    let all = [small, large, floor_small, floor_large];
    let mut section = Section {
        tables: vec![Table::of_runs(&all)],
        ..Section::default()
    };
    section.note_failures(&all);
    let rounds = (0..small.runs.len()).filter_map(|round| {
        let seconds = |at: usize| series[at].runs[round].as_ref().map(|run| run.seconds);
        Some(seconds(1)? / seconds(0)? / (seconds(3)? / seconds(2)?))
    });
    section.verdicts.push(Verdict::at_most(
        "10,000 to 100,000: our growth / the floor's ≤ 1.05",
        OF_FLOOR,
        Figure::of(rounds),
    ));
    section.verdicts.push(Verdict::at_most(
        "peak memory of the emulator at 100,000 ≤ 200 MB",
        PEAK_MB,
        large.figure(Run::peak_mb),
    ));
    section.verdicts.push(Verdict::at_most(
        "peak memory at 100,000 / at 10,000 ≤ 3",
        PEAK_TIMES,
        large.ratio(small, Run::peak_mb),
    ));
    for (name, from, to) in [
        ("ours", small, large),
        ("the floor", floor_small, floor_large),
    ] {
        let grown = to.ratio(from, |run| run.seconds);
        if let Some(grown) = grown {
            let power = exponent(sizes, (1.0, grown.median));
            section.note(format!(
                "Growth of the time, {name}: {grown} times, N^{}.",
                short(power)
            ));
        }
    }
    section
}
