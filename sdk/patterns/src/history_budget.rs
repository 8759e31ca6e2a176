//! History size under control: continues as new when the history passes its budget.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::HistoryBudget;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

/// What is left to do, and what is known so far: all that crosses from one generation to the
/// next.
#[derive(Debug, Serialize, Deserialize)]
pub struct Backlog {
    pub next: u64,
    pub end: u64,
    pub total: u64,
    /// Events that the history of one generation may have.
    pub budget: u64,
}

pub const BACKLOG: Orchestration<Backlog, u64> = Orchestration::named("WorkOffBacklog");
const HANDLE: Activity<u64, u64> = Activity::named("HandleEntry");
const SLICE: u64 = 50;

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&BACKLOG, backlog)
        .activity(&HANDLE, handle)
}

/// Batches alone would not do: all of them share one history.
async fn backlog(
    ctx: OrchestrationContext,
    mut backlog: Backlog,
) -> Result<u64, OrchestrationError> {
    let budget = HistoryBudget::events(backlog.budget);
    while backlog.next < backlog.end {
        let slice = backlog.next..backlog.end.min(backlog.next + SLICE);
        backlog.next = slice.end;
        backlog.total += ctx.fan_out(&HANDLE, slice).sum().await?;
        if ctx.history_size().exceeds(budget) {
            return ctx.continue_as_new(backlog);
        }
    }
    Ok(backlog.total)
}

async fn handle(ctx: ActivityContext, entry: u64) -> anyhow::Result<u64> {
    work(&ctx, 10..100).await;
    Ok(entry % 3)
}
