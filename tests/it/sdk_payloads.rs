//! Large payloads of the Rust SDK: the scheduler sees tokens, everybody else the payloads.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use durascope_proto::history_event::EventType;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::BoxError;
use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_sdk::ConnectOptions;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::StartOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::payloads::DirectoryStore;
use durascope_sdk::payloads::LargePayloads;
use durascope_sdk::payloads::PayloadStore;
use durascope_sdk::worker::WorkerHandle;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use tempfile::TempDir;

const ECHO: Activity<String, String> = Activity::named("Echo");
const GROW: Activity<usize, String> = Activity::named("Grow");
const ROUND: Orchestration<String, String> = Orchestration::named("Round");
const CHILD: Orchestration<String, String> = Orchestration::named("Child");
const GROWN: Orchestration<usize, usize> = Orchestration::named("Grown");
const MORE: ExternalEvent<String> = ExternalEvent::named("More");

/// Sends large payloads through everything that can carry one, and over a continue-as-new.
async fn round(ctx: OrchestrationContext, text: String) -> Result<String, OrchestrationError> {
    if text.starts_with("again ") {
        return Ok(text);
    }
    ctx.set_custom_status(&text)?;
    let echoed = ctx.call(&ECHO, text).await?;
    let child = ctx.call_sub(&CHILD, echoed).await?;
    let more = ctx.wait_for_event(&MORE).await?;
    ctx.continue_as_new(format!("again {child}{more}"))
}

/// An emulator, and a client and a worker with a store.
struct World {
    emulator: Emulator,
    client: Client,
    worker: WorkerHandle,
    folder: TempDir,
}

impl World {
    fn start(make: impl FnOnce(&Path) -> LargePayloads) -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let large = make(folder.path());
        let options = ConnectOptions::new(emulator.endpoint(), "default").unwrap();
        let client = Client::connect(options.with_large_payloads(large)).unwrap();
        let worker = Worker::builder(&client)
            .activity(&ECHO, |_: ActivityContext, text: String| async move {
                Ok::<_, String>(text)
            })
            .activity(&GROW, |_: ActivityContext, bytes: usize| async move {
                Ok::<_, String>("x".repeat(bytes))
            })
            .orchestration(&ROUND, round)
            .orchestration(&CHILD, |_: OrchestrationContext, text: String| async move {
                Ok::<_, String>(text)
            })
            .orchestration(
                &GROWN,
                |ctx: OrchestrationContext, bytes: usize| async move {
                    Ok::<_, TaskFailed>(ctx.call(&GROW, bytes).await?.len())
                },
            )
            .build()
            .unwrap()
            .start();
        Self {
            emulator,
            client,
            worker,
            folder,
        }
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }
}

