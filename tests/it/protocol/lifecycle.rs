//! Children, failures, events between instances, recursion, task hubs, and what comes later.

use durascope_proto::CreateTaskHubRequest;
use durascope_proto::DeleteTaskHubRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;

use super::Server;

fn child_failure(events: &[HistoryEvent]) -> &TaskFailureDetails {
    let failure = events.iter().find_map(|event| match &event.event_type {
        Some(EventType::SubOrchestrationInstanceFailed(failed)) => failed.failure_details.as_ref(),
        _ => None,
    });
    failure.unwrap_or_else(|| panic!("no failed child with details in {events:?}"))
}

#[tokio::test]
async fn failure_of_a_child_reaches_its_parent_whole() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    server
        .client
        .complete_turn(&turn, vec![actions::child(0, "kid", "Kid", None)])
        .await
        .unwrap();
    let details = TaskFailureDetails {
        error_type: "Lost".to_owned(),
        error_message: String::new(),
        inner_failure: Some(Box::default()),
        ..TaskFailureDetails::default()
    };
    worker
        .answer_turn(vec![actions::fail(0, details.clone())])
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(child_failure(&turn.request.new_events), &details);
}

#[tokio::test]
async fn failure_of_an_activity_reaches_its_orchestration_whole() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    server
        .client
        .complete_turn(&turn, vec![actions::schedule(4, "Charge", None)])
        .await
        .unwrap();
    let activity = worker.activity().await.unwrap();
    // Failed because details are there, though they say nothing.
    server
        .client
        .fail_activity(&activity, TaskFailureDetails::default())
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    let [
        _,
        HistoryEvent {
            event_type: Some(EventType::TaskFailed(failed)),
            ..
        },
    ] = &turn.request.new_events[..]
    else {
        panic!("{:?}", turn.request.new_events);
    };
    assert_eq!(failed.task_scheduled_id, 4);
    assert_eq!(failed.failure_details, Some(TaskFailureDetails::default()));
}

#[tokio::test]
async fn terminated_child_fails_in_its_parent_with_words() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::child(0, "kid", "Kid", None)])
        .await
        .unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client
        .terminate("kid", Some("\"no more\""), false)
        .await
        .unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, "order");
    let details = child_failure(&turn.request.new_events);
    assert!(!details.error_type.is_empty(), "{details:?}");
    assert!(details.error_message.contains("kid"), "{details:?}");
}

#[tokio::test]
async fn child_id_of_an_ended_instance_is_used_again() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::child(0, "kid", "Kid", None)])
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::fail(0, TaskFailureDetails::default())])
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::child(0, "kid", "Kid", None)])
        .await
        .unwrap();
    let again = worker
        .answer_turn(vec![actions::succeed(0, "2")])
        .await
        .unwrap();
    assert_eq!(again.request.instance_id, "kid");
    let turn = worker
        .answer_turn(vec![actions::succeed(1, "2")])
        .await
        .unwrap();
    assert_eq!(
        events::kinds(&turn.request.new_events),
        ["OrchestratorStarted", "SubOrchestrationInstanceCompleted"]
    );
    client.ended("order").await.unwrap();
}

#[tokio::test]
async fn child_id_of_a_running_instance_fails_the_child() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    client.start("Other", "taken", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client.start("Order", "order", None).await.unwrap();
    worker
        .answer_turn(vec![actions::child(0, "taken", "Kid", None)])
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, "order");
    let details = child_failure(&turn.request.new_events);
    assert!(details.error_message.contains("taken"), "{details:?}");
    let other = client.state("taken").await.unwrap().unwrap();
    assert_eq!(other.name, "Other", "the running instance was left alone");
}

#[tokio::test]
async fn events_go_between_instances_and_into_the_void() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    client.start("Order", "target", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client.start("Order", "sender", None).await.unwrap();
    let answer = vec![
        actions::send_event(0, "nobody", "Word", Some("1")),
        actions::send_event(1, "target", "Word", None),
        actions::succeed(2, "1"),
    ];
    worker.answer_turn(answer).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, "target");
    assert_eq!(
        events::raised(&turn.request.new_events),
        [("Word".to_owned(), None)]
    );
    client.ended("sender").await.unwrap();
    let history = client.history("sender").await.unwrap();
    assert_eq!(events::kinds(&history)[2..4], ["EventSent", "EventSent"]);
    // The event arrived although the instance had ended: nothing to refuse, nothing to keep.
    client.raise("sender", "Late", None).await.unwrap();
    assert_eq!(client.history("sender").await.unwrap(), history);
}

