//! SkipGracefulOrchestrationTerminations: instances end at once, without their orchestrators.

use durascope_proto::OrchestrationStatus;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use tonic::Code;

use super::Server;

#[tokio::test]
async fn what_never_ran_ends_with_a_whole_history() {
    let server = Server::start().await;
    let client = &server.client;
    client.start("Order", "order", None).await.unwrap();
    let left = client
        .skip_terminations(&["order"], Some("\"enough\""))
        .await
        .unwrap();
    assert_eq!(left, Vec::<String>::new());
    let state = client.state("order").await.unwrap().unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated
    );
    assert_eq!(state.output.as_deref(), Some("\"enough\""));
    assert!(state.completed_timestamp.is_some());
    assert_eq!(state.failure_details, None);
    assert_eq!(
        events::kinds(&client.history("order").await.unwrap()),
        [
            "OrchestratorStarted",
            "ExecutionStarted",
            "ExecutionTerminated",
            "ExecutionCompleted"
        ]
    );
    // Nobody is asked.
    let mut worker = RawWorker::open(client).await.unwrap();
    client.start("Order", "other", None).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, "other");
}

#[tokio::test]
async fn what_runs_ends_and_its_turn_is_worth_nothing() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let mut response = turn.response(vec![actions::timer(0, 1)]);
    response.custom_status = Some("\"half\"".to_owned());
    client.complete_turn_with(response).await.unwrap();
    let out = worker.turn().await.unwrap();
    client.raise("order", "E", None).await.unwrap();
    let left = client.skip_terminations(&["order"], None).await.unwrap();
    assert_eq!(left, Vec::<String>::new());
    client
        .complete_turn(&out, vec![actions::succeed(1, "1")])
        .await
        .unwrap();
    let state = client.ended("order").await.unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated
    );
    assert_eq!(state.output, None);
    assert_eq!(state.custom_status.as_deref(), Some("\"half\""));
    assert_eq!(
        events::kinds(&client.history("order").await.unwrap()),
        [
            "OrchestratorStarted",
            "ExecutionStarted",
            "TimerCreated",
            "OrchestratorStarted",
            "ExecutionTerminated",
            "ExecutionCompleted"
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_ended_so_is_named_in_the_order_of_the_request() {
    let (server, mut worker, turn) = Server::with_first_turn("holder").await;
    let client = &server.client;
    let lock = actions::lock(0, "section-1", &["@counter@a"]);
    client.complete_turn(&turn, vec![lock]).await.unwrap();
    let granted = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(
        events::kinds(&granted.request.new_events),
        ["OrchestratorStarted", "EntityLockGranted"]
    );
    client.start("Order", "ended", None).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    client.ended("ended").await.unwrap();
    client.start("Order", "runs", None).await.unwrap();
    let asked = [
        "nobody",
        "runs",
        "@counter@a",
        "ended",
        "holder",
        "runs",
        "",
    ];
    let left = client.skip_terminations(&asked, None).await.unwrap();
    assert_eq!(left, ["nobody", "@counter@a", "ended", "holder", ""]);
    let status = client.status("runs").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Terminated);
    let status = client.status("holder").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Running);
    let status = client.status("ended").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Completed);
}

#[tokio::test]
async fn a_parent_is_told_and_children_go_on() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let kid = actions::child(0, "kid", "Kid", None);
    client.complete_turn(&turn, vec![kid]).await.unwrap();
    let grandkid = actions::child(0, "grandkid", "Kid", None);
    worker.answer_turn(vec![grandkid]).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client.skip_terminations(&["kid"], None).await.unwrap();
    let told = worker.turn().await.unwrap();
    assert_eq!(told.request.instance_id, "order");
    assert_eq!(
        events::kinds(&told.request.new_events),
        ["OrchestratorStarted", "SubOrchestrationInstanceFailed"]
    );
    let status = client.status("grandkid").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Running);
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let server = Server::start().await;
    let ids: Vec<String> = (0..501).map(|index| format!("order-{index}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let refused = server.client.skip_terminations(&ids, None).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    for word in ["instanceBatch", "501", "500"] {
        assert!(refused.message().contains(word), "{refused:?}");
    }
    let left = server.client.skip_terminations(&ids[..500], None).await;
    assert_eq!(left.unwrap().len(), 500);
}
