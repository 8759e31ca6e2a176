//! Progress by entity: a tracker that anybody may read, told by signals, not by awaited calls.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::Progress;
use durascope_sdk::progress::PROGRESS_TRACKER;
use durascope_sdk::progress::ProgressTracker;
use durascope_sdk::worker::WorkerBuilder;

use crate::pace::work;

pub const PRINT_LABELS: Orchestration<u32, usize> = Orchestration::named("PrintLabels");
const PRINT: Activity<u32, u32> = Activity::named("PrintLabel");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&PRINT_LABELS, print_labels)
        .activity(&PRINT, print)
        .entity::<ProgressTracker>(&PROGRESS_TRACKER)
}

/// The dashboard finds the tracker by its key, the id of the instance.
async fn print_labels(ctx: OrchestrationContext, labels: u32) -> Result<usize, FanOutError> {
    let tracker = PROGRESS_TRACKER.id(ctx.instance_id());
    let printed = ctx
        .fan_out(&PRINT, 0..labels)
        .concurrency(20)
        .progress(Progress::in_tracker(&tracker))
        .all()
        .await?;
    Ok(printed.len())
}

async fn print(ctx: ActivityContext, label: u32) -> anyhow::Result<u32> {
    work(&ctx, 30..250).await;
    Ok(label)
}
