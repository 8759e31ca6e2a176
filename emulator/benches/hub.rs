//! The hub without gRPC, on a database file: group commit, dispatch, and history spliced into turns.
//!
//! `cargo bench -p durascope-emulator --bench hub`

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use durascope_emulator::config::AzureLimits;
use durascope_emulator::hub::Hub;
use durascope_emulator::hub::HubError;
use durascope_emulator::hub::HubOptions;
use durascope_emulator::hub::Limits;
use durascope_emulator::hub::WorkerItems;
use durascope_emulator::hub::WorkerProfile;
use durascope_emulator::live::HubKey;
use durascope_emulator::store::Durability;
use durascope_emulator::store::Store;
use durascope_emulator::store::StoreOptions;
use durascope_proto::ActivityResponse;
use durascope_proto::AnyCreateInstanceRequest;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::WorkItem;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::work_item::Request;
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use prost::Message as _;
use tokio::runtime::Runtime;

const STARTS: u32 = 256;
const ACTIVITIES: i32 = 1_000;
const HISTORY_EVENTS: usize = 10_000;
const LIMIT: i32 = 256;
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A hub on a file of its own, with ids that were not used before.
struct Bench {
    _folder: tempfile::TempDir,
    runtime: Runtime,
    hub: Hub,
    key: HubKey,
    next: std::cell::Cell<u64>,
}

impl Bench {
    fn new(durability: Durability) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let runtime = Runtime::new().expect("a runtime");
        let options = StoreOptions {
            path: folder.path().join("hub.db"),
            durability,
            readers: 1,
        };
        let store = Store::open(&options).expect("a database");
        let limits = Limits {
            sent_bytes_max: MESSAGE_BYTES_MAX,
            azure: AzureLimits::Off,
        };
        let options = HubOptions {
            task_hubs: vec!["default".to_owned()],
            strict: false,
            limits,
        };
        let (hub, key) = runtime.block_on(async {
            let hub = Hub::start_core(store, options).expect("a core");
            let key = hub.resolve("default").await.expect("a hub");
            (hub, key)
        });
        Self {
            _folder: folder,
            runtime,
            hub,
            key,
            next: std::cell::Cell::new(0),
        }
    }

    fn start(&self) -> (String, impl Future<Output = Result<String, HubError>>) {
        let number = self.next.get();
        self.next.set(number + 1);
        let id = format!("instance-{number}");
        let request = CreateInstanceRequest {
            instance_id: id.clone(),
            name: "FanOut".to_owned(),
            input: Some("1000".to_owned()),
            ..Default::default()
        };
        let request = AnyCreateInstanceRequest::from(request);
        (id, self.hub.start(self.key, request))
    }

    async fn worker(&self) -> WorkerItems {
        let profile = WorkerProfile {
            peer: String::new(),
            worker_id: "bench".to_owned(),
            user_agent: "bench".to_owned(),
            sticky: 0,
            request: GetWorkItemsRequest {
                max_concurrent_orchestration_work_items: LIMIT,
                max_concurrent_activity_work_items: LIMIT,
                ..Default::default()
            },
        };
        let worker = self.hub.connect_worker(self.key, profile).await;
        worker.expect("a stream of work items")
    }

    /// Works until an instance has ended: a fan-out in its first turn, its end when all is back.
    async fn fan_out(&self, items: &mut WorkerItems) {
        let (_, started) = self.start();
        started.await.expect("a start");
        let mut open = ACTIVITIES;
        let mut first = true;
        while let Some(item) = next(items).await {
            match item.request {
                Some(Request::OrchestratorRequest(_)) => {
                    let actions = match (std::mem::take(&mut first), open) {
                        (true, _) => schedule(ACTIVITIES),
                        (false, 0) => vec![completed()],
                        (false, _) => Vec::new(),
                    };
                    let ends = !first && open == 0;
                    self.answer(item.completion_token, actions).await;
                    if ends {
                        return;
                    }
                }
                Some(Request::ActivityRequest(request)) => {
                    open -= 1;
                    let response = ActivityResponse {
                        task_id: request.task_id,
                        result: request.input,
                        completion_token: item.completion_token,
                        ..Default::default()
                    };
                    let (hub, key) = (self.hub.clone(), self.key);
                    tokio::spawn(async move { hub.complete_activity(key, response).await });
                }
                _ => {}
            }
        }
    }

    async fn answer(&self, completion_token: String, actions: Vec<OrchestratorAction>) {
        let response = OrchestratorResponse {
            actions,
            completion_token,
            ..Default::default()
        };
        let answered = self.hub.complete_turn(self.key, response).await;
        answered.expect("an answer");
    }
}

