//! Fail fast: returns at the first failure and really does not wait; `all` is the other name.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::TaskFailed;
use durascope_sdk::worker::WorkerBuilder;

use crate::pace::work;

pub const DEPLOY: Orchestration<Vec<String>, usize> = Orchestration::named("DeployRegions");
pub const DEPLOY_ALL: Orchestration<Vec<String>, usize> = Orchestration::named("DeployAllRegions");
const DEPLOY_REGION: Orchestration<String, String> = Orchestration::named("DeployRegion");
const ROLL_OUT: Activity<String, String> = Activity::named("RollOut");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&DEPLOY, deploy)
        .orchestration(&DEPLOY_ALL, deploy_all)
        .orchestration(&DEPLOY_REGION, deploy_region)
        .activity(&ROLL_OUT, roll_out)
}

/// The first region that fails stops the others: those that run are terminated.
async fn deploy(ctx: OrchestrationContext, regions: Vec<String>) -> Result<usize, FanOutError> {
    let deployed = ctx
        .fan_out(&DEPLOY_REGION, regions)
        .child_ids("region")
        .terminate_children()
        .fail_fast()
        .await?;
    Ok(deployed.len())
}

/// The same, but every region comes to its end before the failure is told.
async fn deploy_all(
    ctx: OrchestrationContext,
    regions: Vec<String>,
) -> Result<usize, OrchestrationError> {
    Ok(ctx.fan_out(&DEPLOY_REGION, regions).all().await?.len())
}

async fn deploy_region(ctx: OrchestrationContext, region: String) -> Result<String, TaskFailed> {
    ctx.call(&ROLL_OUT, region).await
}

async fn roll_out(ctx: ActivityContext, region: String) -> Result<String, ActivityError> {
    if region.starts_with("bad") {
        return Err(ActivityError::new(
            "RollOutFailed",
            format!("{region} is unhealthy"),
        ));
    }
    work(&ctx, 2_000..4_000).await;
    Ok(region)
}
