//! Answers of a worker that holds the turn, but says what makes no sense: the instance fails
//! with what was wrong, instead of staying where it is for ever.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::SendEventAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events::kinds;

use super::over_long;
use crate::protocol::Server;

fn action(of: Option<OrchestratorActionType>) -> OrchestratorAction {
    OrchestratorAction {
        id: 7,
        orchestrator_action_type: of,
    }
}

fn completion(status: i32) -> OrchestratorAction {
    let complete = CompleteOrchestrationAction {
        orchestration_status: status,
        ..CompleteOrchestrationAction::default()
    };
    action(Some(OrchestratorActionType::CompleteOrchestration(
        complete,
    )))
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_fails_the_instance_with_the_reason() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    let long = format!("@counter@{}", over_long());
    let silence = OrchestratorActionType::SendEntityMessage(SendEntityMessageAction::default());
    let nowhere = OrchestratorActionType::SendEvent(SendEventAction::default());
    let cases = [
        ("no type", action(None), "type"),
        ("unknown status", completion(99), "99"),
        ("status before all", completion(-1), "-1"),
        (
            "running",
            completion(OrchestrationStatus::Running as i32),
            "status 0",
        ),
        (
            "suspended",
            completion(OrchestrationStatus::Suspended as i32),
            "status",
        ),
        ("event for nobody", action(Some(nowhere)), "sendEvent"),
        (
            "terminates nobody",
            actions::terminate(7, "", "why", false),
            "instanceId",
        ),
        ("rewinds what runs", actions::rewind(vec![]), "rewind"),
        (
            "locks no entity",
            actions::lock(7, "s", &["order"]),
            "lockSet",
        ),
        (
            "locks too long an id",
            actions::lock(7, "s", &[&long]),
            "100",
        ),
        ("tells an entity nothing", action(Some(silence)), "message"),
        (
            "child without name",
            actions::child(7, "c", "", None),
            "name",
        ),
    ];
    for (case, action, word) in cases {
        client.start("Order", case, None).await.unwrap();
        let kept = actions::schedule(0, "Never", None);
        worker.answer_turn(vec![kept, action]).await.unwrap();
        let state = client.ended(case).await.unwrap();
        assert_eq!(
            state.orchestration_status(),
            OrchestrationStatus::Failed,
            "{case}"
        );
        let details = state.failure_details.unwrap();
        assert!(details.is_non_retriable, "{case}: {details:?}");
        let message = details.error_message;
        assert!(message.contains(word), "{case}: {message}");
        let history = kinds(&client.history(case).await.unwrap());
        assert!(!history.contains(&"TaskScheduled".to_owned()), "{case}");
    }
}

#[tokio::test]
async fn a_child_with_an_id_that_cannot_be_fails_in_its_parent() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    for (case, id) in [
        ("too long", over_long()),
        ("entity", "@counter@1".to_owned()),
    ] {
        client.start("Order", case, None).await.unwrap();
        let child = actions::child(0, &id, "Child", None);
        worker.answer_turn(vec![child]).await.unwrap();
        let turn = worker.turn().await.unwrap();
        let told = kinds(&turn.request.new_events);
        let expected = ["OrchestratorStarted", "SubOrchestrationInstanceFailed"];
        assert_eq!(told, expected, "{case}");
        let done = vec![actions::succeed(1, "1")];
        client.complete_turn(&turn, done).await.unwrap();
        assert_eq!(client.state(&id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_call_to_what_is_no_entity_fails_in_its_caller() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    let long = format!("@counter@{}", over_long());
    for (case, target) in [("no entity", "order"), ("too long", &long)] {
        client.start("Order", case, None).await.unwrap();
        let call = EntityOperationCalledEvent {
            request_id: "5f0c6f9f-0d6b-4ad2-9f6a-0f9ce5a7d7a1".to_owned(),
            operation: "Get".to_owned(),
            target_instance_id: Some(target.to_owned()),
            ..EntityOperationCalledEvent::default()
        };
        let call = OrchestratorActionType::SendEntityMessage(SendEntityMessageAction {
            entity_message_type: Some(EntityMessageType::EntityOperationCalled(call)),
        });
        worker.answer_turn(vec![action(Some(call))]).await.unwrap();
        let done = vec![actions::succeed(8, "1")];
        let turn = worker.answer_turn(done).await.unwrap();
        let told = kinds(&turn.request.new_events);
        let expected = ["OrchestratorStarted", "EntityOperationFailed"];
        assert_eq!(told, expected, "{case}");
    }
}

/// Numbers of events that cannot be are all of them.
#[tokio::test]
async fn an_answer_to_more_events_than_there_were_is_one_to_all() {
    let server = Server::start().await;
    let client = &server.client;
    let mut worker = RawWorker::open(client).await.unwrap();
    for count in [i32::MAX, 99, 0, -1, i32::MIN] {
        let id = format!("counts {count}");
        client.start("Order", &id, None).await.unwrap();
        let turn = worker.turn().await.unwrap();
        let mut response = turn.response(vec![actions::succeed(0, "1")]);
        response.num_events_processed = Some(count);
        client.complete_turn_with(response).await.unwrap();
        client.ended(&id).await.unwrap();
        let history = kinds(&client.history(&id).await.unwrap());
        let expected = [
            "OrchestratorStarted",
            "ExecutionStarted",
            "ExecutionCompleted",
        ];
        assert_eq!(history, expected, "{id}");
    }
}
