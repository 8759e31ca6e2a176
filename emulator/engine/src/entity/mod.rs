//! The decisions about entities: ids, which operations make a batch, what its result changes, and
//! when a critical section is granted.
//!
//! An entity handles one batch at a time. Messages wait in the order of their acceptance; while an
//! orchestration holds the lock, only its own calls go past the others.

mod batch;
mod complete;
mod id;
mod messages;
mod section;

pub use batch::Forming;
pub use batch::Offer;
pub use complete::Answer;
pub use complete::EntityCommit;
pub use complete::Outcome;
pub use complete::Refused;
pub use complete::Reply;
pub use complete::complete;
pub use complete::give_up;
pub use complete::refuse;
pub use id::EntityId;
pub use messages::call;
pub use messages::signal;
pub use messages::signal_of_client;
pub use messages::signal_of_entity;
pub use section::Lock;
pub use section::Request;
pub(crate) use section::granted;

use std::sync::Arc;

use prost::bytes::Bytes;

/// Who asked: an execution of an orchestration instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Key of the instance in the store, meaningless here.
    pub key: i64,
    pub execution: Arc<str>,
}

/// What waits at an entity. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Signal = 0,
    Call = 1,
    /// A critical section that is to begin here.
    Lock = 2,
}

impl Kind {
    /// The kind with this stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Signal,
            1 => Self::Call,
            2 => Self::Lock,
            _ => return None,
        })
    }
}

/// A message for an entity, to be put into its inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    /// Absent for signals.
    pub caller: Option<Caller>,
    /// Id of the request; of the critical section for a lock.
    pub request: Arc<str>,
    /// Only for a signal that is to arrive later.
    pub visible_us: Option<i64>,
    /// Encoded `HistoryEvent`, as the worker gets it.
    pub event: Bytes,
}

/// An operation that goes to a worker, with its place in the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub at_us: i64,
    pub seq: i64,
    /// Absent for signals.
    pub caller: Option<Caller>,
    pub request: Arc<str>,
    pub event: Bytes,
}

/// How often a batch that fails as a whole is tried.
pub const ATTEMPTS_MAX: u32 = 5;
