//! What no message could carry: it fails with a reason, and nobody waits behind it.

use std::sync::Arc;

use durascope_proto::ActivityResponse;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::EntityQuery;
use durascope_proto::GetEntityRequest;
use durascope_proto::InstanceQuery;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultSuccess;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::SignalEntityRequest;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_result::ResultType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::work_item::Request;
use rusqlite::Connection;

use super::PATIENCE;
use super::fresh;
use super::hub_with;
use super::news;
use super::next;
use super::start;
use super::status;
use super::turn;
use super::worker;
use crate::config::AzureLimits;
use crate::dispatch::WorkerItems;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::hub::Limits;
use crate::hub::queries::Texts;
use crate::live::HubKey;
use crate::live::LiveSnapshot;

const MIB: usize = 1024 * 1024;

fn action(id: i32, kind: OrchestratorActionType) -> OrchestratorAction {
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(kind),
    }
}

fn schedule(id: i32, input: String) -> OrchestratorAction {
    action(
        id,
        OrchestratorActionType::ScheduleTask(ScheduleTaskAction {
            name: "Charge".to_owned(),
            input: Some(input),
            ..Default::default()
        }),
    )
}

fn complete(id: i32, result: String) -> OrchestratorAction {
    action(
        id,
        OrchestratorActionType::CompleteOrchestration(CompleteOrchestrationAction {
            orchestration_status: Status::Completed as i32,
            result: Some(result),
            ..Default::default()
        }),
    )
}

/// Answers the next turn with these actions.
async fn answer(hub: &Hub, key: HubKey, items: &mut WorkerItems, actions: Vec<OrchestratorAction>) {
    let item = next(items).await;
    turn(&item);
    let response = OrchestratorResponse {
        completion_token: item.completion_token,
        actions,
        ..Default::default()
    };
    hub.complete_turn(key, response).await.unwrap();
}

async fn failure(hub: &Hub, key: HubKey, id: &str) -> String {
    let state = hub.instance(key, id, Texts::All).await.unwrap().unwrap();
    let details = state.failure_details.unwrap_or_default();
    format!("{}: {}", details.error_type, details.error_message)
}

#[tokio::test]
async fn what_an_orchestrator_decides_too_large_fails_it_and_names_the_action() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    hub.start(key, start("order")).await.unwrap();
    let too_large = vec![schedule(3, "x".repeat(5 * MIB))];
    answer(&hub, key, &mut items, too_large).await;
    assert_eq!(status(&hub, key, "order").await, Status::Failed);
    let said = failure(&hub, key, "order").await;
    assert!(said.starts_with("PayloadTooLarge: action 3: input of scheduleTask has 5242880"));
    hub.shutdown().await;
}

#[tokio::test]
async fn result_of_an_activity_too_large_is_a_failure_that_its_orchestration_can_handle() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    hub.start(key, start("order")).await.unwrap();
    answer(&hub, key, &mut items, vec![schedule(0, "1".to_owned())]).await;
    let item = next(&mut items).await;
    let response = ActivityResponse {
        completion_token: item.completion_token,
        result: Some("x".repeat(4 * MIB)),
        ..Default::default()
    };
    hub.complete_activity(key, response).await.unwrap();
    let item = next(&mut items).await;
    let failed = news(turn(&item)).find_map(|event| match event {
        EventType::TaskFailed(failed) => failed.failure_details.clone(),
        _ => None,
    });
    let details = failed.unwrap();
    assert_eq!(details.error_type, "PayloadTooLarge");
    assert!(
        details
            .error_message
            .contains("result of the activity has 4194304")
    );
    hub.shutdown().await;
}

