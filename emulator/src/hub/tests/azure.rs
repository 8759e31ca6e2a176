//! What the Azure service would refuse: found and counted, refused in its stead, or not looked at.

use std::sync::Arc;

use durascope_proto::ActivityResponse;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;
use tempfile::TempDir;

use super::PATIENCE;
use super::answers::answer;
use super::event;
use super::hub_with;
use super::news;
use super::next;
use super::start;
use super::status;
use super::turn;
use super::worker;
use crate::config::AzureLimits;
use crate::config::SENT_MESSAGE_BYTES_MAX_DEFAULT;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::hub::Limits;
use crate::hub::queries::Texts;
use crate::live::HubKey;
use crate::live::LiveSnapshot;

/// One byte more than the service takes.
fn large() -> Option<String> {
    Some("x".repeat(1024 * 1024 + 1))
}

async fn fresh(azure: AzureLimits) -> (TempDir, Hub, HubKey) {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        sent_bytes_max: SENT_MESSAGE_BYTES_MAX_DEFAULT,
        azure,
    };
    let (hub, key) = hub_with(&folder.path().join("hub.db"), limits).await;
    (folder, hub, key)
}

/// Waits until so many findings are published.
async fn found(hub: &Hub, key: HubKey, count: u64) {
    let mut live = hub.live();
    let is_it = |live: &Arc<LiveSnapshot>| {
        let hub = live.hubs.get(&key);
        hub.is_some_and(|hub| hub.counters.azure_findings == count)
    };
    let waited = tokio::time::timeout(PATIENCE, live.wait_for(is_it)).await;
    let Ok(published) = waited else {
        let last = hub.live().borrow().hubs[&key].counters.azure_findings;
        panic!("{last} findings, not {count}")
    };
    drop(published.unwrap());
}

fn order(id: &str) -> CreateInstanceRequest {
    CreateInstanceRequest {
        input: large(),
        ..start(id)
    }
}

fn charge() -> Action {
    Action::ScheduleTask(ScheduleTaskAction {
        name: "Charge".to_owned(),
        ..Default::default()
    })
}

#[tokio::test]
async fn warning_lets_everything_happen_and_counts() {
    let (_folder, hub, key) = fresh(AzureLimits::Warn).await;
    let mut items = worker(&hub, key, 10).await;
    hub.start(key, order("order")).await.unwrap();
    let item = next(&mut items).await;
    answer(&hub, key, &item, [charge()]).await;
    let item = next(&mut items).await;
    let response = ActivityResponse {
        completion_token: item.completion_token,
        result: large(),
        ..Default::default()
    };
    hub.complete_activity(key, response).await.unwrap();
    let item = next(&mut items).await;
    let completed = Action::CompleteOrchestration(CompleteOrchestrationAction {
        orchestration_status: Status::Completed as i32,
        result: large(),
        ..Default::default()
    });
    answer(&hub, key, &item, [completed]).await;
    assert_eq!(status(&hub, key, "order").await, Status::Completed);
    found(&hub, key, 3).await;
    hub.shutdown().await;
}

#[tokio::test]
async fn who_does_not_want_to_know_is_not_told() {
    let (_folder, hub, key) = fresh(AzureLimits::Off).await;
    hub.start(key, order("order")).await.unwrap();
    hub.start(key, start("next")).await.unwrap();
    let mut live = hub.live();
    let both = |live: &Arc<LiveSnapshot>| {
        let hub = live.hubs.get(&key);
        hub.is_some_and(|hub| hub.counters.started == 2)
    };
    let published = live.wait_for(both).await.unwrap();
    assert_eq!(published.hubs[&key].counters.azure_findings, 0);
    drop(published);
    hub.shutdown().await;
}

#[tokio::test]
async fn strict_refuses_calls_and_fails_results_and_decisions() {
    let (_folder, hub, key) = fresh(AzureLimits::Strict).await;
    let mut items = worker(&hub, key, 10).await;
    let refused = hub.start(key, order("order")).await.unwrap_err();
    assert!(matches!(refused, HubError::Invalid(_)));
    for part in ["input", "1048577", "1048576", "--azure-limits"] {
        assert!(refused.to_string().contains(part), "{part} in {refused}");
    }
    hub.start(key, start("order")).await.unwrap();
    let too_large = RaiseEventRequest {
        input: large(),
        ..event("order", "E")
    };
    hub.raise_event(key, too_large).await.unwrap_err();

    let item = next(&mut items).await;
    answer(&hub, key, &item, [charge()]).await;
    let item = next(&mut items).await;
    let response = ActivityResponse {
        completion_token: item.completion_token,
        result: large(),
        ..Default::default()
    };
    hub.complete_activity(key, response).await.unwrap();
    let item = next(&mut items).await;
    let failed = news(turn(&item)).find_map(|event| match event {
        EventType::TaskFailed(failed) => failed.failure_details.clone(),
        _ => None,
    });
    assert!(failed.unwrap().error_message.contains("--azure-limits"));

    let child = Action::CreateSubOrchestration(CreateSubOrchestrationAction {
        name: "Child".to_owned(),
        input: large(),
        ..Default::default()
    });
    answer(&hub, key, &item, [child]).await;
    let state = hub.instance(key, "order", Texts::All).await.unwrap();
    let details = state.unwrap().failure_details.unwrap();
    assert!(
        details
            .error_message
            .contains("action 1: input of createSubOrchestration"),
        "{details:?}"
    );
    found(&hub, key, 4).await;
    hub.shutdown().await;
}

#[tokio::test]
async fn derived_ids_may_grow_beyond_what_anybody_may_choose() {
    let longest = "p".repeat(98);
    let derived = format!("{longest}:0001");
    for (mode, findings, created) in [
        (AzureLimits::Off, 0, true),
        (AzureLimits::Warn, 1, true),
        (AzureLimits::Strict, 1, false),
    ] {
        let (_folder, hub, key) = fresh(mode).await;
        let mut items = worker(&hub, key, 10).await;
        hub.start(key, start(&longest)).await.unwrap();
        let item = next(&mut items).await;
        let child = Action::CreateSubOrchestration(CreateSubOrchestrationAction {
            name: "Child".to_owned(),
            ..Default::default()
        });
        answer(&hub, key, &item, [child]).await;
        let item = next(&mut items).await;
        let sent = if created { &derived } else { &longest };
        assert_eq!(turn(&item).instance_id, *sent, "{mode:?}");
        // What exists can be spoken to; what does not is no id that anybody may choose.
        let raised = hub.raise_event(key, event(&derived, "E")).await;
        assert_eq!(raised.is_ok(), created, "{mode:?}: {raised:?}");
        found(&hub, key, findings).await;
        hub.shutdown().await;
    }
}
