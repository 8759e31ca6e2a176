//! The Rust SDK against the real emulator: client and worker as users write them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::monitor::monitor_client::MonitorClient;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::RetryPolicy;
use durascope_sdk::StartOptions;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerBuilder;
use durascope_sdk::worker::WorkerHandle;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::events;
use futures_util::TryStreamExt;
use futures_util::future::Either;
use futures_util::future::select;
use futures_util::future::try_join_all;
use tonic::Streaming;
use tonic::transport::Endpoint;

const SQUARE: Activity<u64, u64> = Activity::named("Square");
const FLAKY: Activity<u64, u64> = Activity::named("Flaky");
const SUM: Orchestration<u64, u64> = Orchestration::named("SumOfSquares");
const RETRY: Orchestration<u64, u64> = Orchestration::named("Retry");
const TREE: Orchestration<u32, u32> = Orchestration::named("Tree");
const APPROVE: Orchestration<u64, String> = Orchestration::named("Approve");
const COLLECT: Orchestration<Vec<u64>, Vec<u64>> = Orchestration::named("Collect");
const APPROVAL: ExternalEvent<String> = ExternalEvent::named("Approval");
const ITEM: ExternalEvent<u64> = ExternalEvent::named("Item");
const ITEMS: usize = 4;

async fn square(_: ActivityContext, number: u64) -> Result<u64, ActivityError> {
    Ok(number * number)
}

async fn sum(ctx: OrchestrationContext, count: u64) -> Result<u64, TaskFailed> {
    let squares = try_join_all((0..count).map(|number| ctx.call(&SQUARE, number))).await?;
    Ok(squares.into_iter().sum())
}

async fn retry(ctx: OrchestrationContext, good_attempt: u64) -> Result<u64, TaskFailed> {
    let policy = RetryPolicy::new(3, Duration::from_millis(100));
    ctx.call_with(&FLAKY, good_attempt, policy).await
}

async fn tree(ctx: OrchestrationContext, depth: u32) -> Result<u32, TaskFailed> {
    if depth == 0 {
        return Ok(1);
    }
    let id = |side: &str| SubOptions::new().instance_id(format!("{}-{side}", ctx.instance_id()));
    let children = ["left", "right"].map(|side| ctx.call_sub_with(&TREE, depth - 1, id(side)));
    Ok(1 + try_join_all(children).await?.into_iter().sum::<u32>())
}

async fn approve(ctx: OrchestrationContext, wait_ms: u64) -> Result<String, OrchestrationError> {
    ctx.set_custom_status("waiting")?;
    let timeout = ctx.timer(Duration::from_millis(wait_ms));
    Ok(match select(ctx.wait_for_event(&APPROVAL), timeout).await {
        Either::Left((who, _)) => format!("approved by {}", who?),
        Either::Right(((), _)) => "timed out".to_owned(),
    })
}

async fn collect(
    ctx: OrchestrationContext,
    mut seen: Vec<u64>,
) -> Result<Vec<u64>, OrchestrationError> {
    seen.push(ctx.wait_for_event(&ITEM).await?);
    if seen.len() < ITEMS {
        return ctx.continue_as_new(seen);
    }
    Ok(seen)
}

fn connect(emulator: &Emulator) -> Client {
    let text = format!(
        "Endpoint={};TaskHub=default;Authentication=None",
        emulator.endpoint()
    );
    Client::connect(text.as_str()).unwrap()
}

fn registered(client: &Client) -> WorkerBuilder {
    let attempts = Arc::new(AtomicU64::new(0));
    Worker::builder(client)
        .activity(&SQUARE, square)
        .activity(&FLAKY, move |_: ActivityContext, good_attempt: u64| {
            let attempt = attempts.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                if attempt < good_attempt {
                    let text = format!("attempt {attempt} fails");
                    return Err(ActivityError::new("Flaky", text));
                }
                Ok(attempt)
            }
        })
        .orchestration(&SUM, sum)
        .orchestration(&RETRY, retry)
        .orchestration(&TREE, tree)
        .orchestration(&APPROVE, approve)
        .orchestration(&COLLECT, collect)
}

