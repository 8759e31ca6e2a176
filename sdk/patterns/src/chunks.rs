//! Chunked large data: chunks of a thousand in sub-orchestrations, then one aggregate.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::HistoryBudget;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::fan_out::ChunkPlan;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    pub rows: u64,
    pub checksum: u64,
}

pub const DATASET: Orchestration<u64, Totals> = Orchestration::named("ProcessDataset");
const CHUNK: Orchestration<Vec<u64>, Totals> = Orchestration::named("ProcessChunk");
const ROW: Activity<u64, u64> = Activity::named("ProcessRow");
const AGGREGATE: Activity<Vec<Totals>, Totals> = Activity::named("AggregateChunks");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&DATASET, dataset)
        .orchestration(&CHUNK, chunk)
        .activity(&ROW, row)
        .activity(&AGGREGATE, aggregate)
}

/// Neither parent nor child passes the budget; the aggregate is a tree if the results of all
/// chunks together would be too large for one activity.
async fn dataset(ctx: OrchestrationContext, rows: u64) -> Result<Totals, OrchestrationError> {
    let rows = 0..rows;
    let plan = ChunkPlan::new(rows.clone().count(), HistoryBudget::events(10_000))?;
    let totals = ctx
        .fan_out(&CHUNK, plan.split(rows))
        .child_ids("chunk")
        .all()
        .await?;
    let total = ctx.reduce(&AGGREGATE, totals).arity(usize::MAX).await?;
    Ok(total.unwrap_or_default())
}

async fn chunk(ctx: OrchestrationContext, rows: Vec<u64>) -> Result<Totals, FanOutError> {
    let rows_count = rows.len() as u64;
    let checksum = ctx.fan_out(&ROW, rows).sum().await?;
    Ok(Totals {
        rows: rows_count,
        checksum,
    })
}

async fn row(ctx: ActivityContext, row: u64) -> anyhow::Result<u64> {
    work(&ctx, 10..60).await;
    Ok(row % 7)
}

async fn aggregate(_ctx: ActivityContext, chunks: Vec<Totals>) -> anyhow::Result<Totals> {
    Ok(chunks
        .into_iter()
        .fold(Totals::default(), |sum, it| Totals {
            rows: sum.rows + it.rows,
            checksum: sum.checksum + it.checksum,
        }))
}
