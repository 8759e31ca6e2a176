//! What the server does beside its calls: limits, hubs, health, reflection, an orderly end.

use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use durascope_emulator::Config;
use durascope_proto::CompleteTaskResponse;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::EncodedWorkItem;
use durascope_proto::GetInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::StreamInstanceHistoryRequest;
use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::monitor_client::MonitorClient;
use tonic::Code;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::Served;

fn with_hub<T>(message: T, hub: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = MetadataValue::try_from(hub.as_bytes()).unwrap();
    request.metadata_mut().insert("taskhub", value);
    request
}

#[tokio::test]
async fn message_above_the_limit_is_refused_by_name_and_the_next_one_is_served() {
    let served = Served::with(Config {
        message_bytes_max: 4 * 1024 * 1024,
        ..Config::ephemeral()
    })
    .await;
    let refused = served
        .client()
        .start_instance(CreateInstanceRequest {
            instance_id: "large".to_owned(),
            name: "Order".to_owned(),
            input: Some("x".repeat(4 * 1024 * 1024)),
            ..CreateInstanceRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert!(refused.message().contains("4194304"), "{refused:?}");
    assert!(refused.message().contains("--max-message-bytes"));
    served.client().hello(()).await.unwrap();
    served.running.stop().await;
}

#[tokio::test]
async fn malformed_message_is_the_callers_fault_and_harms_nobody() {
    let served = Served::ephemeral().await;
    let mut rpc = Grpc::new(served.channel.clone());
    rpc.ready().await.unwrap();
    // Field 1 claims more bytes than there are.
    let broken = EncodedWorkItem(Bytes::from_static(&[0x0a, 0x7f, 0x01]));
    let codec = ProstCodec::<EncodedWorkItem, CompleteTaskResponse>::default();
    let path = PathAndQuery::from_static("/TaskHubSidecarService/CompleteOrchestratorTask");
    let refused = rpc
        .unary(Request::new(broken), path, codec)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    served.client().hello(()).await.unwrap();
    served.running.stop().await;
}

#[tokio::test]
async fn strict_hubs_refuse_other_names_and_lists_begin_with_the_default() {
    let served = Served::with(Config {
        task_hubs: vec!["orders".to_owned(), "mail".to_owned()],
        strict_hubs: true,
        ..Config::ephemeral()
    })
    .await;
    let mut client = served.client();
    client.hello(()).await.unwrap();
    client.hello(with_hub((), "mail")).await.unwrap();
    let refused = client.hello(with_hub((), "other")).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.message(), "Task hub not found: other");
    let mut monitor = MonitorClient::new(served.channel.clone());
    let hubs = monitor.list_task_hubs(durascope_proto::monitor::ListTaskHubsRequest {});
    assert_eq!(hubs.await.unwrap().into_inner().names, ["mail", "orders"]);
    served.running.stop().await;
}

#[tokio::test]
async fn unknown_instance_is_absent_and_its_history_empty() {
    let served = Served::ephemeral().await;
    let mut client = served.client();
    let request = || GetInstanceRequest {
        instance_id: "nobody".to_owned(),
        get_inputs_and_outputs: true,
    };
    let found = client.get_instance(request()).await.unwrap();
    assert!(!found.into_inner().exists);
    let waited = client.wait_for_instance_start(request()).await.unwrap();
    assert!(!waited.into_inner().exists);
    let waited = client
        .wait_for_instance_completion(request())
        .await
        .unwrap();
    assert!(!waited.into_inner().exists);
    let mut history = client
        .stream_instance_history(StreamInstanceHistoryRequest {
            instance_id: "nobody".to_owned(),
            ..StreamInstanceHistoryRequest::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(history.message().await.unwrap(), None);
    served.running.stop().await;
}

#[tokio::test]
async fn health_and_reflection_know_both_services() {
    let served = Served::ephemeral().await;
    let mut health = HealthClient::new(served.channel.clone());
    for service in ["", "TaskHubSidecarService", "durascope.monitor.v1.Monitor"] {
        let answer = health
            .check(HealthCheckRequest {
                service: service.to_owned(),
            })
            .await
            .unwrap();
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    }
    let names = reflected(&served).await;
    for name in [
        "TaskHubSidecarService",
        "durascope.monitor.v1.Monitor",
        "grpc.health.v1.Health",
    ] {
        assert!(names.iter().any(|it| it == name), "{name} in {names:?}");
    }
    served.running.stop().await;
}

#[tokio::test]
async fn without_the_feed_the_official_service_is_all_there_is() {
    let served = Served::with(Config {
        feed: false,
        ..Config::ephemeral()
    })
    .await;
    served.client().hello(()).await.unwrap();
    let mut monitor = MonitorClient::new(served.channel.clone());
    let watched = monitor.watch(tokio_stream::iter([WatchRequest::default()]));
    assert_eq!(watched.await.unwrap_err().code(), Code::Unimplemented);
    let mut health = HealthClient::new(served.channel.clone());
    let asked = health.check(HealthCheckRequest {
        service: "durascope.monitor.v1.Monitor".to_owned(),
    });
    assert_eq!(asked.await.unwrap_err().code(), Code::NotFound);
    let names = reflected(&served).await;
    assert!(names.iter().any(|it| it == "TaskHubSidecarService"));
    assert!(!names.iter().any(|it| it.contains("Monitor")), "{names:?}");
    served.running.stop().await;
}

/// The services that reflection names.
async fn reflected(served: &Served) -> Vec<String> {
    let mut reflection = ServerReflectionClient::new(served.channel.clone());
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = reflection
        .server_reflection_info(tokio_stream::iter([question]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    list.service.into_iter().map(|it| it.name).collect()
}

#[tokio::test]
async fn stop_ends_open_streams_and_waits_in_time() {
    let served = Served::ephemeral().await;
    served.start("waited-for", "Order").await;
    let mut worker = served
        .client()
        .get_work_items(GetWorkItemsRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut monitor = MonitorClient::new(served.channel.clone());
    let mut feed = monitor
        .watch(tokio_stream::iter([WatchRequest::default()]))
        .await
        .unwrap()
        .into_inner();
    assert!(feed.message().await.unwrap().is_some());
    let mut client = served.client();
    let waiting = tokio::spawn(async move {
        client
            .wait_for_instance_completion(GetInstanceRequest {
                instance_id: "waited-for".to_owned(),
                get_inputs_and_outputs: false,
            })
            .await
    });
    let begun = Instant::now();
    served.running.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    let refused = waiting.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    // The official workers take an end without an error as a graceful one.
    while let Some(_item) = worker.message().await.unwrap() {}
    while let Some(_update) = feed.message().await.unwrap() {}
}
