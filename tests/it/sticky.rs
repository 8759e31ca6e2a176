//! Sticky executions of the Rust SDK against the real emulator: code that stays in memory between
//! its turns runs once from its beginning to its end, and whatever gets in between costs a replay
//! and nothing else.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::StartOptions;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerBuilder;
use durascope_sdk::worker::WorkerHandle;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::events;
use futures_util::future::try_join_all;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;

const ECHO: Activity<u64, u64> = Activity::named("Echo");
const HALF: Activity<u64, u64> = Activity::named("Half");
const LENGTH: Activity<String, usize> = Activity::named("Length");
const STEPS: Orchestration<u64, u64> = Orchestration::named("Steps");
const BOTH_HALVES: Orchestration<u64, u64> = Orchestration::named("BothHalves");
const LISTEN: Orchestration<u64, Vec<u64>> = Orchestration::named("Listen");
const GENERATIONS: Orchestration<u64, u64> = Orchestration::named("Generations");
const BULKY: Orchestration<u64, usize> = Orchestration::named("Bulky");
const ITEM: ExternalEvent<u64> = ExternalEvent::named("Item");

/// How many activities one half of the work calls, one by one.
const HALF_STEPS: u64 = 5;

/// What the test sees of a worker.
#[derive(Clone)]
struct Watch {
    /// How often any code began, be it a replay.
    begun: Arc<AtomicU64>,
    /// Says when half of the work is done.
    half: mpsc::UnboundedSender<u64>,
    /// And that the other half may begin, or that the half that was done has failed.
    gate: Arc<Semaphore>,
    failures: Arc<AtomicU64>,
}

impl Watch {
    fn new() -> (Self, mpsc::UnboundedReceiver<u64>) {
        let (half, halves) = mpsc::unbounded_channel();
        let watch = Self {
            begun: Arc::default(),
            half,
            gate: Arc::new(Semaphore::new(0)),
            failures: Arc::default(),
        };
        (watch, halves)
    }

    fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    fn begin(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    async fn half(self, number: u64) -> Result<u64, ActivityError> {
        // The test may have ended.
        self.half.send(number).ok();
        let permit = self.gate.acquire().await;
        permit
            .map_err(|error| ActivityError::new("Closed", error.to_string()))?
            .forget();
        let failing = |left: u64| left.checked_sub(1);
        match self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, failing)
        {
            Ok(_) => Err(ActivityError::new("Down", "for now")),
            Err(_none_left) => Ok(number),
        }
    }
}

async fn steps(ctx: OrchestrationContext, count: u64) -> Result<u64, OrchestrationError> {
    let mut sum = 0;
    for number in 0..count {
        sum += ctx.call(&ECHO, number).await?;
    }
    Ok(sum)
}

async fn both_halves(ctx: OrchestrationContext, start: u64) -> Result<u64, OrchestrationError> {
    let sum = steps(ctx.clone(), HALF_STEPS).await?;
    let half = ctx.call(&HALF, start).await?;
    Ok(half + sum + steps(ctx, HALF_STEPS).await?)
}

async fn listen(ctx: OrchestrationContext, count: u64) -> Result<Vec<u64>, OrchestrationError> {
    let mut heard = Vec::new();
    while (heard.len() as u64) < count {
        heard.push(ctx.wait_for_event(&ITEM).await?);
        ctx.set_custom_status(&heard)?;
    }
    Ok(heard)
}

async fn generations(ctx: OrchestrationContext, left: u64) -> Result<u64, OrchestrationError> {
    steps(ctx.clone(), 3).await?;
    if left > 0 {
        return ctx.continue_as_new(left - 1);
    }
    Ok(7)
}

/// More in one turn than fits one message.
async fn bulky(ctx: OrchestrationContext, count: u64) -> Result<usize, OrchestrationError> {
    let text = "x".repeat(700_000);
    let lengths = (0..count).map(|_| ctx.call(&LENGTH, text.clone()));
    let sum: usize = try_join_all(lengths).await?.into_iter().sum();
    steps(ctx, 3).await?;
    Ok(sum)
}

