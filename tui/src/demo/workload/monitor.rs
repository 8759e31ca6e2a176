//! An eternal orchestration whose history grows until it continues as new.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::worker::WorkerBuilder;

pub(crate) const MONITOR: Orchestration<u32, u32> = Orchestration::named("Monitor");
const PROBE: Activity<u32, String> = Activity::named("Probe");

/// Probes in one execution.
const ROUNDS: u32 = 400;

/// Size of a probe's report, in bytes.
const REPORT_BYTES: usize = 4_096;

pub(super) fn register(builder: WorkerBuilder) -> WorkerBuilder {
    builder
        .orchestration(&MONITOR, monitor)
        .activity(&PROBE, probe)
}

async fn monitor(ctx: OrchestrationContext, generation: u32) -> Result<u32, OrchestrationError> {
    for round in 1..=ROUNDS {
        ctx.set_custom_status(&format!(
            "generation {generation}, probe {round} of {ROUNDS}"
        ))?;
        ctx.call(&PROBE, round).await?;
        ctx.timer(Duration::from_millis(100)).await;
    }
    ctx.continue_as_new(generation + 1)
}

async fn probe(_ctx: ActivityContext, round: u32) -> anyhow::Result<String> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    Ok(format!("{round} ").repeat(REPORT_BYTES / 4))
}