/// What was let in under a higher limit fits no message after a restart with a lower one.
#[tokio::test]
async fn what_waits_when_the_limit_is_lowered_fails_and_the_next_one_is_served() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    for id in ["turn", "activity"] {
        let input = Some("x".repeat(if id == "turn" { 2 * MIB } else { 1 }));
        let request = CreateInstanceRequest { input, ..start(id) };
        hub.start(key, request).await.unwrap();
        if id == "turn" {
            next(&mut items).await;
        }
    }
    answer(
        &hub,
        key,
        &mut items,
        vec![schedule(0, "x".repeat(2 * MIB))],
    )
    .await;
    hub.start(key, start("small")).await.unwrap();
    hub.shutdown().await;
    drop((items, hub));

    let limits = Limits {
        sent_bytes_max: MIB,
        azure: AzureLimits::Warn,
    };
    let (hub, key) = hub_with(&path, limits).await;
    let mut items = worker(&hub, key, 10).await;
    let item = next(&mut items).await;
    assert_eq!(turn(&item).instance_id, "small");
    // Its history holds the activity's input, so the turn that says so fits no message either.
    for id in ["turn", "activity"] {
        let ended = tokio::time::timeout(PATIENCE, hub.wait_ended(key, id, Texts::Blank)).await;
        ended.expect("it fails").unwrap();
        assert_eq!(status(&hub, key, id).await, Status::Failed, "{id}");
    }
    let from = hub.history(key, "turn", None).await.unwrap().unwrap();
    let refused = hub.history_step(from).await.unwrap_err();
    assert!(matches!(refused, HubError::LimitReached(_)), "{refused}");
    hub.shutdown().await;
    drop((items, hub));

    let (hub, key) = super::hub(&path).await;
    let said = failure(&hub, key, "turn").await;
    assert!(
        said.starts_with("HistoryTooLarge: the new events of one turn have 2097"),
        "{said}"
    );
    let said = failure(&hub, key, "activity").await;
    for part in [
        "history has 2097",
        "HISTORY_STREAMING",
        "1048576",
        "Continue as new",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    hub.shutdown().await;
}

/// The end that the server decides is one transaction, as any other change.
#[tokio::test]
async fn an_end_that_is_rolled_back_has_not_happened_and_comes_again() {
    let (_folder, path, hub, key) = fresh().await;
    let request = CreateInstanceRequest {
        input: Some("x".repeat(2 * MIB)),
        ..start("large")
    };
    hub.start(key, request).await.unwrap();
    hub.shutdown().await;
    drop(hub);
    let limits = Limits {
        sent_bytes_max: MIB,
        azure: AzureLimits::Warn,
    };
    let (hub, key) = hub_with(&path, limits).await;
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TRIGGER stuck BEFORE UPDATE ON instance WHEN new.id = 'large'
             BEGIN SELECT raise(ABORT, 'stuck'); END",
        )
        .unwrap();
    let mut first = worker(&hub, key, 10).await;
    hub.start(key, start("small")).await.unwrap();
    // Behind it in the queue, so it has been tried by then.
    let item = next(&mut first).await;
    assert_eq!(turn(&item).instance_id, "small");
    assert_eq!(status(&hub, key, "large").await, Status::Pending);
    database.execute_batch("DROP TRIGGER stuck").unwrap();
    let _second = worker(&hub, key, 10).await;
    let ended = tokio::time::timeout(PATIENCE, hub.wait_ended(key, "large", Texts::Blank)).await;
    ended.expect("it fails at last").unwrap();
    assert_eq!(status(&hub, key, "large").await, Status::Failed);
    hub.shutdown().await;
}

fn signal(name: &str, input: Option<String>) -> SignalEntityRequest {
    SignalEntityRequest {
        instance_id: "@list@a".to_owned(),
        name: name.to_owned(),
        input,
        ..Default::default()
    }
}

/// Takes the next batch; answers each operation with `result`, and the batch with `state`.
async fn operate(
    hub: &Hub,
    key: HubKey,
    items: &mut WorkerItems,
    state: String,
    result: Option<String>,
) -> durascope_proto::EntityRequest {
    let item = next(items).await;
    let Some(Request::EntityRequestV2(request)) = item.request else {
        panic!("not a batch: {item:?}")
    };
    let request = durascope_proto::EntityRequest {
        instance_id: request.instance_id,
        entity_state: request.entity_state,
        ..Default::default()
    };
    let done = OperationResult {
        result_type: Some(ResultType::Success(OperationResultSuccess {
            result,
            ..Default::default()
        })),
    };
    let result = EntityBatchResult {
        completion_token: item.completion_token,
        results: vec![done],
        entity_state: Some(state),
        ..Default::default()
    };
    hub.complete_entity(key, result).await.unwrap();
    request
}

/// Waits until so many operations have run, and so many of them failed.
async fn failed_operations(hub: &Hub, key: HubKey, expected: (u64, u64)) {
    let mut live = hub.live();
    let all = live.wait_for(|live: &Arc<LiveSnapshot>| {
        let counted = live.hubs.get(&key).map(|hub| hub.counters);
        counted.is_some_and(|it| (it.entity_operations, it.entity_operations_failed) == expected)
    });
    let counted = tokio::time::timeout(PATIENCE, all).await;
    drop(counted.expect("as many have failed").unwrap());
}

