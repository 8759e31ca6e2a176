//! Turns of an orchestration with a long history: kept in memory between them, and replayed.
//!
//! `cargo bench -p durascope-tests --bench sticky` measures 500 turns after a history of 10,000
//! events; `-- EVENTS TURNS` others. Compare the ratio, not the numbers.
#![expect(clippy::print_stdout, reason = "a benchmark shows its figures")]

use std::sync::Arc;
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
use tokio::sync::Notify;

const ECHO: Activity<u32, u32> = Activity::named("Echo");
const READY: Activity<(), ()> = Activity::named("Ready");
const LONG: Orchestration<(u32, u32), u32> = Orchestration::named("Long");
const GO: ExternalEvent<()> = ExternalEvent::named("Go");
const PATIENCE: Duration = Duration::from_secs(600);

/// A history of so many events, then turn after turn, each with one activity.
async fn long(
    ctx: OrchestrationContext,
    (events, turns): (u32, u32),
) -> Result<u32, OrchestrationError> {
    ctx.fan_out(&ECHO, 0..events / 2).all().await?;
    ctx.call(&READY, ()).await?;
    ctx.wait_for_event(&GO).await?;
    let mut last = 0;
    for turn in 0..turns {
        last = ctx.call(&ECHO, turn).await?;
    }
    Ok(last)
}

async fn echo(_ctx: ActivityContext, number: u32) -> anyhow::Result<u32> {
    Ok(number)
}

fn main() -> anyhow::Result<()> {
    let numbers = std::env::args()
        .skip(1)
        .filter_map(|it| it.parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.collect();
    let events = numbers.first().copied().unwrap_or(10_000);
    let turns = numbers.get(1).copied().unwrap_or(500);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no runtime")?;
    let replayed = runtime.block_on(measure(events, turns, 0))?;
    let kept = runtime.block_on(measure(events, turns, 1_000))?;
    println!("history of {events} events, {turns} turns after it");
    println!("replayed  {replayed:>8.0} turns/s");
    println!("kept      {kept:>8.0} turns/s");
    println!("ratio     {:>8.1}", kept / replayed);
    Ok(())
}

/// Turns a second, with so many executions kept by the worker.
async fn measure(events: u32, turns: u32, kept: usize) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let emulator = Emulator::start(&["--db", &path.to_string_lossy()])?;
    let client = Client::connect(ConnectOptions::new(emulator.endpoint(), "default")?)?;
    let ready = Arc::new(Notify::new());
    let told = Arc::clone(&ready);
    let tell = move |_: ActivityContext, ()| {
        told.notify_one();
        async { Ok::<_, String>(()) }
    };
    let worker = Worker::builder(&client)
        .activity(&READY, tell)
        .orchestration(&LONG, long)
        .activity(&ECHO, echo)
        .max_sticky_executions(kept)
        .build()?
        .start();
    let id = client.start(&LONG, (events, turns)).await?;
    tokio::time::timeout(PATIENCE, ready.notified()).await?;
    let begun = Instant::now();
    client.raise_event(&id, &GO, ()).await?;
    let state = client.wait_for_completion(&id, PATIENCE).await?;
    let took = begun.elapsed().as_secs_f64();
    ensure!(state.output::<u32>()? == turns - 1, "a wrong result");
    worker.stop().await?;
    Ok(f64::from(turns) / took)
}
