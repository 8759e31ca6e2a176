//! RewindInstance: what failed runs again, what had a result keeps it.

use durascope_proto::ListInstanceIdsRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::SuspendRequest;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use durascope_tests::worker::Turn;
use tempfile::TempDir;
use tonic::Code;

use super::Server;

fn down() -> TaskFailureDetails {
    TaskFailureDetails {
        error_type: "Down".to_owned(),
        error_message: "for now".to_owned(),
        ..TaskFailureDetails::default()
    }
}

/// Ends the first turn and the instance: activity 0 has a result, activity 1 has failed.
async fn fail_at_second(client: &RawClient, worker: &mut RawWorker, first: &Turn) {
    let charge = actions::schedule(0, "Charge", None);
    client.complete_turn(first, vec![charge]).await.unwrap();
    worker.answer_activity("\"paid\"").await.unwrap();
    let ship = actions::schedule(1, "Ship", None);
    worker.answer_turn(vec![ship]).await.unwrap();
    let activity = worker.activity().await.unwrap();
    client.fail_activity(&activity, down()).await.unwrap();
    worker
        .answer_turn(vec![actions::fail(2, down())])
        .await
        .unwrap();
}

/// Goes through the replay to the end; only the activity that had failed runs again.
async fn finish(client: &RawClient, worker: &mut RawWorker, id: &str) {
    let replay = worker
        .answer_turn(vec![actions::schedule(1, "Ship", None)])
        .await
        .unwrap();
    assert_eq!(
        events::kinds(&replay.request.new_events),
        ["OrchestratorStarted"]
    );
    let again = worker.answer_activity("\"shipped\"").await.unwrap();
    assert_eq!(again.request.name, "Ship");
    let last = worker
        .answer_turn(vec![actions::succeed(2, "\"done\"")])
        .await
        .unwrap();
    assert_eq!(
        events::kinds(&last.request.new_events),
        ["OrchestratorStarted", "TaskCompleted"]
    );
    let state = client.ended(id).await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
    assert_eq!(state.output.as_deref(), Some("\"done\""));
    assert_eq!(state.failure_details, None);
}

#[tokio::test]
async fn only_what_has_failed_can_be_rewound() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let unknown = client.rewind("nobody", None).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let refused = async |state: &str| {
        let refused = client.rewind("order", None).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        for word in ["not allowed", state] {
            assert!(refused.message().contains(word), "{refused:?}");
        }
    };
    refused("pending").await;
    client.complete_turn(&turn, vec![]).await.unwrap();
    refused("running").await;
    let suspend = SuspendRequest {
        instance_id: "order".to_owned(),
        reason: None,
    };
    client.rpc.clone().suspend_instance(suspend).await.unwrap();
    refused("suspended").await;
    worker.answer_turn(vec![]).await.unwrap();
    client.terminate("order", None, false).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    refused("terminated").await;
    client.restart("order", false).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    refused("completed").await;
}

#[tokio::test]
async fn it_runs_at_once_and_waits_wait_for_its_new_end() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    let failed = client.ended("order").await.unwrap();
    assert!(failed.failure_details.is_some());
    client.rewind("order", Some("fixed")).await.unwrap();
    let state = client.state("order").await.unwrap().unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Running);
    assert_eq!(state.failure_details, None);
    assert_eq!(state.output, None);
    assert_eq!(state.completed_timestamp, None);
    let list = ListInstanceIdsRequest::default();
    let listed = client.rpc.clone().list_instance_ids(list).await.unwrap();
    assert_eq!(listed.into_inner().instance_ids, Vec::<String>::new());

    let (state, ()) = tokio::join!(client.ended("order"), async {
        let asked = worker.turn().await.unwrap();
        let made = actions::without_failures(&asked.request, "second");
        client
            .complete_turn(&asked, vec![actions::rewind(made)])
            .await
            .unwrap();
        finish(client, &mut worker, "order").await;
    });
    let state = state.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
    assert_eq!(state.execution_id.as_deref(), Some("second"));
}

