//! Dynamic batch size: fifty simple items at a time, twenty medium ones, five hard ones.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Complexity {
    Low,
    Medium,
    High,
}

impl Complexity {
    fn batch_size(self) -> usize {
        match self {
            Self::Low => 50,
            Self::Medium => 20,
            Self::High => 5,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document {
    pub number: u32,
    pub complexity: Complexity,
}

pub const CONVERT: Orchestration<Vec<Document>, Vec<u32>> =
    Orchestration::named("ConvertDocuments");
const CONVERT_ONE: Activity<Document, u32> = Activity::named("ConvertDocument");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&CONVERT, convert)
        .activity(&CONVERT_ONE, convert_one)
}

async fn convert(
    ctx: OrchestrationContext,
    documents: Vec<Document>,
) -> Result<Vec<u32>, FanOutError> {
    ctx.fan_out(&CONVERT_ONE, documents)
        .batches_by(|document| document.complexity.batch_size())
        .all()
        .await
}

async fn convert_one(ctx: ActivityContext, document: Document) -> anyhow::Result<u32> {
    work(&ctx, 30..150).await;
    Ok(document.number)
}
