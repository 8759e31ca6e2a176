//! Who starts the demo's orchestrations, and says what should become of each.

use std::time::Duration;

use durascope_patterns::Pattern;
use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::StartOptions;

use super::DemoError;
use super::script;
use super::workload::approvals::APPROVAL;
use super::workload::approvals::APPROVED;
use super::workload::approvals::Decision;
use super::workload::monitor::MONITOR;

/// Time between two starts of the first round, and of later ones: the screen fills at once and
/// then stays readable.
const FIRST_PAUSE: Duration = Duration::from_millis(150);
const PAUSE: Duration = Duration::from_secs(1);

/// What should become of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) id: String,
    pub(super) status: OrchestrationStatus,
}

fn id(id: &str) -> StartOptions {
    StartOptions::new().instance_id(id)
}

/// What goes on until somebody does something: an approval that is yours, and a monitor.
pub(super) async fn start_endless(client: &Client) -> Result<(), ClientError> {
    client.start_with(&MONITOR, 1, id("monitor-eu")).await?;
    client
        .start_with(&APPROVAL, "the refund".to_owned(), id("approval-you"))
        .await?;
    Ok(())
}

/// One pattern of a round. Its name is a tag, so that who sees the instance finds the example.
pub(super) async fn start_pattern(
    client: &Client,
    pattern: &Pattern,
    round: usize,
) -> Result<Expected, ClientError> {
    let options = id(&script::instance_id(pattern.name, round)).tag("pattern", pattern.name);
    let id = client
        .start_by_name(pattern.orchestration, (pattern.input)(), options)
        .await?;
    Ok(Expected {
        id,
        status: pattern.ends,
    })
}

/// An approval that is given at once, before anybody can have asked for it.
pub(super) async fn start_approved(
    client: &Client,
    number: usize,
) -> Result<Expected, ClientError> {
    let what = format!("purchase {number}");
    let id = client
        .start_with(&APPROVAL, what, id(&format!("approval-{number}")))
        .await?;
    let decision = Decision {
        by: "the demo".to_owned(),
    };
    client.raise_event(&id, &APPROVED, decision).await?;
    Ok(Expected {
        id,
        status: OrchestrationStatus::Completed,
    })
}

/// Keeps the screen alive, round after round. Returns only with an error.
pub(super) async fn keep_going(client: &Client) -> Result<(), DemoError> {
    start_endless(client).await?;
    for round in 1.. {
        let pause = if round == 1 { FIRST_PAUSE } else { PAUSE };
        for pattern in script::round(round) {
            start_pattern(client, pattern, round).await?;
            tokio::time::sleep(pause).await;
        }
        start_approved(client, round).await?;
    }
    Ok(())
}