fn registered(client: &Client, watch: &Watch) -> WorkerBuilder {
    macro_rules! watched {
        ($function:ident) => {{
            let watch = watch.clone();
            move |ctx: OrchestrationContext, input| {
                watch.begin();
                $function(ctx, input)
            }
        }};
    }
    let at_half = watch.clone();
    Worker::builder(client)
        .activity(&ECHO, |_: ActivityContext, number| async move {
            Ok::<u64, ActivityError>(number)
        })
        .activity(&HALF, move |_: ActivityContext, number| {
            at_half.clone().half(number)
        })
        .activity(&LENGTH, |_: ActivityContext, text: String| async move {
            Ok::<_, ActivityError>(text.len())
        })
        .orchestration(&STEPS, watched!(steps))
        .orchestration(&BOTH_HALVES, watched!(both_halves))
        .orchestration(&LISTEN, watched!(listen))
        .orchestration(&GENERATIONS, watched!(generations))
        .orchestration(&BULKY, watched!(bulky))
}

fn connect(emulator: &Emulator) -> Client {
    Client::connect(ConnectOptions::new(emulator.endpoint(), "default").unwrap()).unwrap()
}

/// An emulator and a worker on it.
struct World {
    client: Client,
    worker: WorkerHandle,
    watch: Watch,
    halves: mpsc::UnboundedReceiver<u64>,
    emulator: Emulator,
}

impl World {
    fn start() -> Self {
        Self::start_with(|builder| builder)
    }

    fn start_with(options: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let client = connect(&emulator);
        let (watch, halves) = Watch::new();
        let worker = options(registered(&client, &watch))
            .build()
            .unwrap()
            .start();
        Self {
            client,
            worker,
            watch,
            halves,
            emulator,
        }
    }

    /// Until half of the work of so many instances is done.
    async fn half(&mut self, instances: usize) {
        for _ in 0..instances {
            let half = tokio::time::timeout(DEADLINE, self.halves.recv());
            half.await.unwrap().unwrap();
        }
    }

    async fn output(&self, id: &str) -> u64 {
        let state = self.client.wait_for_completion(id, DEADLINE).await.unwrap();
        state.output().unwrap()
    }

