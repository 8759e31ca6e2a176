//! The dashboard in a terminal while a fan-out runs: what it costs, and how soon it shows.

use std::time::Instant;

use anyhow::Result;
use durascope_sdk::StartOptions;
use durascope_tests::Binary;
use durascope_tests::Terminal;

use crate::alternate::Run;
use crate::alternate::Side;
use crate::alternate::alternate;
use crate::figures::Figure;
use crate::figures::percentile;
use crate::figures::short;
use crate::options::Options;
use crate::ours;
use crate::ours::World;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;
use crate::work;

const ACTIVITIES: u32 = 10_000;
const RATE_LEFT: f64 = 0.98;
const SHOWN_MS: f64 = 40.0;
const MARKS: u32 = 200;
/// Rows and columns of a large terminal.
const SIZE: (u16, u16) = (50, 200);
const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];

pub(crate) async fn measure(options: &Options) -> Result<Section> {
    let size = options.size(ACTIVITIES);
    let sides = [
        Side::new("with the dashboard", move || watched(options, size)),
        Side::new("without", move || ours::fan_out(options, "normal", size)),
    ];
    let series = alternate(options.pairs, &sides).await;
    let mut section = Section::default();
    if let [with, without] = &series[..] {
        section.verdicts.push(Verdict::at_least(
            "fan-out of 10,000, rate with the dashboard / without ≥ 0.98",
            RATE_LEFT,
            with.ratio(without, Run::rate),
        ));
        section.tables.push(Table::of_runs(&[with, without]));
        section.note_failures(&[with, without]);
    }
    let shown = latencies(options).await?;
    let late = percentile(&shown, 0.99).map(|late| Figure::of([late]));
    section.verdicts.push(Verdict::at_most(
        "commit → shown at the 99th percentile while 10,000 fan out ≤ 40 ms",
        SHOWN_MS,
        late.flatten(),
    ));
    for (share, called) in [(0.5, "median"), (0.9, "90th percentile"), (1.0, "largest")] {
        if let Some(ms) = percentile(&shown, share) {
            section.note(format!("Commit → shown, {called}: {} ms.", short(ms)));
        }
    }
    section.note(
        "A start is acknowledged, which it is after its commit; shown is its id on the screen of a \
         pseudo terminal.",
    );
    Ok(section)
}

/// The dashboard, once it shows the hub.
fn dashboard(world: &World) -> Result<Terminal> {
    let arguments = ["--endpoint", world.server.emulator.endpoint()];
    let terminal = Terminal::start(&Binary::Dashboard.path()?, &arguments, &LOCALE, SIZE)?;
    tokio::task::block_in_place(|| terminal.wait_for("live"))?;
    Ok(terminal)
}

async fn watched(options: &Options, size: u32) -> Result<Run> {
    let world = World::start(options, "normal").await?;
    let _terminal = dashboard(&world)?;
    world.fan_out(size).await
}

/// Milliseconds from the acknowledgement of a start to its sight, while fan-outs run.
async fn latencies(options: &Options) -> Result<Vec<f64>> {
    let world = World::start(options, "normal").await?;
    let terminal = dashboard(&world)?;
    let (size, client) = (options.size(ACTIVITIES), world.server.client.clone());
    let load = tokio::spawn(async move {
        while let Ok(id) = client.start(&work::FAN_OUT, size).await {
            let ended = client.wait_for_completion(&id, ours::PATIENCE).await;
            // The list stays short, so that what is new is in sight.
            if ended.is_err() || client.purge(&id).await.is_err() {
                break;
            }
        }
    });
    let mut shown = Vec::new();
    for number in 0..options.size(MARKS) {
        let id = format!("mark-{number:04}");
        let start = StartOptions::new().instance_id(&id);
        let client = &world.server.client;
        // Without activities it ends at once, and stays in sight all the same.
        client.start_with(&work::FAN_OUT, 0, start).await?;
        let committed = Instant::now();
        tokio::task::block_in_place(|| terminal.wait_for(&id))?;
        shown.push(committed.elapsed().as_secs_f64() * 1e3);
        client.wait_for_completion(&id, ours::PATIENCE).await?;
        client.purge(&id).await?;
    }
    load.abort();
    Ok(shown)
}
