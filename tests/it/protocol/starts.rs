//! Starting an instance: ids, their reuse, and the time from which it is due.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::OrchestrationStatus;
use durascope_proto::time;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use tonic::Code;
use tonic::Status;

use super::Server;

use OrchestrationStatus::Completed;
use OrchestrationStatus::Failed;
use OrchestrationStatus::Pending;
use OrchestrationStatus::Running;
use OrchestrationStatus::Suspended;
use OrchestrationStatus::Terminated;

const HOUR_US: i64 = 3_600_000_000;

fn again(policy: Option<&[OrchestrationStatus]>) -> CreateInstanceRequest {
    CreateInstanceRequest {
        instance_id: "order".to_owned(),
        name: "Order".to_owned(),
        input: Some("\"second\"".to_owned()),
        orchestration_id_reuse_policy: policy.map(|statuses| OrchestrationIdReusePolicy {
            replaceable_status: statuses.iter().map(|&status| status.into()).collect(),
        }),
        ..CreateInstanceRequest::default()
    }
}

fn now_us() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

#[tokio::test]
async fn ended_instance_is_replaced_as_its_policy_says() {
    let rows: &[(Option<&[OrchestrationStatus]>, bool)] = &[
        (None, true),
        (Some(&[]), false),
        (Some(&[Failed, Terminated]), false),
        (Some(&[Completed]), true),
        // Complements of what shall not be reused: they name running states, which do not matter.
        (Some(&[Completed, Pending, Running, Suspended]), true),
        (Some(&[Pending, Running, Suspended]), false),
    ];
    let server = Server::start().await;
    let _worker = server.finish_everything().await;
    for &(policy, replaced) in rows {
        server
            .client
            .start("Order", "order", Some("\"first\""))
            .await
            .unwrap();
        let first = server.client.ended("order").await.unwrap();
        let answer = server.client.start_with(again(policy)).await;
        let second = server.client.ended("order").await.unwrap();
        if replaced {
            assert_eq!(answer.unwrap(), "order", "{policy:?}");
            assert_eq!(second.output.as_deref(), Some("\"second\""), "{policy:?}");
            assert_ne!(second.execution_id, first.execution_id, "{policy:?}");
        } else {
            assert_eq!(
                answer.unwrap_err().code(),
                Code::AlreadyExists,
                "{policy:?}"
            );
            assert_eq!(second, first, "{policy:?}");
        }
    }
}

async fn start_again_while_running(policy: Option<&[OrchestrationStatus]>) -> (Server, Status) {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    server.client.complete_turn(&turn, vec![]).await.unwrap();
    let status = server.client.start_with(again(policy)).await.unwrap_err();
    (server, status)
}

#[tokio::test]
async fn running_instance_is_not_replaced_without_a_policy() {
    for policy in [None, Some(&[] as &[_]), Some(&[Completed, Terminated])] {
        let (server, status) = start_again_while_running(policy).await;
        assert_eq!(status.code(), Code::AlreadyExists, "{policy:?}: {status:?}");
        let text = status.message().to_lowercase();
        assert!(
            text.contains("orchestration instance already exists"),
            "{text}"
        );
        assert_eq!(server.client.status("order").await.unwrap(), Running);
    }
}

#[tokio::test]
async fn running_instance_cannot_be_replaced_where_terminated_is_excluded() {
    let (_server, status) = start_again_while_running(Some(&[Running, Completed])).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    let expected = "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing \
                    reuse of running instances";
    assert!(status.message().contains(expected), "{}", status.message());
}

