//! The Rust SDK given what it cannot use: a clear error where it happens, and the worker goes on.

use std::sync::Arc;
use std::sync::Mutex;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::CallOptions;
use durascope_sdk::Client;
use durascope_sdk::ExternalEvent;
use durascope_sdk::FailureDetails;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::StartOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerBuilder;
use durascope_sdk::worker::WorkerHandle;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use serde_json::Value;
use serde_json::json;

const PRICE: Activity<Vec<u64>, u64> = Activity::named("Price");
const NUMBERS: Activity<(), Value> = Activity::named("Numbers");
const CALL: Orchestration<Value, u64> = Orchestration::named("Call");
const READ: Orchestration<(), Vec<u64>> = Orchestration::named("Read");
const LISTEN: Orchestration<Vec<u64>, u64> = Orchestration::named("Listen");
const GO: ExternalEvent<u64> = ExternalEvent::named("Go");

/// An emulator, a client and a worker.
struct World {
    client: Client,
    worker: WorkerHandle,
    /// Killed when the test ends.
    _emulator: Emulator,
}

impl World {
    fn start(register: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let text = format!("Endpoint={};TaskHub=default", emulator.endpoint());
        let client = Client::connect(text.as_str()).unwrap();
        let worker = register(Worker::builder(&client)).build().unwrap().start();
        Self {
            client,
            worker,
            _emulator: emulator,
        }
    }

    /// How the instance `id` failed.
    async fn failure(&self, id: &str) -> FailureDetails {
        let state = self.client.wait_for_completion(id, DEADLINE).await.unwrap();
        state.failure.clone().unwrap_or_else(|| panic!("{state:?}"))
    }

    /// Starts by name, so that the input may be of any type, and tells how it failed.
    async fn failed_start(&self, name: &str, id: &str, input: Value) -> FailureDetails {
        let options = StartOptions::new().instance_id(id);
        let started = self.client.start_by_name(name, input, options).await;
        self.failure(&started.unwrap()).await
    }
}

const BREAK: Activity<String, u64> = Activity::named("Break");
const BREAK_BLOCKING: Activity<String, u64> = Activity::named("BreakBlocking");
const RELAY: Orchestration<String, u64> = Orchestration::named("Relay");

