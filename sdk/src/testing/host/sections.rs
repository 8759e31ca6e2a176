//! Critical sections of a test host: asked for, begun in the order of asking, ended.

use std::collections::BTreeSet;

use durascope_proto::EntityLockGrantedEvent;
use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::history_event::EventType;

use super::TestHost;
use super::entities::Entities;
use super::entities::Waiting;
use crate::names::EntityId;

/// A critical section that was asked for.
pub(super) struct Section {
    /// Instance that asked.
    pub(super) owner: String,
    execution: String,
    /// Id of the request in its history.
    task_id: i32,
    entities: BTreeSet<EntityId>,
    is_granted: bool,
}

impl Section {
    /// Whether such an operation may run while this section has the entity.
    pub(super) fn admits(&self, operation: &EventType) -> bool {
        match operation {
            EventType::EntityOperationCalled(call) => {
                call.parent_instance_id.as_ref() == Some(&self.owner)
                    && call.parent_execution_id.as_ref() == Some(&self.execution)
            }
            _ => false,
        }
    }
}

impl TestHost {
    /// A critical section stands at all its entities at once, so that sections begin in the order
    /// in which they were asked for and cannot wait for each other in a circle.
    pub(super) fn ask_for_locks(
        &mut self,
        (owner, execution, task_id): (&str, &str, i32),
        lock: EntityLockRequestedEvent,
    ) {
        let id = lock.critical_section_id;
        let entities: BTreeSet<EntityId> = lock
            .lock_set
            .iter()
            .filter_map(|id| EntityId::received(id))
            .collect();
        for entity in &entities {
            let entity = self.entities.by_id.entry(entity.clone()).or_default();
            entity.queue.push_back(Waiting::Section(id.clone()));
        }
        let section = Section {
            owner: owner.to_owned(),
            execution: execution.to_owned(),
            task_id,
            entities,
            is_granted: false,
        };
        self.entities.sections.insert(id.clone(), section);
        self.try_grant(&id);
    }

    /// Begins a critical section if it comes first at all its entities and all are free.
    pub(super) fn try_grant(&mut self, id: &str) {
        let Entities {
            by_id, sections, ..
        } = &mut self.entities;
        let Some(section) = sections.get_mut(id).filter(|it| !it.is_granted) else {
            return;
        };
        let comes_first = |entity: &EntityId| {
            let entity = by_id.get(entity);
            entity.is_some_and(|entity| entity.next_section() == Some(id))
        };
        if !section.entities.iter().all(comes_first) {
            return;
        }
        section.is_granted = true;
        let entities = section.entities.clone();
        let (owner, execution) = (section.owner.clone(), section.execution.clone());
        for entity in &entities {
            if let Some(entity) = by_id.get_mut(entity) {
                entity.queue.pop_front();
                entity.locked_by = Some(id.to_owned());
            }
        }
        let granted = EventType::EntityLockGranted(EntityLockGrantedEvent {
            critical_section_id: id.to_owned(),
        });
        self.deliver(owner, &execution, granted);
        // Calls of the owner that stood behind the request are for now.
        for entity in &entities {
            self.look_at(entity);
        }
    }

    /// Ends a section at one entity. One that the sender does not hold stays as it is.
    pub(super) fn unlock(&mut self, sender: &str, id: &EntityId) {
        let Entities {
            by_id, sections, ..
        } = &mut self.entities;
        let Some(entity) = by_id.get_mut(id) else {
            return;
        };
        let holder = entity.locked_by.as_ref();
        let Some((key, section)) = holder.and_then(|key| Some((key, sections.get_mut(key)?)))
        else {
            return;
        };
        if section.owner == sender {
            section.entities.remove(id);
            if section.entities.is_empty() {
                sections.remove(key);
            }
            entity.locked_by = None;
            self.look_at(id);
        }
    }

    /// An execution is over, however that came about: what it holds is free, and it waits for
    /// nothing more.
    pub(super) fn release_locks(&mut self, owner: &str, execution: &str) {
        let Entities {
            by_id, sections, ..
        } = &mut self.entities;
        let is_its = |_: &String, it: &mut Section| it.owner == owner && it.execution == execution;
        let ended: Vec<(String, Section)> = sections.extract_if(.., is_its).collect();
        let mut freed = Vec::new();
        for (section, Section { entities, .. }) in ended {
            for id in entities {
                if let Some(entity) = by_id.get_mut(&id) {
                    entity.locked_by.take_if(|holder| *holder == section);
                    let is_it = |it: &Waiting| matches!(it, Waiting::Section(id) if *id == section);
                    entity.queue.retain(|waiting| !is_it(waiting));
                }
                freed.push(id);
            }
        }
        for id in freed {
            self.look_at(&id);
        }
    }

    /// Of a request for locks that was not granted: which of its entities others have locked.
    pub(super) fn lock_holders(&self, owner: &str, task_id: Option<i32>) -> Vec<String> {
        let mut sections = self.entities.sections.values();
        let is_it =
            |it: &&Section| it.owner == owner && Some(it.task_id) == task_id && !it.is_granted;
        let Some(section) = sections.find(is_it) else {
            return Vec::new();
        };
        let holder = |id: &EntityId| {
            let locked_by = self.entities.by_id.get(id)?.locked_by.as_ref()?;
            let holder = self.entities.sections.get(locked_by)?;
            Some(format!(
                "entity {id} is locked by instance {:?}",
                holder.owner
            ))
        };
        section.entities.iter().filter_map(holder).collect()
    }
}
