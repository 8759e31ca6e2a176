//! The hub on a real database, with workers that are plain functions.

mod recovery;
mod transactions;

use std::path::Path;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::WorkItem;
use durascope_proto::work_item::Request;
use futures_util::StreamExt as _;
use prost::Message as _;
use rusqlite::Connection;

use super::Hub;
use super::HubOptions;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::live::HubKey;
use crate::store::Durability;
use crate::store::Store;
use crate::store::StoreOptions;

/// A hub on `path` with one task hub.
async fn hub(path: &Path) -> (Hub, HubKey) {
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
        user_agent: "test".to_owned(),
        request,
    };
    hub.connect_worker(key, profile).await.unwrap()
}

/// The next work item that is no sign of life.
async fn next(items: &mut WorkerItems) -> WorkItem {
    loop {
        let item = WorkItem::decode(items.next().await.unwrap().0).unwrap();
        if !matches!(item.request, Some(Request::HealthPing(_))) {
            return item;
        }
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
