//! Fan-out, fan-in: many activities at a time, each with retries, their results in order.
//!
//! The number of items is the first argument, 100 without one.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Duration;
use std::time::Instant;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Client;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::RetryPolicy;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde::Serialize;

#[derive(Serialize, Deserialize)]
struct WorkItem {
    number: u64,
}

const PROCESS: Activity<WorkItem, u64> = Activity::named("ProcessItem");
const SUM: Orchestration<u64, u64> = Orchestration::named("SumOfSquares");

async fn process(_ctx: ActivityContext, item: WorkItem) -> Result<u64, ActivityError> {
    let square = item.number.checked_mul(item.number);
    square.ok_or_else(|| ActivityError::new("Overflow", "the square is too large").non_retriable())
}

async fn sum(ctx: OrchestrationContext, count: u64) -> Result<u64, TaskFailed> {
    let retry = RetryPolicy::new(3, Duration::from_secs(1)).backoff_coefficient(2.0);
    let calls =
        (1..=count).map(|number| ctx.call_with(&PROCESS, WorkItem { number }, retry.clone()));
    let squares = try_join_all(calls).await?;
    Ok(squares.into_iter().sum())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let count: u64 = std::env::args()
        .nth(1)
        .map_or(Ok(100), |text| text.parse())?;
    let client = Client::from_env()?;
    let worker = Worker::builder(&client)
        .orchestration(&SUM, sum)
        .activity(&PROCESS, process)
        .build()?;
    let worker = worker.start();

    let began = Instant::now();
    let id = client.start(&SUM, count).await?;
    let state = client
        .wait_for_completion(&id, Duration::from_secs(300))
        .await?;
    let total: u64 = state.output()?;
    println!(
        "sum of the first {count} squares: {total}, in {} ms",
        began.elapsed().as_millis()
    );
    worker.stop().await?;
    Ok(())
}
