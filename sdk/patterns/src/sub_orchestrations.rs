//! Sub-orchestrations with meaningful ids: `{parent}-order-{i}`; the parent counts.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub article: String,
    pub count: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipped {
    pub successful: usize,
    pub failed: usize,
}

pub const ORDERS: Orchestration<Vec<Order>, Shipped> = Orchestration::named("OrderBatch");
const ORDER: Orchestration<Order, u32> = Orchestration::named("ProcessOrder");
const RESERVE: Activity<Order, u32> = Activity::named("ReserveStock");
const SHIP: Activity<u32, u32> = Activity::named("ShipOrder");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&ORDERS, orders)
        .orchestration(&ORDER, order)
        .activity(&RESERVE, reserve)
        .activity(&SHIP, ship)
}

async fn orders(ctx: OrchestrationContext, orders: Vec<Order>) -> Result<Shipped, FanOutError> {
    let outcomes = ctx
        .fan_out(&ORDER, orders)
        .child_ids("order")
        .outcomes()
        .await?;
    Ok(Shipped {
        successful: outcomes.succeeded(),
        failed: outcomes.failed(),
    })
}

async fn order(ctx: OrchestrationContext, order: Order) -> Result<u32, TaskFailed> {
    let reserved = ctx.call(&RESERVE, order).await?;
    ctx.call(&SHIP, reserved).await
}

async fn reserve(ctx: ActivityContext, order: Order) -> Result<u32, ActivityError> {
    work(&ctx, 50..300).await;
    if order.count == 0 {
        let message = format!("{} is out of stock", order.article);
        return Err(ActivityError::new("OutOfStock", message).non_retriable());
    }
    Ok(order.count)
}

async fn ship(ctx: ActivityContext, count: u32) -> anyhow::Result<u32> {
    work(&ctx, 50..300).await;
    Ok(count)
}
