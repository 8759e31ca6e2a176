//! An emulator with instances and entities in every state, and with work that is out, is over,
//! or belongs to somebody else.

use std::path::PathBuf;

use durascope_proto::AbandonActivityTaskRequest;
use durascope_proto::AbandonEntityTaskRequest;
use durascope_proto::AbandonOrchestrationTaskRequest;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::SignalEntityRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TaskFailureDetails;
use durascope_proto::purge_instances_request::Request as PurgeTarget;
use durascope_proto::time;
use durascope_proto::work_item::Request;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::dump::Dump;
use tempfile::TempDir;

use super::MESSAGE_BYTES_MAX;
use super::work;

/// A moment that no test run reaches: 2100.
const LATER_US: i64 = 4_102_444_800_000_000;

/// What the workers take; instances with another name find none.
const ORDER: &str = "Order";

/// An activity that stays out.
const HELD: &str = "Held";

/// A work item that a worker has or had.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    /// The instance or the entity.
    pub(super) id: String,
    /// The activity, where it is one.
    pub(super) task: i32,
    pub(super) token: String,
}

/// One item of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    pub(super) turn: Item,
    pub(super) activity: Item,
    pub(super) entity: Item,
}

/// Items whose token has lost its worth, with the reason.
pub(super) type Stale = Vec<(&'static str, Item)>;

/// What is with workers, or was.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    /// Out, in the hub that is asked.
    pub(super) out: Kinds,
    /// Out, in another hub.
    pub(super) elsewhere: Kinds,
    pub(super) stale_turns: Stale,
    pub(super) stale_activities: Stale,
    pub(super) stale_entities: Stale,
}

