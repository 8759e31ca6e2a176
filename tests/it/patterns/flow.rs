//! How much runs at a time, what is shown of it, and what ends it early.

use std::io;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use durascope_patterns::logging;
use durascope_sdk::ExternalEvent;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::Outcomes;
use durascope_sdk::Progress;
use durascope_sdk::RetryPolicy;
use durascope_sdk::Worker;
use durascope_sdk::fan_out::FanOutStatus;
use durascope_sdk::worker::WorkerHandle;

use durascope_tests::Binary;

use super::*;

type Items = Vec<String>;

const BATCHES: Orchestration<Items, Items> = Orchestration::named("Batches");
const WINDOW: Orchestration<Items, Items> = Orchestration::named("Window");
const STOPPED: Orchestration<Items, Outcomes<String, String>> = Orchestration::named("Stopped");
const STOP: ExternalEvent<()> = ExternalEvent::named("Stop");

async fn batches(ctx: OrchestrationContext, items: Items) -> Result<Items, FanOutError> {
    ctx.fan_out(&STEP, items).batches(2).all().await
}

async fn window(ctx: OrchestrationContext, items: Items) -> Result<Items, FanOutError> {
    ctx.fan_out(&STEP, items)
        .concurrency(3)
        .progress(Progress::in_status())
        .all()
        .await
}

/// Everything at once: a time limit and retries for each item, a window in batches, an event.
async fn stopped(
    ctx: OrchestrationContext,
    items: Items,
) -> Result<Outcomes<String, String>, FanOutError> {
    ctx.fan_out(&STEP, items)
        .retry(RetryPolicy::new(2, Duration::from_millis(10)))
        .timeout(Duration::from_millis(300))
        .batches(4)
        .concurrency(2)
        .cancel_on(&STOP)
        .outcomes()
        .await
}

fn worker(client: &Client, gate: &Gate) -> WorkerHandle {
    gate.register(Worker::builder(client))
        .orchestration(&BATCHES, batches)
        .orchestration(&WINDOW, window)
        .orchestration(&STOPPED, stopped)
        .build()
        .unwrap()
        .start()
}

async fn status(client: &Client, id: &str) -> FanOutStatus {
    let state = client.get(id).await.unwrap().unwrap();
    state.custom_status().unwrap().unwrap()
}

#[tokio::test]
async fn a_batch_begins_when_the_one_before_is_over_and_its_number_shows() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate);
    let id = client
        .start(&BATCHES, items(&["a?", "b?", "c?", "d?", "e?"]))
        .await
        .unwrap();
    for (batch, size) in [(1, 2), (2, 2), (3, 1)] {
        gate.until_waiting(size).await;
        let progress = status(&client, &id).await.progress;
        assert_eq!((progress.batch, progress.batches), (Some(batch), Some(3)));
        assert_eq!((progress.finished, progress.total), ((batch - 1) * 2, 5));
        gate.open(size);
        gate.until_waiting(0).await;
    }
    assert_eq!(end(&client, &id).await.output::<Items>().unwrap().len(), 5);
    assert_eq!(gate.most(), 2);
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn a_window_refills_on_each_end_and_goes_on_with_another_worker() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let gates = [Gate::closed(), Gate::closed()];
    let first = worker(&client, &gates[0]);
    let names: Items = (0..10).map(|item| format!("{item}?")).collect();
    let id = client.start(&WINDOW, names.clone()).await.unwrap();
    gates[0].until_waiting(3).await;
    // One ends, and the next comes while the other two go on: no waves.
    gates[0].open(1);
    gates[0].until_begun(4).await;
    gates[0].until_waiting(3).await;
    // Its activities end once it takes no more work: what they free is left to the next worker.
    let (stopped, ()) = tokio::join!(first.stop(), async { gates[0].open(3) });
    stopped.unwrap();

    let second = worker(&client, &gates[1]);
    gates[1].until_waiting(3).await;
    gates[1].open(1);
    gates[1].until_begun(4).await;
    gates[1].until_waiting(3).await;
    gates[1].open(10);
    assert_eq!(end(&client, &id).await.output::<Items>().unwrap(), names);
    for (gate, begun) in gates.iter().zip([4, 6]) {
        assert_eq!(gate.begun(), begun, "each item once");
        assert_eq!(gate.most(), 3, "never more than the window");
    }
    assert_eq!(status(&client, &id).await.progress.finished, 10);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn time_limits_retries_and_an_event_end_items_in_a_window_of_a_batch() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate);
    let id = client
        .start(&STOPPED, items(&["a?", "b", "c!", "d", "e?", "f?"]))
        .await
        .unwrap();
    // The first batch ends by the time limit of its first item; in the second both wait.
    gate.until_begun(6).await;
    client.raise_event(&id, &STOP, ()).await.unwrap();
    let outcomes: Outcomes<String, String> = end(&client, &id).await.output().unwrap();
    let failure = |index: usize| outcomes.iter().nth(index).unwrap().result.clone().err();
    assert!(failure(0).unwrap().is_timeout(), "{outcomes:?}");
    assert_eq!(failure(2).unwrap().details.error_type, "Bad");
    for index in [1, 3] {
        assert_eq!(failure(index), None);
    }
    for index in [4, 5] {
        let failure = failure(index).unwrap();
        assert!(failure.is_canceled() || failure.is_timeout(), "{failure}");
    }
    gate.open(10);
    worker.stop().await.unwrap();
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// On one thread, which has the subscriber: every turn of the worker is made here.
#[test]
fn each_batch_is_logged_once_however_often_it_is_replayed() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = logging::subscriber(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    // While there is only one, a line that a thread without it comes to first is off for all.
    let _second = tracing::Dispatch::new(logging::subscriber(io::sink));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let emulator = Emulator::ephemeral().unwrap();
        let client = client(&emulator);
        // Nothing is kept, so that every turn replays all before it.
        let worker = logging::register(Worker::builder(&client)).max_sticky_executions(0);
        let worker = worker.build().unwrap().start();
        let id = client.start(&logging::REINDEX, 45).await.unwrap();
        end(&client, &id).await;
        worker.stop().await.unwrap();
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let times = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    for batch in 1..=5 {
        let begins = format!("batch={batch} batches=5");
        assert_eq!(times(&begins), 1, "batch {batch} in\n{text}");
    }
    assert_eq!(times("reindexing"), 2, "{text}");
}

#[test]
fn lines_name_the_instance_that_they_are_about() {
    let emulator = Emulator::ephemeral().unwrap();
    let connection = format!("Endpoint={};TaskHub=default", emulator.endpoint());
    let output = Command::new(Binary::Patterns.path().unwrap())
        .arg("logging")
        .env("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", connection)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let id = said.split(' ').next().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let batches: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("batch begins"))
        .collect();
    assert_eq!(batches.len(), 5, "{log}");
    let instance = format!("instance={id:?}");
    assert!(batches.iter().all(|line| line.contains(&instance)), "{log}");
}
