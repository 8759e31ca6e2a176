//! What an execution has to do with entities: which answer belongs to which call, and the critical
//! section with its rules.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::task::Waker;

use durascope_proto::EntityUnlockSentEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use uuid::Uuid;

use super::Replay;
use super::matcher::Confirmation;
use super::pending::Call;
use super::pending::Outcome;
use super::state::State;
use crate::names::EntityId;

/// Calls and lock requests by the id that their answers carry, and the critical section.
#[derive(Debug, Default)]
pub(crate) struct Entities {
    calls: BTreeMap<Uuid, i32>,
    locks: BTreeMap<Uuid, i32>,
    section: Option<Section>,
    /// Asked for, but given up before they began: they are ended as soon as they begin.
    given_up: Vec<Section>,
}

/// What an orchestration does from its request for locks to their release.
#[derive(Debug)]
pub(crate) struct Section {
    /// The operation that asked for it; on our side its name.
    slot: i32,
    id: Uuid,
    owner: String,
    entities: Vec<EntityId>,
    granted: bool,
    /// Entities whose answer is awaited, with the call that asked.
    busy: BTreeMap<EntityId, i32>,
}

/// Why an orchestration may not do something for the sake of its critical section.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// A lock within a lock.
    #[error(
        "a critical section cannot begin within another one, which holds {held:?}: drop its guard \
         first, or lock all entities at once"
    )]
    Nested {
        /// What the outer section has locked, or has asked for.
        held: Vec<EntityId>,
    },
    /// A lock of nothing.
    #[error("a critical section needs at least one entity")]
    NoEntity,
    /// A call of a sub-orchestration within a critical section.
    #[error("sub-orchestration {name:?} cannot be called within a critical section")]
    SubOrchestration {
        /// The orchestration called.
        name: String,
    },
    /// A call between the request for locks and their grant.
    #[error("entity {entity:?} cannot be called before the lock that was asked for is granted")]
    NotGranted {
        /// The entity called.
        entity: EntityId,
    },
    /// A call to an entity that the critical section has not locked.
    #[error(
        "entity {entity:?} cannot be called within a critical section that has not locked it; \
         it holds {held:?}"
    )]
    NotLocked {
        /// The entity called.
        entity: EntityId,
        /// What is locked.
        held: Vec<EntityId>,
    },
    /// A second call to a locked entity while the first is open.
    #[error(
        "locked entity {entity:?} cannot be called while an earlier call to it is open; await that"
    )]
    Busy {
        /// The entity called.
        entity: EntityId,
    },
    /// A signal to a locked entity, which could not run before the section ends.
    #[error("locked entity {entity:?} cannot be signalled within its critical section; call it")]
    SignalToLocked {
        /// The entity signalled.
        entity: EntityId,
    },
}

impl Entities {
    /// Whether an entity may be called now.
    pub(crate) fn check_call(&self, entity: &EntityId) -> Result<(), SectionError> {
        let Some(section) = &self.section else {
            return Ok(());
        };
        let entity = entity.clone();
        if !section.granted {
            Err(SectionError::NotGranted { entity })
        } else if !section.entities.contains(&entity) {
            let held = section.entities.clone();
            Err(SectionError::NotLocked { entity, held })
        } else if section.busy.contains_key(&entity) {
            Err(SectionError::Busy { entity })
        } else {
            Ok(())
        }
    }

