//! All together: retries and a time limit for each item, a window inside batches, progress,
//! cancellation by an event, and a tolerance at the end.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::ExternalEvent;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::Progress;
use durascope_sdk::RetryPolicy;
use durascope_sdk::Tolerance;
use durascope_sdk::worker::WorkerBuilder;

use crate::pace::dice;
use crate::pace::work;

pub const CAMPAIGN: Orchestration<u32, usize> = Orchestration::named("SendCampaign");
pub const STOP: ExternalEvent<String> = ExternalEvent::named("StopCampaign");
const SEND: Activity<u32, u32> = Activity::named("SendMail");

pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .orchestration(&CAMPAIGN, campaign)
        .activity(&SEND, send)
}

async fn campaign(ctx: OrchestrationContext, recipients: u32) -> Result<usize, FanOutError> {
    let sent = ctx
        .fan_out(&SEND, 0..recipients)
        .retry(RetryPolicy::new(3, Duration::from_millis(200)).backoff_coefficient(2.0))
        .timeout(Duration::from_secs(30))
        .batches(50)
        .concurrency(10)
        .progress(Progress::in_status().label("mails"))
        .cancel_on(&STOP)
        .tolerate(Tolerance::share(0.1).wait_for_rest())
        .await?;
    Ok(sent.outcomes.succeeded())
}

async fn send(ctx: ActivityContext, recipient: u32) -> Result<u32, ActivityError> {
    work(&ctx, 20..150).await;
    if dice(&ctx, 10) == 0 {
        return Err(ActivityError::new("SmtpError", "451 try again later"));
    }
    Ok(recipient)
}
