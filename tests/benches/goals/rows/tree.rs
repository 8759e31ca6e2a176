//! Two levels of orchestrations, and entities, beside the floor.

use anyhow::Result;
use anyhow::ensure;

use super::entities;
use crate::alternate::Run;
use crate::alternate::Series;
use crate::alternate::Side;
use crate::alternate::alternate;
use crate::floor;
use crate::floor::Load;
use crate::options::Options;
use crate::ours::World;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;
use crate::work;

const CHILDREN: u32 = 100;
const EACH: u32 = 1_000;
const SIGNALS: u32 = 10_000;
const ENTITIES: u32 = 1_000;
const SHARE_OF_FLOOR: f64 = 0.4;

pub(crate) async fn measure(options: &Options) -> Section {
    let mut section = Section::default();
    let (children, each) = (options.size(CHILDREN), options.size(EACH));
    let load = Load::wide(children * each);
    let sides = [
        Side::new("ours, tree", move || tree(options, children, each)),
        Side::new("floor, tree", move || floor::run(options, "normal", load)),
    ];
    let goal = "tree of 100 sub-orchestrations × 1,000, share of the floor's rate ≥ 0.40";
    judge(&mut section, goal, &alternate(options.pairs, &sides).await);

    let signals = options.size(SIGNALS);
    let load = Load::wide(signals);
    for (entities, called) in [
        (1, "one entity"),
        (options.size(ENTITIES), "1,000 entities"),
    ] {
        let sides = [
            Side::new(format!("ours, {called}"), move || {
                entities::signals(options, signals, entities)
            }),
            Side::new("floor", move || floor::run(options, "normal", load)),
        ];
        let goal = format!("10,000 signals to {called}, share of the floor's rate ≥ 0.40");
        judge(&mut section, &goal, &alternate(options.pairs, &sides).await);
    }
    section.note(
        "Signals: a call of the client each, 256 at a time; the time ends when an orchestration \
         has asked every entity for its count, so the last one has been handled.",
    );
    section
}

fn judge(section: &mut Section, goal: &str, series: &[Series]) {
    let [ours, floor] = series else { return };
    section.verdicts.push(Verdict::at_least(
        goal,
        SHARE_OF_FLOOR,
        ours.ratio(floor, Run::rate),
    ));
    section.tables.push(Table::of_runs(&[ours, floor]));
    section.note_failures(&[ours, floor]);
}

async fn tree(options: &Options, children: u32, each: u32) -> Result<Run> {
    let world = World::start(options, "normal").await?;
    let before = world.server.usage()?;
    let (_, sum, seconds) = world.server.timed(&work::TREE, (children, each)).await?;
    let expected = work::sum_below(each) * u64::from(children);
    ensure!(sum == expected, "a wrong result: {sum}");
    Ok(Run {
        seconds,
        items: children * each,
        server: world.server.usage()?.since(before),
        ..Run::default()
    })
}
