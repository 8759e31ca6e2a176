//! Workers that keep orchestrations between turns: what they are not sent again, and when they
//! are sent all of it.

use durascope_proto::AbandonOrchestrationTaskRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::WorkerCapability;
use durascope_proto::sticky::Preceding;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use durascope_tests::worker::Turn;

use super::Server;

/// As many as any of these tests needs.
const KEPT: u32 = 10;

async fn sticky(client: &RawClient) -> RawWorker {
    let worker = RawWorker::open_sticky(client, KEPT, GetWorkItemsRequest::default());
    worker.await.unwrap()
}

/// A server, a worker that keeps executions, and the first turn of `order` with it.
async fn first_turn() -> (Server, RawWorker, Turn) {
    let server = Server::start().await;
    let mut worker = sticky(&server.client).await;
    let turn = server.first_turn(&mut worker, "order").await;
    (server, worker, turn)
}

fn preceding(turn: &Turn) -> Option<Preceding> {
    Preceding::of(&turn.request.properties)
}

fn names(events: &[HistoryEvent]) -> Vec<String> {
    events::raised(events).into_iter().map(|it| it.0).collect()
}

/// The turn carries nothing of the past, and counts it as the server has it stored.
async fn assert_bare(client: &RawClient, turn: &Turn) {
    let history = client.history(&turn.request.instance_id).await.unwrap();
    let count = preceding(turn).map(|it| it.events);
    assert_eq!(count, Some(history.len() as u64), "{turn:?}");
    assert_eq!(turn.request.past_events, []);
    assert!(!turn.request.requires_history_streaming);
}

/// The turn carries the past as the server has it stored.
async fn assert_whole(client: &RawClient, turn: &Turn) {
    let history = client.history(&turn.request.instance_id).await.unwrap();
    assert_eq!(preceding(turn), None);
    assert_eq!(turn.request.past_events, history);
}

#[tokio::test]
async fn worker_that_keeps_an_execution_gets_only_what_is_new() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    assert_eq!(worker.sticky.as_deref(), Some("10"));
    assert_eq!(preceding(&turn), None);
    let timer = actions::timer(1, 1);
    let note = actions::send_event(2, "order", "note", None);
    client
        .complete_turn(&turn, vec![timer, note])
        .await
        .unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let turn = worker.turn().await.unwrap();
        assert_bare(client, &turn).await;
        let kinds = events::kinds(&turn.request.new_events);
        seen.extend(kinds.into_iter().filter(|it| it != "OrchestratorStarted"));
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
    seen.sort();
    assert_eq!(seen, ["EventRaised", "TimerFired"]);

    client.raise("order", "last", None).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let stored = client.history("order").await.unwrap();
    let chunk = durascope_proto::HistoryChunk { events: stored };
    let bytes = prost::Message::encoded_len(&chunk) as u64;
    assert_eq!(preceding(&turn).unwrap().bytes, bytes);
}

#[tokio::test]
async fn worker_that_does_not_ask_for_it_gets_every_turn_whole() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    assert_eq!(worker.sticky, None);
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "go", None).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_whole(client, &turn).await;
    assert!(turn.request.properties.is_empty());
}

#[tokio::test]
async fn worker_that_has_forgotten_gets_the_turn_whole_and_then_only_news_again() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "one", None).await.unwrap();
    let bare = worker.turn().await.unwrap();
    assert_bare(client, &bare).await;
    let mut forgotten = bare.response(vec![actions::succeed(1, "\"unseen\"")]);
    forgotten.requires_history = true;
    client.complete_turn_with(forgotten).await.unwrap();

    let whole = worker.turn().await.unwrap();
    assert_whole(client, &whole).await;
    assert_eq!(names(&whole.request.new_events), ["one"]);
    client.complete_turn(&whole, vec![]).await.unwrap();
    client.raise("order", "two", None).await.unwrap();
    assert_bare(client, &worker.turn().await.unwrap()).await;
}

