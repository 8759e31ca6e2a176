//! Map and reduce: a fan-out, then a tree of any arity; an odd one passes up by itself.

use std::collections::BTreeMap;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::worker::WorkerBuilder;

use crate::pace::work;

type Counts = BTreeMap<String, u64>;

pub const WORD_COUNT: Orchestration<Vec<String>, Counts> = Orchestration::named("CountWords");
const MAP: Activity<String, Counts> = Activity::named("CountWordsOfPage");
const REDUCE: Activity<Vec<Counts>, Counts> = Activity::named("MergeCounts");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&WORD_COUNT, word_count)
        .activity(&MAP, map)
        .activity(&REDUCE, reduce)
}

async fn word_count(ctx: OrchestrationContext, pages: Vec<String>) -> Result<Counts, FanOutError> {
    let counted = ctx.fan_out(&MAP, pages).all().await?;
    Ok(ctx
        .reduce(&REDUCE, counted)
        .arity(4)
        .await?
        .unwrap_or_default())
}

async fn map(ctx: ActivityContext, page: String) -> anyhow::Result<Counts> {
    work(&ctx, 30..250).await;
    let mut counts = Counts::new();
    for word in page.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    Ok(counts)
}

async fn reduce(ctx: ActivityContext, parts: Vec<Counts>) -> anyhow::Result<Counts> {
    work(&ctx, 30..150).await;
    let mut merged = Counts::new();
    for (word, count) in parts.into_iter().flatten() {
        *merged.entry(word).or_default() += count;
    }
    Ok(merged)
}