    /// Until this instance has heard so many items.
    async fn heard(&self, id: &str, count: usize) {
        let heard = async {
            loop {
                let state = self.client.get(id).await.unwrap().unwrap();
                let heard = state.custom_status::<Vec<u64>>().unwrap();
                if heard.is_some_and(|heard| heard.len() >= count) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, heard).await.unwrap();
    }
}

/// What both halves give.
fn whole(start: u64) -> u64 {
    start + HALF_STEPS * (HALF_STEPS - 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_orchestration_begins_once_and_one_that_is_not_begins_in_every_turn() {
    const COUNT: u64 = 20;
    let sum = COUNT * (COUNT - 1) / 2;
    let world = World::start();
    let id = world.client.start(&STEPS, COUNT).await.unwrap();
    assert_eq!(world.output(&id).await, sum);
    assert_eq!(world.watch.begun(), 1);
    let raw = RawClient::connect(world.emulator.endpoint()).await.unwrap();
    let kept = raw.history(&id).await.unwrap();

    let world = World::start_with(|builder| builder.max_sticky_executions(0));
    let id = world.client.start(&STEPS, COUNT).await.unwrap();
    assert_eq!(world.output(&id).await, sum);
    assert_eq!(world.watch.begun(), COUNT + 1);
    let raw = RawClient::connect(world.emulator.endpoint()).await.unwrap();
    let replayed = raw.history(&id).await.unwrap();
    assert_eq!(events::kinds(&kept), events::kinds(&replayed));
    assert_eq!(events::ids(&kept), events::ids(&replayed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_on_one_hub_keep_what_each_began() {
    const INSTANCES: u64 = 40;
    let mut world = World::start();
    let (other, mut other_halves) = Watch::new();
    let second = registered(&world.client, &other).build().unwrap().start();
    // Until both have come.
    let mut first = 0;
    while world.watch.begun() == 0 || other.begun() == 0 {
        let id = world.client.start(&STEPS, 1).await.unwrap();
        assert_eq!(world.output(&id).await, 0);
        first += 1;
    }
    let mut ids = Vec::new();
    for number in 0..INSTANCES {
        ids.push(world.client.start(&BOTH_HALVES, number).await.unwrap());
    }
    let mut halves = 0;
    while halves < INSTANCES {
        let half = async {
            tokio::select! {
                half = world.halves.recv() => half,
                half = other_halves.recv() => half,
            }
        };
        let half = tokio::time::timeout(DEADLINE, half).await.unwrap();
        assert!(half.is_some());
        halves += 1;
    }
    for watch in [&world.watch, &other] {
        watch.gate.add_permits(1_000);
    }
    for (number, id) in (0..).zip(&ids) {
        assert_eq!(world.output(id).await, whole(number));
    }
    assert_eq!(world.watch.begun() + other.begun(), first + INSTANCES);
    second.stop().await.unwrap();
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_that_is_killed_in_the_middle_costs_a_replay_by_the_next_one() {
    const INSTANCES: u64 = 4;
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let (watch, mut halves) = Watch::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let first = {
        let (client, watch) = (client.clone(), watch.clone());
        runtime.spawn(async move {
            let _worker = registered(&client, &watch).build().unwrap().start();
            std::future::pending::<()>().await;
        })
    };
    let mut ids = Vec::new();
    for number in 0..INSTANCES {
        ids.push(client.start(&BOTH_HALVES, number).await.unwrap());
    }
    for _ in 0..INSTANCES {
        let half = tokio::time::timeout(DEADLINE, halves.recv()).await;
        assert!(half.unwrap().is_some());
    }
    assert_eq!(watch.begun(), INSTANCES);
    runtime.shutdown_background();
    assert!(first.await.unwrap_err().is_cancelled());

    let (next, _halves) = Watch::new();
    next.gate.add_permits(1_000);
    let second = registered(&client, &next).build().unwrap().start();
    for (number, id) in (0..).zip(&ids) {
        let state = client.wait_for_completion(id, DEADLINE).await.unwrap();
        assert_eq!(state.output::<u64>().unwrap(), whole(number));
    }
    assert_eq!((watch.begun(), next.begun()), (INSTANCES, INSTANCES));
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulator_that_is_killed_in_the_middle_costs_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let mut emulator = Emulator::on_file(&folder.path().join("emulator.db")).unwrap();
    let client = connect(&emulator);
    let (watch, mut halves) = Watch::new();
    let worker = registered(&client, &watch).build().unwrap().start();
    let id = client.start(&BOTH_HALVES, 3).await.unwrap();
    let half = tokio::time::timeout(DEADLINE, halves.recv()).await;
    assert_eq!(half.unwrap(), Some(3));
    emulator.kill().unwrap();
    emulator.restart().unwrap();
    watch.gate.add_permits(1_000);
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.output::<u64>().unwrap(), whole(3));
    assert_eq!(watch.begun(), 2);
    worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspension_leaves_what_is_kept_where_it_is() {
    let world = World::start();
    let client = &world.client;
    let id = client.start(&LISTEN, 4).await.unwrap();
    client.raise_event(&id, &ITEM, 1).await.unwrap();
    world.heard(&id, 1).await;
    client.suspend(&id, "lunch").await.unwrap();
    for number in [2, 3] {
        client.raise_event(&id, &ITEM, number).await.unwrap();
    }
    let early = client.wait_for_completion(&id, Duration::from_millis(200));
    assert!(early.await.is_err());
    client.resume(&id, "back").await.unwrap();
    world.heard(&id, 3).await;
    client.raise_event(&id, &ITEM, 4).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.output::<Vec<u64>>().unwrap(), [1, 2, 3, 4]);
    assert_eq!(world.watch.begun(), 1);
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_generation_begins_once() {
    let world = World::start();
    let id = world.client.start(&GENERATIONS, 4).await.unwrap();
    assert_eq!(world.output(&id).await, 7);
    assert_eq!(world.watch.begun(), 5);
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rewound_instance_is_replayed_once_and_kept_again() {
    let mut world = World::start();
    world.watch.failures.store(1, Ordering::SeqCst);
    world.watch.gate.add_permits(10);
    let id = world.client.start(&BOTH_HALVES, 2).await.unwrap();
    world.half(1).await;
    let state = world.client.wait_for_completion(&id, DEADLINE).await;
    assert_eq!(state.unwrap().status, OrchestrationStatus::Failed);
    assert_eq!(world.watch.begun(), 1);
    world.client.rewind(&id, "up again").await.unwrap();
    assert_eq!(world.output(&id).await, whole(2));
    assert_eq!(world.watch.begun(), 2);
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_kept_of_an_instance_is_nothing_to_the_next_one_of_its_id() {
    let world = World::start();
    let client = &world.client;
    for round in 0..2 {
        let options = StartOptions::new().instance_id("order");
        client.start_with(&LISTEN, 2, options).await.unwrap();
        client.raise_event("order", &ITEM, round).await.unwrap();
        world.heard("order", 1).await;
        client.terminate("order", "enough").await.unwrap();
        let state = client.wait_for_completion("order", DEADLINE).await.unwrap();
        assert_eq!(state.status, OrchestrationStatus::Terminated);
        if round == 0 {
            client.purge("order").await.unwrap();
        }
    }
    client.restart("order").await.unwrap();
    for number in [5, 6] {
        client.raise_event("order", &ITEM, number).await.unwrap();
    }
    let state = client.wait_for_completion("order", DEADLINE).await.unwrap();
    assert_eq!(state.output::<Vec<u64>>().unwrap(), [5, 6]);
    assert_eq!(world.watch.begun(), 3);
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_with_room_for_one_serves_two_all_the_same() {
    let world = World::start_with(|builder| builder.max_sticky_executions(1));
    let client = &world.client;
    let ids = ["one", "two"];
    for id in ids {
        let options = StartOptions::new().instance_id(id);
        client.start_with(&LISTEN, 6, options).await.unwrap();
    }
    for number in 0..6 {
        for id in ids {
            client.raise_event(id, &ITEM, number).await.unwrap();
            world.heard(id, usize::try_from(number).unwrap() + 1).await;
        }
    }
    for id in ids {
        let state = client.wait_for_completion(id, DEADLINE).await.unwrap();
        assert_eq!(state.output::<Vec<u64>>().unwrap(), [0, 1, 2, 3, 4, 5]);
    }
    // Each turn of the one drove out the other.
    assert!(world.watch.begun() > 8, "{}", world.watch.begun());
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_that_has_dropped_what_the_server_thinks_it_keeps_replays_it() {
    // A history of this size is kept for nobody, which the server does not know.
    let world = World::start_with(|builder| builder.max_sticky_bytes(2_000));
    let id = world.client.start(&STEPS, 30).await.unwrap();
    assert_eq!(world.output(&id).await, 435);
    let begun = world.watch.begun();
    assert!(begun > 10 && begun < 30, "{begun}");
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turn_that_is_answered_in_chunks_is_kept_too() {
    let world = World::start();
    let id = world.client.start(&BULKY, 10).await.unwrap();
    assert_eq!(world.output(&id).await, 7_000_000);
    assert_eq!(world.watch.begun(), 1);
    world.worker.stop().await.unwrap();
}
