//! Entities and critical sections over a hub that is lost and opened again, and with a great
//! many messages.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use durascope_proto::EntityBatchResult;
use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::EntityQuery;
use durascope_proto::EntityRequest;
use durascope_proto::EntityUnlockSentEvent;
use durascope_proto::GetEntityRequest;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultSuccess;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::SignalEntityRequest;
use durascope_proto::WorkItem;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_result::ResultType;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;
use durascope_proto::send_entity_message_action::EntityMessageType;
use durascope_proto::time;
use durascope_proto::work_item::Request;
use tokio::sync::watch;

use super::answers::answer;
use super::answers::end;
use super::fresh;
use super::hub;
use super::news;
use super::next;
use super::read;
use super::start;
use super::turn;
use super::worker;
use crate::clock;
use crate::dispatch::WorkerItems;
use crate::hub::Hub;
use crate::live::HubKey;
use crate::live::LiveSnapshot;

pub(super) const A: &str = "@counter@a";
pub(super) const B: &str = "@counter@b";

pub(super) fn signal(id: &str, name: &str) -> SignalEntityRequest {
    SignalEntityRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        ..Default::default()
    }
}

pub(super) fn call(target: &str, operation: &str, request: &str, input: Option<String>) -> Action {
    to_entity(EntityMessageType::EntityOperationCalled(
        EntityOperationCalledEvent {
            request_id: request.to_owned(),
            operation: operation.to_owned(),
            input,
            target_instance_id: Some(target.to_owned()),
            ..Default::default()
        },
    ))
}

pub(super) fn lock(section: &str, set: &[&str]) -> Action {
    to_entity(EntityMessageType::EntityLockRequested(
        EntityLockRequestedEvent {
            critical_section_id: section.to_owned(),
            lock_set: set.iter().map(|&id| id.to_owned()).collect(),
            ..Default::default()
        },
    ))
}

pub(super) fn unlock(section: &str, target: &str) -> Action {
    to_entity(EntityMessageType::EntityUnlockSent(EntityUnlockSentEvent {
        critical_section_id: section.to_owned(),
        target_instance_id: Some(target.to_owned()),
        ..Default::default()
    }))
}

pub(super) fn to_entity(message: EntityMessageType) -> Action {
    Action::SendEntityMessage(SendEntityMessageAction {
        entity_message_type: Some(message),
    })
}

pub(super) fn batch(item: &WorkItem) -> &EntityRequest {
    match &item.request {
        Some(Request::EntityRequestV2(batch)) => batch,
        other => panic!("not a batch: {other:?}"),
    }
}

/// The names of a batch's operations.
pub(super) fn names(item: &WorkItem) -> Vec<&str> {
    let operations = batch(item).operation_requests.iter();
    operations
        .map(|event| match event.event_type.as_ref().unwrap() {
            EventType::EntityOperationSignaled(signal) => signal.operation.as_str(),
            EventType::EntityOperationCalled(call) => call.operation.as_str(),
            other => panic!("not an operation: {other:?}"),
        })
        .collect()
}

/// The answer that all operations of a batch succeed with.
pub(super) fn done(item: &WorkItem, state: Option<&str>) -> EntityBatchResult {
    let success = OperationResult {
        result_type: Some(ResultType::Success(OperationResultSuccess::default())),
    };
    EntityBatchResult {
        results: vec![success; batch(item).operation_requests.len()],
        entity_state: state.map(str::to_owned),
        completion_token: item.completion_token.clone(),
        ..Default::default()
    }
}

/// Sections that a turn says have begun.
pub(super) fn granted(item: &WorkItem) -> Vec<&str> {
    news(turn(item))
        .filter_map(|event| match event {
            EventType::EntityLockGranted(it) => Some(it.critical_section_id.as_str()),
            _ => None,
        })
        .collect()
}

/// How many results of calls a turn brings.
pub(super) fn replies(item: &WorkItem) -> usize {
    news(turn(item))
        .filter(|event| matches!(event, EventType::EntityOperationCompleted(_)))
        .count()
}

