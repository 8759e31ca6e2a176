//! The shape of a history: kinds, ids, times, and what a work item shows of it.

use std::collections::BTreeSet;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::time;
use durascope_proto::work_item;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;

use super::Server;

fn micros(event: &HistoryEvent) -> i64 {
    time::to_micros(
        event
            .timestamp
            .as_ref()
            .expect("every event has a timestamp"),
    )
}

fn is_hex_32(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[tokio::test]
async fn activity_timer_and_child_give_the_twelve_events() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::schedule(0, "Charge", Some("1"))])
        .await
        .unwrap();
    worker.answer_activity("\"ok\"").await.unwrap();
    let due = micros(&turn.request.new_events[0]) + 50_000;
    worker
        .answer_turn(vec![actions::timer(1, due)])
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::child(2, "", "Ship", Some("\"box\""))])
        .await
        .unwrap();
    let child = worker
        .answer_turn(vec![actions::succeed(0, "\"sent\"")])
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::succeed(3, "\"done\"")])
        .await
        .unwrap();
    client.ended("order").await.unwrap();

    let history = client.history("order").await.unwrap();
    assert_eq!(
        events::kinds(&history),
        [
            "OrchestratorStarted",
            "ExecutionStarted",
            "TaskScheduled",
            "OrchestratorStarted",
            "TaskCompleted",
            "TimerCreated",
            "OrchestratorStarted",
            "TimerFired",
            "SubOrchestrationInstanceCreated",
            "OrchestratorStarted",
            "SubOrchestrationInstanceCompleted",
            "ExecutionCompleted",
        ]
    );
    assert_eq!(
        events::ids(&history),
        [-1, 0, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3]
    );
    assert_eq!(
        child.request.instance_id, "order:0002",
        "the id that the server derives"
    );

    let (Some(EventType::TimerCreated(created)), Some(EventType::TimerFired(fired))) =
        (&history[5].event_type, &history[7].event_type)
    else {
        panic!("{history:?}");
    };
    assert_eq!(fired.fire_at, created.fire_at);
    assert_eq!(fired.timer_id, 1);
    let fire_at = time::to_micros(fired.fire_at.as_ref().unwrap());
    assert!(
        micros(&history[6]) > fire_at,
        "the turn must be later than the timer that began it"
    );
}

#[tokio::test]
async fn times_are_distinct_and_turns_go_forward() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    for number in 0..20 {
        server
            .client
            .raise("order", "Item", Some(&number.to_string()))
            .await
            .unwrap();
    }
    server.client.complete_turn(&turn, vec![]).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    let history = server.client.history("order").await.unwrap();
    let times: BTreeSet<i64> = history.iter().map(micros).collect();
    assert_eq!(
        times.len(),
        history.len(),
        "two events have the same time: {history:?}"
    );
    let turns: Vec<i64> = history
        .iter()
        .filter(|event| events::kind(event) == "OrchestratorStarted")
        .map(micros)
        .collect();
    assert!(turns.is_sorted(), "{turns:?}");
    let created = server
        .client
        .state("order")
        .await
        .unwrap()
        .unwrap()
        .created_timestamp
        .unwrap();
    assert!(
        time::to_micros(&created) <= turns[0],
        "created after its first turn"
    );
}

#[tokio::test]
async fn first_turn_has_what_the_start_said() {
    let server = Server::start().await;
    let request = CreateInstanceRequest {
        instance_id: "order".to_owned(),
        name: "Order".to_owned(),
        version: Some("1.2".to_owned()),
        input: Some(String::new()),
        tags: [("team".to_owned(), "blue".to_owned())].into(),
        ..CreateInstanceRequest::default()
    };
    server.client.start_with(request.clone()).await.unwrap();
    let mut worker = RawWorker::open(&server.client).await.unwrap();
    let turn = worker.turn().await.unwrap().request;
    assert_eq!(
        events::kinds(&turn.new_events),
        ["OrchestratorStarted", "ExecutionStarted"]
    );
    assert_eq!(turn.past_events, []);
    assert_eq!(turn.instance_id, "order");

    let started = events::execution_started(&turn.new_events).unwrap();
    assert_eq!(started.name, request.name);
    assert_eq!(started.version, request.version);
    assert_eq!(
        started.input,
        Some(String::new()),
        "an empty input is not an absent one"
    );
    assert_eq!(started.tags, request.tags);
    assert_eq!(started.parent_instance, None);
    assert_eq!(started.scheduled_start_timestamp, None);
    let instance = started.orchestration_instance.as_ref().unwrap();
    assert_eq!(instance.instance_id, "order");
    assert_eq!(instance.execution_id, turn.execution_id);
    assert!(
        is_hex_32(turn.execution_id.as_deref().unwrap()),
        "{:?}",
        turn.execution_id
    );

    let state = server.client.state("order").await.unwrap().unwrap();
    assert_eq!(state.tags, request.tags);
    assert_eq!(state.version, request.version);
    assert_eq!(state.execution_id, turn.execution_id);
    assert_eq!(state.input, Some(String::new()));
    assert_eq!(state.output, None);
    assert_eq!(state.failure_details, None);
    assert_eq!(state.parent_instance_id, None);
}