#[tokio::test]
async fn the_worker_makes_the_new_history_and_it_is_taken_as_it_is() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    let past = client.history("order").await.unwrap();
    client.rewind("order", Some("fixed")).await.unwrap();
    let asked = worker.turn().await.unwrap();
    assert_eq!(asked.request.past_events, past);
    assert_eq!(events::kinds(&past).last().unwrap(), "ExecutionCompleted");
    assert_eq!(
        events::kinds(&asked.request.new_events),
        ["OrchestratorStarted", "ExecutionRewound"]
    );
    let Some(EventType::ExecutionRewound(rewound)) = &asked.request.new_events[1].event_type else {
        panic!("{:?}", asked.request.new_events);
    };
    assert_eq!(rewound.reason.as_deref(), Some("fixed"));
    assert_eq!(rewound.parent_execution_id, None);
    let made = actions::without_failures(&asked.request, "second");
    client
        .complete_turn(&asked, vec![actions::rewind(made.clone())])
        .await
        .unwrap();
    assert_eq!(client.history("order").await.unwrap(), made);
    let replay = worker.turn().await.unwrap();
    assert_eq!(replay.request.past_events, made);
    assert_eq!(replay.request.execution_id.as_deref(), Some("second"));
}

#[tokio::test]
async fn a_worker_that_knows_no_rewind_is_helped_out() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    client.rewind("order", None).await.unwrap();
    // It fails on the event that it does not know, and wants more than that.
    let confused = vec![
        actions::schedule(0, "Charge", None),
        actions::fail(1, down()),
    ];
    worker.answer_turn(confused).await.unwrap();
    assert_eq!(
        events::kinds(&client.history("order").await.unwrap()),
        [
            "OrchestratorStarted",
            "ExecutionStarted",
            "TaskScheduled",
            "OrchestratorStarted",
            "TaskCompleted",
            "OrchestratorStarted",
            "OrchestratorStarted",
        ]
    );
    finish(client, &mut worker, "order").await;
    let execution = client.state("order").await.unwrap().unwrap().execution_id;
    let execution = execution.unwrap();
    assert_ne!(Some(&execution), turn.request.execution_id.as_ref());
    assert_eq!(execution.len(), 32);
}

#[tokio::test]
async fn rewinding_again_works() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    for execution in ["second", "third"] {
        client.rewind("order", None).await.unwrap();
        let asked = worker.turn().await.unwrap();
        let made = actions::without_failures(&asked.request, execution);
        client
            .complete_turn(&asked, vec![actions::rewind(made)])
            .await
            .unwrap();
        if execution == "second" {
            let ship = actions::schedule(1, "Ship", None);
            worker.answer_turn(vec![ship]).await.unwrap();
            let activity = worker.activity().await.unwrap();
            client.fail_activity(&activity, down()).await.unwrap();
            worker
                .answer_turn(vec![actions::fail(2, down())])
                .await
                .unwrap();
            client.ended("order").await.unwrap();
        }
    }
    finish(client, &mut worker, "order").await;
    let history = client.history("order").await.unwrap();
    let kinds = events::kinds(&history);
    assert_eq!(
        kinds.iter().filter(|it| **it == "ExecutionRewound").count(),
        2
    );
    assert_eq!(
        kinds
            .iter()
            .filter(|it| **it == "ExecutionCompleted")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_new_history_without_an_execution_fails_it_again_and_says_why() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    client.rewind("order", None).await.unwrap();
    worker
        .answer_turn(vec![actions::rewind(vec![])])
        .await
        .unwrap();
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Failed);
    let message = state.failure_details.unwrap().error_message;
    assert!(message.contains("executionId"), "{message}");
    // Nothing was lost by it.
    client.rewind("order", None).await.unwrap();
    let asked = worker.turn().await.unwrap();
    let made = actions::without_failures(&asked.request, "third");
    client
        .complete_turn(&asked, vec![actions::rewind(made)])
        .await
        .unwrap();
    finish(client, &mut worker, "order").await;
}

