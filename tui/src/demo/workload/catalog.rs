//! A wide fan-out: a thousand articles priced at once, each call retried when it fails.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::RetryPolicy;
use durascope_sdk::TaskFailed;
use durascope_sdk::worker::WorkerBuilder;
use futures_util::future::try_join_all;

pub(crate) const PRICE_CATALOG: Orchestration<u32, u64> = Orchestration::named("PriceCatalog");
const PRICE_ITEM: Activity<String, u64> = Activity::named("PriceItem");

/// One call in this many fails.
const FLAKY_ONE_IN: u64 = 25;

/// So unlikely to be used up that a failed catalog is a fault of ours.
const ATTEMPTS_MAX: u32 = 8;

pub(super) fn register(builder: WorkerBuilder) -> WorkerBuilder {
    builder
        .orchestration(&PRICE_CATALOG, price_catalog)
        .activity(&PRICE_ITEM, price_item)
}

async fn price_catalog(ctx: OrchestrationContext, articles: u32) -> Result<u64, TaskFailed> {
    let retry = RetryPolicy::new(ATTEMPTS_MAX, Duration::from_millis(200))
        .backoff_coefficient(1.5)
        .interval_max(Duration::from_secs(1));
    let prices = (0..articles)
        .map(|number| ctx.call_with(&PRICE_ITEM, format!("item-{number:04}"), retry.clone()));
    Ok(try_join_all(prices).await?.into_iter().sum())
}

async fn price_item(ctx: ActivityContext, article: String) -> Result<u64, ActivityError> {
    super::work(&ctx, 80, 420).await;
    match super::dice(&ctx, FLAKY_ONE_IN * 2) {
        0 => Err(ActivityError::new(
            "TimeoutError",
            format!("no price for {article} in time"),
        )),
        1 => Err(ActivityError::new("HttpError", "503 Service Unavailable")),
        roll => Ok(roll + 1),
    }
}
