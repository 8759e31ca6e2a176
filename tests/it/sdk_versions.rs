//! Versions in the Rust SDK: who takes an orchestration, which function it gets, what inherits.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::CallOptions;
use durascope_sdk::Client;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::StartOptions;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Versioning;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerBuilder;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use futures_util::future::BoxFuture;

const WHO: Activity<(), String> = Activity::named("Who");
const ASK: Orchestration<(), String> = Orchestration::named("Ask");
const PARENT: Orchestration<(), Vec<String>> = Orchestration::named("Parent");

fn connect(emulator: &Emulator) -> Client {
    let text = format!("Endpoint={};TaskHub=default", emulator.endpoint());
    Client::connect(text.as_str()).unwrap()
}

fn version_of(version: Option<&str>) -> String {
    version.unwrap_or("none").to_owned()
}

async fn who(ctx: ActivityContext, (): ()) -> Result<String, String> {
    Ok(version_of(ctx.version()))
}

/// Says who it is, then which version its activity was called in.
fn ask(me: &'static str) -> impl Fn(OrchestrationContext, ()) -> BoxFuture<'static, Answer> {
    move |ctx, ()| {
        Box::pin(async move {
            let version = ctx.call(&WHO, ()).await?;
            Ok(format!("{me} {} {version}", version_of(ctx.version())))
        })
    }
}

type Answer = Result<String, TaskFailed>;

async fn run(client: &Client, version: Option<&str>) -> String {
    let mut options = StartOptions::new();
    options.version = version.map(str::to_owned);
    let id = client.start_with(&ASK, (), options).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    state.output().unwrap()
}

fn worker(client: &Client) -> WorkerBuilder {
    Worker::builder(client).activity(&WHO, who)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_version_gets_its_function_and_activities_inherit_it() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let worker = worker(&client)
        .orchestration_version(&ASK, "1.0", ask("old"))
        .orchestration_version(&ASK, "2.0", ask("new"))
        .orchestration(&ASK, ask("any"))
        .orchestration(&PARENT, |ctx: OrchestrationContext, ()| async move {
            let plain = ctx.call_sub(&ASK, ()).await?;
            let chosen = ctx.call_sub_with(&ASK, (), SubOptions::new().version("1.0"));
            let chosen = chosen.await?;
            let unversioned = ctx.call_sub_with(&ASK, (), SubOptions::new().version(""));
            let unversioned = unversioned.await?;
            let activity = ctx.call_with(&WHO, (), CallOptions::new().version("7"));
            let activity = activity.await?;
            Ok::<_, TaskFailed>(vec![plain, chosen, unversioned, activity])
        })
        .default_version("2.0")
        .build()
        .unwrap()
        .start();
    assert_eq!(run(&client, Some("1.0")).await, "old 1.0 1.0");
    assert_eq!(run(&client, Some("2.0")).await, "new 2.0 2.0");
    assert_eq!(run(&client, Some("3.0")).await, "any 3.0 3.0");
    assert_eq!(run(&client, None).await, "any none none");
    // The worker's default is for what its orchestrations start.
    let id = client.start(&PARENT, ()).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(
        state.output::<Vec<String>>().unwrap(),
        ["new 2.0 2.0", "old 1.0 1.0", "any  none", "7"]
    );
    // The client's default is for what it starts; an empty version is none.
    let client = client.with_default_version("1.0");
    assert_eq!(run(&client, None).await, "old 1.0 1.0");
    assert_eq!(run(&client, Some("2.0")).await, "new 2.0 2.0");
    assert_eq!(run(&client, Some("")).await, "any  none");
    worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_a_worker_rejects_waits_for_one_that_takes_it() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let start = |versioning: Versioning, me: &'static str| {
        let builder = worker(&client).orchestration(&ASK, ask(me));
        builder.versioning(versioning).build().unwrap().start()
    };
    let old = start(Versioning::strict("1.0"), "old");
    let options = StartOptions::new().instance_id("new").version("2.0");
    client.start_with(&ASK, (), options).await.unwrap();
    // The old worker goes on with what it takes.
    assert_eq!(run(&client, Some("1.0")).await, "old 1.0 1.0");
    let state = client.get("new").await.unwrap().unwrap();
    assert_eq!(state.status, OrchestrationStatus::Pending);
    let new = start(Versioning::current_or_older("2.5"), "new");
    let state = client.wait_for_completion("new", DEADLINE).await.unwrap();
    assert_eq!(state.output::<String>().unwrap(), "new 2.0 2.0");
    old.stop().await.unwrap();
    assert_eq!(run(&client, Some("1.0")).await, "new 1.0 1.0");
    new.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_a_worker_does_not_take_can_fail_instead() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let versioning = Versioning::current_or_older("2.0").failing_mismatches();
    let worker = worker(&client)
        .orchestration(&ASK, ask("me"))
        .versioning(versioning)
        .build()
        .unwrap()
        .start();
    assert_eq!(run(&client, None).await, "me none none");
    let options = StartOptions::new().version("2.1");
    let id = client.start_with(&ASK, (), options).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    let failure = state.failure.unwrap();
    assert_eq!(failure.error_type, "VersionMismatch");
    assert!(failure.non_retriable);
    assert_eq!(
        failure.message,
        "The orchestration version '2.1' is greater than the worker version '2.0'."
    );
    worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_registered_is_asked_for_and_in_which_versions() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let first = worker(&client)
        .orchestration_version(&ASK, "1.0", ask("first"))
        .only_registered()
        .build()
        .unwrap()
        .start();
    for (id, version) in [("two", "2.0"), ("none", "")] {
        let options = StartOptions::new().instance_id(id).version(version);
        client.start_with(&ASK, (), options).await.unwrap();
    }
    assert_eq!(run(&client, Some("1.0")).await, "first 1.0 1.0");
    // Were they handed out they would have failed, as the worker has no such function.
    for id in ["two", "none"] {
        let state = client.get(id).await.unwrap().unwrap();
        assert_eq!(state.status, OrchestrationStatus::Pending);
    }
    let strict = worker(&client)
        .orchestration(&ASK, ask("strict"))
        .versioning(Versioning::strict("2.0"))
        .only_registered()
        .build()
        .unwrap()
        .start();
    let state = client.wait_for_completion("two", DEADLINE).await.unwrap();
    assert_eq!(state.output::<String>().unwrap(), "strict 2.0 2.0");
    let state = client.get("none").await.unwrap().unwrap();
    assert_eq!(state.status, OrchestrationStatus::Pending);
    first.stop().await.unwrap();
    strict.stop().await.unwrap();
}