#[tokio::test]
async fn what_arrives_meanwhile_waits() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    client.rewind("order", None).await.unwrap();
    client.raise("order", "First", None).await.unwrap();
    client
        .terminate("order", Some("\"stop\""), false)
        .await
        .unwrap();
    let asked = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(asked.request.new_events.len(), 2);
    let replay = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(replay.request.new_events.len(), 1);
    let event = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(events::raised(&event.request.new_events).len(), 1);
    let last = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(
        events::kinds(&last.request.new_events),
        ["OrchestratorStarted", "ExecutionTerminated"]
    );
    let state = client.ended("order").await.unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated
    );
}

#[tokio::test]
async fn a_suspend_meanwhile_is_told_after_the_replay() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    client.rewind("order", None).await.unwrap();
    let suspend = SuspendRequest {
        instance_id: "order".to_owned(),
        reason: None,
    };
    client.rpc.clone().suspend_instance(suspend).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let replay = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(replay.request.new_events.len(), 1);
    let told = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(
        events::kinds(&told.request.new_events),
        ["OrchestratorStarted", "ExecutionSuspended"]
    );
    let status = client.status("order").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Suspended);
}

#[tokio::test]
async fn an_answer_in_parts_and_one_that_counts_events_rewind_as_well() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    fail_at_second(client, &mut worker, &turn).await;
    client.rewind("order", None).await.unwrap();
    let asked = worker.turn().await.unwrap();
    let made = actions::without_failures(&asked.request, "second");
    let mut response = asked.response(vec![actions::rewind(made)]);
    #[expect(deprecated, reason = "Java and .NET still answer in parts")]
    {
        response.is_partial = true;
        response.chunk_index = Some(0);
    }
    client.complete_turn_with(response).await.unwrap();
    let mut response = asked.response(vec![]);
    response.num_events_processed = Some(0);
    #[expect(deprecated, reason = "Java and .NET still answer in parts")]
    {
        response.chunk_index = Some(1);
    }
    client.complete_turn_with(response).await.unwrap();
    let replay = worker.answer_turn(vec![actions::fail(2, down())]).await;
    assert_eq!(
        replay.unwrap().request.execution_id.as_deref(),
        Some("second")
    );
    client.ended("order").await.unwrap();

    client.rewind("order", None).await.unwrap();
    let asked = worker.turn().await.unwrap();
    let made = actions::without_failures(&asked.request, "third");
    let mut response = asked.response(vec![actions::rewind(made)]);
    response.num_events_processed = Some(2);
    client.complete_turn_with(response).await.unwrap();
    finish(client, &mut worker, "order").await;
}

#[tokio::test]
async fn a_critical_section_that_was_not_released_is_in_the_way() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let lock = actions::lock(0, "section-1", &["@counter@a"]);
    client.complete_turn(&turn, vec![lock]).await.unwrap();
    worker
        .answer_turn(vec![actions::fail(1, down())])
        .await
        .unwrap();
    client.ended("order").await.unwrap();
    let refused = client.rewind("order", None).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("section-1"), "{refused:?}");
    let state = client.state("order").await.unwrap().unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Failed);
    assert!(state.failure_details.is_some());
}

#[tokio::test]
async fn kills_between_the_steps_of_a_rewind_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let mut emulator = Emulator::on_file(&folder.path().join("kill.db")).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "order", None).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    let first = worker.turn().await.unwrap();
    fail_at_second(&client, &mut worker, &first).await;
    client.rewind("order", None).await.unwrap();

    emulator.kill().unwrap();
    emulator.restart().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    let asked = worker.turn().await.unwrap();
    let made = actions::without_failures(&asked.request, "second");
    client
        .complete_turn(&asked, vec![actions::rewind(made)])
        .await
        .unwrap();

    emulator.kill().unwrap();
    emulator.restart().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    finish(&client, &mut worker, "order").await;
}
