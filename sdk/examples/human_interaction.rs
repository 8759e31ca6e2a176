//! Waits for a person, with a deadline: an external event against a durable timer.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Client;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::Worker;
use futures_util::future::Either;
use futures_util::future::select;
use serde::Deserialize;
use serde::Serialize;

#[derive(Serialize, Deserialize)]
struct Decision {
    approved: bool,
    by: String,
}

const ASK: Activity<String, ()> = Activity::named("AskForApproval");
const APPROVAL: ExternalEvent<Decision> = ExternalEvent::named("Approval");
const ORDER: Orchestration<String, String> = Orchestration::named("ApproveOrder");
const DEADLINE: Duration = Duration::from_secs(3);

async fn ask(_ctx: ActivityContext, order: String) -> anyhow::Result<()> {
    println!("please approve {order}");
    Ok(())
}

async fn order(ctx: OrchestrationContext, order: String) -> Result<String, OrchestrationError> {
    ctx.call(&ASK, order.clone()).await?;
    ctx.set_custom_status("waiting for approval")?;
    let outcome = match select(ctx.wait_for_event(&APPROVAL), ctx.timer(DEADLINE)).await {
        Either::Left((decision, _timer)) => {
            let decision = decision?;
            let verb = if decision.approved {
                "approved"
            } else {
                "rejected"
            };
            format!("{order} {verb} by {}", decision.by)
        }
        Either::Right(((), _event)) => format!("{order} expired"),
    };
    Ok(outcome)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = Client::from_env()?;
    let worker = Worker::builder(&client)
        .orchestration(&ORDER, order)
        .activity(&ASK, ask)
        .build()?
        .start();

    let forgotten = client.start(&ORDER, "order 1".to_owned()).await?;
    let approved = client.start(&ORDER, "order 2".to_owned()).await?;
    client
        .wait_for_start(&approved, Duration::from_secs(30))
        .await?;
    let decision = Decision {
        approved: true,
        by: "Grace".to_owned(),
    };
    client.raise_event(&approved, &APPROVAL, decision).await?;
    for id in [approved, forgotten] {
        let state = client
            .wait_for_completion(&id, Duration::from_secs(30))
            .await?;
        println!("{}", state.output::<String>()?);
    }
    worker.stop().await?;
    Ok(())
}
