//! No message above 4 MiB: histories go as streams or the instance ends with a reason, what could
//! not be sent on is refused where it arrives, and nobody waits behind it.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::InstanceQuery;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::QueryInstancesRequest;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::SignalEntityRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TerminateRequest;
use durascope_proto::WorkerCapability;
use durascope_proto::history_event::EventType;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use durascope_tests::worker::Serving;
use tonic::Code;
use tonic::Status;

use super::Server;

const MIB: usize = 1024 * 1024;

/// A server, and a client that takes no more than the official ones do.
async fn strict() -> (Server, RawClient) {
    let server = Server::start().await;
    let mut client = server.client.clone();
    client.rpc = client.rpc.clone().max_decoding_message_size(4 * MIB);
    (server, client)
}

fn streaming() -> GetWorkItemsRequest {
    GetWorkItemsRequest {
        capabilities: vec![WorkerCapability::HistoryStreaming.into()],
        ..GetWorkItemsRequest::default()
    }
}

/// `Order` ends when it has seen `Last`; everything else at once.
fn until_last(request: &OrchestratorRequest) -> Vec<OrchestratorAction> {
    let small = events::execution_started(&request.new_events).is_some_and(|it| it.name != "Order");
    let last = events::raised(&request.new_events)
        .iter()
        .any(|(name, _)| name == "Last");
    if small || last {
        vec![actions::succeed(0, "\"done\"")]
    } else {
        vec![]
    }
}

async fn serving(client: &RawClient, request: GetWorkItemsRequest) -> Serving {
    let worker = RawWorker::open_with(client, request).await.unwrap();
    worker.serve(until_last, |_| "null".to_owned())
}

/// Gives an `Order` a history of more than 4 MiB, and then its last event.
async fn grow(client: &RawClient, id: &str) {
    client.start("Order", id, None).await.unwrap();
    let payload = "x".repeat(MIB);
    for _ in 0..5 {
        client.raise(id, "Item", Some(&payload)).await.unwrap();
    }
    client.raise(id, "Last", None).await.unwrap();
}

#[tokio::test]
async fn history_that_fits_no_message_fails_its_instance_and_others_go_on() {
    let (_server, client) = strict().await;
    let _worker = serving(&client, GetWorkItemsRequest::default()).await;
    grow(&client, "large").await;
    client.start("Small", "small", None).await.unwrap();
    let large = client.ended("large").await.unwrap();
    assert_eq!(large.orchestration_status(), OrchestrationStatus::Failed);
    let details = large.failure_details.unwrap();
    assert_eq!(details.error_type, "HistoryTooLarge");
    for part in [
        "4194304",
        "HISTORY_STREAMING",
        "ontinue as new",
        "--max-sent-message-bytes",
    ] {
        let said = &details.error_message;
        assert!(said.contains(part), "{part} in {said}");
    }
    let small = client.ended("small").await.unwrap();
    assert_eq!(small.orchestration_status(), OrchestrationStatus::Completed);
    let history = client.history("large").await.unwrap();
    let kinds = events::kinds(&history);
    assert_eq!(
        kinds.last().map(String::as_str),
        Some("ExecutionCompleted"),
        "its end is in its history as any other"
    );
    assert!(events::raised(&history).len() >= 4);
    client.start("Small", "after", None).await.unwrap();
    client.ended("after").await.unwrap();
}

/// `Parent` starts the `Order` `kid`, and ends with what it learns of its failure.
fn with_kid(request: &OrchestratorRequest) -> Vec<OrchestratorAction> {
    for event in &request.new_events {
        match &event.event_type {
            Some(EventType::ExecutionStarted(started)) if started.name == "Parent" => {
                return vec![actions::child(0, "kid", "Order", None)];
            }
            Some(EventType::SubOrchestrationInstanceFailed(failed)) => {
                let details = failed.failure_details.clone().unwrap_or_default();
                return vec![actions::succeed(1, &details.error_type)];
            }
            _ => {}
        }
    }
    vec![]
}

#[tokio::test]
async fn parent_of_an_instance_that_grew_too_large_learns_why() {
    let (_server, client) = strict().await;
    let worker = RawWorker::open(&client).await.unwrap();
    let _worker = worker.serve(with_kid, |_| "null".to_owned());
    client.start("Parent", "parent", None).await.unwrap();
    client.started("parent").await.unwrap();
    let payload = "x".repeat(MIB);
    for _ in 0..5 {
        client.raise("kid", "Item", Some(&payload)).await.unwrap();
    }
    let parent = client.ended("parent").await.unwrap();
    assert_eq!(parent.output.as_deref(), Some("HistoryTooLarge"));
}

#[tokio::test]
async fn worker_that_streams_histories_completes_it() {
    let (_server, client) = strict().await;
    let _worker = serving(&client, streaming()).await;
    grow(&client, "large").await;
    let large = client.ended("large").await.unwrap();
    assert_eq!(large.orchestration_status(), OrchestrationStatus::Completed);
    assert!(events::raised(&client.history("large").await.unwrap()).len() == 6);
}

