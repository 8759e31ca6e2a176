//! The patterns of the SDK against the real emulator: what each promises.

mod docs;
mod fan_outs;
mod flow;
mod history;
mod letting_go;
mod programs;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::OrchestrationState;
use durascope_sdk::worker::WorkerBuilder;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use futures_util::TryStreamExt;
use tokio::sync::Semaphore;
use tokio::sync::watch;

/// An activity that fails for items that end in `!`, and waits at the gate for those with `?`.
const STEP: Activity<String, String> = Activity::named("Step");

/// Holds activities up until the test lets them through, and counts them.
#[derive(Clone)]
struct Gate {
    places: Arc<Semaphore>,
    waiting: Arc<watch::Sender<usize>>,
    begun: Arc<watch::Sender<usize>>,
    most: Arc<AtomicUsize>,
}

impl Gate {
    fn closed() -> Self {
        Self {
            places: Arc::new(Semaphore::new(0)),
            waiting: Arc::new(watch::Sender::new(0)),
            begun: Arc::new(watch::Sender::new(0)),
            most: Arc::default(),
        }
    }

    fn open(&self, places: usize) {
        self.places.add_permits(places);
    }

    /// How many have begun so far.
    fn begun(&self) -> usize {
        *self.begun.borrow()
    }

    /// The most that waited at a time.
    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// Waits until so many wait at the gate.
    async fn until_waiting(&self, count: usize) {
        reach(&self.waiting, count).await;
    }

    /// Waits until so many have begun.
    async fn until_begun(&self, count: usize) {
        reach(&self.begun, count).await;
    }

    async fn step(self, item: String) -> Result<String, ActivityError> {
        self.begun.send_modify(|begun| *begun += 1);
        if item.ends_with('!') {
            return Err(ActivityError::new("Bad", format!("{item} is bad")).non_retriable());
        }
        if item.ends_with('?') {
            self.waiting.send_modify(|waiting| *waiting += 1);
            self.most
                .fetch_max(*self.waiting.borrow(), Ordering::SeqCst);
            self.places.acquire().await?.forget();
            self.waiting.send_modify(|waiting| *waiting -= 1);
        }
        Ok(item)
    }

    /// Registers [`STEP`] with this gate.
    fn register(&self, worker: WorkerBuilder) -> WorkerBuilder {
        let gate = self.clone();
        worker.activity(&STEP, move |_: ActivityContext, item| {
            gate.clone().step(item)
        })
    }
}

async fn reach(counter: &watch::Sender<usize>, count: usize) {
    let mut counter = counter.subscribe();
    let reached = counter.wait_for(|it| *it == count);
    tokio::time::timeout(DEADLINE, reached)
        .await
        .unwrap()
        .unwrap();
}

fn client(emulator: &Emulator) -> Client {
    Client::connect(ConnectOptions::new(emulator.endpoint(), "default").unwrap()).unwrap()
}

async fn end(client: &Client, id: &str) -> OrchestrationState {
    client.wait_for_completion(id, DEADLINE).await.unwrap()
}

async fn events(client: &Client, id: &str) -> Vec<HistoryEvent> {
    let events = client.history(id).await.unwrap();
    events.try_collect().await.unwrap()
}

fn count(events: &[HistoryEvent], is: fn(&EventType) -> bool) -> usize {
    events
        .iter()
        .filter(|it| it.event_type.as_ref().is_some_and(is))
        .count()
}

fn is_scheduled(event: &EventType) -> bool {
    matches!(event, EventType::TaskScheduled(_))
}

fn items(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
