//! Small orders, one step after another; a few fail for good.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

pub(crate) const CHECKOUT: Orchestration<Order, String> = Orchestration::named("Checkout");
const RESERVE_STOCK: Activity<u32, u32> = Activity::named("ReserveStock");
const CHARGE_CARD: Activity<Order, u32> = Activity::named("ChargeCard");
const SEND_RECEIPT: Activity<u32, String> = Activity::named("SendReceipt");

/// An order; a declined card fails it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) declined: bool,
}

pub(super) fn register(builder: WorkerBuilder) -> WorkerBuilder {
    builder
        .orchestration(&CHECKOUT, checkout)
        .activity(&RESERVE_STOCK, step)
        .activity(&CHARGE_CARD, charge)
        .activity(&SEND_RECEIPT, receipt)
}

async fn checkout(ctx: OrchestrationContext, order: Order) -> Result<String, TaskFailed> {
    ctx.call(&RESERVE_STOCK, order.number).await?;
    let charged = ctx.call(&CHARGE_CARD, order).await?;
    ctx.call(&SEND_RECEIPT, charged).await
}

async fn step(ctx: ActivityContext, number: u32) -> anyhow::Result<u32> {
    super::work(&ctx, 50, 300).await;
    Ok(number)
}

async fn charge(ctx: ActivityContext, order: Order) -> Result<u32, ActivityError> {
    super::work(&ctx, 100, 500).await;
    if order.declined {
        let message = format!("insufficient funds for order {}", order.number);
        return Err(ActivityError::new("CardDeclined", message).non_retriable());
    }
    Ok(order.number)
}

async fn receipt(ctx: ActivityContext, number: u32) -> anyhow::Result<String> {
    super::work(&ctx, 50, 150).await;
    Ok(format!("receipt {number}"))
}
