//! One fan-out: against the floor, full durability against normal, and what it writes.

use crate::alternate::Run;
use crate::alternate::Series;
use crate::alternate::Side;
use crate::alternate::alternate;
use crate::floor;
use crate::floor::Load;
use crate::options::Options;
use crate::ours;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;

const ACTIVITIES: u32 = 10_000;
const SHARE_OF_FLOOR: f64 = 0.65;
const FULL_OF_NORMAL: f64 = 0.85;
const WRITTEN_BYTES: f64 = 3_500.0;

pub(crate) async fn against_floor(options: &Options) -> Section {
    let series = ours_and_floor(options).await;
    let [ours, floor] = &series;
    let share = ours.ratio(floor, Run::rate);
    let mut section = section(&[ours, floor]);
    let goal = "fan-out of 10,000, share of the floor's rate ≥ 0.65 (at least 0.45)";
    section
        .verdicts
        .push(Verdict::at_least(goal, SHARE_OF_FLOOR, share));
    if let Some(turns) = ours.figure(turns) {
        section.note(format!("Turns: {turns}."));
    }
    section
}

pub(crate) async fn durability(options: &Options) -> Section {
    let size = options.size(ACTIVITIES);
    let load = Load::wide(size);
    let sides = [
        Side::new("ours, full", move || ours::fan_out(options, "full", size)),
        Side::new("ours, normal", move || {
            ours::fan_out(options, "normal", size)
        }),
        Side::new("floor, full", move || floor::run(options, "full", load)),
        Side::new("floor, normal", move || floor::run(options, "normal", load)),
    ];
    let series = alternate(options.pairs, &sides).await;
    let [full, normal, floor_full, floor_normal] = &series[..] else {
        return Section::default();
    };
    let mut section = section(&[full, normal, floor_full, floor_normal]);
    section.verdicts.push(Verdict::at_least(
        "fan-out of 10,000, rate of `full` / rate of `normal` ≥ 0.85",
        FULL_OF_NORMAL,
        full.ratio(normal, Run::rate),
    ));
    let floors = floor_full.ratio(floor_normal, Run::rate);
    if let Some(floors) = floors {
        section.note(format!("The same ratio of the floor: {floors}."));
    }
    section
}

pub(crate) async fn written(options: &Options) -> Section {
    let [ours, floor] = &ours_and_floor(options).await;
    let mut section = section(&[ours, floor]);
    section.verdicts.push(Verdict::at_most(
        "fan-out of 10,000, bytes written an activity ≤ 3,500",
        WRITTEN_BYTES,
        ours.figure(Run::written),
    ));
    section.note(
        "`write_bytes` of the server from the start of the fan-out to its end: log and checkpoints.",
    );
    section
}

async fn ours_and_floor(options: &Options) -> [Series; 2] {
    let size = options.size(ACTIVITIES);
    let load = Load::wide(size);
    let sides = [
        Side::new("ours", move || ours::fan_out(options, "normal", size)),
        Side::new("floor", move || floor::run(options, "normal", load)),
    ];
    let mut series = alternate(options.pairs, &sides).await.into_iter();
    let mut next = || series.next().unwrap_or_else(|| Series::empty("nobody"));
    [next(), next()]
}

fn section(series: &[&Series]) -> Section {
    let mut section = Section {
        tables: vec![Table::of_runs(series)],
        ..Section::default()
    };
    section.note_failures(series);
    section
}

/// How many turns the fan-out took.
pub(crate) fn turns(run: &Run) -> f64 {
    u32::try_from(run.turns).map_or(f64::MAX, f64::from)
}
