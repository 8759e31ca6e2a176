//! Handing out work: limits, redelivery, abandon, and the tokens that decide who may answer.

use std::time::Duration;
use std::time::Instant;

use durascope_proto::AbandonActivityTaskRequest;
use durascope_proto::AbandonOrchestrationTaskRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationStatus;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use durascope_tests::worker::Turn;

use super::Server;

/// The least pause before an abandoned work item goes to the same stream again, less what a
/// clock may be off.
const BACK_OFF: Duration = Duration::from_millis(900);

async fn abandon_turn(client: &RawClient, turn: &Turn) {
    let request = AbandonOrchestrationTaskRequest {
        completion_token: turn.token.clone(),
    };
    client
        .rpc
        .clone()
        .abandon_task_orchestrator_work_item(request)
        .await
        .unwrap();
}

#[tokio::test]
async fn turn_of_a_broken_stream_goes_to_the_next_worker() {
    let (server, worker, held) = Server::with_first_turn("order").await;
    drop(worker);
    let mut other = RawWorker::open(&server.client).await.unwrap();
    let again = other.turn().await.unwrap();
    assert_eq!(again.request.instance_id, "order");
    assert_eq!(again.request.execution_id, held.request.execution_id);
    assert_ne!(again.token, held.token);

    server
        .client
        .complete_turn(&held, vec![actions::succeed(0, "\"late\"")])
        .await
        .unwrap();
    assert_eq!(
        server.client.status("order").await.unwrap(),
        OrchestrationStatus::Pending
    );
    server
        .client
        .complete_turn(&again, vec![actions::succeed(0, "\"good\"")])
        .await
        .unwrap();
    let state = server.client.ended("order").await.unwrap();
    assert_eq!(state.output.as_deref(), Some("\"good\""));
}

#[tokio::test]
async fn activity_of_a_broken_stream_goes_to_the_next_worker() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::schedule(0, "Charge", None)])
        .await
        .unwrap();
    let held = worker.activity().await.unwrap();
    drop(worker);
    let mut other = RawWorker::open(client).await.unwrap();
    let again = other.activity().await.unwrap();
    assert_ne!(again.token, held.token);
    assert_eq!(again.request.task_id, held.request.task_id);
    client.complete_activity(&again, "\"good\"").await.unwrap();
    client.complete_activity(&held, "\"late\"").await.unwrap();
    other
        .answer_turn(vec![actions::succeed(1, "1")])
        .await
        .unwrap();
    let history = client.history("order").await.unwrap();
    assert_eq!(
        events::answered_ids(&history),
        [0],
        "one result for one activity"
    );
}

#[tokio::test]
async fn stream_holds_no_more_than_its_limit() {
    let (server, worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let five = (0..5)
        .map(|id| actions::schedule(id, "Charge", None))
        .collect();
    client.complete_turn(&turn, five).await.unwrap();
    drop(worker);
    let limits = GetWorkItemsRequest {
        max_concurrent_activity_work_items: 2,
        max_concurrent_orchestration_work_items: 1,
        ..GetWorkItemsRequest::default()
    };
    let mut small = RawWorker::open_with(client, limits).await.unwrap();
    let held = [
        small.activity().await.unwrap(),
        small.activity().await.unwrap(),
    ];
    // What is beyond the limit is free for others.
    let mut large = RawWorker::open(client).await.unwrap();
    for _ in 0..3 {
        large.answer_activity("1").await.unwrap();
    }
    drop(large);
    for activity in &held {
        client.complete_activity(activity, "1").await.unwrap();
    }
    let mut answered = 0;
    while answered < 5 {
        let turn = small.answer_turn(vec![]).await.unwrap();
        answered += events::answered_ids(&turn.request.new_events).len();
    }
    assert_eq!(answered, 5);
}

#[tokio::test]
async fn abandoned_turn_comes_back_to_its_stream_after_a_pause() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    server
        .client
        .raise("order", "Meanwhile", None)
        .await
        .unwrap();
    abandon_turn(&server.client, &turn).await;
    let began = Instant::now();
    let again = worker.turn().await.unwrap();
    assert!(
        began.elapsed() >= BACK_OFF,
        "came back after {:?}",
        began.elapsed()
    );
    let kinds = events::kinds(&again.request.new_events);
    assert_eq!(
        kinds[..2],
        ["OrchestratorStarted", "ExecutionStarted"],
        "its events come first"
    );
    assert_eq!(
        server.client.status("order").await.unwrap(),
        OrchestrationStatus::Pending
    );
    server
        .client
        .complete_turn(&turn, vec![actions::succeed(0, "\"late\"")])
        .await
        .unwrap();
    assert_eq!(
        server.client.status("order").await.unwrap(),
        OrchestrationStatus::Pending
    );
}

#[tokio::test]
async fn abandoned_turn_goes_to_another_stream_at_once() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let mut other = RawWorker::open(&server.client).await.unwrap();
    // The other stream is known to be open when its ping has come.
    other.next().await.unwrap();
    let began = Instant::now();
    abandon_turn(&server.client, &turn).await;
    let again = other.turn().await.unwrap();
    assert_eq!(again.request.instance_id, "order");
    assert!(began.elapsed() < BACK_OFF, "took {:?}", began.elapsed());
}