#[tokio::test]
async fn state_of_an_entity_too_large_does_not_count_and_the_operation_has_failed() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    hub.signal_entity(key, signal("fill", None)).await.unwrap();
    operate(&hub, key, &mut items, "small".to_owned(), None).await;
    hub.signal_entity(key, signal("fill", None)).await.unwrap();
    operate(&hub, key, &mut items, "x".repeat(5 * MIB), None).await;
    hub.signal_entity(key, signal("fill", None)).await.unwrap();
    let sent = operate(&hub, key, &mut items, "last".to_owned(), None).await;
    assert_eq!(sent.entity_state.as_deref(), Some("small"));
    failed_operations(&hub, key, (3, 1)).await;
    hub.shutdown().await;
}

#[tokio::test]
async fn result_of_an_operation_too_large_is_its_failure_and_what_it_did_counts() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    hub.signal_entity(key, signal("get", None)).await.unwrap();
    let result = Some("x".repeat(5 * MIB));
    operate(&hub, key, &mut items, "kept".to_owned(), result).await;
    failed_operations(&hub, key, (1, 1)).await;
    hub.signal_entity(key, signal("get", None)).await.unwrap();
    let sent = operate(&hub, key, &mut items, "last".to_owned(), None).await;
    assert_eq!(sent.entity_state.as_deref(), Some("kept"));
    hub.shutdown().await;
}

#[tokio::test]
async fn operation_that_does_not_fit_with_the_state_is_dropped_and_the_next_one_runs() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    let large = "x".repeat(3 * MIB);
    hub.signal_entity(key, signal("fill", None)).await.unwrap();
    operate(&hub, key, &mut items, large.clone(), None).await;
    let too_much = signal("add", Some("y".repeat(2 * MIB)));
    hub.signal_entity(key, too_much).await.unwrap();
    hub.signal_entity(key, signal("clear", None)).await.unwrap();
    let item = next(&mut items).await;
    let Some(Request::EntityRequestV2(request)) = item.request else {
        panic!("not a batch")
    };
    assert_eq!(request.entity_state, Some(large));
    assert_eq!(request.operation_requests.len(), 1, "only what fits");
    hub.shutdown().await;
}

#[tokio::test]
async fn answers_too_large_say_what_to_ask_instead() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    let request = CreateInstanceRequest {
        input: Some("x".repeat(3 * MIB)),
        ..start("order")
    };
    hub.start(key, request).await.unwrap();
    answer(
        &hub,
        key,
        &mut items,
        vec![complete(0, "y".repeat(3 * MIB))],
    )
    .await;
    let refused = hub.instance(key, "order", Texts::All).await.unwrap_err();
    assert!(matches!(refused, HubError::LimitReached(_)));
    assert!(refused.to_string().contains("without inputs and outputs"));
    assert_eq!(status(&hub, key, "order").await, Status::Completed);
    let mut query = InstanceQuery {
        fetch_inputs_and_outputs: true,
        ..Default::default()
    };
    let refused = hub.query(key, query.clone()).await.unwrap_err();
    assert!(matches!(refused, HubError::LimitReached(_)));
    query.fetch_inputs_and_outputs = false;
    assert_eq!(
        hub.query(key, query)
            .await
            .unwrap()
            .orchestration_state
            .len(),
        1
    );
    hub.shutdown().await;
}

#[tokio::test]
async fn entities_too_large_for_an_answer_can_be_asked_for_without_their_state() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 10).await;
    hub.signal_entity(key, signal("fill", None)).await.unwrap();
    operate(&hub, key, &mut items, "x".repeat(3 * MIB), None).await;
    hub.shutdown().await;
    drop((items, hub));
    let limits = Limits {
        sent_bytes_max: MIB,
        azure: AzureLimits::Warn,
    };
    let (hub, key) = hub_with(&path, limits).await;
    let mut one = GetEntityRequest {
        instance_id: "@list@a".to_owned(),
        include_state: true,
    };
    let refused = hub.entity(key, one.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("without the state"));
    one.include_state = false;
    assert!(hub.entity(key, one).await.unwrap().is_some());
    let mut many = EntityQuery {
        include_state: true,
        ..Default::default()
    };
    let refused = hub.query_entities(key, many.clone()).await.unwrap_err();
    assert!(matches!(refused, HubError::LimitReached(_)));
    many.include_state = false;
    assert_eq!(
        hub.query_entities(key, many).await.unwrap().entities.len(),
        1
    );
    hub.shutdown().await;
}
