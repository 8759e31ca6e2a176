//! Rewind of parents: children that failed are rewound in turn, at any depth, and the others are
//! seen to by what became of them.

use durascope_proto::ExecutionRewoundEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::purge_instances_request::Request;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use durascope_tests::worker::Turn;

use super::Server;

fn down() -> TaskFailureDetails {
    TaskFailureDetails {
        error_type: "Down".to_owned(),
        ..TaskFailureDetails::default()
    }
}

fn asked(turn: &Turn) -> ExecutionRewoundEvent {
    match turn
        .request
        .new_events
        .get(1)
        .map(|event| &event.event_type)
    {
        Some(Some(EventType::ExecutionRewound(rewound))) => rewound.clone(),
        _ => panic!("no rewind turn: {:?}", turn.request.new_events),
    }
}

/// Answers a rewind turn as a worker that knows rewind.
async fn rewind(client: &RawClient, turn: &Turn, execution: &str) {
    let made = actions::without_failures(&turn.request, execution);
    client
        .complete_turn(turn, vec![actions::rewind(made)])
        .await
        .unwrap();
}

/// `order` with one child `kid`, which ends as told, and fails itself in the turn after `more`.
async fn with_failed_parent(kid_fails: bool) -> (Server, RawWorker) {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let kid = actions::child(0, "kid", "Kid", Some("5"));
    client.complete_turn(&turn, vec![kid]).await.unwrap();
    let end = match kid_fails {
        true => vec![actions::fail(0, down())],
        false => vec![],
    };
    worker.answer_turn(end).await.unwrap();
    if !kid_fails {
        client.raise("order", "Now", None).await.unwrap();
    }
    worker
        .answer_turn(vec![actions::fail(1, down())])
        .await
        .unwrap();
    client.ended("order").await.unwrap();
    (server, worker)
}

/// The replay of the parent, and its turn with the result of the child, which completes it.
async fn parent_completes(client: &RawClient, worker: &mut RawWorker) {
    let told = loop {
        let turn = worker.turn().await.unwrap();
        assert_eq!(turn.request.instance_id, "order");
        if turn.request.new_events.len() > 1 {
            break turn;
        }
        client.complete_turn(&turn, vec![]).await.unwrap();
    };
    assert_eq!(
        events::kinds(&told.request.new_events),
        ["OrchestratorStarted", "SubOrchestrationInstanceCompleted"]
    );
    client
        .complete_turn(&told, vec![actions::succeed(1, "2")])
        .await
        .unwrap();
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
}

/// The next turn of this instance; those of others are answered with nothing.
async fn turn_of(client: &RawClient, worker: &mut RawWorker, id: &str) -> Turn {
    loop {
        let turn = worker.turn().await.unwrap();
        if turn.request.instance_id == id {
            return turn;
        }
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
}

#[tokio::test]
async fn a_child_that_failed_is_rewound_with_its_parent() {
    let (server, mut worker) = with_failed_parent(true).await;
    let client = &server.client;
    client.rewind("order", Some("fixed")).await.unwrap();
    let parent = worker.turn().await.unwrap();
    rewind(client, &parent, "parent-2").await;
    let status = client.status("kid").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Running);
    let kid = turn_of(client, &mut worker, "kid").await;
    let told = asked(&kid);
    assert_eq!(told.reason.as_deref(), Some("fixed"));
    assert_eq!(told.parent_execution_id.as_deref(), Some("parent-2"));
    assert_eq!(told.instance_id.as_deref(), Some("kid"));
    assert_eq!(told.name.as_deref(), Some("Kid"));
    assert_eq!(told.input.as_deref(), Some("5"));
    let link = told.parent_instance.unwrap();
    assert_eq!(link.task_scheduled_id, 0);
    assert_eq!(link.name.as_deref(), Some("Order"));
    let link = link.orchestration_instance.unwrap();
    assert_eq!(link.instance_id, "order");
    assert_eq!(link.execution_id.as_deref(), Some("parent-2"));
    rewind(client, &kid, "kid-2").await;
    let replay = turn_of(client, &mut worker, "kid").await;
    let started = events::execution_started(&replay.request.past_events).unwrap();
    let link = started.parent_instance.clone().unwrap();
    let link = link.orchestration_instance.unwrap();
    assert_eq!(link.execution_id.as_deref(), Some("parent-2"));
    client
        .complete_turn(&replay, vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    parent_completes(client, &mut worker).await;
}

#[tokio::test]
async fn all_failed_branches_are_rewound_at_any_depth() {
    // Serves every level: it starts what is below it, and ends as they do; leaves fail once.
    let server = Server::start().await;
    let client = &server.client;
    let worker = RawWorker::open(client).await.unwrap();
    let _serving = worker.serve(
        |request| {
            let news = &request.new_events;
            let rewound = |kind: &String| kind == "ExecutionRewound";
            let all = || request.past_events.iter().chain(news);
            let mut kinds = all().map(events::kind);
            if events::kinds(news).iter().any(rewound) {
                let execution = format!("{}-2", request.instance_id);
                let made = actions::without_failures(request, &execution);
                return vec![actions::rewind(made)];
            }
            let id = &request.instance_id;
            if id.len() == 3 {
                return match kinds.any(|kind| kind == "ExecutionRewound") {
                    true => vec![actions::succeed(5, "1")],
                    false => vec![actions::fail(5, down())],
                };
            }
            let count = |wanted: &str| all().filter(|it| events::kind(it) == wanted).count();
            if count("SubOrchestrationInstanceCreated") == 0 {
                return ["a", "b", "c"]
                    .iter()
                    .zip(0..)
                    .map(|(kid, number)| actions::child(number, &format!("{id}{kid}"), "Kid", None))
                    .collect();
            }
            let ended = count("SubOrchestrationInstanceCompleted");
            let failed = count("SubOrchestrationInstanceFailed");
            match (ended, failed) {
                (3, 0) => vec![actions::succeed(5, "1")],
                (ended, failed) if ended + failed == 3 => vec![actions::fail(5, down())],
                _ => vec![],
            }
        },
        |_| "1".to_owned(),
    );
    client.start("Order", "r", None).await.unwrap();
    let state = client.ended("r").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Failed);
    client.rewind("r", None).await.unwrap();
    let state = client.ended("r").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
    for id in ["r", "ra", "rcb", "rcc"] {
        let state = client.state(id).await.unwrap().unwrap();
        assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
        assert_eq!(state.execution_id.unwrap(), format!("{id}-2"));
    }
}