#[tokio::test]
async fn running_instance_is_replaced_at_once() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client
        .complete_turn(&turn, vec![actions::schedule(0, "Charge", None)])
        .await
        .unwrap();
    let activity = worker.activity().await.unwrap();
    let first = client.started("order").await.unwrap();
    client.raise("order", "Go", None).await.unwrap();
    let held = worker.turn().await.unwrap();

    client
        .start_with(again(Some(&[Running, Terminated])))
        .await
        .unwrap();
    let second = client.state("order").await.unwrap().unwrap();
    assert_eq!(second.orchestration_status(), Pending);
    assert_eq!(second.input.as_deref(), Some("\"second\""));
    assert_ne!(second.execution_id, first.execution_id);
    let created = |state: &durascope_proto::OrchestrationState| {
        time::to_micros(state.created_timestamp.as_ref().unwrap())
    };
    assert!(created(&second) > created(&first));
    assert_eq!(client.history("order").await.unwrap(), []);

    // Late answers for the old execution change nothing.
    client
        .complete_turn(&held, vec![actions::succeed(1, "\"old\"")])
        .await
        .unwrap();
    client
        .complete_activity(&activity, "\"old\"")
        .await
        .unwrap();
    let next = worker.turn().await.unwrap();
    assert_eq!(next.request.execution_id, second.execution_id);
    assert_eq!(
        events::kinds(&next.request.new_events),
        ["OrchestratorStarted", "ExecutionStarted"]
    );
    client
        .complete_turn(&next, vec![actions::succeed(0, "\"new\"")])
        .await
        .unwrap();
    assert_eq!(
        client.ended("order").await.unwrap().output.as_deref(),
        Some("\"new\"")
    );
}

#[tokio::test]
async fn waiter_follows_the_id_to_the_new_execution() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    server.client.complete_turn(&turn, vec![]).await.unwrap();
    let client = server.client.clone();
    let waiter = tokio::spawn(async move { client.ended("order").await });
    server
        .client
        .start_with(again(Some(&[Running, Terminated])))
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "\"new\"")])
        .await
        .unwrap();
    assert_eq!(
        waiter.await.unwrap().unwrap().output.as_deref(),
        Some("\"new\"")
    );
}

#[tokio::test]
async fn missing_id_is_made_by_the_server() {
    let server = Server::start().await;
    let id = server.client.start("Order", "", None).await.unwrap();
    assert_eq!(id.len(), 32, "{id}");
    assert!(id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(server.client.status(&id).await.unwrap(), Pending);
}

#[tokio::test]
async fn start_in_the_past_is_now_and_start_in_the_future_waits() {
    let server = Server::start().await;
    let at = |id: &str, micros: i64| CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: "Order".to_owned(),
        scheduled_start_timestamp: Some(time::from_micros(micros)),
        ..CreateInstanceRequest::default()
    };
    server
        .client
        .start_with(at("later", now_us() + HOUR_US))
        .await
        .unwrap();
    let soon = now_us() + 300_000;
    server.client.start_with(at("soon", soon)).await.unwrap();
    server.client.start_with(at("epoch", 0)).await.unwrap();
    let epoch = server.client.state("epoch").await.unwrap().unwrap();
    assert_eq!(
        epoch.scheduled_start_timestamp, None,
        "a start in the past is not reported"
    );
    let later = server.client.state("later").await.unwrap().unwrap();
    assert_eq!(later.orchestration_status(), Pending);
    assert!(later.scheduled_start_timestamp.is_some());

    let mut worker = RawWorker::open(&server.client).await.unwrap();
    let first = worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    assert_eq!(first.request.instance_id, "epoch");
    let second = worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    assert_eq!(second.request.instance_id, "soon");
    assert!(now_us() >= soon, "started before its time");
    assert_eq!(server.client.status("later").await.unwrap(), Pending);

    server
        .client
        .terminate("later", Some("\"no\""), false)
        .await
        .unwrap();
    let later = server.client.state("later").await.unwrap().unwrap();
    assert_eq!(
        later.orchestration_status(),
        Terminated,
        "nobody needs to run it first"
    );
    assert_eq!(later.output.as_deref(), Some("\"no\""));
    assert_eq!(
        events::kinds(&server.client.history("later").await.unwrap()),
        [
            "OrchestratorStarted",
            "ExecutionStarted",
            "ExecutionTerminated",
            "ExecutionCompleted"
        ]
    );
}
