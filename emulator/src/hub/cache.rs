//! Instances in memory: what the core has touched lately, written through at each commit.

use std::collections::HashMap;
use std::sync::Arc;

use durascope_engine::Instance;
use durascope_engine::ready::Patience;

use super::sticky::Kept;
use crate::dispatch::GroupKey;
use crate::dispatch::Origin;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::load;
use crate::store::load::Loaded;

/// Instances kept at most, beyond those that are queued or out.
const KEPT_MAX: usize = 20_000;

/// Whether an instance's next turn waits, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Nothing to do, as far as is known.
    Idle,
    /// There is something to do, but more results are expected soon.
    Held,
    /// In the queue of turns.
    Queued,
    /// A worker has the turn.
    Out,
}

/// An instance with what the core knows of it beyond the store.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) key: InstanceKey,
    pub(super) hub: HubKey,
    pub(super) state: Instance,
    pub(super) ready: Ready,
    /// Something came while the turn was out, or was left for the next one.
    pub(super) missed: Option<Patience>,
    /// Since when the present turn is queued, and how often it came back without an answer.
    pub(super) queued_us: i64,
    pub(super) given_back: u32,
    /// How long a worker had the last turn, and when it was committed.
    pub(super) last_turn_us: i64,
    pub(super) ended_us: i64,
    /// The stream whose worker has the execution in memory since its last turn.
    pub(super) kept: Option<Kept>,
    /// For activities of the current execution.
    pub(super) origin: Arc<Origin>,
    /// Name and version of the current execution.
    pub(super) group: Arc<GroupKey>,
    /// The state differs from the row; it is written at the end of the group.
    pub(super) dirty: bool,
}

impl Live {
    pub(super) fn new(key: InstanceKey, hub: HubKey, state: Instance) -> Self {
        Self {
            key,
            hub,
            origin: origin(key, &state),
            group: group(&state),
            state,
            ready: Ready::Idle,
            missed: None,
            queued_us: 0,
            given_back: 0,
            last_turn_us: 0,
            ended_us: i64::MIN,
            kept: None,
            dirty: false,
        }
    }

    /// Takes over a new state; identity follows the execution.
    pub(super) fn set(&mut self, state: Instance) {
        if state.execution != self.state.execution {
            self.origin = origin(self.key, &state);
            self.group = group(&state);
        }
        self.state = state;
        self.dirty = true;
    }
}

fn origin(key: InstanceKey, state: &Instance) -> Arc<Origin> {
    Arc::new(Origin {
        key,
        instance_id: Arc::clone(&state.id),
        execution: Arc::clone(&state.execution),
    })
}

fn group(state: &Instance) -> Arc<GroupKey> {
    let name = Arc::clone(&state.name);
    Arc::new(GroupKey {
        name,
        version: state.version.clone(),
        fallback: None,
        large: false,
    })
}

/// Instances by key and by id.
#[derive(Debug, Default)]
pub(super) struct Cache {
    by_key: HashMap<InstanceKey, Live>,
    by_id: HashMap<(HubKey, Arc<str>), InstanceKey>,
    shrink_above: usize,
}

impl Cache {
    pub(super) fn insert(&mut self, live: Live) {
        self.by_id
            .insert((live.hub, Arc::clone(&live.state.id)), live.key);
        self.by_key.insert(live.key, live);
    }

    pub(super) fn remove(&mut self, key: InstanceKey) -> Option<Live> {
        let live = self.by_key.remove(&key)?;
        let at = (live.hub, Arc::clone(&live.state.id));
        if self.by_id.get(&at) == Some(&key) {
            self.by_id.remove(&at);
        }
        Some(live)
    }

    /// The instance if it is in memory.
    pub(super) fn peek(&mut self, key: InstanceKey) -> Option<&mut Live> {
        self.by_key.get_mut(&key)
    }

    /// The instance with this key, loaded if need be.
    pub(super) fn by_key(
        &mut self,
        db: &Db,
        key: InstanceKey,
    ) -> Result<Option<&mut Live>, StoreError> {
        if !self.by_key.contains_key(&key) {
            let Some(loaded) = load::by_key(db, key)? else {
                return Ok(None);
            };
            self.adopt(loaded);
        }
        Ok(self.by_key.get_mut(&key))
    }

    /// The instance with this id, loaded if need be.
    pub(super) fn by_id(
        &mut self,
        db: &Db,
        hub: HubKey,
        id: &str,
    ) -> Result<Option<&mut Live>, StoreError> {
        let at = (hub, Arc::<str>::from(id));
        if let Some(key) = self.by_id.get(&at) {
            return Ok(self.by_key.get_mut(key));
        }
        let Some(loaded) = load::by_id(db, hub, id)? else {
            return Ok(None);
        };
        let key = loaded.key;
        self.adopt(loaded);
        Ok(self.by_key.get_mut(&key))
    }

    fn adopt(&mut self, loaded: Loaded) {
        self.insert(Live::new(loaded.key, loaded.hub, loaded.instance));
    }

    /// Forgets instances that nothing in memory refers to, once there are many.
    pub(super) fn shrink(&mut self) {
        if self.by_key.len() <= KEPT_MAX.max(self.shrink_above) {
            return;
        }
        let idle: Vec<InstanceKey> = self
            .by_key
            .values()
            .filter(|live| live.ready == Ready::Idle && !live.dirty)
            .map(|live| live.key)
            .collect();
        for key in idle {
            self.remove(key);
        }
        // What is left is queued or out: looking again at once would find the same.
        self.shrink_above = self.by_key.len().saturating_mul(2);
    }
}
