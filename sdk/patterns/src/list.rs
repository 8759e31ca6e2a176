//! Simple parallel work over a list: results together, or one by one as they come.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::worker::WorkerBuilder;
use futures_util::StreamExt;

use crate::pace::work;

pub const BY_ITERATOR: Orchestration<Vec<String>, Vec<usize>> =
    Orchestration::named("ProcessListByIterator");
pub const BY_STREAM: Orchestration<Vec<String>, usize> =
    Orchestration::named("ProcessListByStream");
const MEASURE: Activity<String, usize> = Activity::named("MeasureText");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&BY_ITERATOR, by_iterator)
        .orchestration(&BY_STREAM, by_stream)
        .activity(&MEASURE, measure)
}

/// Any iterator will do.
async fn by_iterator(
    ctx: OrchestrationContext,
    texts: Vec<String>,
) -> Result<Vec<usize>, FanOutError> {
    let wanted = texts.into_iter().filter(|text| !text.is_empty());
    ctx.fan_out(&MEASURE, wanted).all().await
}

/// Stops at the first long text, whichever comes first, and lets go of the rest.
async fn by_stream(ctx: OrchestrationContext, texts: Vec<String>) -> Result<usize, FanOutError> {
    let mut outcomes = ctx.fan_out(&MEASURE, texts).stream()?;
    let mut seen = 0;
    while let Some(outcome) = outcomes.next().await {
        seen += 1;
        if outcome.result.is_ok_and(|length| length > 100) {
            break;
        }
    }
    Ok(seen)
}

async fn measure(ctx: ActivityContext, text: String) -> anyhow::Result<usize> {
    work(&ctx, 20..200).await;
    Ok(text.chars().count())
}