    /// Whether an entity may be signalled now.
    pub(crate) fn check_signal(&self, entity: &EntityId) -> Result<(), SectionError> {
        match &self.section {
            Some(section) if section.entities.contains(entity) => {
                let entity = entity.clone();
                Err(SectionError::SignalToLocked { entity })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an orchestration may be called now.
    pub(crate) fn check_sub(&self, name: &str) -> Result<(), SectionError> {
        match &self.section {
            Some(_) => Err(SectionError::SubOrchestration {
                name: name.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The lock set of a critical section that may begin now: in order, each entity once.
    pub(crate) fn check_lock(&self, wanted: Vec<EntityId>) -> Result<Vec<EntityId>, SectionError> {
        if let Some(section) = &self.section {
            let held = section.entities.clone();
            return Err(SectionError::Nested { held });
        }
        let set: BTreeSet<EntityId> = wanted.into_iter().collect();
        if set.is_empty() {
            return Err(SectionError::NoEntity);
        }
        Ok(set.into_iter().collect())
    }

    pub(crate) fn on_called(&mut self, slot: i32, request: Uuid, entity: &EntityId) {
        self.calls.insert(request, slot);
        if let Some(section) = &mut self.section {
            section.busy.insert(entity.clone(), slot);
        }
    }

    pub(crate) fn on_lock_requested(
        &mut self,
        slot: i32,
        id: Uuid,
        owner: &str,
        entities: Vec<EntityId>,
    ) {
        self.locks.insert(id, slot);
        self.section = Some(Section {
            slot,
            id,
            owner: owner.to_owned(),
            entities,
            granted: false,
            busy: BTreeMap::new(),
        });
    }

    /// History has the last word on the id under which something was sent: one that an earlier
    /// version of this crate made may differ from what this one makes.
    fn adopt(&mut self, slot: i32, sent: &EventType) {
        match sent {
            EventType::EntityOperationCalled(it) => {
                if let Ok(id) = Uuid::parse_str(&it.request_id) {
                    self.calls.insert(id, slot);
                }
            }
            EventType::EntityLockRequested(it) => {
                if let Ok(id) = Uuid::parse_str(&it.critical_section_id) {
                    self.locks.insert(id, slot);
                    let sections = self.section.iter_mut().chain(&mut self.given_up);
                    for section in sections.filter(|section| section.slot == slot) {
                        section.id = id;
                    }
                }
            }
            _ => {}
        }
    }
}

impl State {
    /// An entity answered a call; answers that nobody waits for change nothing. Wake what is
    /// returned.
    pub(super) fn on_answer(&mut self, request_id: &str, outcome: Outcome) -> Option<Waker> {
        let id = Uuid::parse_str(request_id).ok()?;
        let slot = self.entities.calls.remove(&id)?;
        if let Some(section) = &mut self.entities.section {
            section.busy.retain(|_, call| *call != slot);
        }
        let is_call = |call: &Call| matches!(call, Call::Operation { .. });
        self.pending.complete(slot, is_call, outcome)
    }

    /// A critical section begins. Wake what is returned.
    pub(super) fn on_granted(&mut self, section_id: &str) -> Option<Waker> {
        let id = Uuid::parse_str(section_id).ok()?;
        let slot = self.entities.locks.remove(&id)?;
        let given_up = &mut self.entities.given_up;
        if let Some(at) = given_up.iter().position(|section| section.slot == slot) {
            let section = given_up.remove(at);
            self.unlock(section);
        } else if let Some(section) = &mut self.entities.section
            && section.slot == slot
        {
            section.granted = true;
        }
        let is_lock = |call: &Call| matches!(call, Call::Lock { .. });
        self.pending.complete(slot, is_lock, Outcome::Granted)
    }

    /// Ends the critical section that operation `slot` asked for, if it is not over.
    pub(crate) fn release(&mut self, slot: i32) {
        let Some(section) = self.entities.section.take_if(|it| it.slot == slot) else {
            return;
        };
        if section.granted {
            self.unlock(section);
        } else if !self.pending.withdraw(slot) {
            self.entities.given_up.push(section);
        }
    }

    /// The code is over: nothing that it has locked, or still waits to lock, stays locked.
    pub(super) fn release_all(&mut self) {
        let given_up = std::mem::take(&mut self.entities.given_up);
        for section in self.entities.section.take().into_iter().chain(given_up) {
            self.unlock(section);
        }
    }

    fn unlock(&mut self, section: Section) {
        for target in section.entities {
            let event = EntityUnlockSentEvent {
                critical_section_id: section.id.to_string(),
                parent_instance_id: Some(section.owner.clone()),
                target_instance_id: Some(target.as_str().to_owned()),
            };
            let action = entity_message(EntityMessageType::EntityUnlockSent(event));
            self.pending.add(Call::Unlock { target }, Some(action));
        }
    }
}

/// The action that sends something to an entity.
pub(crate) fn entity_message(message: EntityMessageType) -> OrchestratorActionType {
    OrchestratorActionType::SendEntityMessage(SendEntityMessageAction {
        entity_message_type: Some(message),
    })
}

impl Replay {
    /// Something was sent to an entity, says the history.
    pub(super) fn on_entity_message_sent(&mut self, event: &HistoryEvent) {
        let Some(sent) = &event.event_type else {
            return;
        };
        self.confirm(
            event.event_id,
            &Confirmation::Entity(EntityConfirmation(sent)),
        );
        self.shared.lock().entities.adopt(event.event_id, sent);
    }
}

/// The event of a message to an entity.
#[derive(Debug)]
pub(crate) struct EntityConfirmation<'a>(&'a EventType);

impl EntityConfirmation<'_> {
    pub(super) fn matches(&self, call: &Call) -> bool {
        match (self.0, call) {
            (EventType::EntityOperationCalled(it), Call::Operation { target, operation }) => {
                is_same(&it.target_instance_id, target) && is_operation(&it.operation, operation)
            }
            (EventType::EntityOperationSignaled(it), Call::Signal { target, operation }) => {
                is_same(&it.target_instance_id, target) && is_operation(&it.operation, operation)
            }
            (EventType::EntityLockRequested(it), Call::Lock { entities }) => {
                it.lock_set.iter().eq(entities.iter().map(EntityId::as_str))
            }
            (EventType::EntityUnlockSent(it), Call::Unlock { target }) => {
                is_same(&it.target_instance_id, target)
            }
            _ => false,
        }
    }
}

/// Not every server keeps the target.
fn is_same(sent: &Option<String>, target: &EntityId) -> bool {
    sent.as_ref().is_none_or(|sent| sent == target.as_str())
}

fn is_operation(sent: &str, called: &str) -> bool {
    sent == called || sent.to_lowercase() == called.to_lowercase()
}

impl fmt::Display for EntityConfirmation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = |target: &Option<String>| target.clone().unwrap_or_default();
        match self.0 {
            EventType::EntityOperationCalled(it) => {
                let target = target(&it.target_instance_id);
                write!(f, "call of {:?} on entity {target:?}", it.operation)
            }
            EventType::EntityOperationSignaled(it) => {
                let target = target(&it.target_instance_id);
                write!(f, "signal {:?} to entity {target:?}", it.operation)
            }
            EventType::EntityLockRequested(it) => write!(f, "lock of entities {:?}", it.lock_set),
            EventType::EntityUnlockSent(it) => {
                let target = target(&it.target_instance_id);
                write!(f, "unlock of entity {target:?}")
            }
            _ => f.write_str("a message to an entity"),
        }
    }
}
