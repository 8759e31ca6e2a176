//! The hub on a real database, with workers that are plain functions.

mod answers;
mod azure;
mod entities;
mod entity_rollback;
mod entity_walk;
mod generations;
mod hubs;
mod recovery;
mod restart;
mod rewind;
mod rewind_walk;
mod rollback;
mod sizes;
mod skip;
mod streams;
mod timers;
mod transactions;
mod tree;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorRequest;
use durascope_proto::RaiseEventRequest;
use durascope_proto::WorkItem;
use durascope_proto::history_event::EventType;
use durascope_proto::work_item::Request;
use futures_util::StreamExt as _;
use prost::Message as _;
use rusqlite::Connection;
use tempfile::TempDir;

use super::Hub;
use super::HubOptions;
use super::Limits;
use super::queries::Texts;
use crate::config::AzureLimits;
use crate::config::SENT_MESSAGE_BYTES_MAX_DEFAULT;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::live::HubKey;
use crate::store::Durability;
use crate::store::Store;
use crate::store::StoreOptions;

/// When a test gives up on something that does not come. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// From now on no instance of the id "poison" can be stored, and what is in one transaction
/// with it fails too.
const POISON: &str = "CREATE TRIGGER poison BEFORE INSERT ON instance WHEN new.id = 'poison'
    BEGIN SELECT raise(ABORT, 'poisoned'); END";

/// A hub on a new database, which goes with the folder.
async fn fresh() -> (TempDir, PathBuf, Hub, HubKey) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let (hub, key) = hub(&path).await;
    (folder, path, hub, key)
}

/// A hub on `path` with one task hub.
async fn hub(path: &Path) -> (Hub, HubKey) {
    let limits = Limits {
        sent_bytes_max: SENT_MESSAGE_BYTES_MAX_DEFAULT,
        azure: AzureLimits::Warn,
    };
    hub_with(path, limits).await
}

async fn hub_with(path: &Path, limits: Limits) -> (Hub, HubKey) {
    let options = StoreOptions {
        path: path.to_owned(),
        durability: Durability::Off,
        readers: 1,
    };
    let store = Store::open(&options).unwrap();
    let hub = Hub::start_core(
        store,
        HubOptions {
            task_hubs: vec![],
            strict: false,
            limits,
        },
    )
    .unwrap();
    let key = hub.resolve("default").await.unwrap();
    (hub, key)
}

async fn worker(hub: &Hub, key: HubKey, limit: i32) -> WorkerItems {
    let request = GetWorkItemsRequest {
        max_concurrent_orchestration_work_items: limit,
        max_concurrent_activity_work_items: limit,
        ..Default::default()
    };
    let profile = WorkerProfile {
        worker_id: "w".to_owned(),
        peer: String::new(),
        user_agent: "test".to_owned(),
        sticky: 0,
        request,
    };
    hub.connect_worker(key, profile).await.unwrap()
}

/// The next work item that is no sign of life.
async fn next(items: &mut WorkerItems) -> WorkItem {
    next_or_end(items).await.unwrap()
}

/// The same; nothing when the stream has ended.
async fn next_or_end(items: &mut WorkerItems) -> Option<WorkItem> {
    loop {
        let item = tokio::time::timeout(PATIENCE, items.next()).await;
        let item = WorkItem::decode(item.expect("a work item comes")?.0).unwrap();
        if !matches!(item.request, Some(Request::HealthPing(_))) {
            return Some(item);
        }
    }
}

fn turn(item: &WorkItem) -> &OrchestratorRequest {
    match &item.request {
        Some(Request::OrchestratorRequest(turn)) => turn,
        other => panic!("not a turn: {other:?}"),
    }
}

/// What is new in a turn.
fn news(turn: &OrchestratorRequest) -> impl Iterator<Item = &EventType> {
    turn.new_events
        .iter()
        .filter_map(|event| event.event_type.as_ref())
}

/// How the execution was started, in its first turn.
fn started(turn: &OrchestratorRequest) -> &ExecutionStartedEvent {
    news(turn)
        .find_map(|event| match event {
            EventType::ExecutionStarted(started) => Some(started),
            _ => None,
        })
        .unwrap()
}

/// Names of the external events in a turn.
fn raised(turn: &OrchestratorRequest) -> Vec<&str> {
    news(turn)
        .filter_map(|event| match event {
            EventType::EventRaised(raised) => Some(raised.name.as_str()),
            _ => None,
        })
        .collect()
}

async fn status(hub: &Hub, key: HubKey, id: &str) -> Status {
    let state = hub.instance(key, id, Texts::Blank).await.unwrap().unwrap();
    Status::try_from(state.orchestration_status).unwrap()
}

fn event(id: &str, name: &str) -> RaiseEventRequest {
    RaiseEventRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        input: None,
    }
}

fn start(id: &str) -> CreateInstanceRequest {
    CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: "Order".to_owned(),
        ..Default::default()
    }
}

fn read<T>(path: &Path, query: impl FnOnce(&Connection) -> T) -> T {
    query(&Connection::open(path).unwrap())
}