#[tokio::test]
async fn worker_that_asks_for_what_it_has_been_sent_is_not_asked_in_a_loop() {
    let (server, mut worker, mut turn) = first_turn().await;
    let client = &server.client;
    for again in [true, false] {
        let mut response = turn.response(vec![]);
        response.requires_history = true;
        client.complete_turn_with(response).await.unwrap();
        if again {
            turn = worker.turn().await.unwrap();
        }
    }
    // It waits now, and anybody else may have the turn.
    let mut other = RawWorker::open(client).await.unwrap();
    other
        .answer_turn(vec![actions::succeed(0, "\"done\"")])
        .await
        .unwrap();
    client.ended("order").await.unwrap();
}

#[tokio::test]
async fn turns_go_to_who_keeps_the_execution_whoever_else_has_room() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(sticky(client).await);
    }
    client.complete_turn(&turn, vec![]).await.unwrap();
    for _ in 0..8 {
        client.raise("order", "go", None).await.unwrap();
        let turn = worker.turn().await.unwrap();
        assert_bare(client, &turn).await;
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_waits_for_a_busy_worker_and_the_execution_moves() {
    let server = Server::start().await;
    let client = &server.client;
    let one_turn = GetWorkItemsRequest {
        max_concurrent_orchestration_work_items: 1,
        ..GetWorkItemsRequest::default()
    };
    let busy = RawWorker::open_sticky(client, KEPT, one_turn);
    let mut busy = busy.await.unwrap();
    let turn = server.first_turn(&mut busy, "order").await;
    client.complete_turn(&turn, vec![]).await.unwrap();
    let held = server.first_turn(&mut busy, "other").await;

    let mut free = sticky(client).await;
    client.raise("order", "one", None).await.unwrap();
    let turn = free.turn().await.unwrap();
    assert_whole(client, &turn).await;
    client.complete_turn(&turn, vec![]).await.unwrap();

    client.complete_turn(&held, vec![]).await.unwrap();
    for (name, keeper) in [("two", "order"), ("three", "order"), ("four", "other")] {
        client.raise(keeper, name, None).await.unwrap();
        let worker = if keeper == "order" {
            &mut free
        } else {
            &mut busy
        };
        let turn = worker.turn().await.unwrap();
        assert_eq!(names(&turn.request.new_events), [name]);
        assert_bare(client, &turn).await;
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
}

#[tokio::test]
async fn worker_that_keeps_no_more_is_sent_the_whole_of_what_had_no_turn_for_longest() {
    let server = Server::start().await;
    let client = &server.client;
    let worker = RawWorker::open_sticky(client, 2, GetWorkItemsRequest::default());
    let mut worker = worker.await.unwrap();
    for id in ["a", "b", "c", "d"] {
        let turn = server.first_turn(&mut worker, id).await;
        // One that has ended takes no room.
        let over = (id == "c").then(|| actions::succeed(0, "1"));
        client
            .complete_turn(&turn, over.into_iter().collect())
            .await
            .unwrap();
    }
    for (id, kept) in [
        ("b", true),
        ("a", false),
        ("b", true),
        ("d", false),
        ("a", false),
    ] {
        client.raise(id, "go", None).await.unwrap();
        let turn = worker.turn().await.unwrap();
        assert_eq!(preceding(&turn).is_some(), kept, "{id}");
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_stream_kept_ends_with_it_whatever_its_worker_remembers() {
    let (server, worker, turn) = first_turn().await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    drop(worker);
    let mut next = sticky(client).await;
    client.raise("order", "one", None).await.unwrap();
    let turn = next.turn().await.unwrap();
    assert_whole(client, &turn).await;

    // A turn that was out comes again, and nothing is known of what became of it.
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "two", None).await.unwrap();
    let bare = next.turn().await.unwrap();
    assert_bare(client, &bare).await;
    let mut last = sticky(client).await;
    drop(next);
    let again = last.turn().await.unwrap();
    assert_whole(client, &again).await;
    client.complete_turn(&bare, vec![]).await.unwrap();
    assert_whole(client, &again).await;
}

#[tokio::test]
async fn turn_that_is_given_back_comes_whole() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "one", None).await.unwrap();
    let bare = worker.turn().await.unwrap();
    assert_bare(client, &bare).await;
    let request = AbandonOrchestrationTaskRequest {
        completion_token: bare.token,
    };
    let mut rpc = client.rpc.clone();
    rpc.abandon_task_orchestrator_work_item(request)
        .await
        .unwrap();
    assert_whole(client, &worker.turn().await.unwrap()).await;
}

#[tokio::test]
async fn suspension_is_no_reason_to_send_the_past() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    let suspend = SuspendRequest {
        instance_id: "order".to_owned(),
        reason: None,
    };
    let mut rpc = client.rpc.clone();
    rpc.suspend_instance(suspend).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_bare(client, &turn).await;
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "held", None).await.unwrap();
    let resume = ResumeRequest {
        instance_id: "order".to_owned(),
        reason: None,
    };
    rpc.resume_instance(resume).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_bare(client, &turn).await;
    assert_eq!(
        events::kinds(&turn.request.new_events)[1..],
        ["ExecutionResumed", "EventRaised"]
    );
}