#[tokio::test]
async fn of_two_workers_the_one_that_streams_gets_what_is_too_large_for_the_other() {
    let (_server, client) = strict().await;
    let mut plain = RawWorker::open(&client).await.unwrap();
    client.start("Order", "large", None).await.unwrap();
    plain.answer_turn(vec![]).await.unwrap();
    let payload = "x".repeat(MIB);
    for _ in 0..3 {
        client.raise("large", "Item", Some(&payload)).await.unwrap();
        plain.answer_turn(vec![]).await.unwrap();
    }
    let mut reads = RawWorker::open_with(&client, streaming()).await.unwrap();
    client.raise("large", "Item", Some(&payload)).await.unwrap();
    let turn = reads.answer_turn(vec![]).await.unwrap();
    assert!(turn.request.requires_history_streaming);
    client.raise("large", "Last", None).await.unwrap();
    let turn = reads
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    assert_eq!(events::raised(&turn.request.new_events)[0].0, "Last");
    let large = client.ended("large").await.unwrap();
    assert_eq!(large.orchestration_status(), OrchestrationStatus::Completed);
    // The other one is there, and gets what it can take.
    client.start("Small", "a", None).await.unwrap();
    client.start("Small", "b", None).await.unwrap();
    let small = plain.turn().await.unwrap();
    assert_ne!(small.request.instance_id, "large");
}

fn refused<T>(answer: Result<T, Status>, field: &str) {
    let status = answer.err().expect(field);
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    for part in [field, "4194304", "--max-sent-message-bytes", "5242880"] {
        let said = status.message();
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn what_could_not_be_sent_on_is_refused_where_it_arrives() {
    let (server, client) = strict().await;
    let _worker = server.finish_everything().await;
    let large = Some("x".repeat(5 * MIB));
    let mut rpc = client.rpc.clone();
    let start = CreateInstanceRequest {
        instance_id: "large".to_owned(),
        name: "Order".to_owned(),
        input: large.clone(),
        ..CreateInstanceRequest::default()
    };
    refused(rpc.start_instance(start).await, "input");
    assert_eq!(client.state("large").await.unwrap(), None);

    let later = CreateInstanceRequest {
        instance_id: "later".to_owned(),
        name: "Order".to_owned(),
        scheduled_start_timestamp: Some(durascope_proto::time::from_micros(4_000_000_000_000_000)),
        ..CreateInstanceRequest::default()
    };
    client.start_with(later).await.unwrap();
    let before = client.state("later").await.unwrap();
    let instance_id = "later".to_owned();
    let raise = RaiseEventRequest {
        instance_id: instance_id.clone(),
        name: "E".to_owned(),
        input: large.clone(),
    };
    refused(rpc.raise_event(raise).await, "input");
    let terminate = TerminateRequest {
        instance_id: instance_id.clone(),
        output: large.clone(),
        recursive: false,
    };
    refused(rpc.terminate_instance(terminate).await, "output");
    let suspend = SuspendRequest {
        instance_id: instance_id.clone(),
        reason: large.clone(),
    };
    refused(rpc.suspend_instance(suspend).await, "reason");
    let resume = ResumeRequest {
        instance_id,
        reason: large.clone(),
    };
    refused(rpc.resume_instance(resume).await, "reason");
    let signal = SignalEntityRequest {
        instance_id: "@list@a".to_owned(),
        name: "add".to_owned(),
        input: large,
        ..SignalEntityRequest::default()
    };
    refused(rpc.signal_entity(signal).await, "input");
    assert_eq!(
        client.state("later").await.unwrap(),
        before,
        "nothing changed"
    );
}

#[tokio::test]
async fn states_and_pages_never_exceed_what_clients_take() {
    let (server, client) = strict().await;
    let _worker = server.finish_everything().await;
    let input = "x".repeat(3 * MIB);
    // Its output is its input, so with both it is too large.
    client.start("Order", "large", Some(&input)).await.unwrap();
    let mut rpc = client.rpc.clone();
    let mut get = GetInstanceRequest {
        instance_id: "large".to_owned(),
        get_inputs_and_outputs: true,
    };
    let waited = rpc.wait_for_instance_completion(get.clone()).await;
    let status = waited.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(
        status.message().contains("without inputs and outputs"),
        "{status:?}"
    );
    get.get_inputs_and_outputs = false;
    let found = rpc.get_instance(get).await.unwrap().into_inner();
    assert!(found.exists);

    for number in 0..4 {
        let id = format!("page-{number}");
        let input = "y".repeat(MIB / 2);
        client.start("Order", &id, Some(&input)).await.unwrap();
        client.ended(&id).await.unwrap();
    }
    let mut query = InstanceQuery {
        fetch_inputs_and_outputs: true,
        instance_id_prefix: Some("page-".to_owned()),
        ..InstanceQuery::default()
    };
    let mut seen = 0;
    loop {
        let request = QueryInstancesRequest {
            query: Some(query.clone()),
        };
        let page = rpc.query_instances(request).await.unwrap().into_inner();
        seen += page.orchestration_state.len();
        query.continuation_token = page.continuation_token;
        if query.continuation_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, 4);
}