#[tokio::test]
async fn a_child_that_was_purged_is_created_afresh() {
    let (server, mut worker) = with_failed_parent(true).await;
    let client = &server.client;
    let purge = PurgeInstancesRequest {
        request: Some(Request::InstanceId("kid".to_owned())),
        ..PurgeInstancesRequest::default()
    };
    client.rpc.clone().purge_instances(purge).await.unwrap();
    client.rewind("order", None).await.unwrap();
    let parent = worker.turn().await.unwrap();
    rewind(client, &parent, "parent-2").await;
    let kid = turn_of(client, &mut worker, "kid").await;
    let started = events::execution_started(&kid.request.new_events).unwrap();
    assert_eq!(started.input.as_deref(), Some("5"));
    let link = started.parent_instance.clone().unwrap();
    let link = link.orchestration_instance.unwrap();
    assert_eq!(link.execution_id.as_deref(), Some("parent-2"));
    client
        .complete_turn(&kid, vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    parent_completes(client, &mut worker).await;
}

#[tokio::test]
async fn a_child_that_was_terminated_is_created_afresh() {
    let (server, mut worker) = with_failed_parent(false).await;
    let client = &server.client;
    client.skip_terminations(&["kid"], None).await.unwrap();
    client.rewind("order", None).await.unwrap();
    let parent = worker.turn().await.unwrap();
    rewind(client, &parent, "parent-2").await;
    let kid = turn_of(client, &mut worker, "kid").await;
    assert!(events::execution_started(&kid.request.new_events).is_some());
    client
        .complete_turn(&kid, vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    parent_completes(client, &mut worker).await;
}

#[tokio::test]
async fn a_child_that_still_runs_reports_to_the_new_execution() {
    let (server, mut worker) = with_failed_parent(false).await;
    let client = &server.client;
    client.rewind("order", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client.raise("kid", "Go", None).await.unwrap();
    let kid = turn_of(client, &mut worker, "kid").await;
    assert_eq!(events::raised(&kid.request.new_events).len(), 1);
    client
        .complete_turn(&kid, vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    parent_completes(client, &mut worker).await;
}

#[tokio::test]
async fn a_child_that_completed_unheard_is_heard() {
    let (server, mut worker) = with_failed_parent(false).await;
    let client = &server.client;
    client.raise("kid", "Go", None).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "\"kept\"")])
        .await
        .unwrap();
    client.ended("kid").await.unwrap();
    client.rewind("order", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    parent_completes(client, &mut worker).await;
    let history = client.history("order").await.unwrap();
    let result = history.iter().find_map(|event| match &event.event_type {
        Some(EventType::SubOrchestrationInstanceCompleted(it)) => it.result.clone(),
        _ => None,
    });
    assert_eq!(result.as_deref(), Some("\"kept\""));
}

#[tokio::test]
async fn a_child_id_that_somebody_else_has_taken_fails_the_child() {
    let (server, mut worker) = with_failed_parent(true).await;
    let client = &server.client;
    client.start("Other", "kid", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    client.rewind("order", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let told = worker.turn().await.unwrap();
    let failed = told
        .request
        .new_events
        .iter()
        .find_map(|event| match &event.event_type {
            Some(EventType::SubOrchestrationInstanceFailed(it)) => it.failure_details.clone(),
            _ => None,
        });
    assert_eq!(failed.unwrap().error_type, "OrchestrationAlreadyExists");
    let status = client.status("kid").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Running);
}

#[tokio::test]
async fn a_child_that_cannot_be_rewound_fails_in_its_parent_with_the_reason() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let kid = actions::child(0, "kid", "Kid", None);
    client.complete_turn(&turn, vec![kid]).await.unwrap();
    let lock = actions::lock(0, "section-1", &["@counter@a"]);
    worker.answer_turn(vec![lock]).await.unwrap();
    worker
        .answer_turn(vec![actions::fail(1, down())])
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::fail(1, down())])
        .await
        .unwrap();
    client.ended("order").await.unwrap();
    client.rewind("order", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let told = worker.turn().await.unwrap();
    let failed = told
        .request
        .new_events
        .iter()
        .find_map(|event| match &event.event_type {
            Some(EventType::SubOrchestrationInstanceFailed(it)) => it.failure_details.clone(),
            _ => None,
        });
    let message = failed.unwrap().error_message;
    assert!(message.contains("section-1"), "{message}");
    let status = client.status("kid").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Failed);
}
