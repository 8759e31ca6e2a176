//! Limited concurrency: a sliding window that refills as soon as one item ends; no waves.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::Progress;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

#[derive(Debug, Serialize, Deserialize)]
pub struct Crawl {
    pub pages: u32,
    pub at_a_time: usize,
}

pub const CRAWL: Orchestration<Crawl, u64> = Orchestration::named("CrawlSite");
const FETCH: Activity<u32, u64> = Activity::named("FetchPage");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker.orchestration(&CRAWL, crawl).activity(&FETCH, fetch)
}

async fn crawl(ctx: OrchestrationContext, crawl: Crawl) -> Result<u64, FanOutError> {
    ctx.fan_out(&FETCH, 1..=crawl.pages)
        .concurrency(crawl.at_a_time)
        .progress(Progress::in_status())
        .sum()
        .await
}

async fn fetch(ctx: ActivityContext, page: u32) -> anyhow::Result<u64> {
    work(&ctx, 20..400).await;
    Ok(u64::from(page) * 1_000)
}
