//! What the hub publishes of itself after commits: totals, counters, queues and workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_engine::ready::Filter;

/// Key of a task hub in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HubKey(pub i64);

/// Key of an instance in the store; a replaced instance has a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct InstanceKey(pub(crate) i64);

/// Key of an entity in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntityKey(pub(crate) i64);

/// All hubs at one moment. Everything in it is committed.
#[derive(Clone, Debug, Default)]
pub struct LiveSnapshot {
    /// Rises with each publication.
    pub sequence: u64,
    pub hubs: BTreeMap<HubKey, Arc<HubLive>>,
}

/// One task hub at one moment.
#[derive(Clone, Debug, Default)]
pub struct HubLive {
    pub name: String,
    /// Instances by protocol status number.
    pub totals: BTreeMap<i32, u64>,
    pub counters: LiveCounters,
    pub turns: LiveQueue,
    pub activities: LiveQueue,
    pub entities: LiveQueue,
    pub workers: Vec<LiveWorker>,
}

/// Cumulative since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveCounters {
    pub started: u64,
    pub ended: u64,
    pub failed: u64,
    pub turns: u64,
    pub activities: u64,
    pub activities_failed: u64,
    pub entity_operations: u64,
    pub entity_operations_failed: u64,
    /// What the Azure service would have refused.
    pub azure_findings: u64,
}

/// One kind of work item.
#[derive(Clone, Debug, Default)]
pub struct LiveQueue {
    pub waiting: u64,
    pub out: u64,
    /// Microseconds since the epoch.
    pub oldest_waiting_us: Option<i64>,
    /// Names that wait and that no connected worker accepts, at most 20.
    pub unserved: Vec<String>,
}

/// One connected worker stream.
#[derive(Clone, Debug, Default)]
pub struct LiveWorker {
    pub worker_id: String,
    pub user_agent: String,
    pub connected_at_us: i64,
    pub turns_out: u32,
    pub turns_max: u32,
    pub activities_out: u32,
    pub activities_max: u32,
    pub entities_out: u32,
    pub entities_max: u32,
    /// The peer's address.
    pub peer: String,
    /// What it takes; without it, everything.
    pub takes: Option<Arc<LiveTakes>>,
    /// Work items that it has answered.
    pub answered: u64,
    /// When it last answered, or took what was sent to it.
    pub heard_us: i64,
}

/// What a worker's filters list.
#[derive(Clone, Debug)]
pub struct LiveTakes {
    pub orchestrations: LiveFilter,
    pub activities: LiveFilter,
    pub entities: LiveFilter,
}

/// Names as a worker listed them, and the test for them.
#[derive(Clone, Debug)]
pub struct LiveFilter {
    pub names: Vec<String>,
    pub filter: Filter,
}

impl LiveWorker {
    /// Whether it takes turns of this name and one of these versions.
    pub(crate) fn takes_turn(&self, name: &str, versions: &[Option<&str>]) -> bool {
        let takes = self.takes.as_ref();
        takes.is_none_or(|it| it.orchestrations.filter.accepts(name, versions))
    }

    /// Whether it takes activities of this name and one of these versions.
    pub(crate) fn takes_activity(&self, name: &str, versions: &[Option<&str>]) -> bool {
        let takes = self.takes.as_ref();
        takes.is_none_or(|it| it.activities.filter.accepts(name, versions))
    }
}

/// What is out or queued of one instance right now.
#[derive(Clone, Debug, Default)]
pub struct InstanceLive {
    /// The turn that a worker holds.
    pub turn: Option<OutItem>,
    /// Since when the next turn waits for a worker.
    pub turn_queued_us: Option<i64>,
    /// How often the present turn went out and came back without an answer.
    pub turn_given_back: u32,
    /// Activities that a worker holds.
    pub activities: Vec<OutItem>,
    /// Activities that wait again after they came back, with how often they did.
    pub came_back: Vec<(i32, u32)>,
}

/// What a worker holds of one entity right now.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntityLive {
    /// The batch that is out.
    pub(crate) batch: Option<OutItem>,
    /// Ids of its operations.
    pub(crate) operations: Vec<Arc<str>>,
}

/// A work item with a worker.
#[derive(Clone, Debug, Default)]
pub struct OutItem {
    /// Task id of an activity; 0 for a turn.
    pub task_id: i32,
    pub since_us: i64,
    pub worker_id: String,
    /// How often it came back before without an answer.
    pub given_back: u32,
}