#[tokio::test]
async fn abandoned_activity_is_handed_out_again() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::schedule(0, "Charge", Some("5"))])
        .await
        .unwrap();
    let held = worker.activity().await.unwrap();
    let request = AbandonActivityTaskRequest {
        completion_token: held.token.clone(),
    };
    client
        .rpc
        .clone()
        .abandon_task_activity_work_item(request)
        .await
        .unwrap();
    let again = worker.activity().await.unwrap();
    assert_eq!(again.request, held.request);
    assert_ne!(again.token, held.token);
}

#[tokio::test]
async fn answers_with_a_token_that_is_not_current_are_accepted_and_change_nothing() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::schedule(0, "Charge", None)])
        .await
        .unwrap();
    client
        .complete_turn(&turn, vec![actions::succeed(9, "\"twice\"")])
        .await
        .unwrap();
    abandon_turn(client, &turn).await;
    let activity = worker.activity().await.unwrap();
    client.complete_activity(&activity, "1").await.unwrap();
    client.complete_activity(&activity, "2").await.unwrap();
    let mut forged = turn.response(vec![actions::succeed(9, "\"forged\"")]);
    forged.completion_token = "forged".to_owned();
    client.complete_turn_with(forged).await.unwrap();
    let nobody = AbandonActivityTaskRequest {
        completion_token: "forged".to_owned(),
    };
    client
        .rpc
        .clone()
        .abandon_task_activity_work_item(nobody)
        .await
        .unwrap();

    let next = worker
        .answer_turn(vec![actions::succeed(1, "\"good\"")])
        .await
        .unwrap();
    assert_eq!(events::answered_ids(&next.request.new_events), [0]);
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.output.as_deref(), Some("\"good\""));
    let history = client.history("order").await.unwrap();
    assert_eq!(events::answered_ids(&history), [0]);
    assert_eq!(events::scheduled_ids(&history), [0]);
}

#[tokio::test]
async fn empty_token_stands_for_what_is_out() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let mut response = turn.response(vec![actions::schedule(0, "Charge", None)]);
    response.completion_token.clear();
    client.complete_turn_with(response.clone()).await.unwrap();
    let activity = worker.activity().await.unwrap();
    // No turn is out now: the same answer again means nothing.
    response.actions = vec![actions::succeed(9, "\"twice\"")];
    client.complete_turn_with(response).await.unwrap();
    let mut response = activity.response(Some("1"), None);
    response.completion_token.clear();
    client
        .complete_activity_with(response.clone())
        .await
        .unwrap();
    let next = worker.turn().await.unwrap();
    client.complete_activity_with(response).await.unwrap();
    assert_eq!(events::answered_ids(&next.request.new_events), [0]);
    let mut response = next.response(vec![actions::succeed(1, "\"good\"")]);
    response.completion_token.clear();
    client.complete_turn_with(response).await.unwrap();
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.output.as_deref(), Some("\"good\""));
}

#[tokio::test]
async fn one_action_id_may_be_scheduled_twice() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::schedule(1, "Charge", None)])
        .await
        .unwrap();
    worker.answer_activity("1").await.unwrap();
    // A retry of the Python client repeats the action under its first id.
    worker
        .answer_turn(vec![actions::schedule(1, "Charge", None)])
        .await
        .unwrap();
    worker.answer_activity("2").await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(2, "1")])
        .await
        .unwrap();
    let history = client.history("order").await.unwrap();
    assert_eq!(events::scheduled_ids(&history), [1, 1]);
    assert_eq!(events::answered_ids(&history), [1, 1]);
}

#[tokio::test]
async fn actions_may_come_in_any_order() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    // The Go worker sends them in the order of a hash map, the end among them.
    let shuffled = vec![
        actions::succeed(3, "1"),
        actions::schedule(2, "C", None),
        actions::schedule(0, "A", None),
        actions::schedule(1, "B", None),
    ];
    client.complete_turn(&turn, shuffled).await.unwrap();
    client.ended("order").await.unwrap();
    let history = client.history("order").await.unwrap();
    assert_eq!(events::ids(&history), [-1, 0, 0, 1, 2, 3]);
    assert_eq!(
        events::kinds(&history).last().map(String::as_str),
        Some("ExecutionCompleted")
    );
    for _ in 0..3 {
        worker.answer_activity("1").await.unwrap();
    }
    assert_eq!(
        client.history("order").await.unwrap(),
        history,
        "late results are dropped"
    );
}

#[tokio::test]
async fn instance_is_out_on_one_stream_at_a_time() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let mut other = RawWorker::open(client).await.unwrap();
    client.raise("order", "Go", None).await.unwrap();
    client.start("Order", "second", None).await.unwrap();
    client.start("Order", "third", None).await.unwrap();
    drop(_worker);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(other.turn().await.unwrap().request.instance_id);
    }
    seen.sort();
    assert_eq!(seen, ["order", "second", "third"], "each once");
    drop(turn);
}
