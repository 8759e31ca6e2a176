//! Collect all, failures included: an ordered list of items with their result or failure.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::Outcomes;
use durascope_sdk::worker::WorkerBuilder;

use crate::pace::work;

pub const CHECK_LINKS: Orchestration<Vec<String>, Outcomes<String, u16>> =
    Orchestration::named("CheckLinks");
const CHECK_LINK: Activity<String, u16> = Activity::named("CheckLink");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&CHECK_LINKS, check_links)
        .activity(&CHECK_LINK, check_link)
}

async fn check_links(
    ctx: OrchestrationContext,
    links: Vec<String>,
) -> Result<Outcomes<String, u16>, FanOutError> {
    let outcomes = ctx.fan_out(&CHECK_LINK, links).outcomes().await?;
    for (link, failure) in outcomes.failures() {
        tracing::warn!(?link, error = ?failure.details.message, "broken link");
    }
    Ok(outcomes)
}

async fn check_link(ctx: ActivityContext, link: String) -> Result<u16, ActivityError> {
    work(&ctx, 30..250).await;
    match link.rsplit('/').next() {
        Some("missing") => Err(ActivityError::new("NotFound", format!("404 for {link}"))),
        Some("slow") => Err(ActivityError::new(
            "Timeout",
            format!("no answer from {link}"),
        )),
        Some(_) | None => Ok(200),
    }
}