fn small_threshold(folder: &Path) -> LargePayloads {
    LargePayloads::new(DirectoryStore::new(folder).unwrap()).threshold_bytes(1_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_large_never_reaches_the_server_and_comes_back_whole() {
    let world = World::start(small_threshold);
    let client = &world.client;
    let text = "ä payload ".repeat(2_000);
    let options = StartOptions::new().instance_id("round");
    client
        .start_with(&ROUND, text.clone(), options)
        .await
        .unwrap();
    client
        .raise_event("round", &MORE, text.clone())
        .await
        .unwrap();
    let state = client.wait_for_completion("round", DEADLINE).await.unwrap();
    let again = format!("again {text}{text}");
    assert_eq!(state.output::<String>().unwrap(), again);
    assert_eq!(state.input::<String>().unwrap(), again);
    let status = state.custom_status::<String>().unwrap();
    assert!(status.is_none_or(|status| status == text));
    assert!(world.files() >= 8, "{}", world.files());
    // What the server has of it is short.
    let raw = RawClient::connect(world.emulator.endpoint()).await.unwrap();
    let seen = raw.history("round").await.unwrap();
    assert!(format!("{seen:?}").len() < 5_000, "{seen:?}");
    // A history is read with its payloads.
    let history: Vec<_> = client
        .history("round")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let input = history.iter().find_map(|event| match &event.event_type {
        Some(EventType::ExecutionStarted(it)) => it.input.clone(),
        _ => None,
    });
    assert_eq!(input.unwrap().len(), again.len() + 2);
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_of_the_user_that_looks_like_a_token_stays_what_it_is() {
    let world = World::start(small_threshold);
    let store = DirectoryStore::new(world.folder.path()).unwrap();
    // Not even one that leads to something.
    let token = store.put(b"\"somebody else's\"".to_vec()).await.unwrap();
    let options = StartOptions::new().instance_id("raw");
    let started = world
        .client
        .start_raw("Unknown", Some(token.clone()), options);
    started.await.unwrap();
    let state = world
        .client
        .wait_for_completion("raw", DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.raw_input.as_deref(), Some(token.as_str()));
    let id = world.client.start(&CHILD, token.clone()).await.unwrap();
    let state = world
        .client
        .wait_for_completion(&id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(state.output::<String>().unwrap(), token);
    world.worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_to_store_is_a_clear_error_where_it_happens() {
    let world = World::start(|folder| small_threshold(folder).bytes_max(3_000));
    let client = &world.client;
    let refused = client.start(&CHILD, "x".repeat(4_000)).await.unwrap_err();
    assert!(
        matches!(refused, ClientError::PayloadStore { .. }),
        "{refused:?}"
    );
    let expected = "the input has 4002 bytes, at most 3000 can be stored";
    assert_eq!(refused.to_string(), expected);
    // The activity fails, once, and says why.
    let id = client.start(&GROWN, 5_000).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    let failure = state.failure.unwrap();
    let expected = "the output of the activity has 5002 bytes, at most 3000 can be stored";
    assert!(failure.message.contains(expected), "{failure:?}");
    // So does an orchestration whose next generation would be too large.
    let id = client.start(&ROUND, "x".repeat(2_000)).await.unwrap();
    client
        .raise_event(&id, &MORE, "y".repeat(2_000))
        .await
        .unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    let failure = state.failure.unwrap();
    assert_eq!(failure.error_type, "PayloadTooLarge");
    assert!(
        failure.message.starts_with("the output has 4008 bytes"),
        "{failure:?}"
    );
    // And the worker goes on.
    let id = client.start(&GROWN, 2_500).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.output::<usize>().unwrap(), 2_500);
    world.worker.stop().await.unwrap();
}

/// A store that fails so many times before it works.
struct Flaky {
    store: DirectoryStore,
    puts: Arc<AtomicUsize>,
    gets: Arc<AtomicUsize>,
}

fn fails(left: &AtomicUsize) -> bool {
    let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
        left.checked_sub(1)
    });
    taken.is_ok()
}

impl PayloadStore for Flaky {
    fn put(&self, bytes: Vec<u8>) -> BoxFuture<'_, Result<String, BoxError>> {
        if fails(&self.puts) {
            return Box::pin(async { Err("the disk is full".into()) });
        }
        self.store.put(bytes)
    }

    fn get<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Vec<u8>, BoxError>> {
        if fails(&self.gets) {
            return Box::pin(async { Err("the disk is away".into()) });
        }
        self.store.get(token)
    }

    fn is_token(&self, text: &str) -> bool {
        self.store.is_token(text)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_delays_the_work_and_changes_no_result() {
    let (puts, gets) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(0)));
    let (failing_puts, failing_gets) = (Arc::clone(&puts), Arc::clone(&gets));
    let world = World::start(|folder| {
        let store = DirectoryStore::new(folder).unwrap();
        let flaky = Flaky {
            store,
            puts: failing_puts,
            gets: failing_gets,
        };
        LargePayloads::new(flaky).threshold_bytes(1_000)
    });
    let client = &world.client;
    // A client's call fails and says so.
    let text = "z".repeat(2_000);
    let refused = client.start(&CHILD, text.clone()).await.unwrap_err();
    let expected = "the input of 2002 bytes could not be stored: the disk is full";
    assert_eq!(refused.to_string(), expected);
    // A worker's item is given back, whether the store fails before it runs or after.
    gets.store(2, Ordering::SeqCst);
    let id = client.start(&CHILD, text.clone()).await.unwrap();
    puts.store(2, Ordering::SeqCst);
    let state = loop {
        // The client reads from the same store.
        match client.wait_for_completion(&id, DEADLINE).await {
            Ok(state) => break state,
            Err(error) => assert!(
                matches!(error, ClientError::PayloadStore { .. }),
                "{error:?}"
            ),
        }
    };
    assert_eq!(state.output::<String>().unwrap(), text);
    assert_eq!(puts.load(Ordering::SeqCst) + gets.load(Ordering::SeqCst), 0);
    world.worker.stop().await.unwrap();
}
