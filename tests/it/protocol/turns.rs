//! Less common answers to a turn: in pieces, in part, without effect, or nonsense; and the
//! context that goes back and forth with it.

use durascope_proto::ActivityFilter;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationFilter;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::OrchestratorAction;
use durascope_proto::StreamInstanceHistoryRequest;
use durascope_proto::WorkItemFilters;
use durascope_proto::WorkerCapability;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::time;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;

use super::Server;

#[tokio::test]
#[expect(deprecated, reason = "official workers still send chunks")]
async fn answer_in_chunks_counts_when_it_is_whole_and_each_chunk_once() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let chunk = |index: i32, last: bool, actions: Vec<OrchestratorAction>| {
        let mut response = turn.response(actions);
        response.is_partial = !last;
        response.chunk_index = Some(index);
        response.num_events_processed = (index > 0).then_some(0);
        response
    };
    let first = chunk(0, false, vec![actions::schedule(0, "A", None)]);
    client.complete_turn_with(first.clone()).await.unwrap();
    client.complete_turn_with(first).await.unwrap();
    let second = chunk(1, false, vec![actions::schedule(1, "B", None)]);
    client.complete_turn_with(second).await.unwrap();
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Pending
    );
    assert_eq!(
        client.history("order").await.unwrap(),
        [],
        "half an answer is none"
    );

    client
        .complete_turn_with(chunk(2, true, vec![actions::schedule(2, "C", None)]))
        .await
        .unwrap();
    let history = client.history("order").await.unwrap();
    assert_eq!(events::scheduled_ids(&history), [0, 1, 2]);
    for _ in 0..3 {
        worker.answer_activity("1").await.unwrap();
    }
}

#[tokio::test]
#[expect(deprecated, reason = "official workers still send chunks")]
async fn half_an_answer_dies_with_its_stream() {
    let (server, worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let mut response = turn.response(vec![actions::schedule(0, "A", None)]);
    response.is_partial = true;
    response.chunk_index = Some(0);
    client.complete_turn_with(response).await.unwrap();
    drop(worker);
    let mut other = RawWorker::open(client).await.unwrap();
    other
        .answer_turn(vec![actions::schedule(0, "B", None)])
        .await
        .unwrap();
    let activity = other.activity().await.unwrap();
    assert_eq!(activity.request.name, "B");
    let history = client.history("order").await.unwrap();
    assert_eq!(events::scheduled_ids(&history), [0]);
}

#[tokio::test]
async fn events_that_an_answer_leaves_come_again_first() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    for name in ["one", "two", "three"] {
        client.raise("order", name, None).await.unwrap();
    }
    client.complete_turn(&turn, vec![]).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(events::raised(&turn.request.new_events).len(), 3);
    client.raise("order", "four", None).await.unwrap();
    let mut response = turn.response(vec![]);
    response.num_events_processed = Some(2);
    client.complete_turn_with(response).await.unwrap();
    let next = worker.turn().await.unwrap();
    let names = |events: &[durascope_proto::HistoryEvent]| -> Vec<String> {
        events::raised(events).into_iter().map(|it| it.0).collect()
    };
    assert_eq!(names(&next.request.past_events), ["one"]);
    assert_eq!(names(&next.request.new_events), ["two", "three", "four"]);
}

#[tokio::test]
async fn worker_that_wants_the_history_gets_the_turn_again() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let mut response = turn.response(vec![actions::succeed(0, "\"unseen\"")]);
    response.requires_history = true;
    client.complete_turn_with(response).await.unwrap();
    let again = worker.turn().await.unwrap();
    assert_eq!(
        events::kinds(&again.request.new_events),
        ["OrchestratorStarted", "ExecutionStarted"]
    );
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Pending
    );
}

#[tokio::test]
async fn large_history_is_streamed_to_workers_that_can_and_sent_to_others() {
    const PAYLOAD_CHARS: usize = 300 * 1024;
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    let payload = format!("\"{}\"", "x".repeat(PAYLOAD_CHARS));
    for _ in 0..5 {
        client.raise("order", "Item", Some(&payload)).await.unwrap();
        worker.answer_turn(vec![]).await.unwrap();
    }
    let committed = client.history("order").await.unwrap();
    client.raise("order", "Last", None).await.unwrap();
    let plain = worker.turn().await.unwrap();
    assert!(!plain.request.requires_history_streaming);
    assert!(
        plain.request.past_events == committed,
        "the whole history is embedded"
    );
    drop(worker);

    let streaming = GetWorkItemsRequest {
        capabilities: vec![WorkerCapability::HistoryStreaming.into()],
        ..GetWorkItemsRequest::default()
    };
    let mut worker = RawWorker::open_with(client, streaming).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert!(turn.request.requires_history_streaming);
    assert!(turn.request.past_events.is_empty());
    assert_eq!(events::raised(&turn.request.new_events).len(), 1);
    let request = StreamInstanceHistoryRequest {
        instance_id: "order".to_owned(),
        execution_id: turn.request.execution_id.clone(),
        for_work_item_processing: true,
    };
    let mut chunks = client
        .rpc
        .clone()
        .stream_instance_history(request)
        .await
        .unwrap()
        .into_inner();
    let mut streamed = Vec::new();
    let mut count = 0;
    while let Some(chunk) = chunks.message().await.unwrap() {
        count += 1;
        streamed.extend(chunk.events);
    }
    assert!(
        streamed == committed,
        "what is streamed is the history as of the dispatch"
    );
    assert!(count > 1, "{count} chunk for more than a mebibyte");
}

