//! Different result types: a typed tuple in, a typed tuple out.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::fan_out::all;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

/// What three activities of three types found out.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub is_valid: bool,
    pub words: Vec<String>,
    pub score: f64,
}

pub const ANALYZE: Orchestration<String, Report> = Orchestration::named("AnalyzeText");
const VALIDATE: Activity<String, bool> = Activity::named("ValidateText");
const ENRICH: Activity<String, Vec<String>> = Activity::named("EnrichText");
const CLASSIFY: Activity<String, f64> = Activity::named("ClassifyText");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&ANALYZE, analyze)
        .activity(&VALIDATE, validate)
        .activity(&ENRICH, enrich)
        .activity(&CLASSIFY, classify)
}

async fn analyze(ctx: OrchestrationContext, text: String) -> Result<Report, TaskFailed> {
    let (is_valid, words, score) = all((
        ctx.call(&VALIDATE, text.clone()),
        ctx.call(&ENRICH, text.clone()),
        ctx.call(&CLASSIFY, text),
    ))
    .await?;
    Ok(Report {
        is_valid,
        words,
        score,
    })
}

async fn validate(ctx: ActivityContext, text: String) -> anyhow::Result<bool> {
    work(&ctx, 50..300).await;
    Ok(text.is_ascii())
}

async fn enrich(ctx: ActivityContext, text: String) -> anyhow::Result<Vec<String>> {
    work(&ctx, 50..300).await;
    Ok(text.split_whitespace().map(str::to_lowercase).collect())
}

async fn classify(ctx: ActivityContext, text: String) -> anyhow::Result<f64> {
    work(&ctx, 50..300).await;
    Ok(if text.contains("urgent") { 0.9 } else { 0.1 })
}
