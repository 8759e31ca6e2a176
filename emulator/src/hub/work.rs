//! Work by name, the workers that take it and what they hold, for dashboards.

use std::collections::BTreeMap;
use std::collections::HashMap;

use durascope_proto::monitor as proto;
use durascope_proto::time::from_micros;

use super::Hub;
use super::HubError;
use super::core::Core;
use crate::dispatch::GroupKey;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::StreamId;
use crate::dispatch::WorkKind;
use crate::live::HubKey;
use crate::live::LiveWorker;

/// Queues that are told apart; names may be data.
const QUEUES_MAX: usize = 1_000;
const HELD_MAX: usize = 500;

/// What the core tells of work. `entities` has the keys of the entities among the held items, by
/// the place of the item: their ids are in the store.
#[derive(Debug, Default)]
pub(crate) struct WorkLive {
    pub(crate) queues: Vec<proto::QueueRow>,
    pub(crate) workers: Vec<LiveWorker>,
    pub(crate) held: Vec<proto::HeldItem>,
    pub(crate) entities: Vec<(usize, i64)>,
    pub(crate) notes: Vec<proto::WorkerNote>,
}

/// Kind, name and version.
type QueueKey = (i32, String, String);

impl Hub {
    /// What waits, who takes it, and what workers hold: that of the asked worker first.
    pub(crate) async fn work(&self, hub: HubKey, worker_id: String) -> Result<WorkLive, HubError> {
        self.look(move |core| Ok(core.work(hub, &worker_id))).await
    }
}

impl Core {
    fn work(&mut self, hub: HubKey, worker_id: &str) -> WorkLive {
        let names = self.worker_ids(hub);
        let leases: Vec<&Lease> = self.dispatch.leases.of_hub(hub).collect();
        let (held, entities) = held(&leases, &names, worker_id);
        let mut out: BTreeMap<(i32, GroupKey), (WorkKind, u64)> = BTreeMap::new();
        for lease in &leases {
            let (kind, group) = group(&lease.held);
            let key = (kind_number(kind), GroupKey::clone(group));
            out.entry(key).or_insert((kind, 0)).1 += 1;
        }
        let dispatch = self.dispatch.hub(hub);
        let mut queues: BTreeMap<QueueKey, proto::QueueRow> = BTreeMap::new();
        let mut takers: BTreeMap<QueueKey, Vec<StreamId>> = BTreeMap::new();
        let mut row = |kind: WorkKind, group: &GroupKey, waiting: u64, since: Option<i64>, out| {
            let version = group.version.as_deref().unwrap_or_default();
            let number = kind_number(kind);
            let key = (number, group.name.to_string(), version.to_owned());
            let takers = takers.entry(key.clone()).or_default();
            let accepting = dispatch.streams.iter().filter(|it| it.accepts(kind, group));
            for stream in accepting.map(|it| it.id) {
                if !takers.contains(&stream) {
                    takers.push(stream);
                }
            }
            let row = queues.entry(key).or_insert_with_key(|key| proto::QueueRow {
                kind: key.0,
                name: key.1.clone(),
                version: key.2.clone(),
                ..proto::QueueRow::default()
            });
            row.waiting += waiting;
            row.out += out;
            let since = since.map(from_micros);
            row.oldest_waiting = earlier(row.oldest_waiting, since);
            row.workers = u32::try_from(takers.len()).unwrap_or(u32::MAX);
            row.served = !takers.is_empty();
        };
        for (group, (waiting, since)) in dispatch.turns.by_group() {
            row(WorkKind::Turn, group, waiting, since, 0);
        }
        for (group, (waiting, since)) in dispatch.activities.by_group() {
            row(WorkKind::Activity, group, waiting, since, 0);
        }
        for (group, (waiting, since)) in dispatch.entities.by_group() {
            row(WorkKind::Entity, group, waiting, since, 0);
        }
        for ((_, group), (kind, count)) in &out {
            row(*kind, group, 0, None, *count);
        }
        let mut queues: Vec<proto::QueueRow> = queues.into_values().collect();
        // What nobody takes, then what waits most.
        queues.sort_by(|a, b| {
            let stuck = |it: &proto::QueueRow| it.served || it.waiting == 0;
            (stuck(a), b.waiting, b.out).cmp(&(stuck(b), a.waiting, a.out))
        });
        queues.truncate(QUEUES_MAX);
        let notes = dispatch.notes.iter().map(|note| proto::WorkerNote {
            at: Some(from_micros(note.at_us)),
            worker_id: note.worker_id.clone(),
            peer: note.peer.clone(),
            text: note.text.clone(),
        });
        WorkLive {
            queues,
            workers: dispatch.live_workers(),
            held,
            entities,
            notes: notes.collect(),
        }
    }
}

/// The oldest items, those of the asked worker first.
fn held(
    leases: &[&Lease],
    names: &HashMap<StreamId, String>,
    asked: &str,
) -> (Vec<proto::HeldItem>, Vec<(usize, i64)>) {
    let name = |lease: &Lease| names.get(&lease.stream).map_or("", String::as_str);
    let mut order: Vec<(bool, i64, &Lease)> = leases
        .iter()
        .map(|lease| {
            let other = !asked.is_empty() && name(lease) != asked;
            (other, lease.since_us, *lease)
        })
        .collect();
    order.sort_by_key(|(other, since_us, _)| (*other, *since_us));
    order.truncate(HELD_MAX);
    let mut entities = Vec::new();
    let items = order.into_iter().enumerate().map(|(place, (_, _, lease))| {
        let (instance_id, task_id) = match &lease.held {
            Held::Turn { instance_id, .. } => (instance_id.to_string(), 0),
            Held::Activity(task) => (task.origin.instance_id.to_string(), task.activity.task_id),
            Held::Entity { entity, .. } => {
                entities.push((place, entity.key.0));
                (String::new(), 0)
            }
        };
        let (kind, group) = group(&lease.held);
        proto::HeldItem {
            kind: kind_number(kind),
            name: group.name.to_string(),
            instance_id,
            task_id,
            worker_id: name(lease).to_owned(),
            since: Some(from_micros(lease.since_us)),
        }
    });
    let items = items.collect();
    (items, entities)
}

fn group(held: &Held) -> (WorkKind, &GroupKey) {
    let group = match held {
        Held::Turn { group, .. } => group,
        Held::Activity(task) => &task.group,
        Held::Entity { entity, .. } => &entity.group,
    };
    (held.kind(), group)
}

fn kind_number(kind: WorkKind) -> i32 {
    match kind {
        WorkKind::Turn => proto::WorkKind::Turn.into(),
        WorkKind::Activity => proto::WorkKind::Activity.into(),
        WorkKind::Entity => proto::WorkKind::Entity.into(),
    }
}

fn earlier(
    one: Option<prost_types::Timestamp>,
    other: Option<prost_types::Timestamp>,
) -> Option<prost_types::Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(
            if (one.seconds, one.nanos) <= (other.seconds, other.nanos) {
                one
            } else {
                other
            },
        ),
        (one, other) => one.or(other),
    }
}
