//! What becomes of what a fan-out has started and no longer waits for; retries beside the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use durascope_sdk::ExternalEvent;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::Outcomes;
use durascope_sdk::RetryPolicy;
use durascope_sdk::StartOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerHandle;
use futures_util::StreamExt;

use super::*;

type Items = Vec<String>;
type Each = Outcomes<String, String>;

const CHILD: Orchestration<String, String> = Orchestration::named("Child");
const CANCELED: Orchestration<Items, Each> = Orchestration::named("Canceled");
const LATE: Orchestration<Items, Each> = Orchestration::named("Late");
const FIRST: Orchestration<Items, String> = Orchestration::named("First");
const FLAKY: Activity<String, u32> = Activity::named("Flaky");
const RETRIED: Orchestration<Items, Vec<u32>> = Orchestration::named("Retried");
const STOP: ExternalEvent<String> = ExternalEvent::named("Stop");

async fn child(ctx: OrchestrationContext, item: String) -> Result<String, TaskFailed> {
    ctx.call(&STEP, item).await
}

async fn canceled(ctx: OrchestrationContext, items: Items) -> Result<Each, FanOutError> {
    ctx.fan_out(&CHILD, items)
        .child_ids("child")
        .terminate_children()
        .cancel_on(&STOP)
        .concurrency(3)
        .outcomes()
        .await
}

async fn late(ctx: OrchestrationContext, items: Items) -> Result<Each, FanOutError> {
    ctx.fan_out(&CHILD, items)
        .child_ids("child")
        .terminate_children()
        .timeout(Duration::from_millis(500))
        .outcomes()
        .await
}

/// The item that ends first; the stream is dropped with the rest under way.
async fn first(ctx: OrchestrationContext, items: Items) -> Result<String, FanOutError> {
    let mut stream = ctx
        .fan_out(&CHILD, items)
        .child_ids("child")
        .terminate_children()
        .stream()?;
    Ok(stream.next().await.map_or_else(String::new, |it| it.item))
}

async fn retried(ctx: OrchestrationContext, items: Items) -> Result<Vec<u32>, FanOutError> {
    ctx.fan_out(&FLAKY, items)
        .retry(RetryPolicy::new(3, Duration::from_millis(10)))
        .concurrency(2)
        .all()
        .await
}

fn worker(client: &Client, gate: &Gate) -> WorkerHandle {
    let attempts: Arc<std::sync::Mutex<BTreeMap<String, u32>>> = Arc::default();
    let flaky = move |_: ActivityContext, item: String| {
        let attempt = {
            let mut attempts = attempts.lock().unwrap();
            let attempt = attempts.entry(item).or_default();
            *attempt += 1;
            *attempt
        };
        async move {
            if attempt < 2 {
                return Err(ActivityError::new("Flaky", "not yet"));
            }
            Ok(attempt)
        }
    };
    gate.register(Worker::builder(client))
        .activity(&FLAKY, flaky)
        .orchestration(&CHILD, child)
        .orchestration(&CANCELED, canceled)
        .orchestration(&LATE, late)
        .orchestration(&FIRST, first)
        .orchestration(&RETRIED, retried)
        .build()
        .unwrap()
        .start()
}

async fn start_as(client: &Client, what: &Orchestration<Items, Each>, id: &str, some: &[&str]) {
    let options = StartOptions::new().instance_id(id);
    client.start_with(what, items(some), options).await.unwrap();
}

/// Outcomes in short: `ok`, or the type of the error.
fn in_short(outcomes: &Each) -> Vec<&str> {
    outcomes
        .iter()
        .map(|it| match &it.result {
            Ok(_) => "ok",
            Err(failed) => &failed.details.error_type,
        })
        .collect()
}

#[tokio::test]
async fn an_event_terminates_the_children_and_keeps_what_is_finished() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate);
    start_as(&client, &CANCELED, "parent", &["a", "b?", "c?", "d?", "e"]).await;
    // The first has ended when the fourth runs.
    gate.until_waiting(3).await;
    let why = "enough".to_owned();
    client.raise_event("parent", &STOP, why).await.unwrap();
    // The gate is still closed.
    let outcomes: Each = end(&client, "parent").await.output().unwrap();
    let canceled = TaskFailed::CANCELED;
    assert_eq!(
        in_short(&outcomes),
        ["ok", canceled, canceled, canceled, canceled]
    );
    for index in 1..=3 {
        let state = end(&client, &format!("parent-child-{index}")).await;
        assert_eq!(state.status, OrchestrationStatus::Terminated, "{index}");
    }
    let never = client.get("parent-child-4").await.unwrap();
    assert!(never.is_none(), "nothing starts after the event: {never:?}");
    gate.open(10);
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn a_child_that_takes_too_long_is_terminated_alone() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate);
    start_as(&client, &LATE, "parent", &["a", "b?", "c"]).await;
    let outcomes: Each = end(&client, "parent").await.output().unwrap();
    assert_eq!(in_short(&outcomes), ["ok", TaskFailed::TIMED_OUT, "ok"]);
    let state = end(&client, "parent-child-1").await;
    assert_eq!(state.status, OrchestrationStatus::Terminated);
    gate.open(10);
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_dropped_terminates_what_runs() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate);
    let options = StartOptions::new().instance_id("parent");
    let some = items(&["a?", "b?", "c"]);
    client.start_with(&FIRST, some, options).await.unwrap();
    let item: String = end(&client, "parent").await.output().unwrap();
    assert_eq!(item, "c", "in the order in which they end");
    for index in 0..2 {
        let state = end(&client, &format!("parent-child-{index}")).await;
        assert_eq!(state.status, OrchestrationStatus::Terminated, "{index}");
    }
    gate.open(10);
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn each_item_has_attempts_of_its_own() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate);
    let some = items(&["a", "b", "c", "d", "e"]);
    let id = client.start(&RETRIED, some).await.unwrap();
    assert_eq!(
        end(&client, &id).await.output::<Vec<u32>>().unwrap(),
        [2; 5]
    );
    let events = events(&client, &id).await;
    assert_eq!(count(&events, is_scheduled), 10);
    let is_timer = |it: &EventType| matches!(it, EventType::TimerFired(_));
    assert_eq!(count(&events, is_timer), 5);
    worker.stop().await.unwrap();
}