/// An emulator, a client and a worker that knows everything above.
struct World {
    client: Client,
    worker: WorkerHandle,
    /// Killed when the test ends.
    emulator: Emulator,
}

impl World {
    fn start() -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let client = connect(&emulator);
        let worker = registered(&client).build().unwrap().start();
        Self {
            client,
            worker,
            emulator,
        }
    }

    async fn stop(self) {
        self.worker.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fan_out_of_500_gives_its_sum() {
    let world = World::start();
    let id = world.client.start(&SUM, 500).await.unwrap();
    let state = world
        .client
        .wait_for_completion(&id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(
        state.output::<u64>().unwrap(),
        (0..500).map(|n| n * n).sum::<u64>()
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activity_is_retried_until_it_succeeds_or_may_not() {
    let world = World::start();
    let id = world.client.start(&RETRY, 3).await.unwrap();
    let state = world
        .client
        .wait_for_completion(&id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.output::<u64>().unwrap(), 3);

    let id = world.client.start(&RETRY, 99).await.unwrap();
    let state = world
        .client
        .wait_for_completion(&id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.status, OrchestrationStatus::Failed);
    let failure = state.failure.unwrap();
    assert!(failure.message.contains("attempt 6 fails"), "{failure:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tree_of_children_ends_and_is_purged_as_one() {
    let world = World::start();
    let options = StartOptions::new().instance_id("root");
    world.client.start_with(&TREE, 2, options).await.unwrap();
    let state = world
        .client
        .wait_for_completion("root", DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.output::<u32>().unwrap(), 7);
    let child = world.client.get("root-left-right").await.unwrap().unwrap();
    assert_eq!(child.parent_instance_id.as_deref(), Some("root-left"));

    let purged = world.client.purge_recursive("root").await.unwrap();
    assert_eq!(purged.count, 7);
    assert!(world.client.get("root-left-right").await.unwrap().is_none());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_races_with_a_timer() {
    let world = World::start();
    let client = &world.client;
    let slow = client.start(&APPROVE, 200).await.unwrap();
    let quick = client.start(&APPROVE, 3_600_000).await.unwrap();
    let state = client.wait_for_start(&quick, DEADLINE).await.unwrap();
    assert_eq!(state.status, OrchestrationStatus::Running);
    client
        .raise_event(&quick, &APPROVAL, "Ann".to_owned())
        .await
        .unwrap();
    let state = client.wait_for_completion(&quick, DEADLINE).await.unwrap();
    assert_eq!(state.output::<String>().unwrap(), "approved by Ann");
    assert_eq!(
        state.custom_status::<String>().unwrap().as_deref(),
        Some("waiting")
    );
    let state = client.wait_for_completion(&slow, DEADLINE).await.unwrap();
    assert_eq!(state.output::<String>().unwrap(), "timed out");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn continue_as_new_loses_and_repeats_no_event() {
    let world = World::start();
    let id = world.client.start(&COLLECT, vec![]).await.unwrap();
    for number in 0..4 {
        world.client.raise_event(&id, &ITEM, number).await.unwrap();
    }
    let state = world
        .client
        .wait_for_completion(&id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.output::<Vec<u64>>().unwrap(), [0, 1, 2, 3]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspended_instance_keeps_its_event_for_later() {
    let world = World::start();
    let client = &world.client;
    let id = client.start(&APPROVE, 3_600_000).await.unwrap();
    client.wait_for_start(&id, DEADLINE).await.unwrap();
    client.suspend(&id, "lunch").await.unwrap();
    client
        .raise_event(&id, &APPROVAL, "Ben".to_owned())
        .await
        .unwrap();
    let early = client
        .wait_for_completion(&id, Duration::from_millis(300))
        .await;
    assert!(
        matches!(early, Err(ClientError::DeadlineExceeded { .. })),
        "{early:?}"
    );
    client.resume(&id, "back").await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.output::<String>().unwrap(), "approved by Ben");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_instance_has_the_given_output() {
    let world = World::start();
    let client = &world.client;
    let id = client.start(&APPROVE, 3_600_000).await.unwrap();
    client.wait_for_start(&id, DEADLINE).await.unwrap();
    client.terminate_recursive(&id, "enough").await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.status, OrchestrationStatus::Terminated);
    assert_eq!(state.raw_output.as_deref(), Some("\"enough\""));
    let missing = client.terminate("nobody", ()).await;
    assert!(
        matches!(missing, Err(ClientError::NotFound { .. })),
        "{missing:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_nobody_runs_end_at_once() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let id = client.start(&APPROVE, 1).await.unwrap();
    let ids = [id.as_str(), "nobody"];
    let left = client.skip_graceful_terminations(ids, "enough").await;
    assert_eq!(left.unwrap(), ["nobody"]);
    let state = client.get(&id).await.unwrap().unwrap();
    assert_eq!(state.status, OrchestrationStatus::Terminated);
    assert_eq!(state.raw_output.as_deref(), Some("\"enough\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_worker_hands_over_to_the_next() {
    let world = World::start();
    let id = world.client.start(&APPROVE, 3_600_000).await.unwrap();
    world.client.wait_for_start(&id, DEADLINE).await.unwrap();
    world.worker.stop().await.unwrap();
    world
        .client
        .raise_event(&id, &APPROVAL, "Cleo".to_owned())
        .await
        .unwrap();
    let next = registered(&world.client).build().unwrap().start();
    let state = world
        .client
        .wait_for_completion(&id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.output::<String>().unwrap(), "approved by Cleo");
    next.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulator_killed_in_the_middle_of_a_fan_out_costs_nothing() {
    const COUNT: u64 = 500;
    let folder = tempfile::tempdir().unwrap();
    let mut emulator = Emulator::on_file(&folder.path().join("emulator.db")).unwrap();
    let client = connect(&emulator);
    // The test sees how far the fan-out is, and stops it half way until the crash is over.
    let (done, gate) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(tokio::sync::Semaphore::new(250)),
    );
    let (half_tx, mut half_rx) = tokio::sync::mpsc::unbounded_channel();
    let activity = {
        let (done, gate) = (Arc::clone(&done), Arc::clone(&gate));
        move |_: ActivityContext, number: u64| {
            let (done, gate, half) = (Arc::clone(&done), Arc::clone(&gate), half_tx.clone());
            async move {
                let permit = gate.acquire().await.map_err(|error| error.to_string())?;
                permit.forget();
                if done.fetch_add(1, Ordering::SeqCst) + 1 == COUNT / 2 {
                    // The test may have ended.
                    half.send(()).ok();
                }
                Ok::<_, String>(number * number)
            }
        }
    };
    let worker = Worker::builder(&client)
        .activity(&SQUARE, activity)
        .orchestration(&SUM, sum)
        .build()
        .unwrap()
        .start();
    let options = StartOptions::new().instance_id("order");
    client.start_with(&SUM, COUNT, options).await.unwrap();
    tokio::time::timeout(DEADLINE, half_rx.recv())
        .await
        .unwrap()
        .unwrap();

    emulator.kill().unwrap();
    emulator.restart().unwrap();
    gate.add_permits(10_000);
    let state = client.wait_for_completion("order", DEADLINE).await.unwrap();
    assert_eq!(
        state.output::<u64>().unwrap(),
        (0..COUNT).map(|n| n * n).sum::<u64>()
    );
    worker.stop().await.unwrap();

    let raw = RawClient::connect(emulator.endpoint()).await.unwrap();
    let history = raw.history("order").await.unwrap();
    let mut answers: BTreeMap<i32, usize> = BTreeMap::new();
    for id in events::answered_ids(&history) {
        *answers.entry(id).or_default() += 1;
    }
    let expected: BTreeMap<i32, usize> = events::scheduled_ids(&history)
        .into_iter()
        .map(|id| (id, 1))
        .collect();
    assert_eq!(expected.len(), 500);
    assert_eq!(answers, expected, "one result for each activity");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_and_histories_stream_page_by_page() {
    let world = World::start();
    for number in 0..7 {
        let options = StartOptions::new().instance_id(format!("sum-{number}"));
        world.client.start_with(&SUM, 2, options).await.unwrap();
        world
            .client
            .wait_for_completion(&format!("sum-{number}"), DEADLINE)
            .await
            .unwrap();
    }
    let query = durascope_sdk::client::InstanceQuery::new()
        .id_prefix("sum-")
        .page_size(3);
    let found: Vec<_> = world.client.query(query).try_collect().await.unwrap();
    let ids: Vec<&str> = found
        .iter()
        .map(|state| state.instance_id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "sum-0", "sum-1", "sum-2", "sum-3", "sum-4", "sum-5", "sum-6"
        ]
    );
    let history: Vec<_> = world
        .client
        .history("sum-0")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        events::kinds(&history).last().map(String::as_str),
        Some("ExecutionCompleted")
    );
    assert_eq!(events::scheduled_ids(&history).len(), 2);
    assert!(!world.emulator.endpoint().is_empty());
    world.stop().await;
}

const LARGE: Activity<usize, String> = Activity::named("Large");
const LARGE_ONE: Orchestration<usize, usize> = Orchestration::named("LargeOne");

/// Has an activity return so many bytes, then shows that the worker still serves others.
/// Answers how it ended and how often the activity ran.
async fn large_result(bytes: usize) -> (OrchestrationStatus, u64) {
    // Our SDK takes as much as this in one message; other clients take less.
    let sent = ["--max-sent-message-bytes", "268435456"];
    let emulator = Emulator::start(&["--ephemeral", sent[0], sent[1]]).unwrap();
    let client = connect(&emulator);
    let runs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&runs);
    let worker = registered(&client)
        .activity(&LARGE, move |_: ActivityContext, bytes: usize| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move { Ok::<_, String>("x".repeat(bytes)) }
        })
        .orchestration(
            &LARGE_ONE,
            |ctx: OrchestrationContext, bytes: usize| async move {
                Ok::<_, TaskFailed>(ctx.call(&LARGE, bytes).await?.len())
            },
        )
        .build()
        .unwrap()
        .start();
    let id = client.start(&LARGE_ONE, bytes).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    let other = client.start(&SUM, 3).await.unwrap();
    let other = client.wait_for_completion(&other, DEADLINE).await.unwrap();
    assert_eq!(other.status, OrchestrationStatus::Completed);
    worker.stop().await.unwrap();
    (state.status, runs.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_emulator_accepts_the_worker_can_receive() {
    let outcome = large_result(60_000_000).await;
    assert_eq!(outcome, (OrchestrationStatus::Completed, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn result_that_the_server_refuses_for_its_size_fails_the_activity_once() {
    let outcome = large_result(70_000_000).await;
    assert_eq!(outcome, (OrchestrationStatus::Failed, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activities_of_a_failed_instance_are_queued_no_more() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let worker = Worker::builder(&client)
        .activity(&SQUARE, |_: ActivityContext, number: u64| async move {
            (number > 0).then_some(number).ok_or("zero")
        })
        .orchestration(&SUM, sum)
        .max_concurrent_activities(1)
        .build()
        .unwrap()
        .start();
    let options = StartOptions::new().instance_id("failed");
    client.start_with(&SUM, 50, options).await.unwrap();
    let state = client
        .wait_for_completion("failed", DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.status, OrchestrationStatus::Failed);

    let mut feed = watch(&emulator, "failed").await;
    // Those that no worker had are dropped, and the feed says so.
    let none_left = async {
        loop {
            let update = feed.message().await.unwrap().unwrap();
            let tree = update.tree.unwrap();
            let open = tree.groups[0].queued + tree.groups[0].running;
            if open == 0 {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, none_left).await.unwrap();
    worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activity_of_an_earlier_generation_is_not_taken_for_one_of_this() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    let worker = Worker::builder(&client)
        .activity(&SQUARE, move |_: ActivityContext, number: u64| {
            let gate = Arc::clone(&waiting);
            async move {
                let _permit = gate.acquire().await.map_err(|error| error.to_string())?;
                Ok::<_, String>(number)
            }
        })
        .orchestration(
            &SUM,
            |ctx: OrchestrationContext, generation: u64| async move {
                let square = ctx.call(&SQUARE, generation);
                if generation == 0 {
                    return ctx.continue_as_new(1_u64);
                }
                Ok::<u64, OrchestrationError>(square.await?)
            },
        )
        .max_concurrent_activities(1)
        .build()
        .unwrap()
        .start();
    let options = StartOptions::new().instance_id("eternal");
    client.start_with(&SUM, 0, options).await.unwrap();
    let mut feed = watch(&emulator, "eternal").await;
    let group = async {
        loop {
            let update = feed.message().await.unwrap().unwrap();
            let activities = update.hub.unwrap().activities.unwrap();
            // An update without a tree says that it is as it was, and this one is younger.
            if (activities.waiting, activities.out) == (1, 1)
                && let Some(mut tree) = update.tree
            {
                return tree.groups.remove(0);
            }
        }
    };
    let group = tokio::time::timeout(DEADLINE, group).await.unwrap();
    assert_eq!((group.queued, group.running), (1, 0));
    gate.add_permits(2);
    worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_turns_are_made_while_blocking_activities_hold_every_thread() {
    const PARK: Activity<u64, u64> = Activity::named("Park");
    const CAR_PARK: Orchestration<u64, u64> = Orchestration::named("CarPark");
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let worker = registered(&client)
        .blocking_activity(&PARK, move |_, number| {
            // Waits until the gate's other end is gone; so do all who wait for the lock.
            gate.lock().map(|gate| gate.recv().is_err()).ok();
            Ok::<_, String>(number)
        })
        .orchestration(&CAR_PARK, |ctx: OrchestrationContext, count| async move {
            let parked = (0..count).map(|number| ctx.call(&PARK, number));
            Ok::<u64, TaskFailed>(try_join_all(parked).await?.into_iter().sum())
        })
        .build()
        .unwrap()
        .start();
    let parked = client.start(&CAR_PARK, 600).await.unwrap();
    client.wait_for_start(&parked, DEADLINE).await.unwrap();
    let sum = client.start(&SUM, 390).await.unwrap();
    let sum = client.wait_for_completion(&sum, DEADLINE).await;
    drop(open);
    assert_eq!(sum.unwrap().status, OrchestrationStatus::Completed);
    let parked = client.wait_for_completion(&parked, DEADLINE).await;
    assert_eq!(parked.unwrap().status, OrchestrationStatus::Completed);
    worker.stop().await.unwrap();
}

/// The feed of one instance.
async fn watch(emulator: &Emulator, instance_id: &str) -> Streaming<WatchUpdate> {
    let endpoint = Endpoint::from_shared(emulator.endpoint().to_owned()).unwrap();
    let mut monitor = MonitorClient::new(endpoint.connect().await.unwrap());
    let request = WatchRequest {
        instance_id: instance_id.to_owned(),
        ..WatchRequest::default()
    };
    let requests = futures_util::stream::iter([request]);
    monitor.watch(requests).await.unwrap().into_inner()
}
