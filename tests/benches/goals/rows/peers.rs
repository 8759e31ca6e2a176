//! Against duroxide: fan-outs that grow, and many orchestrations.

use crate::alternate::Run;
use crate::alternate::Series;
use crate::alternate::Side;
use crate::alternate::alternate;
use crate::figures::exponent;
use crate::figures::short;
use crate::floor;
use crate::floor::Load;
use crate::options::Options;
use crate::ours;
use crate::peers::duroxide::Duroxide;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;

/// Activities, and how many times as fast as duroxide.
const FAN_OUTS: [(u32, f64); 3] = [(1_000, 90.0), (2_000, 170.0), (4_000, 300.0)];

const INSTANCES: u32 = 1_000;
const EACH: u32 = 10;
const MANY_TIMES: f64 = 20.0;
const MANY_SHARE_OF_FLOOR: f64 = 0.4;

pub(crate) async fn fan_outs(options: &Options) -> Section {
    let mut section = Section::default();
    let duroxide = match Duroxide::find() {
        Ok(duroxide) => duroxide,
        Err(why) => {
            section
                .verdicts
                .push(Verdict::missing("fan-outs against duroxide", why));
            return section;
        }
    };
    let mut seconds = Vec::new();
    for (activities, times) in FAN_OUTS {
        let size = options.size(activities);
        let peer = &duroxide;
        let sides = [
            Side::new("ours", move || ours::fan_out(options, "normal", size)),
            Side::new("duroxide", move || peer.run(options, 1, size)),
        ];
        let series = alternate(options.pairs, &sides).await;
        let [ours, theirs] = &series[..] else {
            continue;
        };
        section.verdicts.push(Verdict::at_least(
            format!("fan-out of {activities}: duroxide's time / ours ≥ {times}"),
            times,
            theirs.ratio(ours, |run| run.seconds),
        ));
        section.tables.push(Table::of_runs(&[ours, theirs]));
        section.note_failures(&[ours, theirs]);
        seconds.push((size, median_seconds(ours), median_seconds(theirs)));
    }
    if let [
        (first, ours_first, theirs_first),
        ..,
        (last, ours_last, theirs_last),
    ] = seconds[..]
    {
        section.note(format!(
            "Growth of the time from {first} to {last}: N^{} ours, N^{} duroxide.",
            short(exponent((first, last), (ours_first, ours_last))),
            short(exponent((first, last), (theirs_first, theirs_last))),
        ));
    }
    section
}

fn median_seconds(series: &Series) -> f64 {
    let figure = series.figure(|run| run.seconds);
    figure.map_or(f64::NAN, |figure| figure.median)
}

pub(crate) async fn many(options: &Options) -> Section {
    let instances = options.size(INSTANCES);
    let load = Load::wide(instances * EACH);
    let found = Duroxide::find();
    let mut sides = vec![
        Side::new("ours", move || ours::many(options, instances, EACH)),
        Side::new("floor", move || floor::run(options, "normal", load)),
    ];
    if let Ok(duroxide) = &found {
        let run = move || duroxide.run(options, instances, EACH);
        sides.push(Side::new("duroxide", run));
    }
    let series = alternate(options.pairs, &sides).await;
    let all: Vec<&Series> = series.iter().collect();
    let mut section = Section {
        tables: vec![Table::of_runs(&all)],
        ..Section::default()
    };
    section.note_failures(&all);
    section.verdicts.push(Verdict::at_least(
        "1,000 orchestrations × 10, share of the floor's rate ≥ 0.40",
        MANY_SHARE_OF_FLOOR,
        all[0].ratio(all[1], Run::rate),
    ));
    let goal = "1,000 orchestrations × 10: our rate / duroxide's ≥ 20";
    section.verdicts.push(match (&found, all.get(2)) {
        (Ok(_), Some(theirs)) => {
            Verdict::at_least(goal, MANY_TIMES, all[0].ratio(theirs, Run::rate))
        }
        (Err(why), _) => Verdict::missing(goal, why),
        (Ok(_), None) => Verdict::missing(goal, "it was not run"),
    });
    section
}
