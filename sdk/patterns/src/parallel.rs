//! Parallel processing of N work items: all at once, their results in input order.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::worker::WorkerBuilder;

use crate::pace::work;

pub const PARALLEL: Orchestration<u64, Vec<u64>> = Orchestration::named("ParallelProcessing");
const PROCESS: Activity<u64, u64> = Activity::named("ProcessWorkItem");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&PARALLEL, parallel)
        .activity(&PROCESS, process)
}

async fn parallel(ctx: OrchestrationContext, count: u64) -> Result<Vec<u64>, FanOutError> {
    ctx.fan_out(&PROCESS, 0..count).all().await
}

async fn process(ctx: ActivityContext, item: u64) -> anyhow::Result<u64> {
    work(&ctx, 20..200).await;
    Ok(item * 2)
}
