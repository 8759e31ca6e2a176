//! Which instances can be rewound, and how it begins.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::ExecutionRewoundEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::history_event::EventType;
use prost::bytes::Bytes;

use super::Begun;
use super::open::Open;
use crate::batch::Kind;
use crate::deliver::Entry;
use crate::entity::EntityId;
use crate::error::Rejected;
use crate::history::event;
use crate::instance::Instance;
use crate::instance::Phase;
use crate::status;

/// Refuses what has not failed.
///
/// # Errors
/// [`Rejected::WrongState`].
pub fn check_status(instance: &Instance) -> Result<(), Rejected> {
    if instance.status == OrchestrationStatus::Failed {
        return Ok(());
    }
    Err(Rejected::WrongState(format!(
        "rewinding '{}' is not allowed while it is {}: only failed instances can be rewound",
        instance.id,
        status::word(instance.status)
    )))
}

/// Decides about a rewind of an instance with this history.
///
/// # Errors
/// [`Rejected::WrongState`]: it has not failed, or its history has a critical section that was
/// not released. The locks went with the failure, and the code would take itself for their holder.
pub fn begin(
    now_us: i64,
    instance: &Instance,
    past: &[HistoryEvent],
    rewound: ExecutionRewoundEvent,
) -> Result<Begun, Rejected> {
    check_status(instance)?;
    if let Some(section) = unreleased_section(past) {
        return Err(Rejected::WrongState(format!(
            "rewinding '{}' is not allowed: its history has a critical section that was not \
             released, '{section}', and what it had locked is locked no more",
            instance.id
        )));
    }
    let mut after = instance.clone();
    after.status = OrchestrationStatus::Running;
    after.phase = Phase::Rewinding;
    after.updated_us = now_us;
    after.completed_us = None;
    after.failure_line = None;
    // Results that were accepted and never told went with the failure.
    let mut open = Open::counting_in(&mut after);
    for event in past {
        open.see(&mut after, event, &Bytes::new());
    }
    after.counters.messages_waiting = 1;
    let rewound = event(-1, now_us, EventType::ExecutionRewound(rewound));
    let entry = Entry::now(Kind::Rewind, true, &rewound);
    Ok(Begun { after, entry })
}

/// The id of a critical section that was asked for and not given up at each of its entities.
fn unreleased_section(history: &[HistoryEvent]) -> Option<String> {
    let mut held: BTreeMap<&str, BTreeSet<EntityId>> = BTreeMap::new();
    for event in history {
        match &event.event_type {
            Some(EventType::EntityLockRequested(EntityLockRequestedEvent {
                critical_section_id,
                lock_set,
                ..
            })) => {
                let entities = lock_set
                    .iter()
                    .filter_map(|id| EntityId::parse("lockSet", id).ok());
                held.insert(critical_section_id, entities.collect());
            }
            Some(EventType::EntityUnlockSent(unlock)) => {
                let target = unlock.target_instance_id.as_deref().unwrap_or_default();
                if let Ok(target) = EntityId::parse("targetInstanceId", target)
                    && let Some(entities) = held.get_mut(unlock.critical_section_id.as_str())
                {
                    entities.remove(&target);
                }
            }
            _ => {}
        }
    }
    let unreleased = held.into_iter().find(|(_, entities)| !entities.is_empty());
    unreleased.map(|(section, _)| section.to_owned())
}