#[tokio::test]
async fn trace_context_comes_back_with_the_next_turn() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let context = OrchestrationTraceContext {
        span_id: Some("span-1".to_owned()),
        span_start_time: Some(time::from_micros(1_700_000_000_000_001)),
    };
    let mut response = turn.response(vec![]);
    response.orchestration_trace_context = Some(context.clone());
    client.complete_turn_with(response).await.unwrap();
    for _ in 0..2 {
        client.raise("order", "Go", None).await.unwrap();
        let turn = worker.answer_turn(vec![]).await.unwrap();
        assert_eq!(
            turn.request.orchestration_trace_context,
            Some(context.clone())
        );
    }
}

#[tokio::test]
async fn action_that_makes_no_sense_fails_the_instance() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let no_target = OrchestratorAction {
        id: 0,
        orchestrator_action_type: Some(OrchestratorActionType::SendEvent(Default::default())),
    };
    server
        .client
        .complete_turn(&turn, vec![no_target])
        .await
        .unwrap();
    let state = server.client.ended("order").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Failed);
    let details = state.failure_details.unwrap();
    assert!(details.is_non_retriable, "{details:?}");
    assert!(!details.error_message.is_empty(), "{details:?}");
}

#[tokio::test]
async fn timers_fire_when_due_and_far_ones_wait() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let now = time::to_micros(turn.request.new_events[0].timestamp.as_ref().unwrap());
    const YEAR_9999_US: i64 = 253_402_300_000_000_000;
    let timers = vec![
        actions::timer(0, YEAR_9999_US),
        actions::timer(1, now + 300_000),
        actions::timer(2, now - 1_000_000),
        actions::timer(3, now + 300_000),
    ];
    client.complete_turn(&turn, timers).await.unwrap();
    let mut fired = Vec::new();
    while fired.len() < 3 {
        let turn = worker.answer_turn(vec![]).await.unwrap();
        let at = time::to_micros(turn.request.new_events[0].timestamp.as_ref().unwrap());
        for event in &turn.request.new_events {
            if let Some(durascope_proto::history_event::EventType::TimerFired(timer)) =
                &event.event_type
            {
                let due = time::to_micros(timer.fire_at.as_ref().unwrap());
                assert!(at > due, "timer {} fired early", timer.timer_id);
                fired.push(timer.timer_id);
            }
        }
    }
    assert_eq!(fired, [2, 1, 3]);
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Running
    );
}

fn filters(
    orchestrations: &[(&str, &[&str])],
    activities: &[(&str, &[&str])],
) -> GetWorkItemsRequest {
    let owned = |versions: &[&str]| versions.iter().map(|&version| version.to_owned()).collect();
    GetWorkItemsRequest {
        work_item_filters: Some(WorkItemFilters {
            orchestrations: orchestrations
                .iter()
                .map(|(name, versions)| OrchestrationFilter {
                    name: (*name).to_owned(),
                    versions: owned(versions),
                })
                .collect(),
            activities: activities
                .iter()
                .map(|(name, versions)| ActivityFilter {
                    name: (*name).to_owned(),
                    versions: owned(versions),
                })
                .collect(),
            entities: vec![],
        }),
        ..GetWorkItemsRequest::default()
    }
}

#[tokio::test]
async fn filtered_worker_gets_only_what_it_can_do() {
    let server = Server::start().await;
    let client = &server.client;
    let start = |id: &str, name: &str, version: Option<&str>| CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        version: version.map(str::to_owned),
        ..CreateInstanceRequest::default()
    };
    // What nobody can do yet must not block what comes after it.
    client
        .start_with(start("other", "Other", None))
        .await
        .unwrap();
    client
        .start_with(start("old", "Order", Some("1.0")))
        .await
        .unwrap();
    client
        .start_with(start("bare", "Order", None))
        .await
        .unwrap();
    client
        .start_with(start("new", "Order", Some("2.0")))
        .await
        .unwrap();
    let two = filters(&[("Order", &["2.0"])], &[("Charge", &["2.0"])]);
    let mut worker = RawWorker::open_with(client, two).await.unwrap();
    let schedule = vec![
        actions::schedule(0, "Refund", None),
        actions::schedule(1, "Charge", None),
    ];
    let turn = worker.answer_turn(schedule).await.unwrap();
    assert_eq!(turn.request.instance_id, "new");
    let activity = worker.answer_activity("1").await.unwrap();
    assert_eq!(
        activity.request.name, "Charge",
        "by the version of its orchestration"
    );
    let turn = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(turn.request.instance_id, "new");
    for id in ["other", "old", "bare"] {
        assert_eq!(
            client.status(id).await.unwrap(),
            OrchestrationStatus::Pending,
            "{id}"
        );
    }

    let mut bare = RawWorker::open_with(client, filters(&[("order", &[""])], &[]))
        .await
        .unwrap();
    assert_eq!(
        bare.answer_turn(vec![]).await.unwrap().request.instance_id,
        "bare"
    );
    let mut any = RawWorker::open_with(client, filters(&[("Order", &[])], &[]))
        .await
        .unwrap();
    assert_eq!(
        any.answer_turn(vec![]).await.unwrap().request.instance_id,
        "old"
    );
    let mut rest = RawWorker::open(client).await.unwrap();
    assert_eq!(rest.turn().await.unwrap().request.instance_id, "other");
    assert_eq!(rest.activity().await.unwrap().request.name, "Refund");
}
