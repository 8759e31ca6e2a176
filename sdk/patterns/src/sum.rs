//! Sum: checked arithmetic on decimals that travel as strings.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::worker::WorkerBuilder;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    pub price: Decimal,
    pub count: u32,
}

pub const INVOICE: Orchestration<Vec<Line>, Decimal> = Orchestration::named("TotalInvoice");
const TOTAL: Activity<Line, Decimal> = Activity::named("TotalLine");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&INVOICE, invoice)
        .activity(&TOTAL, total)
}

async fn invoice(ctx: OrchestrationContext, lines: Vec<Line>) -> Result<Decimal, FanOutError> {
    ctx.fan_out(&TOTAL, lines).sum().await
}

async fn total(ctx: ActivityContext, line: Line) -> anyhow::Result<Decimal> {
    work(&ctx, 20..150).await;
    let total = line.price.checked_mul(line.count.into());
    total.ok_or_else(|| anyhow::anyhow!("{} times {} is out of range", line.count, line.price))
}
