//! Turns per second of an orchestration with a long history: kept in memory between its turns, and
//! replayed in each. The real emulator on a file, and a Rust worker in this process.
//!
//! `cargo bench -p durascope-tests --bench sticky` measures histories of 100, 1,000 and 10,000
//! events; `-- EVENTS TURNS RUNS` others. Figures are of one machine in one run: compare the
//! ratios, not the numbers.
#![expect(clippy::print_stdout, reason = "a benchmark shows its figures")]

use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::ensure;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::Worker;
use durascope_tests::Emulator;
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;

const ECHO: Activity<u32, u32> = Activity::named("Echo");
/// Half of the events, turns, and whether each turn waits for an activity or for an event.
const LONG: Orchestration<(u32, u32, bool), u64> = Orchestration::named("Long");
const NEXT: ExternalEvent<u32> = ExternalEvent::named("Next");

const TURNS_DEFAULT: u32 = 300;
const RUNS_DEFAULT: usize = 5;
const PATIENCE: Duration = Duration::from_secs(600);

/// A fan-out for the history, and then one thing after the other.
async fn long(
    ctx: OrchestrationContext,
    (calls, turns, by_activity): (u32, u32, bool),
) -> Result<u64, OrchestrationError> {
    let calls = (0..calls).map(|number| ctx.call(&ECHO, number));
    try_join_all(calls).await?;
    ctx.set_custom_status("ready")?;
    let mut sum = u64::from(ctx.wait_for_event(&NEXT).await?);
    for number in 0..turns {
        sum += u64::from(if by_activity {
            ctx.call(&ECHO, number).await?
        } else {
            ctx.send_event(ctx.instance_id(), &NEXT, number)?;
            ctx.wait_for_event(&NEXT).await?
        });
    }
    Ok(sum)
}

fn main() -> anyhow::Result<()> {
    let numbers = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.collect();
    let sizes = numbers
        .first()
        .map_or_else(|| vec![100, 1_000, 10_000], |size| vec![*size]);
    let turns = numbers.get(1).copied().unwrap_or(TURNS_DEFAULT).max(1);
    let runs = numbers.get(2).map_or(RUNS_DEFAULT, |runs| *runs as usize);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no runtime")?;
    println!("events  a turn for  runs  kept turns/s  replayed turns/s  ratio");
    for size in sizes {
        for by_activity in [false, true] {
            runtime.block_on(compare(size, turns, by_activity, runs.max(1)))?;
        }
    }
    Ok(())
}

/// Both kinds in turns, so that whatever else the machine does falls on both.
async fn compare(events: u32, turns: u32, by_activity: bool, runs: usize) -> anyhow::Result<()> {
    let (mut kept, mut replayed) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        let rates = (
            measure(1_000, events, turns, by_activity).await?,
            measure(0, events, turns, by_activity).await?,
        );
        // The first one warms up.
        if run > 0 {
            kept.push(rates.0);
            replayed.push(rates.1);
        }
    }
    let (kept, replayed) = (median(kept), median(replayed));
    println!(
        "{events:>6}  {:>10}  {runs:>4}  {kept:>12.0}  {replayed:>16.0}  {:>5.1}",
        if by_activity { "activity" } else { "event" },
        kept / replayed,
    );
    Ok(())
}

/// Turns per second after a history of so many events, on a fresh database file.
async fn measure(
    sticky_max: usize,
    events: u32,
    turns: u32,
    by_activity: bool,
) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let emulator = Emulator::start(&["--db", &path.to_string_lossy()])?;
    let client = Client::connect(ConnectOptions::new(emulator.endpoint(), "default")?)?;
    let worker = Worker::builder(&client)
        .orchestration(&LONG, long)
        .activity(&ECHO, |_: ActivityContext, number| async move {
            anyhow::Ok(number)
        })
        .max_sticky_executions(sticky_max)
        .build()?
        .start();
    let id = client
        .start(&LONG, (events / 2, turns, by_activity))
        .await?;
    loop {
        let state = client.get(&id).await?.context("the instance is gone")?;
        if state.custom_status::<String>()?.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = Instant::now();
    client.raise_event(&id, &NEXT, 0).await?;
    let state = client.wait_for_completion(&id, PATIENCE).await?;
    let took = begun.elapsed().as_secs_f64();
    let expected = u64::from(turns) * u64::from(turns - 1) / 2;
    ensure!(state.output::<u64>()? == expected, "a wrong result");
    let stored: Vec<_> = client.history(&id).await?.try_collect().await?;
    ensure!(stored.len() > events as usize, "the history is too short");
    worker.stop().await?;
    Ok(f64::from(turns) / took)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