#[tokio::test]
async fn events_that_an_answer_left_are_no_past() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    for name in ["one", "two"] {
        client.raise("order", name, None).await.unwrap();
    }
    client.complete_turn(&turn, vec![]).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(names(&turn.request.new_events), ["one", "two"]);
    let mut response = turn.response(vec![]);
    response.num_events_processed = Some(2);
    client.complete_turn_with(response).await.unwrap();
    let next = worker.turn().await.unwrap();
    assert_bare(client, &next).await;
    assert_eq!(names(&next.request.new_events), ["two"]);
}

#[tokio::test]
async fn next_generation_is_nothing_that_anybody_keeps() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "one", None).await.unwrap();
    worker
        .answer_turn(vec![actions::continue_as_new(1, "1", vec![])])
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(preceding(&turn), None);
    assert!(events::execution_started(&turn.request.new_events).is_some());
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "two", None).await.unwrap();
    assert_bare(client, &worker.turn().await.unwrap()).await;
}

#[tokio::test]
async fn rewind_and_the_replay_after_it_come_whole() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "one", None).await.unwrap();
    let failure = durascope_proto::TaskFailureDetails::default();
    worker
        .answer_turn(vec![actions::fail(1, failure)])
        .await
        .unwrap();
    client.ended("order").await.unwrap();
    client.rewind("order", None).await.unwrap();
    let rewind = worker.turn().await.unwrap();
    assert_whole(client, &rewind).await;
    let history = actions::without_failures(&rewind.request, "e2");
    let answer = vec![actions::rewind(history)];
    client.complete_turn(&rewind, answer).await.unwrap();
    let replay = worker.turn().await.unwrap();
    assert_whole(client, &replay).await;
    client.complete_turn(&replay, vec![]).await.unwrap();
    client.raise("order", "two", None).await.unwrap();
    assert_bare(client, &worker.turn().await.unwrap()).await;
}

#[tokio::test]
async fn instance_that_starts_anew_under_its_id_is_another() {
    let (server, mut worker, turn) = first_turn().await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.terminate("order", None, false).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client.ended("order").await.unwrap();
    client.restart("order", false).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(preceding(&turn), None);
    assert!(events::execution_started(&turn.request.new_events).is_some());
}

#[tokio::test]
async fn large_history_is_neither_sent_nor_streamed_to_who_keeps_it() {
    let server = Server::start().await;
    let client = &server.client;
    let streaming = GetWorkItemsRequest {
        capabilities: vec![WorkerCapability::HistoryStreaming.into()],
        ..GetWorkItemsRequest::default()
    };
    let worker = RawWorker::open_sticky(client, KEPT, streaming);
    let mut worker = worker.await.unwrap();
    let mut turn = server.first_turn(&mut worker, "order").await;
    let payload = format!("\"{}\"", "x".repeat(600 * 1024));
    for _ in 0..8 {
        client.complete_turn(&turn, vec![]).await.unwrap();
        client.raise("order", "Item", Some(&payload)).await.unwrap();
        turn = worker.turn().await.unwrap();
        assert_bare(client, &turn).await;
    }
    let mut forgotten = turn.response(vec![]);
    forgotten.requires_history = true;
    client.complete_turn_with(forgotten).await.unwrap();
    let again = worker.turn().await.unwrap();
    assert!(again.request.requires_history_streaming);
    assert_eq!(preceding(&again), None);
}
