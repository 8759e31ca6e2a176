//! What is just within the limits is taken, and what is no rpc at all is not.

use durascope_proto::CreateInstanceRequest;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use prost_types::Timestamp;
use tonic::Code;

use super::ID_CHARS_MAX;
use super::MESSAGE_BYTES_MAX;
use super::raw;
use super::raw::Call;
use crate::protocol::Server;

#[tokio::test]
async fn the_longest_id_is_counted_in_characters() {
    let server = Server::start().await;
    let longest = "ü".repeat(ID_CHARS_MAX);
    let started = server.client.start("Order", &longest, None).await.unwrap();
    assert_eq!(started, longest);
    assert!(server.client.state(&longest).await.unwrap().is_some());
}

#[tokio::test]
async fn the_largest_message_is_taken() {
    let limit = MESSAGE_BYTES_MAX.to_string();
    let emulator = Emulator::start(&["--ephemeral", "--max-message-bytes", &limit]).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let input = "x".repeat(MESSAGE_BYTES_MAX - 1_000);
    client.start("Order", "fits", Some(&input)).await.unwrap();
    let state = client.state("fits").await.unwrap().unwrap();
    assert_eq!(state.input.as_ref(), Some(&input));
}

#[tokio::test]
async fn hubs_that_are_listed_are_known_and_the_first_is_everybodys() {
    let arguments = ["--ephemeral", "--strict-hubs", "--task-hubs", "red,blue"];
    let emulator = Emulator::start(&arguments).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    for known in ["red", "blue"] {
        let client = client.hub(known).unwrap();
        client.start("Order", known, None).await.unwrap();
    }
    let unnamed = client.without_hub();
    assert!(unnamed.state("red").await.unwrap().is_some());
    assert!(unnamed.state("blue").await.unwrap().is_none());
}

#[tokio::test]
async fn an_unknown_rpc_is_not_implemented() {
    let server = Server::start().await;
    let call = Call {
        rpc: "NoSuchMethod".to_owned(),
        hub: None,
        deadline: None,
        body: Vec::new(),
    };
    let status = raw::call(&server.client, &call).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

/// Times that no calendar has are taken for the ends of time.
#[tokio::test]
async fn a_start_at_the_end_of_time_waits_and_one_before_all_time_does_not() {
    let server = Server::start().await;
    let client = &server.client;
    let _serving = server.finish_everything().await;
    let at = |id: &str, seconds: i64, nanos: i32| CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: "Order".to_owned(),
        scheduled_start_timestamp: Some(Timestamp { seconds, nanos }),
        ..CreateInstanceRequest::default()
    };
    client
        .start_with(at("never", i64::MAX, i32::MAX))
        .await
        .unwrap();
    client
        .start_with(at("now", i64::MIN, i32::MIN))
        .await
        .unwrap();
    client.ended("now").await.unwrap();
    let never = client.state("never").await.unwrap().unwrap();
    assert!(never.scheduled_start_timestamp.is_some());
    client.terminate("never", None, false).await.unwrap();
    client.ended("never").await.unwrap();
    client.start("Order", "after", None).await.unwrap();
    client.ended("after").await.unwrap();
}
