//! Progress on the dashboard, in a real terminal: batches of the SDK, tracker entities, a server
//! without the feed, and the demo.

use std::sync::Arc;

use durascope_proto::OrchestrationStatus;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Client;
use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::StartOptions;
use durascope_sdk::Worker;
use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::Terminal;
use durascope_tests::actions;
use durascope_tests::entities;
use tokio::sync::Semaphore;

const ENTER: &str = "\r";
const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];
const NORMAL: (u16, u16) = (36, 120);
const SMALL: (u16, u16) = (24, 80);

const IMPORT: Orchestration<u32, usize> = Orchestration::named("NightlyImport");
const LOAD_PAGE: Activity<u32, u32> = Activity::named("LoadPage");

async fn import(ctx: OrchestrationContext, pages: u32) -> Result<usize, FanOutError> {
    let pages = ctx.fan_out(&LOAD_PAGE, 1..=pages).batches(3);
    Ok(pages.outcomes().await?.succeeded())
}

fn run(arguments: &[&str], size: (u16, u16)) -> Terminal {
    Terminal::start(&Binary::Dashboard.path().unwrap(), arguments, &LOCALE, size).unwrap()
}

fn leave(mut terminal: Terminal) {
    terminal.send("q").unwrap();
    assert_eq!(terminal.wait_exit().unwrap(), 0);
}

/// Waits for a screen on which all of these are.
fn shows(terminal: &Terminal, texts: &[&str]) {
    let all = |screen: &str| texts.iter().all(|text| screen.contains(text));
    terminal.wait_until(&format!("{texts:?}"), all).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_a_fan_out_are_counted_on_the_screen() {
    let emulator = Emulator::ephemeral().unwrap();
    let connection = format!(
        "Endpoint={};TaskHub=default;Authentication=None",
        emulator.endpoint()
    );
    let client = Client::connect(connection.as_str()).unwrap();
    let permits = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&permits);
    let load_page = move |_: ActivityContext, page: u32| {
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await.map_err(ActivityError::from)?.forget();
            if page == 2 {
                return Err(ActivityError::new("NotFound", "no such page"));
            }
            Ok(page)
        }
    };
    let worker = Worker::builder(&client)
        .orchestration(&IMPORT, import)
        .activity(&LOAD_PAGE, load_page)
        .build()
        .unwrap()
        .start();
    let options = StartOptions::new().instance_id("import-1");
    client.start_with(&IMPORT, 30, options).await.unwrap();

    let small = run(&["--endpoint", emulator.endpoint()], SMALL);
    let terminal = run(&["--endpoint", emulator.endpoint()], NORMAL);
    // Of thirty pages three are scheduled, and the screen knows of all.
    shows(&terminal, &["0/30", "1 of 10"]);
    permits.add_permits(7);
    for screen in [&terminal, &small] {
        shows(screen, &["7/30", "3 of 10", "batch 3 of 10"]);
    }
    terminal.send(ENTER).unwrap();
    small.send(ENTER).unwrap();
    for screen in [&terminal, &small] {
        shows(screen, &["LoadPage ", "7/30 1✗ batch 3 of 10"]);
    }
    permits.add_permits(4);
    shows(&terminal, &["11/30 1✗ batch 4 of 10"]);
    permits.add_permits(100);
    shows(&terminal, &["30/30 1✗ batch 10 of 10", "✓ completed"]);
    terminal.send("\x1b").unwrap();
    shows(&terminal, &["30/30", "1 failed, batch 10 of 10"]);
    leave(terminal);
    leave(small);
    worker.stop().await.unwrap();
}

/// Starts an instance that says something plain, and a tracker entity of it.
async fn tracked(client: &RawClient, worker: &mut RawWorker) {
    client.start("Migrate", "migrate-1", None).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let mut response = turn.response(vec![]);
    response.custom_status = Some("\"copying tables\"".to_owned());
    client.complete_turn_with(response).await.unwrap();
    track(client, worker, r#"{"total":100,"processed":30,"failed":2}"#).await;
}

async fn track(client: &RawClient, worker: &mut RawWorker, state: &str) {
    let tracker = "@progresstracker@migrate-1";
    client.signal(tracker, "Increment", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    let done = batch.done(Some(state), None);
    client.complete_batch(done).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tracker_entity_knows_is_a_bar_and_stays_when_the_instance_fails() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    tracked(&client, &mut worker).await;

    let terminal = run(&["--endpoint", emulator.endpoint()], NORMAL);
    shows(
        &terminal,
        &["30/100", "30 of 100, 2 failed", "copying tables"],
    );
    track(
        &client,
        &mut worker,
        r#"{"total":100,"processed":45,"failed":2}"#,
    )
    .await;
    shows(&terminal, &["45/100"]);
    terminal.send(ENTER).unwrap();
    let by = "@progresstracker@migrate-1";
    shows(&terminal, &["45/100 2✗", by, "copying tables"]);

    client.raise("migrate-1", "Go", None).await.unwrap();
    let failure = actions::fail(9, entities::details("disk full"));
    worker.answer_turn(vec![failure]).await.unwrap();
    client.ended("migrate-1").await.unwrap();
    shows(&terminal, &["✗ failed", "45/100 2✗", "disk full"]);
    leave(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_feed_the_watched_instance_has_its_bar_all_the_same() {
    let emulator = Emulator::start(&["--ephemeral", "--no-feed"]).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    tracked(&client, &mut worker).await;

    let terminal = run(&["--endpoint", emulator.endpoint()], NORMAL);
    shows(&terminal, &["migrate-1", "30/100"]);
    terminal.send(ENTER).unwrap();
    shows(&terminal, &["no feed", "30/100 2✗", "copying tables"]);
    // The entity moves alone, without its instance.
    track(
        &client,
        &mut worker,
        r#"{"total":100,"processed":31,"failed":2}"#,
    )
    .await;
    shows(&terminal, &["31/100 2✗"]);

    client.raise("migrate-1", "Go", None).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let mut response = turn.response(vec![]);
    let report =
        r#"{"progress":{"label":"Rows","finished":4,"failed":0,"total":9,"batch":2,"batches":3}}"#;
    response.custom_status = Some(report.to_owned());
    client.complete_turn_with(response).await.unwrap();
    shows(&terminal, &["Rows ", "4/9 batch 2 of 3"]);
    assert_eq!(
        client.status("migrate-1").await.unwrap(),
        OrchestrationStatus::Running
    );
    leave(terminal);
}

#[test]
fn demo_has_something_to_see_at_once() {
    let terminal = run(&["demo"], NORMAL);
    // Batches, a bar of a window, a failure, and a person who is waited for.
    shows(
        &terminal,
        &[
            "import-1",
            " of 8",
            "crawl-1",
            "/400",
            "✗ failed     › deploy-1",
            "approval-you",
        ],
    );
    leave(terminal);
}
