//! Replay-safe logging: plain `tracing`, each line once, with instance, batch and item.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::ReplayFilter;
use durascope_sdk::worker::WorkerBuilder;
use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::pace::work;

pub const REINDEX: Orchestration<u32, u64> = Orchestration::named("ReindexShards");
const INDEX: Activity<u32, u64> = Activity::named("IndexShard");
const BATCH_SIZE: usize = 10;

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&REINDEX, reindex)
        .activity(&INDEX, index)
}

/// One layer makes every line of an orchestration show once, however often it is replayed.
pub fn subscriber<W>(writer: W) -> impl Subscriber
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_ansi(false).with_writer(writer);
    tracing_subscriber::registry()
        .with(lines)
        .with(LevelFilter::INFO)
        .with(ReplayFilter)
}

/// `batch begins batch=2 batches=5` comes from the fan-out itself.
async fn reindex(ctx: OrchestrationContext, shards: u32) -> Result<u64, FanOutError> {
    tracing::info!(shards, "reindexing begins");
    let documents = ctx
        .fan_out(&INDEX, 0..shards)
        .batches(BATCH_SIZE)
        .sum()
        .await?;
    tracing::info!(documents, "reindexing ends");
    Ok(documents)
}

async fn index(ctx: ActivityContext, shard: u32) -> anyhow::Result<u64> {
    work(&ctx, 50..250).await;
    tracing::debug!(shard, "shard is indexed");
    Ok(u64::from(shard) + 100)
}
