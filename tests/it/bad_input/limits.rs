//! What is just within the limits is taken, and what is no rpc at all is not.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::CreateTimerAction;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::SignalEntityRequest;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events::kinds;
use durascope_tests::events::scheduled_ids;
use prost_types::Timestamp;
use tonic::Code;

use super::ID_CHARS_MAX;
use super::MESSAGE_BYTES_MAX;
use super::raw;
use super::raw::Call;
use crate::protocol::Server;

/// Parts of one answer that are kept at most.
const PARTS_MAX: i32 = 1_000;

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
    let emulator = Emulator::start(&[
        "--ephemeral",
        "--max-message-bytes",
        &limit,
        // What is accepted must not be refused for what could be sent.
        "--max-sent-message-bytes",
        "8388608",
    ])
    .unwrap();
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

/// Times that no calendar has are taken for the ends of time, and survive a restart as such.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_timers_and_signals_at_the_ends_of_time_are_kept_or_due() {
    let folder = tempfile::tempdir().unwrap();
    let mut emulator = Emulator::on_file(&folder.path().join("emulator.db")).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    let end = Timestamp {
        seconds: i64::MAX,
        nanos: i32::MAX,
    };
    let beginning = Timestamp {
        seconds: i64::MIN,
        nanos: i32::MIN,
    };
    let start = |id: &str, at: Timestamp| CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: "Order".to_owned(),
        scheduled_start_timestamp: Some(at),
        ..CreateInstanceRequest::default()
    };
    client.start_with(start("never", end)).await.unwrap();
    client.start_with(start("now", beginning)).await.unwrap();
    let signal = SignalEntityRequest {
        instance_id: "@counter@never".to_owned(),
        name: "Add".to_owned(),
        scheduled_time: Some(end),
        ..SignalEntityRequest::default()
    };
    client.rpc.clone().signal_entity(signal).await.unwrap();
    let timer = |id: i32, fire_at: Timestamp| OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::CreateTimer(CreateTimerAction {
            fire_at: Some(fire_at),
        })),
    };
    let timers = vec![timer(0, end), timer(1, beginning)];
    let turn = worker.answer_turn(timers).await.unwrap();
    assert_eq!(turn.request.instance_id, "now");
    let turn = worker.turn().await.unwrap();
    let expected = ["OrchestratorStarted", "TimerFired"];
    assert_eq!(kinds(&turn.request.new_events), expected);
    client.complete_turn(&turn, vec![]).await.unwrap();

    emulator.kill().unwrap();
    emulator.restart().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    client.raise("now", "Go", None).await.unwrap();
    let done = vec![actions::succeed(2, "1")];
    let turn = worker.answer_turn(done).await.unwrap();
    let expected = ["OrchestratorStarted", "EventRaised"];
    assert_eq!(kinds(&turn.request.new_events), expected);
    client.terminate("never", None, false).await.unwrap();
    for id in ["now", "never"] {
        let ended = client.ended(id).await.unwrap();
        let at = ended.completed_timestamp.unwrap();
        assert!(at.seconds < 4_102_444_800, "{id} ended in {at:?}");
    }
}

/// What comes twice is no part too many.
#[tokio::test]
async fn an_answer_has_its_greatest_number_of_parts() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    #[expect(deprecated, reason = "Java and .NET still answer in parts")]
    let part = |index: i32| OrchestratorResponse {
        is_partial: true,
        chunk_index: Some(index),
        ..turn.response(vec![actions::schedule(index, "Pack", None)])
    };
    for index in 0..PARTS_MAX {
        client.complete_turn_with(part(index)).await.unwrap();
    }
    let too_many = client.complete_turn_with(part(PARTS_MAX)).await;
    let status = too_many.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.message().contains("1000"), "{}", status.message());
    let last = part(PARTS_MAX - 1);
    client.complete_turn_with(last).await.unwrap();
    client.complete_turn(&turn, vec![]).await.unwrap();
    let history = client.history("order").await.unwrap();
    let scheduled = scheduled_ids(&history);
    assert_eq!(scheduled, Vec::from_iter(0..PARTS_MAX));
}
