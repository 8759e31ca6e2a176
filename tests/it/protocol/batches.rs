//! Which messages share a turn, and which must have one of their own.

use durascope_proto::OrchestrationStatus;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;

use super::Server;

async fn suspend(client: &RawClient, id: &str) {
    let request = SuspendRequest {
        instance_id: id.to_owned(),
        reason: Some("pause".to_owned()),
    };
    client.rpc.clone().suspend_instance(request).await.unwrap();
}

async fn resume(client: &RawClient, id: &str) {
    let request = ResumeRequest {
        instance_id: id.to_owned(),
        reason: Some("go".to_owned()),
    };
    client.rpc.clone().resume_instance(request).await.unwrap();
}

/// Takes the next turn, which must have these new events, and answers it without actions.
async fn expect_turn(worker: &mut RawWorker, expected: &[&str]) {
    let turn = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(events::kinds(&turn.request.new_events), expected);
}

#[tokio::test]
async fn everything_that_waits_comes_in_one_turn_in_order_of_arrival() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let three = (0..3)
        .map(|id| actions::schedule(id, "Charge", None))
        .collect();
    client.complete_turn(&turn, three).await.unwrap();
    let mut activities = Vec::new();
    for _ in 0..3 {
        activities.push(worker.activity().await.unwrap());
    }
    activities.sort_by_key(|activity| activity.request.task_id);
    client.complete_activity(&activities[2], "2").await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(events::answered_ids(&turn.request.new_events), [2]);

    client.complete_activity(&activities[1], "1").await.unwrap();
    client.raise("order", "Item", Some("x")).await.unwrap();
    client.complete_activity(&activities[0], "0").await.unwrap();
    client.complete_turn(&turn, vec![]).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(
        events::kinds(&turn.request.new_events),
        [
            "OrchestratorStarted",
            "TaskCompleted",
            "EventRaised",
            "TaskCompleted"
        ]
    );
    assert_eq!(events::answered_ids(&turn.request.new_events), [1, 0]);
}

#[tokio::test]
async fn terminate_has_a_turn_of_its_own_after_what_came_before() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    server.client.raise("order", "Item", None).await.unwrap();
    server
        .client
        .terminate("order", Some("\"enough\""), false)
        .await
        .unwrap();
    server.client.raise("order", "Late", None).await.unwrap();
    server.client.complete_turn(&turn, vec![]).await.unwrap();
    expect_turn(&mut worker, &["OrchestratorStarted", "EventRaised"]).await;
    let turn = worker.turn().await.unwrap();
    assert_eq!(
        events::kinds(&turn.request.new_events),
        ["OrchestratorStarted", "ExecutionTerminated"]
    );
    let done = actions::complete(0, OrchestrationStatus::Terminated, Some("\"enough\""));
    server
        .client
        .complete_turn(&turn, vec![done])
        .await
        .unwrap();
    let state = server.client.ended("order").await.unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated
    );
    assert_eq!(state.output.as_deref(), Some("\"enough\""));
    let history = server.client.history("order").await.unwrap();
    assert_eq!(
        events::raised(&history).len(),
        1,
        "what came after the end is dropped"
    );
}

#[tokio::test]
async fn terminate_before_the_first_turn_waits_for_it() {
    let server = Server::start().await;
    server.client.start("Order", "order", None).await.unwrap();
    server.client.raise("order", "Item", None).await.unwrap();
    server
        .client
        .terminate("order", Some("1"), false)
        .await
        .unwrap();
    let mut worker = RawWorker::open(&server.client).await.unwrap();
    expect_turn(
        &mut worker,
        &["OrchestratorStarted", "ExecutionStarted", "EventRaised"],
    )
    .await;
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionTerminated"]).await;
    let state = server.client.ended("order").await.unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated,
        "a worker that does not end a terminated instance is overruled"
    );
    assert_eq!(state.output.as_deref(), Some("1"));
}

#[tokio::test]
async fn suspend_has_a_turn_of_its_own_and_withholds_what_comes_after() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.raise("order", "Before", None).await.unwrap();
    suspend(client, "order").await;
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Suspended
    );
    client.raise("order", "After", Some("1")).await.unwrap();
    client.complete_turn(&turn, vec![]).await.unwrap();
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Suspended
    );
    expect_turn(&mut worker, &["OrchestratorStarted", "EventRaised"]).await;
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionSuspended"]).await;

    // The withheld event must not come; another instance shows that the stream goes on.
    client.start("Order", "other", None).await.unwrap();
    let next = worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    assert_eq!(next.request.instance_id, "other");
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Suspended
    );

    resume(client, "order").await;
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Running
    );
    expect_turn(
        &mut worker,
        &["OrchestratorStarted", "ExecutionResumed", "EventRaised"],
    )
    .await;
}

#[tokio::test]
async fn terminate_overtakes_what_a_suspension_withholds() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    suspend(client, "order").await;
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionSuspended"]).await;
    client.raise("order", "Withheld", None).await.unwrap();
    client.terminate("order", None, false).await.unwrap();
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionTerminated"]).await;
    let state = client.ended("order").await.unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated
    );
}

#[tokio::test]
async fn suspend_before_the_first_turn_shows_at_once_and_waits_for_it() {
    let server = Server::start().await;
    server.client.start("Order", "order", None).await.unwrap();
    suspend(&server.client, "order").await;
    let state = server.client.started("order").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Suspended);
    let mut worker = RawWorker::open(&server.client).await.unwrap();
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionStarted"]).await;
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionSuspended"]).await;
    assert_eq!(
        server.client.status("order").await.unwrap(),
        OrchestrationStatus::Suspended
    );
}

#[tokio::test]
async fn suspend_and_resume_where_they_change_nothing_are_accepted() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.complete_turn(&turn, vec![]).await.unwrap();
    resume(client, "order").await;
    suspend(client, "order").await;
    suspend(client, "order").await;
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionSuspended"]).await;
    resume(client, "order").await;
    expect_turn(&mut worker, &["OrchestratorStarted", "ExecutionResumed"]).await;
    client.raise("order", "Go", None).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    suspend(client, "order").await;
    resume(client, "order").await;
    client.terminate("order", Some("2"), true).await.unwrap();
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
    assert_eq!(state.output.as_deref(), Some("1"));
}
