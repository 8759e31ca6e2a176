//! Custom aggregation: folded in input order, with errors counted by type.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

#[derive(Debug, Serialize, Deserialize)]
pub struct Analysis {
    records: u64,
    seconds: f64,
    categories: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Analytics {
    pub records: u64,
    pub average_seconds: f64,
    pub categories: BTreeSet<String>,
    pub errors: BTreeMap<String, usize>,
}

pub const ANALYTICS: Orchestration<Vec<String>, Analytics> = Orchestration::named("AnalyzeSources");
const ANALYZE: Activity<String, Analysis> = Activity::named("AnalyzeSource");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&ANALYTICS, analytics)
        .activity(&ANALYZE, analyze)
}

async fn analytics(
    ctx: OrchestrationContext,
    sources: Vec<String>,
) -> Result<Analytics, FanOutError> {
    let outcomes = ctx.fan_out(&ANALYZE, sources).outcomes().await?;
    let errors = outcomes.errors_by_type();
    let count = outcomes.succeeded().max(1) as f64;
    let empty = Analytics {
        errors,
        ..Analytics::default()
    };
    Ok(outcomes.into_successes().fold(empty, |mut all, one| {
        all.records += one.records;
        all.average_seconds += one.seconds / count;
        all.categories.extend(one.categories);
        all
    }))
}

async fn analyze(ctx: ActivityContext, source: String) -> Result<Analysis, ActivityError> {
    work(&ctx, 30..250).await;
    match source.split_once(':') {
        Some(("offline", _)) => Err(ActivityError::new("SourceOffline", source)),
        Some(("denied", _)) => Err(ActivityError::new("AccessDenied", source)),
        _ => Ok(Analysis {
            records: source.len() as u64,
            seconds: 0.5,
            categories: vec![source.chars().take(1).collect()],
        }),
    }
}
