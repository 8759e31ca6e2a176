//! Long polls and what a state shows.

use std::time::Duration;

use durascope_proto::GetInstanceRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_tests::actions;
use durascope_tests::client::get;
use durascope_tests::client::timed;
use tonic::Code;

use super::Server;

/// How long a wait must stay open to be believed.
const STILL_WAITING: Duration = Duration::from_millis(300);

#[tokio::test]
async fn unknown_instance_does_not_exist_and_nobody_waits_for_it() {
    let server = Server::start().await;
    let mut rpc = server.client.rpc.clone();
    assert!(
        !rpc.get_instance(get("nobody"))
            .await
            .unwrap()
            .into_inner()
            .exists
    );
    assert!(
        !rpc.wait_for_instance_start(get("nobody"))
            .await
            .unwrap()
            .into_inner()
            .exists
    );
    assert!(
        !rpc.wait_for_instance_completion(get("nobody"))
            .await
            .unwrap()
            .into_inner()
            .exists
    );
    assert_eq!(server.client.history("nobody").await.unwrap(), []);
}

#[tokio::test]
async fn instance_is_pending_until_its_first_turn_is_committed() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let mut rpc = server.client.rpc.clone();
    let waited = rpc
        .wait_for_instance_start(timed(get("order"), STILL_WAITING))
        .await;
    let code = waited.unwrap_err().code();
    assert!(
        matches!(code, Code::DeadlineExceeded | Code::Cancelled),
        "{code:?}"
    );
    assert_eq!(
        server.client.status("order").await.unwrap(),
        OrchestrationStatus::Pending
    );

    let client = server.client.clone();
    let waiter = tokio::spawn(async move { client.started("order").await });
    let mut response = turn.response(vec![]);
    response.custom_status = Some("\"busy\"".to_owned());
    server.client.complete_turn_with(response).await.unwrap();
    let state = waiter.await.unwrap().unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Running);
    assert_eq!(
        state.custom_status.as_deref(),
        Some("\"busy\""),
        "seen together with RUNNING"
    );
}

#[tokio::test]
async fn custom_status_is_what_the_last_turn_said() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let mut turn = turn;
    for (said, shown) in [
        (Some("\"one\""), Some("\"one\"")),
        (Some("\"\""), Some("\"\"")),
        (Some(""), None),
        (Some("\"two\""), Some("\"two\"")),
        (None, None),
    ] {
        let mut response = turn.response(vec![]);
        response.custom_status = said.map(str::to_owned);
        client.complete_turn_with(response).await.unwrap();
        let state = client.state("order").await.unwrap().unwrap();
        assert_eq!(state.custom_status.as_deref(), shown, "after {said:?}");
        client.raise("order", "Go", None).await.unwrap();
        turn = worker.turn().await.unwrap();
    }
}

#[tokio::test]
async fn many_waiters_wake_at_the_end() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let waiters: Vec<_> = (0..20)
        .map(|_| {
            let client = server.client.clone();
            tokio::spawn(async move { client.ended("order").await })
        })
        .collect();
    server
        .client
        .complete_turn(&turn, vec![actions::succeed(0, "7")])
        .await
        .unwrap();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().unwrap().output.as_deref(), Some("7"));
    }
}

#[tokio::test]
async fn payloads_are_shown_only_when_asked_for() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    client.raise("order", "Go", None).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let details = TaskFailureDetails {
        error_type: "Lost".to_owned(),
        error_message: "the order is lost".to_owned(),
        stack_trace: Some("at line 1".to_owned()),
        inner_failure: Some(Box::new(TaskFailureDetails {
            error_type: "Cause".to_owned(),
            properties: [("code".to_owned(), prost_types::Value::from(17.0))].into(),
            ..TaskFailureDetails::default()
        })),
        is_non_retriable: true,
        properties: [(
            "list".to_owned(),
            prost_types::Value::from(vec![true.into()]),
        )]
        .into(),
    };
    let mut response = turn.response(vec![actions::fail(0, details.clone())]);
    response.custom_status = Some("\"bad\"".to_owned());
    client.complete_turn_with(response).await.unwrap();

    let full = client.ended("order").await.unwrap();
    assert_eq!(full.orchestration_status(), OrchestrationStatus::Failed);
    assert_eq!(
        full.failure_details,
        Some(details),
        "details are kept whole"
    );
    assert!(full.completed_timestamp.is_some());

    let bare = GetInstanceRequest {
        instance_id: "order".to_owned(),
        get_inputs_and_outputs: false,
    };
    let state = client
        .rpc
        .clone()
        .get_instance(bare)
        .await
        .unwrap()
        .into_inner();
    let state = state.orchestration_state.unwrap();
    assert_eq!(
        (
            state.input,
            state.output,
            state.custom_status,
            state.failure_details
        ),
        (None, None, None, None)
    );
    assert_eq!(state.execution_id, full.execution_id);
    assert_eq!(state.last_updated_timestamp, full.last_updated_timestamp);
}

#[tokio::test]
async fn a_wait_that_meets_the_start_never_answers_with_a_state_that_it_did_not_wait_for() {
    let server = Server::start().await;
    for number in 0..300 {
        let id = format!("order-{number}");
        let mut rpc = server.client.rpc.clone();
        let (answer, started) = tokio::join!(
            rpc.wait_for_instance_completion(timed(get(&id), Duration::from_millis(20))),
            server.client.start("Order", &id, None),
        );
        started.unwrap();
        match answer {
            Ok(answer) => assert!(!answer.into_inner().exists, "{id} has not ended"),
            Err(status) => assert!(
                matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
                "{status:?}"
            ),
        }
    }
}
