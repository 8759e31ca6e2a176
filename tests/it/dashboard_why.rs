//! `durascope why` against the real emulator: each situation has the finding that explains it.

use std::process::Command;
use std::process::Output;
use std::time::Instant;

use durascope_proto::ActivityFilter;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationFilter;
use durascope_proto::SuspendRequest;
use durascope_proto::WorkItemFilters;
use durascope_tests::Binary;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::entities;
use durascope_tests::feedless::Feedless;
use serde_json::Value;

const FOUND: i32 = 0;
const NOT_CONNECTED: i32 = 3;
const NOT_FOUND: i32 = 5;
const SECOND: i64 = 1_000_000;

fn run(endpoint: &str, id: &str, more: &[&str]) -> Output {
    Command::new(Binary::Dashboard.path().unwrap())
        .args(["why", id, "--endpoint", endpoint])
        .args(more)
        .output()
        .unwrap()
}

fn why(endpoint: &str, id: &str) -> Value {
    let output = run(endpoint, id, &["--output", "json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(FOUND), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Asks until the first finding is of this rule: what happened shows a moment later, and some
/// rules wait for a while to be sure.
fn first(endpoint: &str, id: &str, rule: &str) -> Value {
    first_that(endpoint, id, rule, |_| true)
}

/// As [`first`], and the finding is as it is wanted.
fn first_that(endpoint: &str, id: &str, rule: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let why = why(endpoint, id);
        let found = &why["findings"][0];
        if found["rule"] == rule && wanted(found) {
            return found.clone();
        }
        assert!(begun.elapsed() < DEADLINE, "no {rule}: {why:#}");
    }
}

fn text<'a>(finding: &'a Value, key: &str) -> &'a str {
    finding[key].as_str().unwrap()
}

struct Hub {
    emulator: Emulator,
    client: RawClient,
}

