//! Partial success with a threshold: decided as soon as it is certain, either way.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::Tolerance;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::pace::work;

/// Sensors to read, and the share of them that may fail.
#[derive(Debug, Serialize, Deserialize)]
pub struct Survey {
    pub sensors: Vec<String>,
    pub may_fail: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub read: usize,
    pub failed: usize,
    /// Sensors that nobody waited for, as the survey was decided without them.
    pub not_awaited: usize,
}

pub const SURVEY: Orchestration<Survey, Reading> = Orchestration::named("SurveySensors");
const READ: Activity<String, f64> = Activity::named("ReadSensor");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker.orchestration(&SURVEY, survey).activity(&READ, read)
}

async fn survey(ctx: OrchestrationContext, survey: Survey) -> Result<Reading, FanOutError> {
    let tolerance = Tolerance::share(survey.may_fail);
    let partial = ctx
        .fan_out(&READ, survey.sensors)
        .tolerate(tolerance)
        .await?;
    Ok(Reading {
        read: partial.outcomes.succeeded(),
        failed: partial.outcomes.failed(),
        not_awaited: partial.unfinished.len(),
    })
}

async fn read(ctx: ActivityContext, sensor: String) -> Result<f64, ActivityError> {
    work(&ctx, 30..400).await;
    if sensor.starts_with("broken") {
        return Err(ActivityError::new(
            "SensorError",
            format!("{sensor} does not answer"),
        ));
    }
    Ok(21.5)
}
