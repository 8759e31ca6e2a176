//! Activities one after another: a step against the floor's, and whether steps get dearer.

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;

use crate::alternate::Run;
use crate::alternate::Series;
use crate::alternate::Side;
use crate::alternate::alternate;
use crate::figures::Figure;
use crate::floor;
use crate::floor::Load;
use crate::options::Options;
use crate::ours;
use crate::ours::World;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;
use crate::work;

const STEPS: u32 = 1_000;
/// Steps at both ends that are compared: a part of all.
const ENDS: u32 = 10;
/// The orchestrator's completion and the activity's.
const ITEMS_A_STEP: u32 = 2;
const OF_FLOOR: f64 = 1.5;
const LAST_OF_FIRST: f64 = 1.1;

pub(crate) async fn measure(options: &Options) -> Section {
    let mut section = Section::default();
    for durability in ["normal", "full"] {
        let steps = options.size(STEPS);
        let floor = |joined| move || floor_chain(options, durability, steps, joined);
        let sides = [
            Side::new(format!("ours, {durability}"), move || {
                chain(options, durability, steps)
            }),
            Side::new(format!("floor, {durability}"), floor(false)),
            Side::new(format!("floor with joined rows, {durability}"), floor(true)),
        ];
        let series = alternate(options.pairs, &sides).await;
        let [ours, floor, joined] = &series[..] else {
            continue;
        };
        judge(&mut section, durability, ours, floor);
        let strict = ours.figure(ms_a_step).zip(joined.figure(ms_a_step));
        let ratio = ratio_a_step(ours, joined);
        if let (Some((ours, joined)), Some(ratio)) = (strict, ratio) {
            section.note(format!(
                "{durability}: {ours} ms a step, {ratio} of the {joined} ms of a floor that writes \
                 a step's next row in the commit of the one before: two commits a step, as ours has."
            ));
        }
        section.tables.push(table(&[ours, floor, joined]));
        section.note_failures(&[ours, floor, joined]);
    }
    section.note(
        "A step of the floor: two items one after another, each with a commit before it is streamed \
         and one before its completion is acknowledged.",
    );
    section
}

fn judge(section: &mut Section, durability: &str, ours: &Series, floor: &Series) {
    section.verdicts.push(Verdict::at_most(
        format!("chain of 1,000, {durability}: our step / the floor's ≤ 1.5"),
        OF_FLOOR,
        ratio_a_step(ours, floor),
    ));
    section.verdicts.push(Verdict::at_most(
        format!("chain of 1,000, {durability}: last 100 steps / first 100 ≤ 1.1"),
        LAST_OF_FIRST,
        ours.figure(|run| run.more[1] / run.more[0]),
    ));
}

fn ratio_a_step(ours: &Series, other: &Series) -> Option<Figure> {
    ours.ratio(other, |run| run.seconds)
}

fn ms_a_step(run: &Run) -> f64 {
    run.seconds * 1e3 / f64::from(run.items)
}

fn table(series: &[&Series]) -> Table {
    let mut table = Table::new(&["side", "seconds", "server CPU s", "failed"]);
    for it in series {
        table.row([
            it.name.clone(),
            crate::figures::shown(it.figure(|run| run.seconds)),
            crate::figures::shown(it.figure(|run| run.server.cpu_seconds)),
            it.failures.len().to_string(),
        ]);
    }
    table
}

async fn floor_chain(options: &Options, durability: &str, steps: u32, joined: bool) -> Result<Run> {
    let load = Load::narrow(steps * ITEMS_A_STEP, joined);
    let run = floor::run(options, durability, load).await?;
    Ok(Run {
        items: steps,
        ..run
    })
}

async fn chain(options: &Options, durability: &str, steps: u32) -> Result<Run> {
    let world = World::start(options, durability).await?;
    let before = world.server.usage()?;
    let (id, last, seconds) = world.server.timed(&work::CHAIN, steps).await?;
    ensure!(last == steps - 1, "a wrong result: {last}");
    let server = world.server.usage()?.since(before);
    let history = ours::history(&world.server.client, &id).await?;
    let scheduled: Vec<f64> = history.iter().filter_map(scheduled_at).collect();
    let ends = usize::try_from((steps / ENDS).max(1))?;
    let spent = |events: &[f64]| Some(events.last()? - events.first()?);
    let first = scheduled.get(..=ends).and_then(spent);
    let last = scheduled.len().checked_sub(ends + 1);
    let last = last.and_then(|from| spent(&scheduled[from..]));
    Ok(Run {
        seconds,
        items: steps,
        server,
        turns: 0,
        more: [
            first.context("too short a chain")?,
            last.context("too short a chain")?,
        ],
    })
}

/// Seconds of the turn that scheduled an activity.
fn scheduled_at(event: &HistoryEvent) -> Option<f64> {
    let Some(EventType::TaskScheduled(_)) = event.event_type else {
        return None;
    };
    let time = event.timestamp?;
    // Whole seconds of a day are enough for differences, and exact.
    let seconds = u32::try_from(time.seconds.rem_euclid(86_400)).ok()?;
    Some(f64::from(seconds) + f64::from(time.nanos) / 1e9)
}