pub(super) struct World {
    pub(super) client: RawClient,
    pub(super) items: Items,
    database: PathBuf,
    /// Streams that stay open: what they have stays out.
    workers: Vec<RawWorker>,
    /// Killed when the test ends.
    _emulator: Emulator,
    _folder: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("emulator.db");
        let limit = MESSAGE_BYTES_MAX.to_string();
        let emulator = Emulator::start(&[
            "--db",
            &database.to_string_lossy(),
            "--strict-hubs",
            "--task-hubs",
            "default,other",
            "--max-message-bytes",
            &limit,
        ])
        .unwrap();
        let client = RawClient::connect(emulator.endpoint()).await.unwrap();
        let mut world = Self {
            client,
            items: Items::default(),
            database,
            workers: Vec::new(),
            _emulator: emulator,
            _folder: folder,
        };
        let client = world.client.clone();
        let mut worker = open(&client, &[ORDER], &[HELD], &["counter"]).await;
        world.instances(&mut worker).await;
        world.entities(&mut worker).await;
        world.items.out = out(&client, &mut worker, "").await;
        world.stale(&mut worker).await;
        world.dropped().await;
        world.workers.push(worker);
        let other = client.hub("other").unwrap();
        let mut worker = open(&other, &[ORDER], &[HELD], &["counter"]).await;
        world.items.elsewhere = out(&other, &mut worker, "elsewhere-").await;
        world.workers.push(worker);
        world
    }

    /// Everything that is stored.
    pub(super) fn dump(&self) -> Dump {
        Dump::of(&self.database).unwrap()
    }

    /// One instance in each state, named after it.
    async fn instances(&mut self, worker: &mut RawWorker) {
        let client = &self.client;
        client.start("Nobody", "pending", None).await.unwrap();
        let later = CreateInstanceRequest {
            instance_id: "later".to_owned(),
            name: ORDER.to_owned(),
            scheduled_start_timestamp: Some(time::from_micros(LATER_US)),
            ..CreateInstanceRequest::default()
        };
        client.start_with(later).await.unwrap();
        for (id, status) in [
            ("completed", OrchestrationStatus::Completed),
            ("terminated", OrchestrationStatus::Terminated),
            ("canceled", OrchestrationStatus::Canceled),
        ] {
            let turn = begun(client, worker, id).await;
            answer(client, &turn, vec![actions::complete(0, status, Some("1"))]).await;
            self.items.stale_turns.push(("answered", turn));
        }
        let turn = begun(client, worker, "failed").await;
        let details = TaskFailureDetails::default();
        answer(client, &turn, vec![actions::fail(0, details)]).await;
        let turn = begun(client, worker, "running").await;
        answer(client, &turn, vec![]).await;
        let turn = begun(client, worker, "suspended").await;
        answer(client, &turn, vec![]).await;
        let suspend = SuspendRequest {
            instance_id: "suspended".to_owned(),
            reason: None,
        };
        let mut rpc = client.rpc.clone();
        rpc.suspend_instance(suspend).await.unwrap();
        let turn = take(worker).await;
        answer(client, &turn, vec![]).await;
        // A critical section that goes on, and one that its holder's failure ended.
        for (id, entity, then) in [
            ("holder", "@counter@locked", vec![]),
            (
                "careless",
                "@counter@freed",
                vec![actions::fail(1, TaskFailureDetails::default())],
            ),
        ] {
            let section = "0b7f3c1e-4f0d-4a52-9d7e-0f8a6f0c9d11";
            let turn = begun(client, worker, id).await;
            answer(client, &turn, vec![actions::lock(0, section, &[entity])]).await;
            let turn = take(worker).await;
            answer(client, &turn, then).await;
        }
    }

    async fn entities(&mut self, worker: &mut RawWorker) {
        let client = &self.client;
        signal(client, "@counter@state").await;
        let batch = take(worker).await;
        let request = work::batch_result(&batch, "1");
        let mut rpc = client.rpc.clone();
        rpc.complete_entity_task(request).await.unwrap();
        self.items.stale_entities.push(("answered", batch));
    }

    /// Work that was out when its instance or entity went.
    async fn stale(&mut self, worker: &mut RawWorker) {
        let client = &self.client;
        let items = &mut self.items;
        let turn = begun(client, worker, "purged").await;
        end(client, "purged").await;
        purge(client, "purged").await;
        items.stale_turns.push(("purged", turn));
        let turn = begun(client, worker, "replaced").await;
        replace(client, "replaced").await;
        take(worker).await;
        items.stale_turns.push(("replaced", turn));
        let turn = begun(client, worker, "skipped").await;
        end(client, "skipped").await;
        items.stale_turns.push(("ended meanwhile", turn));

        let activity = with_activity(client, worker, "answered-activity").await;
        let request = work::activity_result(&activity, "1");
        client.complete_activity_with(request).await.unwrap();
        let turn = take(worker).await;
        answer(client, &turn, vec![]).await;
        items.stale_activities.push(("answered", activity));
        let activity = with_activity(client, worker, "purged-activity").await;
        end(client, "purged-activity").await;
        purge(client, "purged-activity").await;
        items.stale_activities.push(("purged", activity));
        let activity = with_activity(client, worker, "replaced-activity").await;
        replace(client, "replaced-activity").await;
        take(worker).await;
        items.stale_activities.push(("replaced", activity));

        signal(client, "@counter@purged").await;
        let batch = take(worker).await;
        purge(client, "@counter@purged").await;
        items.stale_entities.push(("purged", batch));
    }

    /// Work whose stream has ended, and which another worker has since; and work that was given
    /// back.
    async fn dropped(&mut self) {
        let client = self.client.clone();
        let open = || open(&client, &["Dropped"], &["Dropped"], &["dropped"]);
        let mut first = open().await;
        client.start("Dropped", "dropped", None).await.unwrap();
        let turn = take(&mut first).await;
        let task = actions::schedule(0, "Dropped", None);
        client.start("Dropped", "dropping", None).await.unwrap();
        let other = take(&mut first).await;
        answer(&client, &other, vec![task]).await;
        let activity = take(&mut first).await;
        signal(&client, "@dropped@1").await;
        let batch = take(&mut first).await;
        drop(first);
        let ended = "of a stream that has ended";
        self.items.stale_turns.push((ended, turn));
        self.items.stale_activities.push((ended, activity));
        self.items.stale_entities.push((ended, batch));

        let mut second = open().await;
        let mut again = Vec::new();
        for _ in 0..3 {
            again.push(take(&mut second).await);
        }
        let mut third = open().await;
        let mut rpc = client.rpc.clone();
        for item in again {
            let completion_token = item.token.clone();
            match item.id.as_str() {
                "dropped" => {
                    let request = AbandonOrchestrationTaskRequest { completion_token };
                    rpc.abandon_task_orchestrator_work_item(request)
                        .await
                        .unwrap();
                    self.items.stale_turns.push(("given back", item));
                }
                "dropping" => {
                    let request = AbandonActivityTaskRequest { completion_token };
                    rpc.abandon_task_activity_work_item(request).await.unwrap();
                    self.items.stale_activities.push(("given back", item));
                }
                _ => {
                    let request = AbandonEntityTaskRequest { completion_token };
                    rpc.abandon_task_entity_work_item(request).await.unwrap();
                    self.items.stale_entities.push(("given back", item));
                }
            }
            take(&mut third).await;
        }
        self.workers.extend([second, third]);
    }
}

