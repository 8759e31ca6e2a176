//! Continue-as-new: what goes over into the next execution, and what must not.

use durascope_proto::EventRaisedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::history_event::EventType;
use durascope_tests::actions;
use durascope_tests::events;

use super::Server;

fn carried(name: &str) -> HistoryEvent {
    let raised = EventRaisedEvent {
        name: name.to_owned(),
        input: Some("1".to_owned()),
    };
    HistoryEvent {
        event_id: -1,
        timestamp: Some(durascope_proto::time::from_micros(1_700_000_000_000_000)),
        event_type: Some(EventType::EventRaised(raised)),
    }
}

#[tokio::test]
async fn next_execution_gets_its_input_and_every_event_in_order() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let before = client.state("order").await.unwrap().unwrap();
    client.raise("order", "arrived", None).await.unwrap();
    let answer = vec![
        actions::send_event(0, "order", "to-self", Some("2")),
        actions::continue_as_new(1, "\"next\"", vec![carried("kept-1"), carried("kept-2")]),
    ];
    client.complete_turn(&turn, answer).await.unwrap();

    let next = worker.turn().await.unwrap();
    assert_eq!(next.request.past_events, [], "the old history is not sent");
    assert_ne!(next.request.execution_id, turn.request.execution_id);
    let new_events = &next.request.new_events;
    assert_eq!(
        events::kinds(new_events)[..2],
        ["OrchestratorStarted", "ExecutionStarted"]
    );
    let started = events::execution_started(new_events).unwrap();
    assert_eq!(started.input.as_deref(), Some("\"next\""));
    assert_eq!(started.name, "Order");
    let names: Vec<String> = events::raised(new_events)
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(names, ["kept-1", "kept-2", "to-self", "arrived"]);

    let state = client.state("order").await.unwrap().unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Running);
    assert_eq!(state.created_timestamp, before.created_timestamp);
    assert_eq!(state.input.as_deref(), Some("\"next\""));
    assert_eq!(state.execution_id, next.request.execution_id);
    assert_eq!(
        client.history("order").await.unwrap(),
        [],
        "the old history is gone"
    );

    client
        .complete_turn(&next, vec![actions::succeed(0, "0")])
        .await
        .unwrap();
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.output.as_deref(), Some("0"));
}

#[tokio::test]
async fn results_of_an_earlier_execution_are_dropped() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::schedule(0, "Charge", None)])
        .await
        .unwrap();
    let activity = worker.activity().await.unwrap();
    client.raise("order", "Restart", None).await.unwrap();
    worker
        .answer_turn(vec![actions::continue_as_new(1, "2", vec![])])
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::schedule(0, "Charge", None)])
        .await
        .unwrap();
    client
        .complete_activity(&activity, "\"old\"")
        .await
        .unwrap();
    worker.answer_activity("\"new\"").await.unwrap();

    let turn = worker.turn().await.unwrap();
    let [
        _,
        HistoryEvent {
            event_type: Some(EventType::TaskCompleted(completed)),
            ..
        },
    ] = &turn.request.new_events[..]
    else {
        panic!("{:?}", turn.request.new_events);
    };
    assert_eq!(completed.result.as_deref(), Some("\"new\""));
}

#[tokio::test]
async fn parent_hears_only_of_the_last_execution() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::child(0, "kid", "Ship", Some("1"))])
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::continue_as_new(0, "2", vec![])])
        .await
        .unwrap();
    let second = worker
        .answer_turn(vec![actions::succeed(0, "\"sent\"")])
        .await
        .unwrap();
    let started = events::execution_started(&second.request.new_events).unwrap();
    assert!(started.parent_instance.is_some(), "the parent link is kept");
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, "order");
    assert_eq!(
        events::kinds(&turn.request.new_events),
        ["OrchestratorStarted", "SubOrchestrationInstanceCompleted"]
    );
}
