//! Batches of fixed size: the batch number shows in the custom status and on the dashboard.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

/// How many pages, and how many at a time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Import {
    pub pages: u32,
    pub batch_size: usize,
}

pub const IMPORT: Orchestration<Import, u64> = Orchestration::named("NightlyImport");
const LOAD_PAGE: Activity<u32, u64> = Activity::named("LoadPage");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&IMPORT, import)
        .activity(&LOAD_PAGE, load_page)
}

async fn import(ctx: OrchestrationContext, import: Import) -> Result<u64, FanOutError> {
    ctx.fan_out(&LOAD_PAGE, 1..=import.pages)
        .batches(import.batch_size)
        .sum()
        .await
}

async fn load_page(ctx: ActivityContext, page: u32) -> anyhow::Result<u64> {
    work(&ctx, 40..200).await;
    Ok(u64::from(page) % 50 + 10)
}