/// A worker for these names only.
async fn open(
    client: &RawClient,
    orchestrations: &[&str],
    activities: &[&str],
    entities: &[&str],
) -> RawWorker {
    let request = GetWorkItemsRequest {
        work_item_filters: Some(work::filters(orchestrations, activities, entities)),
        ..GetWorkItemsRequest::default()
    };
    RawWorker::open_with(client, request).await.unwrap()
}

/// The next item, whatever it is.
async fn take(worker: &mut RawWorker) -> Item {
    loop {
        let item = worker.next().await.unwrap();
        let token = item.completion_token;
        let (id, task) = match item.request.unwrap() {
            Request::OrchestratorRequest(turn) => (turn.instance_id, 0),
            Request::ActivityRequest(activity) => {
                let instance = activity.orchestration_instance.unwrap();
                (instance.instance_id, activity.task_id)
            }
            Request::EntityRequestV2(batch) => (batch.instance_id, 0),
            Request::HealthPing(_) => continue,
            other @ Request::EntityRequest(_) => panic!("an unexpected work item: {other:?}"),
        };
        return Item { id, task, token };
    }
}

/// A new instance with its first turn in the worker's hands.
async fn begun(client: &RawClient, worker: &mut RawWorker, id: &str) -> Item {
    client.start(ORDER, id, None).await.unwrap();
    let turn = take(worker).await;
    assert_eq!(turn.id, id);
    turn
}

/// A new instance with an activity in the worker's hands.
async fn with_activity(client: &RawClient, worker: &mut RawWorker, id: &str) -> Item {
    let turn = begun(client, worker, id).await;
    answer(client, &turn, vec![actions::schedule(0, HELD, None)]).await;
    let activity = take(worker).await;
    assert_eq!(activity.id, id);
    activity
}

async fn answer(client: &RawClient, turn: &Item, actions: Vec<OrchestratorAction>) {
    let response = work::turn_result(turn, actions);
    client.complete_turn_with(response).await.unwrap();
}

/// An item of each kind in the worker's hands.
async fn out(client: &RawClient, worker: &mut RawWorker, prefix: &str) -> Kinds {
    let turn = begun(client, worker, &format!("{prefix}turn")).await;
    let activity = with_activity(client, worker, &format!("{prefix}activity")).await;
    signal(client, "@counter@held").await;
    let entity = take(worker).await;
    Kinds {
        turn,
        activity,
        entity,
    }
}

async fn signal(client: &RawClient, id: &str) {
    let signal = SignalEntityRequest {
        instance_id: id.to_owned(),
        name: "Add".to_owned(),
        ..SignalEntityRequest::default()
    };
    let mut rpc = client.rpc.clone();
    rpc.signal_entity(signal).await.unwrap();
}

async fn end(client: &RawClient, id: &str) {
    let left = client.skip_terminations(&[id], None).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

async fn purge(client: &RawClient, id: &str) {
    let request = PurgeInstancesRequest {
        request: Some(PurgeTarget::InstanceId(id.to_owned())),
        ..PurgeInstancesRequest::default()
    };
    let mut rpc = client.rpc.clone();
    let purged = rpc.purge_instances(request).await.unwrap().into_inner();
    assert_eq!(purged.deleted_instance_count, 1, "{id}");
}

/// Starts it anew, whatever it is doing.
async fn replace(client: &RawClient, id: &str) {
    let request = CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: ORDER.to_owned(),
        orchestration_id_reuse_policy: Some(OrchestrationIdReusePolicy {
            replaceable_status: (0..8).collect(),
        }),
        ..CreateInstanceRequest::default()
    };
    client.start_with(request).await.unwrap();
}