pub(super) async fn state(hub: &Hub, key: HubKey, id: &str) -> Option<String> {
    let request = GetEntityRequest {
        instance_id: id.to_owned(),
        include_state: true,
    };
    let entity = hub.entity(key, request).await.unwrap();
    entity.and_then(|entity| entity.serialized_state)
}

/// Rows of entities and of their inboxes.
pub(super) fn rows(path: &Path) -> (i64, i64) {
    let count = "SELECT (SELECT count(*) FROM entity), (SELECT count(*) FROM entity_inbox)";
    read(path, |db| {
        db.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    })
}

/// An instance that has asked for a section of its own name; its turn with the grant.
async fn holds(
    hub: &Hub,
    key: HubKey,
    items: &mut WorkerItems,
    id: &str,
    set: &[&str],
) -> WorkItem {
    asks(hub, key, items, id, set).await;
    let turn = next(items).await;
    assert_eq!(granted(&turn), [id]);
    turn
}

async fn asks(hub: &Hub, key: HubKey, items: &mut WorkerItems, id: &str, set: &[&str]) {
    hub.start(key, start(id)).await.unwrap();
    let first = next(items).await;
    answer(hub, key, &first, [lock(id, set)]).await;
}

#[tokio::test]
async fn messages_survive_whether_they_wait_or_are_with_a_worker() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 4).await;
    one.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    let calls = [call(A, "get", "1", None), call(B, "get", "2", None)];
    answer(&one, key, &first, calls).await;
    let out = next(&mut items).await;
    one.signal_entity(key, signal(A, "add")).await.unwrap();
    one.signal_entity(key, signal(B, "add")).await.unwrap();
    drop((items, one));

    let (two, key) = hub(&path).await;
    // Its token was of the life before.
    two.complete_entity(key, done(&out, Some("stale")))
        .await
        .unwrap();
    let mut items = worker(&two, key, 4).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let item = next(&mut items).await;
        assert_eq!(names(&item), ["get", "add"]);
        seen.push(batch(&item).instance_id.clone());
        two.complete_entity(key, done(&item, None)).await.unwrap();
    }
    seen.sort();
    assert_eq!(seen, [A, B]);
    let mut answered = 0;
    while answered < 2 {
        let item = next(&mut items).await;
        answered += replies(&item);
        answer(&two, key, &item, []).await;
    }
    assert_eq!(answered, 2);
    assert_eq!(rows(&path), (0, 0));
}

#[tokio::test]
async fn delayed_signals_survive_and_are_not_early() {
    let (_folder, path, one, key) = fresh().await;
    let due_us = clock::wall_us() + 400_000;
    for (id, due_us) in [(A, due_us), (B, due_us + 3_600_000_000)] {
        let later = SignalEntityRequest {
            scheduled_time: Some(time::from_micros(due_us)),
            ..signal(id, "later")
        };
        one.signal_entity(key, later).await.unwrap();
    }
    drop(one);
    let (two, key) = hub(&path).await;
    let mut items = worker(&two, key, 4).await;
    let item = next(&mut items).await;
    assert!(clock::wall_us() >= due_us);
    assert_eq!(batch(&item).instance_id, A);
    two.complete_entity(key, done(&item, None)).await.unwrap();
    assert_eq!(rows(&path), (1, 1), "the other one still waits");
}

#[tokio::test]
async fn locks_survive_with_the_calls_of_their_holder_and_what_waits() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 8).await;
    let turn = holds(&one, key, &mut items, "holder", &[A]).await;
    one.signal_entity(key, signal(A, "later")).await.unwrap();
    asks(&one, key, &mut items, "waits", &[B, A]).await;
    answer(&one, key, &turn, [call(A, "get", "1", None)]).await;
    drop((items, one));

    let (two, key) = hub(&path).await;
    let mut items = worker(&two, key, 8).await;
    let item = next(&mut items).await;
    assert_eq!(names(&item), ["get"], "of the holder alone");
    two.complete_entity(key, done(&item, Some("1")))
        .await
        .unwrap();
    let turn = next(&mut items).await;
    assert_eq!(replies(&turn), 1);
    drop((items, two));

    let (three, key) = hub(&path).await;
    let mut items = worker(&three, key, 8).await;
    let turn = next(&mut items).await;
    answer(&three, key, &turn, [unlock("holder", A)]).await;
    let item = next(&mut items).await;
    assert_eq!(names(&item), ["later"], "it was there before the section");
    drop((items, three));

    let (four, key) = hub(&path).await;
    let mut items = worker(&four, key, 8).await;
    let item = next(&mut items).await;
    four.complete_entity(key, done(&item, None)).await.unwrap();
    let turn = next(&mut items).await;
    assert_eq!(granted(&turn), ["waits"]);
    drop((items, four));

    // Granted, and the grant not taken yet.
    let (five, key) = hub(&path).await;
    let mut items = worker(&five, key, 8).await;
    let turn = next(&mut items).await;
    assert_eq!(granted(&turn), ["waits"]);
    answer(&five, key, &turn, [end(Status::Completed)]).await;
    assert_eq!(rows(&path), (0, 0));
}

