//! What is ready and what is out: queues, worker streams, leases. In memory only: after a crash
//! it is rebuilt from the store, so handing out work writes nothing.
//!
//! The core thread owns it. It knows keys and encoded events, and reads no database.

mod hub_dispatch;
mod keeping;
mod lane;
mod lease;
mod notes;
mod queue;
mod starts;
mod stream;
pub(crate) mod waiters;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use durascope_engine::turn::ScheduledActivity;

pub(crate) use hub_dispatch::HubDispatch;
pub(crate) use keeping::Keeping;
pub(crate) use lane::Lane;
pub(crate) use lane::Work;
pub(crate) use lease::Held;
pub(crate) use lease::Lease;
pub(crate) use lease::Leases;
pub(crate) use lease::Token;
pub(crate) use notes::Note;
pub(crate) use notes::Notes;
pub(crate) use queue::GroupKey;
pub(crate) use queue::Queue;
pub(crate) use starts::Starts;
pub(crate) use stream::DropGuard;
pub(crate) use stream::Stream;
pub(crate) use stream::StreamId;
pub use stream::WorkerItems;
pub use stream::WorkerProfile;
pub(crate) use stream::open;

use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;

/// What a work item asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// A turn of an orchestration.
    Turn,
    Activity,
    /// A batch of operations of an entity.
    Entity,
}

/// The execution that scheduled an activity.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) key: InstanceKey,
    pub(crate) instance_id: Arc<str>,
    pub(crate) execution: Arc<str>,
}

/// An activity that waits for a worker or is with one.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) origin: Arc<Origin>,
    pub(crate) activity: ScheduledActivity,
    pub(crate) group: Arc<GroupKey>,
    /// Row of the `activity` table, when its execution is over.
    pub(crate) orphan_row: Option<i64>,
    /// Times it was given back.
    pub(crate) abandoned: u32,
    /// Times it came back without an answer, in whatever way.
    pub(crate) given_back: u32,
}

/// A turn that waits for a worker. Its messages are read when it is handed out.
#[derive(Clone, Debug)]
pub(crate) struct ReadyTurn {
    pub(crate) key: InstanceKey,
    pub(crate) group: Arc<GroupKey>,
    pub(crate) abandoned: u32,
}

/// An entity with operations that wait for a worker. They are read when they are handed out.
#[derive(Clone, Debug)]
pub(crate) struct ReadyEntity {
    pub(crate) key: EntityKey,
    /// Its name alone, in lower case.
    pub(crate) group: Arc<GroupKey>,
    pub(crate) abandoned: u32,
    /// Times that the batch failed as a whole.
    pub(crate) failures: u32,
}

macro_rules! work {
    ($work:ty) => {
        impl Work for $work {
            fn group(&self) -> &Arc<GroupKey> {
                &self.group
            }

            fn abandoned(&mut self) -> &mut u32 {
                &mut self.abandoned
            }
        }
    };
}

work!(Task);
work!(ReadyTurn);
work!(ReadyEntity);

/// What [`HubDispatch::next`] hands to the core to send.
#[derive(Debug)]
pub(crate) enum Assignment {
    Turn(StreamId, ReadyTurn),
    Activity(StreamId, Task),
    Entity(StreamId, ReadyEntity),
}

/// All hubs.
#[derive(Debug, Default)]
pub(crate) struct Dispatch {
    hubs: BTreeMap<HubKey, HubDispatch>,
    pub(crate) leases: Leases,
    /// For who watches.
    pub(crate) starts: Starts,
}

impl Dispatch {
    pub(crate) fn hub(&mut self, hub: HubKey) -> &mut HubDispatch {
        self.hubs.entry(hub).or_default()
    }

    pub(crate) fn keys(&self) -> Vec<HubKey> {
        self.hubs.keys().copied().collect()
    }

    pub(crate) fn hubs(&mut self) -> impl Iterator<Item = (HubKey, &mut HubDispatch)> {
        self.hubs.iter_mut().map(|(key, hub)| (*key, hub))
    }

    pub(crate) fn remove_hub(&mut self, hub: HubKey) {
        self.hubs.remove(&hub);
        self.leases.forget_hub(hub);
    }

    /// The hub is empty from now on: nothing waits, and batches of entities that are out are worth
    /// nothing. Its instances are forgotten one by one.
    pub(crate) fn empty_hub(&mut self, now_us: i64, hub: HubKey) {
        self.hub(hub).clear();
        for lease in self.leases.take_entities(hub) {
            self.free_slot(now_us, &lease);
        }
    }

    /// Forgets instances that are gone: what waits of them, and what is out, whose tokens are
    /// worth nothing any more.
    pub(crate) fn forget(&mut self, now_us: i64, hub: HubKey, keys: &HashSet<InstanceKey>) {
        if let Some(hub) = self.hubs.get_mut(&hub) {
            hub.forget(keys);
        }
        self.starts.forget(keys);
        for lease in self.leases.take_instances(keys) {
            self.free_slot(now_us, &lease);
        }
    }

    /// Rows whose transaction was rolled back do not exist.
    pub(crate) fn forget_rows(&mut self, rows: &HashSet<i64>) {
        let forget = |task: &mut Task| {
            task.orphan_row = task.orphan_row.filter(|row| !rows.contains(row));
        };
        for hub in self.hubs.values_mut() {
            hub.activities.items().for_each(forget);
        }
        for lease in self.leases.iter_mut() {
            if let Held::Activity(task) = &mut lease.held {
                forget(task);
            }
        }
    }

    /// Frees the slot that a lease took on its stream.
    pub(crate) fn free_slot(&mut self, now_us: i64, lease: &Lease) {
        let hub = self.hubs.get_mut(&lease.hub);
        if let Some(stream) = hub.and_then(|hub| hub.stream(lease.stream)) {
            stream.free(lease.held.kind());
        }
        if let Some(hub) = self.hubs.get_mut(&lease.hub)
            && lease.held.kind() == WorkKind::Activity
        {
            hub.activities.unpark(now_us);
        }
    }
}
