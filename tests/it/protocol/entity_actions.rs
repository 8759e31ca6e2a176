//! What operations of entities ask for, and signals that are to arrive later.

use durascope_proto::OperationAction;
use durascope_proto::OrchestrationStatus;
use durascope_proto::SignalEntityRequest;
use durascope_proto::time;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::entities::Operation;
use durascope_tests::entities::sends;
use durascope_tests::entities::starts;
use durascope_tests::events;

use super::Server;
use super::entities::now_us;

/// Long enough to see that something does not happen yet.
const DELAY_US: i64 = 700_000;

async fn signal_later(client: &RawClient, id: &str, operation: &str, at_us: i64) {
    let request = SignalEntityRequest {
        instance_id: id.to_owned(),
        name: operation.to_owned(),
        scheduled_time: Some(time::from_micros(at_us)),
        ..Default::default()
    };
    client.signal_with(request).await.unwrap();
}

/// The entity `@actor@a` answers one operation with these actions.
async fn act(client: &RawClient, worker: &mut RawWorker, asked: Vec<OperationAction>) {
    client.signal("@actor@a", "act", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    assert_eq!(batch.names(), ["act"]);
    let mut response = batch.done(Some("s"), None);
    response.actions = asked;
    client.complete_batch(response).await.unwrap();
}

#[tokio::test]
async fn delayed_signal_waits_unseen_and_is_never_early() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let due_us = now_us() + DELAY_US;
    signal_later(client, "@counter@a", "later", due_us).await;
    assert_eq!(client.entity("@counter@a").await.unwrap(), None);
    let waiting = client.transient("@counter@a").await.unwrap().unwrap();
    assert_eq!(waiting.backlog_queue_size, 0, "it is no backlog");
    signal_later(client, "@counter@a", "past", due_us - 3_600_000_000).await;
    client.signal("@counter@a", "now", None).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let batch = worker.answer_entity(None, None).await.unwrap();
        seen.extend(batch.names().into_iter().map(str::to_owned));
    }
    assert_eq!(seen, ["past", "now"]);
    assert!(now_us() < due_us, "the machine is too slow for this test");

    let batch = worker.answer_entity(None, None).await.unwrap();
    assert!(now_us() >= due_us, "early by {} us", due_us - now_us());
    assert_eq!(batch.names(), ["later"]);
    assert_eq!(client.transient("@counter@a").await.unwrap(), None);
}

#[tokio::test]
async fn delayed_signal_of_an_orchestration_outlives_it() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let due_us = now_us() + DELAY_US;
    let sent = vec![
        actions::signal(1, "@counter@a", "later", Some(due_us)),
        actions::succeed(2, "null"),
    ];
    client.complete_turn(&turn, sent).await.unwrap();
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Completed
    );
    let batch = worker.answer_entity(Some("s"), None).await.unwrap();
    assert!(now_us() >= due_us);
    assert_eq!(batch.names(), ["later"]);
}

#[tokio::test]
async fn entities_signal_themselves_and_others() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let due_us = now_us() + DELAY_US;
    let asked = vec![
        sends("@Other@K", "to other", None),
        sends("@actor@a", "to self", None),
        sends("@actor@a", "later", Some(due_us)),
        sends("no entity", "nowhere", None),
    ];
    act(client, &mut worker, asked).await;
    for (id, name) in [("@other@K", "to other"), ("@actor@a", "to self")] {
        let batch = worker.answer_entity(Some("s"), None).await.unwrap();
        assert_eq!(batch.request.instance_id, id);
        let operations = batch.operations();
        let [Operation::Signal(signal)] = &operations[..] else {
            panic!("one signal: {operations:?}");
        };
        assert_eq!(signal.operation, name);
        let groups: Vec<usize> = signal.request_id.split('-').map(str::len).collect();
        assert_eq!(
            groups,
            [8, 4, 4, 4, 12],
            "a GUID for .NET: {}",
            signal.request_id
        );
    }
    let batch = worker.answer_entity(Some("s"), None).await.unwrap();
    assert!(now_us() >= due_us);
    assert_eq!(batch.names(), ["later"]);
}

#[tokio::test]
async fn a_caller_finds_what_its_call_caused_ready_when_it_wakes() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let call = vec![actions::call(1, "@actor@a", "act", None)];
    client.complete_turn(&turn, call).await.unwrap();
    let batch = worker.entity().await.unwrap();
    let mut response = batch.done(Some("s"), None);
    response.actions = vec![sends("@other@k", "caused", None)];
    client.complete_batch(response).await.unwrap();
    // In no order among each other, and both without anything else happening.
    worker
        .answer_turn(vec![actions::succeed(2, "null")])
        .await
        .unwrap();
    let batch = worker.answer_entity(None, None).await.unwrap();
    assert_eq!(batch.names(), ["caused"]);
}

#[tokio::test]
async fn entities_start_orchestrations_with_any_id_and_no_parent() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let id = "daily-2026-01-01T00:00:00+00:00";
    act(client, &mut worker, vec![starts(id, "Report", Some("1"))]).await;
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, id);
    let started = events::execution_started(&turn.request.new_events).unwrap();
    assert_eq!(started.name, "Report");
    assert_eq!(started.input.as_deref(), Some("1"));
    assert_eq!(started.parent_instance, None, "an entity waits for nobody");
    let execution = turn.request.execution_id.clone();

    // A schedule with a fixed id asks again and again: the one that runs stays.
    let again = vec![
        starts(id, "Report", Some("2")),
        sends("@other@k", "go on", None),
    ];
    act(client, &mut worker, again).await;
    worker.answer_entity(None, None).await.unwrap();
    let state = client.state(id).await.unwrap().unwrap();
    assert_eq!(state.input.as_deref(), Some("1"));
    client
        .complete_turn(&turn, vec![actions::succeed(0, "\"one\"")])
        .await
        .unwrap();

    // One that has ended is replaced.
    act(client, &mut worker, vec![starts(id, "Report", Some("3"))]).await;
    let turn = worker
        .answer_turn(vec![actions::succeed(0, "\"three\"")])
        .await;
    assert_ne!(turn.unwrap().request.execution_id, execution);
    let state = client.ended(id).await.unwrap();
    assert_eq!(state.output.as_deref(), Some("\"three\""));
}

#[tokio::test]
async fn entities_start_orchestrations_without_an_id_and_never_another_entity() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let asked = vec![
        starts("@actor@b", "Report", None),
        starts("", "Report", None),
    ];
    act(client, &mut worker, asked).await;
    let turn = worker.turn().await.unwrap();
    assert_eq!(
        turn.request.instance_id.len(),
        32,
        "one that the server chose"
    );
    assert_eq!(client.state("@actor@b").await.unwrap(), None);
    assert_eq!(client.transient("@actor@b").await.unwrap(), None);
}

#[tokio::test]
async fn the_actions_of_operations_without_results_count_too() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@actor@a", "1", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    client.signal("@actor@a", "2", None).await.unwrap();
    let mut response = batch.done(None, None);
    response.actions = vec![sends("@actor@a", "3", None)];
    client.complete_batch(response).await.unwrap();
    let batch = worker.entity().await.unwrap();
    assert_eq!(batch.names(), ["2", "3"], "in the order of arrival");
}
