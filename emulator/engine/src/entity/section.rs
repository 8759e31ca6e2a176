//! Critical sections: who holds an entity, and who asks for which entities.

use std::collections::BTreeSet;
use std::sync::Arc;

use durascope_proto::EntityLockGrantedEvent;
use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use prost::Message as _;

use super::Caller;
use super::EntityId;
use super::Entry;
use super::Kind;
use crate::error::Rejected;
use crate::history::event;

/// A critical section that holds an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub owner: Caller,
    /// Instance id of the owner, for people.
    pub owner_id: Arc<str>,
    pub section: Arc<str>,
}

impl Lock {
    pub fn is_held_by(&self, caller: &Caller) -> bool {
        self.owner == *caller
    }

    /// Whether such a message is for now: only the calls of the owner are.
    pub fn admits(&self, kind: Kind, caller: Option<&Caller>) -> bool {
        kind == Kind::Call && caller.is_some_and(|caller| self.is_held_by(caller))
    }
}

/// A critical section that an orchestration asks for. It stands in the inbox of each of its
/// entities at once, and begins when it comes first in all of them and all are free: sections
/// that overlap begin in the order in which they were asked for, and none can wait for another
/// in a circle, in whatever order the SDKs sort their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub section: Arc<str>,
    /// Each entity once.
    pub entities: BTreeSet<EntityId>,
}

impl Request {
    /// Reads a request as an orchestration makes it.
    ///
    /// # Errors
    /// [`Rejected::Invalid`] for an id in the lock set that is none of an entity.
    pub fn new(request: &EntityLockRequestedEvent) -> Result<Self, Rejected> {
        let entities = request
            .lock_set
            .iter()
            .map(|id| EntityId::parse("lockSet", id))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            section: request.critical_section_id.as_str().into(),
            entities,
        })
    }

    /// Reads a stored inbox entry; `None` if it is not one of a critical section.
    pub fn of_entry(event: &[u8]) -> Option<Self> {
        let decoded = HistoryEvent::decode(event).ok()?.event_type?;
        let EventType::EntityLockRequested(request) = decoded else {
            return None;
        };
        Self::new(&request).ok()
    }

    /// What goes into the inbox of each entity.
    pub fn entry(now_us: i64, caller: Caller, request: EntityLockRequestedEvent) -> Entry {
        Entry {
            kind: Kind::Lock,
            caller: Some(caller),
            request: request.critical_section_id.as_str().into(),
            visible_us: None,
            event: event(-1, now_us, EventType::EntityLockRequested(request))
                .encode_to_vec()
                .into(),
        }
    }
}

/// What the owner is told when its section begins.
pub(crate) fn granted(now_us: i64, critical_section_id: String) -> HistoryEvent {
    let granted = EntityLockGrantedEvent {
        critical_section_id,
    };
    event(-1, now_us, EventType::EntityLockGranted(granted))
}