impl Hub {
    async fn start() -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let client = RawClient::connect(emulator.endpoint()).await.unwrap();
        Self { emulator, client }
    }

    async fn worker(&self) -> RawWorker {
        RawWorker::open(&self.client).await.unwrap()
    }

    fn first(&self, id: &str, rule: &str) -> Value {
        first(self.emulator.endpoint(), id, rule)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_nobody_takes_is_named() {
    let hub = Hub::start().await;
    hub.client.start("Order", "order-1", None).await.unwrap();
    let found = hub.first("order-1", "unserved");
    assert_eq!(text(&found, "short"), "no worker is connected");

    // A worker that takes the orchestration, and another activity.
    let filters = WorkItemFilters {
        orchestrations: vec![OrchestrationFilter {
            name: "Order".to_owned(),
            ..OrchestrationFilter::default()
        }],
        activities: vec![ActivityFilter {
            name: "Charge".to_owned(),
            ..ActivityFilter::default()
        }],
        entities: Vec::new(),
    };
    let request = GetWorkItemsRequest {
        work_item_filters: Some(filters),
        ..GetWorkItemsRequest::default()
    };
    let mut worker = RawWorker::open_with(&hub.client, request).await.unwrap();
    let refund = actions::schedule(1, "Refund", None);
    worker.answer_turn(vec![refund]).await.unwrap();
    // The rule's first finding was about the worker that was not there.
    let named = |it: &Value| it["short"] == "no worker serves “Refund”";
    let found = first_that(hub.emulator.endpoint(), "order-1", "unserved", named);
    assert_eq!(found["evidence"]["at"], "workers");
    assert_eq!(text(&found, "certainty"), "sure");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_behind_taken_slots_are_counted() {
    let hub = Hub::start().await;
    hub.client.start("Order", "order-1", None).await.unwrap();
    let request = GetWorkItemsRequest {
        max_concurrent_orchestration_work_items: 5,
        max_concurrent_activity_work_items: 2,
        ..GetWorkItemsRequest::default()
    };
    let mut worker = RawWorker::open_with(&hub.client, request).await.unwrap();
    let pages = (0..7)
        .map(|id| actions::schedule(id, "LoadPage", None))
        .collect();
    worker.answer_turn(pages).await.unwrap();
    let _held = (
        worker.activity().await.unwrap(),
        worker.activity().await.unwrap(),
    );
    let found = hub.first("order-1", "saturated");
    assert_eq!(text(&found, "short"), "5 LoadPage queued");
    assert!(text(&found, "text").starts_with("5 of 7 open LoadPage are queued: 2 of 2 slots"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_waits_says_for_what() {
    let hub = Hub::start().await;
    let mut worker = hub.worker().await;
    let client = &hub.client;
    for id in ["event", "timer", "suspended"] {
        client.start("Approval", id, None).await.unwrap();
        let now = client.state(id).await.unwrap().unwrap();
        let now = durascope_proto::time::to_micros(&now.created_timestamp.unwrap());
        let actions = match id {
            "timer" => vec![actions::timer(1, now + 3_600 * SECOND)],
            _ => Vec::new(),
        };
        worker.answer_turn(actions).await.unwrap();
    }
    let request = SuspendRequest {
        instance_id: "suspended".to_owned(),
        reason: Some("maintenance".to_owned()),
    };
    client.rpc.clone().suspend_instance(request).await.unwrap();

    let found = hub.first("event", "event");
    assert_eq!(text(&found, "short"), "nothing open: external event?");
    assert_eq!(text(&found, "certainty"), "probably");
    assert_eq!(text(&found, "action"), "e");
    let found = hub.first("timer", "timer");
    assert!(
        text(&found, "text").contains("the next fires in "),
        "{found}"
    );
    let found = hub.first("suspended", "suspended");
    assert_eq!(text(&found, "action"), "z");

    // The same two without the feed, which does not tell of workers.
    let door = Feedless::before(client).await.unwrap();
    let found = first(&door.endpoint(), "event", "event");
    assert!(
        text(&found, "text").contains("A call of an entity"),
        "{found}"
    );
    first(&door.endpoint(), "timer", "timer");
    assert_eq!(why(&door.endpoint(), "timer")["feed"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_failed_is_named_and_an_open_one_explains_its_parent() {
    let hub = Hub::start().await;
    let mut worker = hub.worker().await;
    hub.client.start("Parent", "parent", None).await.unwrap();
    let children = vec![
        actions::child(1, "child-a", "Ship", None),
        actions::child(2, "child-b", "Ship", None),
    ];
    worker.answer_turn(children).await.unwrap();
    for _ in 0..2 {
        let turn = worker.turn().await.unwrap();
        let actions = match turn.request.instance_id.as_str() {
            "child-a" => vec![actions::fail(9, entities::details("no slot for NL"))],
            _ => Vec::new(),
        };
        hub.client.complete_turn(&turn, actions).await.unwrap();
    }
    // The parent hears of the failure and goes on.
    worker.answer_turn(Vec::new()).await.unwrap();
    let found = hub.first("parent", "child");
    assert_eq!(found["evidence"]["instance_id"], "child-b");
    let why = why(hub.emulator.endpoint(), "parent");
    let rules: Vec<_> = why["findings"].as_array().unwrap().iter().collect();
    let failed = rules.iter().find(|it| it["rule"] == "child_failed");
    let failed = failed.unwrap_or_else(|| panic!("{why:#}"));
    assert_eq!(text(failed, "short"), "child child-a failed");
    assert!(text(failed, "text").contains("no slot for NL"));

    hub.client.raise("child-b", "Go", None).await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(9, "1")])
        .await
        .unwrap();
    worker.answer_turn(Vec::new()).await.unwrap();
    let found = hub.first("parent", "child_failed");
    assert_eq!(found["evidence"]["instance_id"], "child-a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_the_lock_is_named() {
    let hub = Hub::start().await;
    let mut worker = hub.worker().await;
    for (id, section) in [("holder", "s"), ("waiter", "t")] {
        hub.client.start("Transfer", id, None).await.unwrap();
        let lock = actions::lock(1, section, &["@account@a"]);
        worker.answer_turn(vec![lock]).await.unwrap();
        if id == "holder" {
            worker.answer_turn(Vec::new()).await.unwrap();
        }
    }
    let found = hub.first("waiter", "lock");
    assert_eq!(text(&found, "short"), "lock held by holder");
    assert_eq!(found["evidence"]["entity_id"], "@account@a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_straggler_is_found_among_its_siblings() {
    let hub = Hub::start().await;
    let mut worker = hub.worker().await;
    hub.client.start("Order", "order-1", None).await.unwrap();
    let pages = (0..21)
        .map(|id| actions::schedule(id, "LoadPage", None))
        .collect();
    worker.answer_turn(pages).await.unwrap();
    let straggler = worker.activity().await.unwrap();
    for _ in 0..20 {
        worker.answer_activity("1").await.unwrap();
    }
    let mut heard = 0;
    while heard < 20 {
        let turn = worker.turn().await.unwrap();
        heard += durascope_tests::events::answered_ids(&turn.request.new_events).len();
        hub.client.complete_turn(&turn, Vec::new()).await.unwrap();
    }
    let found = hub.first("order-1", "straggler");
    let id = straggler.request.task_id;
    assert_eq!(found["evidence"]["task_id"], id);
    assert!(text(&found, "text").starts_with(&format!("#{id} LoadPage")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_codes_and_text_are_for_scripts_and_people() {
    let mut hub = Hub::start().await;
    let endpoint = hub.emulator.endpoint().to_owned();
    let output = run(&endpoint, "nobody", &[]);
    assert_eq!(output.status.code(), Some(NOT_FOUND));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("\"nobody\"") && said.contains("\"default\""),
        "{said}"
    );
    assert!(output.stdout.is_empty());

    hub.client.start("Order", "o\u{1b}[2J", None).await.unwrap();
    let output = run(&endpoint, "o\u{1b}[2J", &[]);
    assert_eq!(output.status.code(), Some(FOUND));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("! No worker is connected"), "{said}");
    assert!(said.contains("sure; see workers and queues"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");

    let output = run(&endpoint, "o", &["--task-hub", "nowhere"]);
    assert_eq!(output.status.code(), Some(NOT_FOUND));
    hub.emulator.kill().unwrap();
    let output = run(&endpoint, "o", &[]);
    assert_eq!(output.status.code(), Some(NOT_CONNECTED));
}
