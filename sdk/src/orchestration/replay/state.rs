//! What an execution's code and its replay share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::entities::Entities;
use super::pending::Pending;
use crate::orchestration::HistorySize;
use crate::orchestration::events::Mailboxes;
use crate::trace::TraceContext;

/// Who an execution is; the same on every replay.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    pub(crate) instance_id: String,
    pub(crate) execution_id: String,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) parent: Option<ParentInstance>,
    pub(crate) trace_context: Option<TraceContext>,
}

/// The orchestration that started this one as its sub-orchestration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParentInstance {
    /// Its instance id.
    pub instance_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Id of the call in its history.
    pub task_id: i32,
}

/// How the next generation begins.
#[derive(Debug)]
pub(crate) struct NextGeneration {
    pub(crate) input: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) keeps_events: bool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) now_micros: i64,
    /// The same in units of 100 ns, for ids.
    pub(crate) now_ticks: i64,
    pub(crate) replaying: bool,
    pub(crate) pending: Pending,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) entities: Entities,
    pub(crate) custom_status: Option<String>,
    pub(crate) next_generation: Option<NextGeneration>,
    pub(crate) uuids: u64,
    pub(crate) history_size: HistorySize,
    pub(crate) generators: u64,
    pub(crate) default_version: Option<String>,
}

/// The state, shared. No user code runs, and no waker is woken, while it is locked.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of user code cannot happen under the lock, so poison means nothing here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
