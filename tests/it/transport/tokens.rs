//! Tokens and metadata on every call, renewed in time, and connections that break.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerHandle;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use durascope_tests::front::Mishap;

use super::*;

const ECHO: Activity<String, String> = Activity::named("Echo");
const RELAY: Orchestration<String, String> = Orchestration::named("Relay");

async fn echo(_ctx: ActivityContext, text: String) -> anyhow::Result<String> {
    Ok(text)
}

async fn relay(ctx: OrchestrationContext, text: String) -> Result<String, TaskFailed> {
    ctx.call(&ECHO, text).await
}

fn worker(client: &Client) -> WorkerHandle {
    Worker::builder(client)
        .orchestration(&RELAY, relay)
        .activity(&ECHO, echo)
        .build()
        .unwrap()
        .start()
}

async fn round_trip(client: &Client) {
    let id = client.start(&RELAY, "hello".to_owned()).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.output::<String>().unwrap(), "hello");
}

fn streams(front: &Front) -> usize {
    front.count("GetWorkItems")
}

#[tokio::test]
async fn every_call_of_client_and_worker_carries_token_and_metadata() {
    let emulator = Emulator::ephemeral().unwrap();
    let front = Front::start(emulator.endpoint(), HUB).await.unwrap();
    let client = Client::connect(options(&front, LONG)).unwrap();
    let worker = worker(&client);
    round_trip(&client).await;
    worker.stop().await.unwrap();

    let seen = front.seen();
    assert!(seen.iter().all(|call| call.let_through), "{seen:#?}");
    for call in &seen {
        assert!(
            call.header("authorization").starts_with("Bearer token-"),
            "{call:?}"
        );
        assert_eq!(call.header("taskhub"), HUB);
        assert!(
            call.header("x-user-agent").starts_with("durabletask-rust/"),
            "{call:?}"
        );
        let is_workers = call.header("x-user-agent").ends_with("(DurableTaskWorker)");
        assert_eq!(is_workers, !call.header("workerid").is_empty(), "{call:?}");
    }
    let workers = seen
        .iter()
        .filter(|call| !call.header("workerid").is_empty());
    let methods: Vec<&str> = workers.map(|call| call.method.as_str()).collect();
    for method in [
        "Hello",
        "GetWorkItems",
        "CompleteOrchestratorTask",
        "CompleteActivityTask",
    ] {
        assert!(methods.contains(&method), "{methods:?}");
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_after_a_refusal() {
    let emulator = Emulator::ephemeral().unwrap();
    let front = Front::start(emulator.endpoint(), HUB).await.unwrap();

    // A second is so short that half of it is soon over: none is ever refused.
    let hasty = Client::connect(options(&front, Duration::from_secs(1))).unwrap();
    let tokens = front.tokens();
    while tokens.count() < 3 {
        hasty.hello().await.unwrap();
    }
    assert!(front.seen().iter().all(|call| call.let_through));

    let patient = Client::connect(options(&front, LONG)).unwrap();
    patient.hello().await.unwrap();
    tokens.revoke();
    patient.hello().await.unwrap();
    let seen = front.seen();
    let last: Vec<bool> = seen
        .iter()
        .rev()
        .take(2)
        .map(|call| call.let_through)
        .collect();
    assert_eq!(last, [true, false], "refused once, then a new token");
}

#[tokio::test]
async fn a_worker_goes_on_when_its_token_ends_or_its_connection_is_cut() {
    let emulator = Emulator::ephemeral().unwrap();
    let front = Front::start(emulator.endpoint(), HUB).await.unwrap();
    let client = Client::connect(options(&front, LONG)).unwrap();
    let worker = worker(&client);
    round_trip(&client).await;
    assert_eq!(streams(&front), 1);

    front.tokens().revoke();
    front.until(|seen| open_streams(seen) == 2).await.unwrap();
    round_trip(&client).await;

    front.relay().cut();
    front.until(|seen| open_streams(seen) == 3).await.unwrap();
    round_trip(&client).await;
    worker.stop().await.unwrap();
}

fn open_streams(seen: &[durascope_tests::front::Seen]) -> usize {
    let streams = seen.iter().filter(|call| call.method == "GetWorkItems");
    streams.filter(|call| call.let_through).count()
}

#[tokio::test]
async fn only_what_is_safe_is_repeated() {
    let emulator = Emulator::ephemeral().unwrap();
    let front = Front::start(emulator.endpoint(), HUB).await.unwrap();
    let client = Client::connect(options(&front, LONG)).unwrap();

    // A start under an id of ours is the same start, even if it had arrived.
    front.next("StartInstance", Mishap::AnswerLost);
    let id = client.start(&RELAY, "hello".to_owned()).await.unwrap();
    assert_eq!(front.count("StartInstance"), 2);
    assert!(client.get(&id).await.unwrap().is_some());

    // An event that arrived may not come twice: the caller is told instead.
    front.next("RaiseEvent", Mishap::AnswerLost);
    let error = client.raise_event_by_name(&id, "Go", 1).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Unavailable { .. }),
        "{error:?}"
    );
    assert_eq!(front.count("RaiseEvent"), 1);

    // A server that never answers does not hang its client.
    let hasty = options(&front, LONG).with_call_timeout(Duration::from_millis(300));
    let hasty = Client::connect(hasty).unwrap();
    hasty.hello().await.unwrap();
    front.next("GetInstance", Mishap::Silence);
    let error = hasty.get(&id).await.unwrap_err();
    assert!(
        matches!(error, ClientError::DeadlineExceeded { .. }),
        "{error:?}"
    );
}
