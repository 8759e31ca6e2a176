//! Entities of the Rust SDK against the real emulator, as users write them.

mod calls;
mod failures;
mod kit;
mod management;
mod progress;
mod python;
mod schedules;
mod sections;

use std::time::SystemTime;

use durascope_sdk::Client;
use durascope_sdk::Entity;
use durascope_sdk::EntityContext;
use durascope_sdk::EntityId;
use durascope_sdk::EntityState;
use durascope_sdk::Operation;
use durascope_sdk::OperationError;
use durascope_sdk::Operations;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationState;
use durascope_sdk::StartOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerBuilder;
use durascope_sdk::worker::WorkerHandle;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::unbounded_channel;

const COUNTER: Entity = Entity::named("Counter");
const ADD: Operation<i64, i64> = Operation::named("Add");
const GET: Operation<(), i64> = Operation::named("Get");
/// Asks an entity for its count once all that was sent before has been handled.
const COUNT: Orchestration<EntityId, i64> = Orchestration::named("Count");

#[derive(Default, Serialize, Deserialize)]
struct Counter {
    count: i64,
}

impl EntityState for Counter {
    fn operations(operations: &mut Operations<Self>) {
        operations.on(&ADD, Self::add).on(&GET, Self::get);
    }
}

impl Counter {
    fn add(&mut self, _ctx: &EntityContext, amount: i64) -> Result<i64, OperationError> {
        self.count += amount;
        Ok(self.count)
    }

    fn get(&mut self, _ctx: &EntityContext, (): ()) -> Result<i64, OperationError> {
        Ok(self.count)
    }
}

async fn count(ctx: OrchestrationContext, counter: EntityId) -> Result<i64, TaskFailed> {
    ctx.call_entity(&counter, &GET, ()).await
}

/// An emulator, a client and a worker that has counters and what a test adds.
struct World {
    client: Client,
    worker: WorkerHandle,
    /// Killed when the test ends.
    emulator: Emulator,
}

impl World {
    fn start(register: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let client = connect(&emulator);
        let worker = worker(&client, register);
        Self {
            client,
            worker,
            emulator,
        }
    }

    async fn stop(self) {
        self.worker.stop().await.unwrap();
    }

    async fn count(&self, counter: &EntityId) -> i64 {
        let id = self.client.start(&COUNT, counter.clone()).await.unwrap();
        self.end(&id).await.output().unwrap()
    }

    async fn end(&self, id: &str) -> OrchestrationState {
        self.client.wait_for_completion(id, DEADLINE).await.unwrap()
    }

    /// Runs an orchestration under an id of the test's choice.
    async fn run<I, O>(&self, orchestration: &Orchestration<I, O>, id: &str, input: I) -> O
    where
        I: Serialize,
        O: DeserializeOwned,
    {
        self.begin(orchestration, id, input).await;
        self.end(id).await.output().unwrap()
    }

    async fn begin<I: Serialize, O>(
        &self,
        orchestration: &Orchestration<I, O>,
        id: &str,
        input: I,
    ) {
        let options = StartOptions::new().instance_id(id);
        let started = self.client.start_with(orchestration, input, options);
        started.await.unwrap();
    }
}

fn connect(emulator: &Emulator) -> Client {
    let text = format!("Endpoint={};TaskHub=default", emulator.endpoint());
    Client::connect(text.as_str()).unwrap()
}

fn worker(client: &Client, register: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> WorkerHandle {
    let builder = Worker::builder(client)
        .entity::<Counter>(&COUNTER)
        .orchestration(&COUNT, count);
    register(builder).build().unwrap().start()
}

/// What user code of a test tells the test.
struct Heard<T>(UnboundedReceiver<T>);

impl<T> Heard<T> {
    fn new() -> (UnboundedSender<T>, Self) {
        let (tell, heard) = unbounded_channel();
        (tell, Self(heard))
    }

    async fn next(&mut self) -> T {
        let next = tokio::time::timeout(DEADLINE, self.0.recv()).await;
        next.expect("something is heard in time").unwrap()
    }

    fn is_silent(&self) -> bool {
        self.0.is_empty()
    }
}

fn now() -> SystemTime {
    SystemTime::now()
}
