//! The public API reads as documented, and without a server it says what is wrong.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::BoxError;
use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_sdk::ConnectOptions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::WorkerError;
use durascope_sdk::transport::AccessToken;
use durascope_sdk::transport::TokenProvider;
use futures_util::future::BoxFuture;

const ECHO: Activity<String, String> = Activity::named("Echo");
const RELAY: Orchestration<String, String> = Orchestration::named("Relay");
const COUNT: Orchestration<u32, u32> = Orchestration::named("Count");

async fn echo(_ctx: ActivityContext, text: String) -> Result<String, BoxError> {
    Ok(text)
}

async fn relay(ctx: OrchestrationContext, text: String) -> Result<String, TaskFailed> {
    ctx.call(&ECHO, text).await
}

async fn count(ctx: OrchestrationContext, number: u32) -> Result<u32, OrchestrationError> {
    if number < 3 {
        return ctx.continue_as_new(number + 1);
    }
    Ok(number)
}

/// A port where nobody listens: bound once, then given back.
fn nowhere() -> ConnectOptions {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
    ConnectOptions::new(&endpoint, "default").expect("a valid endpoint")
}

#[tokio::test]
async fn a_name_registered_twice_is_an_error_at_build() {
    let client = Client::connect(nowhere()).unwrap();
    let built = Worker::builder(&client)
        .orchestration(&RELAY, relay)
        .orchestration(&COUNT, count)
        .activity(&ECHO, echo)
        .activity(&ECHO, echo)
        .build();
    let error = built.unwrap_err();
    assert!(matches!(error, WorkerError::Duplicate { .. }), "{error:?}");
    assert_eq!(error.to_string(), "activity \"Echo\" is registered twice");
}

#[tokio::test]
async fn an_unreachable_server_is_named_unavailable_after_retries() {
    let client = Client::connect(nowhere()).unwrap();
    let error = client.start(&RELAY, "hi".into()).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Unavailable { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().to_lowercase().contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_wait_ends_at_its_deadline_though_no_server_ever_answers() {
    let client = Client::connect(nowhere()).unwrap();
    let error = client
        .wait_for_completion("x", Duration::from_millis(300))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        ClientError::DeadlineExceeded { .. } | ClientError::Unavailable { .. }
    ));
}

#[tokio::test]
async fn a_worker_without_a_server_stops_at_once() {
    let client = Client::connect(nowhere()).unwrap();
    let worker = Worker::builder(&client)
        .orchestration(&RELAY, relay)
        .build()
        .unwrap()
        .start();
    tokio::time::timeout(Duration::from_secs(10), worker.stop())
        .await
        .unwrap()
        .unwrap();
}

#[cfg(not(feature = "azure"))]
#[tokio::test]
async fn azure_credentials_are_refused_with_a_way_out() {
    let text = "Endpoint=https://x.durabletask.io;TaskHub=h;Authentication=DefaultAzure";
    let error = Client::connect(text).unwrap_err();
    assert!(
        matches!(error, ClientError::AuthenticationNotSupported { .. }),
        "{error:?}"
    );
    let message = error.to_string();
    assert!(
        message.contains("Authentication=DefaultAzure needs the feature \"azure\""),
        "{message}"
    );
    assert!(message.contains("with_token_provider"), "{message}");
}

struct Fixed;

impl TokenProvider for Fixed {
    fn token<'a>(&'a self, _scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>> {
        Box::pin(async { Ok(AccessToken::new("secret", None)) })
    }
}

#[tokio::test]
async fn a_token_does_not_cross_the_network_in_clear() {
    let remote = ConnectOptions::new("http://192.0.2.1:8080", "h").unwrap();
    let error = Client::connect(remote.with_token_provider(Fixed)).unwrap_err();
    assert!(
        matches!(error, ClientError::CredentialsInClear { .. }),
        "{error:?}"
    );
    let local = ConnectOptions::new("http://127.0.0.1:8080", "h").unwrap();
    let client = Client::connect(local.with_token_provider(Fixed)).unwrap();
    assert!(!format!("{client:?}").contains("secret"));
}

#[tokio::test]
async fn a_task_hub_that_no_header_can_hold_is_refused() {
    let options = ConnectOptions::new("http://127.0.0.1:8080", "h\nx").unwrap();
    let error = Client::connect(options).unwrap_err();
    assert!(error.to_string().contains("task hub \"h\\nx\""), "{error}");
}

#[tokio::test]
async fn an_event_without_a_name_is_not_sent() {
    let client = Client::connect(nowhere()).unwrap();
    let raised = client.raise_event_by_name("order-1", "", 7).await;
    assert_eq!(
        raised.unwrap_err().to_string(),
        "invalid argument: the name of an external event must not be empty"
    );
}