#[tokio::test]
async fn locks_and_requests_of_nobody_are_swept_at_the_start() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 8).await;
    holds(&one, key, &mut items, "holder", &[A, B]).await;
    asks(&one, key, &mut items, "waits", &[A]).await;
    one.signal_entity(key, signal(A, "add")).await.unwrap();
    drop(items);
    one.shutdown().await;
    // No life of the hub leaves this behind; a database may come from anywhere.
    read(&path, |db| {
        let changed = db.execute("UPDATE instance SET execution = 'other'", []);
        assert_eq!(changed.unwrap(), 2);
    });
    let (two, key) = hub(&path).await;
    let mut items = worker(&two, key, 8).await;
    let item = loop {
        let item = next(&mut items).await;
        if matches!(item.request, Some(Request::EntityRequestV2(_))) {
            break item;
        }
    };
    assert_eq!(names(&item), ["add"]);
    two.complete_entity(key, done(&item, None)).await.unwrap();
    assert_eq!(rows(&path), (0, 0));
}

#[tokio::test]
async fn a_flood_behind_a_lock_slows_nobody_down() {
    const FLOOD: usize = 10_000;
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 8).await;
    let turn = holds(&hub, key, &mut items, "holder", &[A]).await;
    let signals = async |count: usize| {
        let began = Instant::now();
        for _ in 0..count {
            hub.signal_entity(key, signal(A, "add")).await.unwrap();
        }
        began.elapsed()
    };
    let first = signals(FLOOD / 10).await;
    signals(FLOOD * 8 / 10).await;
    let last = signals(FLOOD / 10).await;
    // Each of them looked at all before it once, which made the last ones 20 times slower.
    assert!(last < first * 8, "first {first:?}, last {last:?}");
    answer(&hub, key, &turn, [call(A, "get", "1", None)]).await;
    let item = next(&mut items).await;
    assert_eq!(names(&item), ["get"]);
    hub.complete_entity(key, done(&item, Some("1")))
        .await
        .unwrap();
    let turn = next(&mut items).await;
    answer(&hub, key, &turn, [end(Status::Completed)]).await;
    let mut signals = 0;
    while signals < FLOOD {
        let item = next(&mut items).await;
        signals += names(&item).len();
        hub.complete_entity(key, done(&item, None)).await.unwrap();
    }
    assert_eq!(rows(&path), (0, 0));
}

#[tokio::test]
async fn reading_entities_is_no_news() {
    let (_folder, _path, hub, key) = fresh().await;
    hub.signal_entity(key, signal(A, "add")).await.unwrap();
    let mut live = hub.live();
    let quiet = async |live: &mut watch::Receiver<Arc<LiveSnapshot>>| {
        let silence = Duration::from_millis(300);
        tokio::time::timeout(silence, live.changed()).await.is_err()
    };
    while !quiet(&mut live).await {}
    // A dashboard that reads at every news would be its own reason to read.
    assert_eq!(state(&hub, key, A).await, None);
    let all = EntityQuery {
        include_transient: true,
        ..Default::default()
    };
    let page = hub.query_entities(key, all).await.unwrap();
    assert_eq!(page.entities[0].backlog_queue_size, 1);
    assert!(quiet(&mut live).await);
}
