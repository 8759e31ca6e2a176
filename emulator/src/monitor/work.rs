//! Work by name, and the workers with what they take and hold.

use std::collections::BTreeMap;

use durascope_proto::monitor as proto;
use durascope_proto::time::from_micros;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::live::LiveWorker;
use crate::monitor::limits;
use crate::monitor::watch::connected;
use crate::store::entity_pages;

/// Names of one filter that are listed.
const NAMES_MAX: usize = 1_000;

/// Answers ListWork: one question to the core, and the ids of the entities from the store.
pub(crate) async fn list(
    hub: &Hub,
    key: HubKey,
    asked: proto::ListWorkRequest,
) -> Result<proto::WorkList, HubError> {
    limits::text("worker_id", &asked.worker_id)?;
    let mut work = hub.work(key, asked.worker_id).await?;
    if !work.entities.is_empty() {
        let keys: Vec<i64> = work.entities.iter().map(|(_, key)| *key).collect();
        let read = move |connection: &_| entity_pages::ids(connection, &keys);
        let ids: BTreeMap<i64, String> = hub.store().read(read).await?;
        for (place, key) in &work.entities {
            if let (Some(item), Some(id)) = (work.held.get_mut(*place), ids.get(key)) {
                item.instance_id.clone_from(id);
            }
        }
    }
    Ok(proto::WorkList {
        queues: work.queues,
        workers: work.workers.iter().map(row).collect(),
        held: work.held,
        notes: work.notes,
    })
}

fn row(worker: &LiveWorker) -> proto::WorkerRow {
    let takes = worker.takes.as_deref();
    let names = |of: Option<&Vec<String>>| -> Vec<String> {
        let names = of.into_iter().flatten();
        names.take(NAMES_MAX).cloned().collect()
    };
    proto::WorkerRow {
        worker: Some(connected(worker)),
        peer: worker.peer.clone(),
        takes_everything: takes.is_none(),
        orchestrations: names(takes.map(|it| &it.orchestrations.names)),
        activities: names(takes.map(|it| &it.activities.names)),
        entities: names(takes.map(|it| &it.entities.names)),
        answered: worker.answered,
        last_heard: Some(from_micros(worker.heard_us)),
    }
}