#[tokio::test]
async fn past_events_are_the_committed_history() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    assert_eq!(
        server.client.history("order").await.unwrap(),
        [],
        "a turn in flight is not shown"
    );
    server
        .client
        .complete_turn(
            &turn,
            vec![
                actions::schedule(0, "A", None),
                actions::schedule(1, "B", None),
            ],
        )
        .await
        .unwrap();
    let first = worker.activity().await.unwrap();
    let second = worker.activity().await.unwrap();
    server.client.complete_activity(&second, "2").await.unwrap();
    let turn = worker.turn().await.unwrap();
    let committed = server.client.history("order").await.unwrap();
    assert_eq!(turn.request.past_events, committed);
    server.client.complete_activity(&first, "1").await.unwrap();
    server.client.complete_turn(&turn, vec![]).await.unwrap();

    let next = worker.turn().await.unwrap().request;
    let mut expected = committed;
    expected.extend(turn.request.new_events.clone());
    assert_eq!(
        next.past_events, expected,
        "what was sent is what was committed"
    );
    assert_eq!(events::answered_ids(&next.past_events), [1]);
    assert_eq!(events::answered_ids(&next.new_events), [0]);
    let execution = turn.request.execution_id.clone();
    let same = server
        .client
        .history_of("order", execution.as_deref())
        .await
        .unwrap();
    assert_eq!(same, expected);
    let other = server
        .client
        .history_of("order", Some(&"0".repeat(32)))
        .await
        .unwrap();
    assert_eq!(other, [], "another execution has no history here");
}

#[tokio::test]
async fn activity_request_carries_its_action() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let mut action = actions::schedule(0, "Charge", Some(""));
    if let Some(durascope_proto::orchestrator_action::OrchestratorActionType::ScheduleTask(task)) =
        &mut action.orchestrator_action_type
    {
        task.tags.insert("k".to_owned(), "v".to_owned());
    }
    server
        .client
        .complete_turn(&turn, vec![action])
        .await
        .unwrap();
    let request = worker.activity().await.unwrap().request;
    assert_eq!(request.name, "Charge");
    assert_eq!(request.task_id, 0);
    assert_eq!(request.version, None);
    assert_eq!(request.input, Some(String::new()));
    assert_eq!(request.tags.get("k").map(String::as_str), Some("v"));
    let instance = request.orchestration_instance.unwrap();
    assert_eq!(instance.instance_id, "order");
    assert_eq!(instance.execution_id, turn.request.execution_id);
}

#[tokio::test]
async fn child_knows_its_parent() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    server
        .client
        .complete_turn(&turn, vec![actions::child(7, "kid", "Ship", None)])
        .await
        .unwrap();
    let child = worker.turn().await.unwrap().request;
    let started = events::execution_started(&child.new_events).unwrap();
    let parent = started.parent_instance.as_ref().unwrap();
    assert_eq!(parent.task_scheduled_id, 7);
    assert_eq!(parent.name.as_deref(), Some("Order"));
    let instance = parent.orchestration_instance.as_ref().unwrap();
    assert_eq!(instance.instance_id, "order");
    assert_eq!(instance.execution_id, turn.request.execution_id);
    let state = server.client.state("kid").await.unwrap().unwrap();
    assert_eq!(state.parent_instance_id.as_deref(), Some("order"));
}

#[tokio::test]
async fn stream_opens_with_a_health_ping() {
    let server = Server::start().await;
    let mut worker = RawWorker::open(&server.client).await.unwrap();
    let first = worker.next().await.unwrap();
    assert!(
        matches!(first.request, Some(work_item::Request::HealthPing(_))),
        "{first:?}"
    );
    assert_eq!(first.completion_token, "");
}
