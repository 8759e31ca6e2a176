//! RestartInstance: the same orchestration once more, in place of what ended or beside it.

use std::collections::BTreeMap;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::SuspendRequest;
use durascope_proto::TraceContext;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use tonic::Code;

use super::Server;

fn full(id: &str) -> CreateInstanceRequest {
    CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: "Order".to_owned(),
        version: Some("2.0".to_owned()),
        input: Some("7".to_owned()),
        tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
        parent_trace_context: Some(TraceContext {
            trace_parent: "00-1-2-01".to_owned(),
            ..TraceContext::default()
        }),
        ..CreateInstanceRequest::default()
    }
}

#[tokio::test]
async fn what_ended_starts_again_in_its_place_as_it_was_started() {
    let server = Server::start().await;
    let client = &server.client;
    client.start_with(full("order")).await.unwrap();
    let mut worker = RawWorker::open(client).await.unwrap();
    let first = worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    let before = client.ended("order").await.unwrap();
    drop(worker);
    assert_eq!(client.restart("order", false).await.unwrap(), "order");
    let state = client.state("order").await.unwrap().unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Pending);
    assert_eq!(state.input.as_deref(), Some("7"));
    assert_eq!(state.output, None);
    assert_eq!(state.completed_timestamp, None);
    assert_eq!(state.tags, before.tags);
    assert_eq!(state.version, before.version);
    assert_ne!(state.execution_id, before.execution_id);
    assert_eq!(client.history("order").await.unwrap(), []);

    // An event that comes before the first turn is kept.
    client.raise("order", "Early", None).await.unwrap();
    let mut worker = RawWorker::open(client).await.unwrap();
    let again = worker.turn().await.unwrap();
    let started = |turn: &durascope_tests::worker::Turn| {
        events::execution_started(&turn.request.new_events)
            .cloned()
            .unwrap()
    };
    let (first, second) = (started(&first), started(&again));
    assert_eq!(second.parent_trace_context, first.parent_trace_context);
    assert!(second.parent_trace_context.is_some());
    assert_eq!(second.tags, first.tags);
    assert_eq!(second.version, first.version);
    assert_eq!(second.input, first.input);
    assert_eq!(events::raised(&again.request.new_events).len(), 1);
    client
        .complete_turn(&again, vec![actions::succeed(0, "2")])
        .await
        .unwrap();
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.output.as_deref(), Some("2"));
}

#[tokio::test]
async fn anything_may_be_started_beside_itself() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    let id = client.restart("order", true).await.unwrap();
    assert_eq!(id.len(), 32);
    assert!(id.chars().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    let other = worker.turn().await.unwrap();
    assert_eq!(other.request.instance_id, id);
    client
        .complete_turn(&other, vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    client.ended(&id).await.unwrap();
    let status = client.status("order").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Running);
}

#[tokio::test]
async fn what_has_not_ended_keeps_its_id_for_itself() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let unknown = client.restart("nobody", true).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let entity = client.restart("@counter@a", true).await.unwrap_err();
    assert_eq!(entity.code(), Code::NotFound);
    let pending = client.restart("order", false).await.unwrap_err();
    assert_eq!(pending.code(), Code::FailedPrecondition);
    client.complete_turn(&turn, vec![]).await.unwrap();
    let running = client.restart("order", false).await.unwrap_err();
    assert_eq!(running.code(), Code::FailedPrecondition);
    assert!(running.message().contains("running"), "{running:?}");
    let suspend = SuspendRequest {
        instance_id: "order".to_owned(),
        reason: None,
    };
    client.rpc.clone().suspend_instance(suspend).await.unwrap();
    let suspended = client.restart("order", false).await.unwrap_err();
    assert_eq!(suspended.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_child_that_is_restarted_has_no_parent() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let kid = actions::child(0, "kid", "Kid", Some("3"));
    client.complete_turn(&turn, vec![kid]).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    let parent = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(parent.request.instance_id, "order");
    client.restart("kid", false).await.unwrap();
    let again = worker.turn().await.unwrap();
    let started = events::execution_started(&again.request.new_events).unwrap();
    assert_eq!(started.parent_instance, None);
    assert_eq!(started.input.as_deref(), Some("3"));
    let state = client.state("kid").await.unwrap().unwrap();
    assert_eq!(state.parent_instance_id, None);
}

#[tokio::test]
async fn after_continue_as_new_the_input_is_the_last_one() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let renewed = actions::continue_as_new(0, "2", vec![]);
    client.complete_turn(&turn, vec![renewed]).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    client.ended("order").await.unwrap();
    client.restart("order", false).await.unwrap();
    let again = worker.turn().await.unwrap();
    let started = events::execution_started(&again.request.new_events).unwrap();
    assert_eq!(started.input.as_deref(), Some("2"));
}
