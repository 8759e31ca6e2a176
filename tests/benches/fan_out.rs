//! How long a fan-out takes: the real emulator on a file, and a Rust worker in this process.
//!
//! `cargo bench -p durascope-tests --bench fan_out` measures 1,000 and 10,000 activities;
//! `-- N RUNS` others. Figures are of one machine in one run: compare ratios, not numbers.
#![expect(clippy::print_stdout, reason = "a benchmark shows its figures")]

use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::ensure;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_tests::Emulator;
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;

const ECHO: Activity<u32, u32> = Activity::named("Echo");
const FAN_OUT: Orchestration<u32, u64> = Orchestration::named("FanOut");

/// Enough outstanding completions to fill a group commit.
const ACTIVITIES_MAX: usize = 256;

const RUNS_DEFAULT: usize = 5;
const PATIENCE: Duration = Duration::from_secs(600);

async fn fan_out(ctx: OrchestrationContext, count: u32) -> Result<u64, TaskFailed> {
    let calls = (0..count).map(|number| ctx.call(&ECHO, number));
    Ok(try_join_all(calls).await?.into_iter().map(u64::from).sum())
}

async fn echo(_ctx: ActivityContext, number: u32) -> anyhow::Result<u32> {
    Ok(number)
}

fn main() -> anyhow::Result<()> {
    let numbers = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.collect();
    let sizes = numbers
        .first()
        .map_or_else(|| vec![1_000, 10_000], |size| vec![*size]);
    let runs = numbers.get(1).map_or(RUNS_DEFAULT, |runs| *runs as usize);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no runtime")?;
    println!("activities  runs  median s  min s  max s  activities/s  turns");
    for durability in ["normal", "full"] {
        for size in &sizes {
            runtime.block_on(measure(durability, *size, runs.max(1)))?;
        }
    }
    Ok(())
}

/// One warm-up and then `runs` fan-outs on a fresh database file.
async fn measure(durability: &str, size: u32, runs: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let arguments = ["--db", &path.to_string_lossy(), "--durability", durability];
    let emulator = Emulator::start(&arguments)?;
    let client = Client::connect(ConnectOptions::new(emulator.endpoint(), "default")?)?;
    let worker = Worker::builder(&client)
        .orchestration(&FAN_OUT, fan_out)
        .activity(&ECHO, echo)
        .max_concurrent_activities(ACTIVITIES_MAX)
        .build()?
        .start();
    let mut seconds = Vec::with_capacity(runs);
    let mut turns = 0;
    for index in 0..=runs {
        let begun = Instant::now();
        let id = client.start(&FAN_OUT, size).await?;
        let state = client.wait_for_completion(&id, PATIENCE).await?;
        let took = begun.elapsed().as_secs_f64();
        let expected = u64::from(size) * u64::from(size - 1) / 2;
        ensure!(state.output::<u64>()? == expected, "a wrong result");
        if index > 0 {
            seconds.push(took);
            turns = count_turns(&client, &id).await?;
        }
    }
    worker.stop().await?;
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    let (min, max) = (seconds[0], seconds[seconds.len() - 1]);
    let rate = f64::from(size) / median;
    println!(
        "{size:>10}  {runs:>4}  {median:>8.3}  {min:>5.3}  {max:>5.3}  {rate:>12.0}  {turns:>5}  \
         durability {durability}"
    );
    Ok(())
}

async fn count_turns(client: &Client, id: &str) -> anyhow::Result<usize> {
    use durascope_proto::history_event::EventType;
    let events: Vec<_> = client.history(id).await?.try_collect().await?;
    let turns = events
        .iter()
        .filter(|event| matches!(event.event_type, Some(EventType::OrchestratorStarted(_))));
    Ok(turns.count())
}