/// Says where it is called, as a panic on the same line does.
macro_rules! here_and {
    ($place:expr, $panic:expr) => {{
        *$place.lock().unwrap() = format!("{}:{}:", file!(), line!());
        $panic
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_a_failure_with_its_place_and_the_worker_lives() {
    let place = Arc::new(Mutex::new(String::new()));
    let (first, second, third) = (place.clone(), place.clone(), place.clone());
    let world = World::start(|builder| {
        builder
            .activity(&BREAK, move |_: ActivityContext, how: String| {
                let place = first.clone();
                async move {
                    // On another thread than the one that began it, as a rule.
                    tokio::task::yield_now().await;
                    if how == "activity" {
                        here_and!(place, panic!("async {how}"));
                    }
                    Ok::<_, String>(7)
                }
            })
            .blocking_activity(&BREAK_BLOCKING, move |_, how: String| {
                if how == "blocking" {
                    here_and!(second, panic!("blocking {how}"));
                }
                Ok::<_, String>(8)
            })
            .orchestration(&RELAY, move |ctx: OrchestrationContext, how: String| {
                let place = third.clone();
                async move {
                    let sum = ctx.call(&BREAK, how.clone()).await?
                        + ctx.call(&BREAK_BLOCKING, how.clone()).await?;
                    if how == "orchestration" {
                        here_and!(place, panic!("after {sum}"));
                    }
                    Ok::<_, TaskFailed>(sum)
                }
            })
    });
    for (how, text) in [
        ("activity", "async activity (at "),
        ("blocking", "blocking blocking (at "),
        ("orchestration", "after 15 (at "),
    ] {
        let failure = world.failed_start("Relay", how, json!(how)).await;
        let panicked = failure.inner.as_deref().unwrap_or(&failure);
        assert_eq!(panicked.error_type, "Panic", "{failure:?}");
        let expected = format!("{text}{}", place.lock().unwrap());
        assert!(
            panicked.message.starts_with(&expected),
            "{expected}: {failure:?}"
        );
    }
    let id = world
        .client
        .start(&RELAY, "whole".to_owned())
        .await
        .unwrap();
    let state = world.client.wait_for_completion(&id, DEADLINE).await;
    assert_eq!(state.unwrap().output::<u64>().unwrap(), 15);
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_that_does_not_parse_is_named_down_to_its_place_in_the_json() {
    let world = World::start(|builder| {
        builder
            .activity(&PRICE, |_: ActivityContext, prices: Vec<u64>| async move {
                Ok::<_, String>(prices.into_iter().sum())
            })
            .activity(&NUMBERS, |_: ActivityContext, ()| async move {
                Ok::<_, String>(json!([1, 2, {"three": 3}]))
            })
            .orchestration(&CALL, |ctx: OrchestrationContext, prices: Value| async move {
                let price = ctx.call_by_name(PRICE.name(), prices, CallOptions::new());
                price.await
            })
            .orchestration(&READ, |ctx: OrchestrationContext, ()| async move {
                let numbers = ctx.call_by_name(NUMBERS.name(), (), CallOptions::new());
                numbers.await
            })
            .orchestration(&LISTEN, |ctx: OrchestrationContext, _: Vec<u64>| async move {
                ctx.wait_for_event(&GO).await
            })
    });
    // The input of an activity: who, which call of which instance, where in it.
    let failure = world.failed_start("Call", "x", json!([1, "two"])).await;
    let expected = "input of activity \"Price\" (instance \"x\", task 1): [1]: \
                    invalid type: string \"two\", expected u64";
    assert!(failure.message.contains(expected), "{failure:?}");
    assert_eq!(failure.inner.as_ref().unwrap().error_type, "PayloadError");
    assert!(failure.inner.unwrap().non_retriable);
    // Its output, where it is read.
    let failure = world.failed_start("Read", "y", Value::Null).await;
    let expected = "output of activity \"Numbers\" (task 1): [2]: invalid type: map";
    assert!(failure.message.contains(expected), "{failure:?}");
    // The input of an orchestration.
    let failure = world.failed_start("Listen", "z", json!([[]])).await;
    let expected = "input of orchestration \"Listen\" (instance \"z\"): [0]: invalid type";
    assert!(failure.message.starts_with(expected), "{failure:?}");
    // An event.
    let id = world.client.start(&LISTEN, vec![]).await.unwrap();
    let raised = world
        .client
        .raise_event_by_name(&id, "go", json!("no number"));
    raised.await.unwrap();
    let failure = world.failure(&id).await;
    let expected = "payload of external event \"Go\": invalid type: string \"no number\"";
    assert!(failure.message.contains(expected), "{failure:?}");
    // An output that the client reads as something else.
    let id = world.client.start(&CALL, json!([1, 2])).await.unwrap();
    let state = world.client.wait_for_completion(&id, DEADLINE).await;
    let misread = state.unwrap().output::<Vec<String>>().unwrap_err();
    let expected = format!("output of instance {id:?}: invalid type: integer `3`");
    assert!(misread.to_string().starts_with(&expected), "{misread}");
    world.worker.stop().await.unwrap();
}

const LARGE: Orchestration<String, String> = Orchestration::named("Large");
/// Above what a message of the protocol may hold for most clients.
const TOO_LARGE: usize = 5 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orchestration_that_gives_too_much_fails_with_what_it_was_and_the_worker_lives() {
    let world = World::start(|builder| {
        builder.orchestration(
            &LARGE,
            |ctx: OrchestrationContext, what: String| async move {
                let text = "x".repeat(TOO_LARGE);
                match what.as_str() {
                    "status" => ctx.set_custom_status(&text)?,
                    "again" => return ctx.continue_as_new(text),
                    "output" => return Ok(text),
                    _ => {}
                }
                Ok::<_, OrchestrationError>(what)
            },
        )
    });
    for (what, named) in [
        ("status", "custom status"),
        ("again", "input"),
        ("output", "output"),
    ] {
        let id = world.client.start(&LARGE, what.to_owned()).await.unwrap();
        let failure = world.failure(&id).await;
        assert_eq!(failure.error_type, "PayloadTooLarge", "{failure:?}");
        assert!(failure.message.contains(named), "{what}: {failure:?}");
        assert!(
            failure.message.contains(" bytes, ") && failure.message.contains("limit"),
            "{what}: {failure:?}"
        );
    }
    let id = world.client.start(&LARGE, "fine".to_owned()).await.unwrap();
    let state = world.client.wait_for_completion(&id, DEADLINE).await;
    assert_eq!(state.unwrap().output::<String>().unwrap(), "fine");
    world.worker.stop().await.unwrap();
}
