//! An approval: waits for a person, that is for an external event.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::worker::WorkerBuilder;
use serde::Deserialize;
use serde::Serialize;

pub(crate) const APPROVAL: Orchestration<String, String> = Orchestration::named("Approval");
pub(crate) const APPROVED: ExternalEvent<Decision> = ExternalEvent::named("Approved");
const ASK: Activity<String, ()> = Activity::named("AskForApproval");

/// What the person said.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Decision {
    pub(crate) by: String,
}

pub(super) fn register(builder: WorkerBuilder) -> WorkerBuilder {
    builder
        .orchestration(&APPROVAL, approval)
        .activity(&ASK, ask)
}

async fn approval(ctx: OrchestrationContext, what: String) -> Result<String, OrchestrationError> {
    ctx.call(&ASK, what.clone()).await?;
    ctx.set_custom_status("waits for the event \"Approved\", for example {\"by\": \"you\"}")?;
    let decision = ctx.wait_for_event(&APPROVED).await?;
    ctx.clear_custom_status();
    Ok(format!("{what} approved by {}", decision.by))
}

async fn ask(_ctx: ActivityContext, _what: String) -> anyhow::Result<()> {
    tokio::time::sleep(Duration::from_millis(30)).await;
    Ok(())
}