impl Drop for Bench {
    /// The core must not outlive its runtime.
    fn drop(&mut self) {
        self.runtime.block_on(self.hub.shutdown());
    }
}

async fn next(items: &mut WorkerItems) -> Option<WorkItem> {
    let item = items.next().await?;
    Some(WorkItem::decode(item.0).expect("a work item"))
}

fn schedule(count: i32) -> Vec<OrchestratorAction> {
    let action = |id: i32| OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::ScheduleTask(ScheduleTaskAction {
            name: "Echo".to_owned(),
            input: Some(id.to_string()),
            ..Default::default()
        })),
    };
    (1..=count).map(action).collect()
}

fn completed() -> OrchestratorAction {
    let complete = CompleteOrchestrationAction {
        orchestration_status: OrchestrationStatus::Completed as i32,
        ..Default::default()
    };
    OrchestratorAction {
        id: ACTIVITIES + 1,
        orchestrator_action_type: Some(OrchestratorActionType::CompleteOrchestration(complete)),
    }
}

fn hub(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hub");
    group.sample_size(20);
    for (durability, called) in [(Durability::Normal, "normal"), (Durability::Full, "full")] {
        let bench = Bench::new(durability);
        group.throughput(Throughput::Elements(u64::from(STARTS)));
        group.bench_function(format!("256 starts at once, {called}"), |bencher| {
            bencher.iter(|| {
                let starts = (0..STARTS).map(|_| bench.start().1);
                bench
                    .runtime
                    .block_on(try_join_all(starts))
                    .expect("starts")
            });
        });
    }

    let bench = Bench::new(Durability::Normal);
    let mut items = bench.runtime.block_on(bench.worker());
    group.throughput(Throughput::Elements(u64::from(ACTIVITIES.unsigned_abs())));
    group.bench_function("a fan-out of 1,000, without gRPC", |bencher| {
        bencher.iter(|| bench.runtime.block_on(bench.fan_out(&mut items)));
    });

    let bench = Bench::new(Durability::Normal);
    let mut items = bench.runtime.block_on(bench.worker());
    let id = bench.runtime.block_on(long_history(&bench, &mut items));
    group.throughput(Throughput::Elements(1));
    group.bench_function(
        "an event and its turn, with 10,000 events before",
        |bencher| {
            bencher.iter(|| {
                bench.runtime.block_on(async {
                    raise(&bench, &id).await;
                    let item = next(&mut items).await.expect("a turn");
                    bench.answer(item.completion_token, Vec::new()).await;
                });
            });
        },
    );
    group.finish();
}

/// An instance with so many events, that waits.
async fn long_history(bench: &Bench, items: &mut WorkerItems) -> String {
    let (id, started) = bench.start();
    started.await.expect("a start");
    let first = next(items).await.expect("a turn");
    let raised = (0..HISTORY_EVENTS).map(|_| raise(bench, &id));
    futures_util::future::join_all(raised).await;
    bench.answer(first.completion_token, Vec::new()).await;
    let turn = next(items).await.expect("a turn");
    bench.answer(turn.completion_token, Vec::new()).await;
    id
}

async fn raise(bench: &Bench, id: &str) {
    let request = RaiseEventRequest {
        instance_id: id.to_owned(),
        name: "Go".to_owned(),
        input: None,
    };
    bench
        .hub
        .raise_event(bench.key, request)
        .await
        .expect("an event");
}

criterion_group!(benches, hub);
criterion_main!(benches);
