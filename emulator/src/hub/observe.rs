//! What only the core knows of instances and entities: who holds what, and what waits for whom.
//!
//! Asked for dashboards. One walk over what is out answers for all that is asked about, and
//! nothing is read from the database for it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Hub;
use super::HubError;
use super::cache::Ready;
use super::core::Core;
use crate::dispatch::Held;
use crate::dispatch::StreamId;
use crate::dispatch::Task;
use crate::live::EntityKey;
use crate::live::EntityLive;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::live::InstanceLive;
use crate::live::OutItem;

/// Of each name so many activities are looked at that wait again after they came back.
const CAME_BACK_MAX: usize = 200;

/// An instance that is asked about, and its execution as the asker read it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) key: i64,
    pub(crate) execution: String,
}

impl Hub {
    /// What is out and queued of these instances, one answer for each, in their order.
    pub(crate) async fn observe(
        &self,
        hub: HubKey,
        asked: Vec<Asked>,
    ) -> Result<Vec<InstanceLive>, HubError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        self.look(move |core| Ok(core.observe(hub, &asked))).await
    }

    /// What workers hold of these entities, one answer for each, in their order.
    pub(crate) async fn observe_entities(
        &self,
        hub: HubKey,
        keys: Vec<i64>,
    ) -> Result<Vec<EntityLive>, HubError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let look = move |core: &mut Core| Ok(core.observe_entities(hub, &keys));
        self.look(look).await
    }
}

impl Core {
    pub(super) fn inspect(&mut self, hub: HubKey, id: &str) -> Result<InstanceLive, HubError> {
        let Some(found) = self.cache.by_id(&self.db, hub, id)? else {
            return Ok(InstanceLive::default());
        };
        let asked = Asked {
            key: found.key.0,
            execution: found.state.execution.to_string(),
        };
        let live = self.observe(hub, &[asked]).pop();
        Ok(live.unwrap_or_default())
    }

    pub(super) fn worker_ids(&mut self, hub: HubKey) -> HashMap<StreamId, String> {
        let streams = self.dispatch.hub(hub).streams.iter();
        streams.map(|it| (it.id, it.worker_id.clone())).collect()
    }

    fn observe(&mut self, hub: HubKey, asked: &[Asked]) -> Vec<InstanceLive> {
        let mut found: Vec<InstanceLive> = asked.iter().map(|it| self.turn_of(it)).collect();
        let place = |(place, it): (usize, &Asked)| (InstanceKey(it.key), place);
        let places: HashMap<InstanceKey, usize> = asked.iter().enumerate().map(place).collect();
        // Task ids begin anew with each execution: one of an earlier one is another task.
        let is_of = |place: usize, task: &Task| *asked[place].execution == *task.origin.execution;
        let workers = self.worker_ids(hub);
        for lease in self.dispatch.leases.iter() {
            let place = lease.held.instance().and_then(|key| places.get(&key));
            let Some(&place) = place else {
                continue;
            };
            let live = &mut found[place];
            let mut item = OutItem {
                task_id: 0,
                since_us: lease.since_us,
                worker_id: workers.get(&lease.stream).cloned().unwrap_or_default(),
                given_back: live.turn_given_back,
            };
            match &lease.held {
                Held::Turn { .. } => live.turn = Some(item),
                Held::Activity(task) if is_of(place, task) => {
                    item.task_id = task.activity.task_id;
                    item.given_back = task.given_back;
                    live.activities.push(item);
                }
                Held::Activity(_) | Held::Entity { .. } => {}
            }
        }
        let activities = &self.dispatch.hub(hub).activities;
        for task in activities.again(|task| task.given_back > 0, CAME_BACK_MAX) {
            if let Some(&place) = places.get(&task.origin.key)
                && is_of(place, task)
            {
                let came_back = (task.activity.task_id, task.given_back);
                found[place].came_back.push(came_back);
            }
        }
        for live in &mut found {
            live.activities
                .sort_by_key(|item| (item.since_us, item.task_id));
        }
        found
    }

    /// How the next turn of an instance stands; one that is not in memory has none.
    fn turn_of(&mut self, asked: &Asked) -> InstanceLive {
        let mut live = InstanceLive::default();
        let Some(known) = self.cache.peek(InstanceKey(asked.key)) else {
            return live;
        };
        match known.ready {
            Ready::Queued => live.turn_queued_us = Some(known.queued_us),
            Ready::Idle | Ready::Held | Ready::Out => {}
        }
        live.turn_given_back = known.given_back;
        live
    }

    fn observe_entities(&mut self, hub: HubKey, keys: &[i64]) -> Vec<EntityLive> {
        let workers = self.worker_ids(hub);
        let leases = &self.dispatch.leases;
        let live = |key: &i64| {
            let lease = leases.batch_of(EntityKey(*key))?;
            let Held::Entity { batch, .. } = &lease.held else {
                return None;
            };
            Some(EntityLive {
                batch: Some(OutItem {
                    since_us: lease.since_us,
                    worker_id: workers.get(&lease.stream).cloned().unwrap_or_default(),
                    ..OutItem::default()
                }),
                operations: batch.iter().map(|it| Arc::clone(&it.request)).collect(),
            })
        };
        keys.iter()
            .map(|key| live(key).unwrap_or_default())
            .collect()
    }
}
