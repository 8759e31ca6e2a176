//! What goes: purged instances in all three forms, and whole task hubs.

use std::collections::VecDeque;
use std::time::Duration;

use durascope_engine::entity::EntityId;
use durascope_proto::OrchestrationStatus;
use durascope_proto::PurgeInstanceFilter;
use durascope_proto::time;

use super::HubError;
use super::core::Core;
use super::effects::Effect;
use super::instances::FollowUp;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::entities;
use crate::store::load;
use crate::store::writer;

/// Which ended instances a filter purge means.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    from_us: i64,
    to_us: i64,
    /// Status numbers as bits; 0 for any.
    statuses: i64,
    recursive: bool,
}

/// What one step of a filter purge did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) deleted: u32,
    pub(super) finished: bool,
}

impl Filter {
    pub(super) fn new(filter: &PurgeInstanceFilter, recursive: bool) -> Self {
        let bits = filter.runtime_status.iter().filter_map(|status| {
            let status = OrchestrationStatus::try_from(*status).ok()?;
            Some(1_i64 << (status as i32))
        });
        let unknown_only = i64::MIN;
        let statuses = if filter.runtime_status.is_empty() {
            0
        } else {
            // Only statuses that nothing ends with match nothing, not everything.
            bits.fold(0, |all, bit| all | bit).max(0) | unknown_only
        };
        Self {
            from_us: filter
                .created_time_from
                .as_ref()
                .map_or(i64::MIN, time::to_micros),
            to_us: filter
                .created_time_to
                .as_ref()
                .map_or(i64::MAX, time::to_micros),
            statuses,
            recursive,
        }
    }
}

/// A filter's time limit; negative ones leave no time at all.
///
/// Counted here, as the conversion of the library panics at the ends of its range.
pub(super) fn timeout(duration: &prost_types::Duration) -> Duration {
    let seconds = u64::try_from(duration.seconds);
    let nanos = u64::try_from(duration.nanos);
    match (seconds, nanos) {
        (Ok(seconds), Ok(nanos)) => {
            Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos))
        }
        (Err(_negative), _) | (_, Err(_negative)) => Duration::ZERO,
    }
}

impl Core {
    /// The hub must exist: a caller may hold a key of one that was deleted.
    pub(super) fn check_hub(&self, hub: HubKey) -> Result<(), HubError> {
        if self.publisher.knows(hub) && !self.is_going(hub) {
            Ok(())
        } else {
            Err(HubError::UnknownTaskHub {
                name: "it was deleted".to_owned(),
            })
        }
    }

    pub(super) fn resolve(&mut self, name: &str) -> Result<HubKey, HubError> {
        if let Some(key) = self.hubs.get(name) {
            return Ok(*key);
        }
        if self.strict {
            return Err(HubError::UnknownTaskHub {
                name: name.to_owned(),
            });
        }
        Ok(self.make_hub(name)?)
    }

    pub(super) fn make_hub(&mut self, name: &str) -> Result<HubKey, StoreError> {
        let now_us = self.clock.tick();
        let key = writer::insert_hub(&self.db, name, now_us)?;
        self.remember_hub(name, key);
        Ok(key)
    }

    pub(super) fn create_task_hub(&mut self, name: &str, recreate: bool) -> Result<(), HubError> {
        match self.hubs.get(name).copied() {
            None => {
                self.make_hub(name)?;
            }
            Some(hub) if recreate => self.empty_hub(hub, true)?,
            Some(_) => {}
        }
        Ok(())
    }

    pub(super) fn delete_task_hub(&mut self, name: &str) -> Result<(), HubError> {
        let Some(hub) = self.hubs.get(name).copied() else {
            return Ok(());
        };
        self.empty_hub(hub, false)?;
        writer::delete_hub(&self.db, hub)?;
        self.remember_hub_gone(name);
        Ok(())
    }

    fn empty_hub(&mut self, hub: HubKey, stays: bool) -> Result<(), StoreError> {
        // First, so that no lock is passed on while everything goes.
        entities::delete_of_hub(&self.db, hub)?;
        let mut nothing_left = VecDeque::new();
        for key in load::of_hub(&self.db, hub)? {
            self.remove(key, &mut nothing_left)?;
        }
        self.effect(Effect::HubGone { hub, stays });
        Ok(())
    }

    pub(super) fn purge_ids(
        &mut self,
        hub: HubKey,
        ids: &[String],
        recursive: bool,
    ) -> Result<u32, HubError> {
        let mut deleted = 0;
        let mut follow_ups = VecDeque::new();
        for id in ids {
            if EntityId::is_meant(id) {
                deleted += u32::from(self.purge_entity(hub, id, &mut follow_ups)?);
                continue;
            }
            let live = self.cache.by_id(&self.db, hub, id)?;
            let ended = live
                .filter(|live| live.state.is_terminal())
                .map(|live| live.key);
            if let Some(key) = ended {
                deleted += self.purge_one(key, recursive, &mut follow_ups)?;
            }
        }
        self.settle(follow_ups)?;
        Ok(deleted)
    }

    pub(super) fn purge_filter(
        &mut self,
        hub: HubKey,
        filter: &Filter,
        limit: u32,
    ) -> Result<Step, HubError> {
        let Filter {
            from_us,
            to_us,
            statuses,
            recursive,
        } = *filter;
        let found = load::purgeable(&self.db, hub, from_us, to_us, statuses, limit)?;
        let finished = found.len() < limit as usize;
        let mut deleted = 0;
        let mut follow_ups = VecDeque::new();
        for key in found {
            // A recursive purge may have taken it already, as somebody's child.
            if self.cache.by_key(&self.db, key)?.is_some() {
                deleted += self.purge_one(key, recursive, &mut follow_ups)?;
            }
        }
        self.settle(follow_ups)?;
        Ok(Step { deleted, finished })
    }

    /// Deletes an ended instance, and with `recursive` its ended descendants. Those that have
    /// not ended stay, and what is below them is still looked at.
    fn purge_one(
        &mut self,
        key: InstanceKey,
        recursive: bool,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<u32, StoreError> {
        let mut deleted = 1;
        let mut parents = if recursive { vec![key] } else { Vec::new() };
        let mut doomed = vec![key];
        while let Some(parent) = parents.pop() {
            for child in load::children(&self.db, parent)? {
                parents.push(child.key);
                let live = self.cache.by_key(&self.db, child.key)?;
                if live.is_some_and(|live| live.state.is_terminal()) {
                    doomed.push(child.key);
                    deleted += 1;
                }
            }
        }
        for key in doomed {
            self.remove(key, follow_ups)?;
        }
        Ok(deleted)
    }
}