#[tokio::test]
async fn recursive_terminate_goes_on_below_a_child_that_has_ended() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    client.start("Root", "root", None).await.unwrap();
    worker
        .answer_turn(vec![actions::child(0, "middle", "Middle", None)])
        .await
        .unwrap();
    worker
        .answer_turn(vec![
            actions::child(0, "leaf", "Leaf", None),
            actions::succeed(1, "1"),
        ])
        .await
        .unwrap();
    // The leaf's first turn and the root's turn with the result of `middle`.
    for _ in 0..2 {
        worker.answer_turn(vec![]).await.unwrap();
    }
    client.started("leaf").await.unwrap();
    client
        .terminate("root", Some("\"all\""), true)
        .await
        .unwrap();
    for _ in 0..2 {
        let turn = worker.turn().await.unwrap();
        let done = actions::complete(9, OrchestrationStatus::Terminated, Some("\"all\""));
        client.complete_turn(&turn, vec![done]).await.unwrap();
    }
    for (id, status, output) in [
        ("root", OrchestrationStatus::Terminated, "\"all\""),
        ("middle", OrchestrationStatus::Completed, "1"),
        ("leaf", OrchestrationStatus::Terminated, "\"all\""),
    ] {
        let state = client.ended(id).await.unwrap();
        assert_eq!(state.orchestration_status(), status, "{id}");
        assert_eq!(state.output.as_deref(), Some(output), "{id}");
    }
}

#[tokio::test]
async fn orchestration_terminates_another() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    client.start("Order", "victim", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client.start("Order", "killer", None).await.unwrap();
    worker
        .answer_turn(vec![
            actions::terminate(0, "victim", "\"why\"", false),
            actions::succeed(1, "1"),
        ])
        .await
        .unwrap();
    let turn = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(turn.request.instance_id, "victim");
    let state = client.ended("victim").await.unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated
    );
    assert_eq!(state.output.as_deref(), Some("\"why\""));
}

async fn create_hub(client: &RawClient, recreate_if_exists: bool) {
    let request = CreateTaskHubRequest { recreate_if_exists };
    client.rpc.clone().create_task_hub(request).await.unwrap();
}

#[tokio::test]
async fn task_hubs_are_separate_and_can_be_wiped() {
    let server = Server::start().await;
    let (red, blue) = (
        server.client.hub("red").unwrap(),
        server.client.hub("blue").unwrap(),
    );
    red.start("Order", "order", Some("\"red\"")).await.unwrap();
    blue.start("Order", "order", Some("\"blue\""))
        .await
        .unwrap();
    let mut worker = RawWorker::open(&blue).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let started = events::execution_started(&turn.request.new_events).unwrap();
    assert_eq!(started.input.as_deref(), Some("\"blue\""));

    create_hub(&red, false).await;
    assert!(
        red.state("order").await.unwrap().is_some(),
        "an existing hub is kept"
    );
    create_hub(&red, true).await;
    assert_eq!(
        red.state("order").await.unwrap(),
        None,
        "a recreated hub is empty"
    );
    for _ in 0..2 {
        blue.rpc
            .clone()
            .delete_task_hub(DeleteTaskHubRequest {})
            .await
            .unwrap();
    }
    assert_eq!(blue.state("order").await.unwrap(), None);
}

#[tokio::test]
async fn caller_without_a_hub_uses_the_first() {
    let server = Server::start().await;
    server
        .client
        .without_hub()
        .start("Order", "order", None)
        .await
        .unwrap();
    assert!(server.client.state("order").await.unwrap().is_some());
    server
        .client
        .without_hub()
        .rpc
        .clone()
        .hello(())
        .await
        .unwrap();
}
