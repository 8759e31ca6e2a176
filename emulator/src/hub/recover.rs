//! What was ready when the last process ended is ready again: rebuilt from what was committed.

use std::sync::Arc;

use durascope_engine::history;
use durascope_engine::open::OpenActivities;
use durascope_engine::ready::Patience;
use durascope_engine::turn::ScheduledActivity;
use durascope_proto::HistoryEvent;
use durascope_proto::TaskScheduledEvent;
use durascope_proto::history_event::EventType;
use prost::Message as _;
use prost::bytes::Bytes;

use super::core::Core;
use super::effects::Effect;
use super::effects::Pending;
use super::effects::Waking;
use crate::dispatch::GroupKey;
use crate::dispatch::Origin;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::load;
use crate::store::writer;

impl Core {
    pub(super) fn recover(&mut self, wanted: &[String]) -> Result<(), StoreError> {
        for (hub, name) in load::hubs(&self.db)? {
            self.hubs.insert(name.clone(), hub);
            self.publisher.add_hub(hub, &name);
            for (status, count) in load::totals(&self.db, hub)? {
                self.publisher.set_total(hub, status, count);
            }
        }
        writer::begin(&self.db)?;
        for name in wanted {
            if !self.hubs.contains_key(name) {
                self.make_hub(name)?;
            }
        }
        writer::commit(&self.db)?;
        for (at_us, key) in load::scheduled(&self.db)? {
            let key = Waking::Instance(key);
            self.effect(Effect::Due { at_us, key });
        }
        let hubs: Vec<HubKey> = self.hubs.values().copied().collect();
        for hub in hubs {
            for key in load::with_open_activities(&self.db, hub)? {
                self.requeue_activities(hub, key)?;
            }
        }
        self.requeue_orphans()?;
        self.recover_entities()?;
        writer::begin(&self.db)?;
        self.recover_sections()?;
        self.write_touched()?;
        writer::commit(&self.db)?;
        self.take_effects();
        for key in load::waiting(&self.db)? {
            self.arrived(key, None, Patience::None);
        }
        Ok(())
    }

    /// Activities in the history that have a result neither there nor in the inbox.
    fn requeue_activities(&mut self, hub: HubKey, key: InstanceKey) -> Result<(), StoreError> {
        let mut open = OpenActivities::default();
        for chunk in load::chunks(&self.db, key)? {
            for event in history::events(&chunk) {
                open.see(&decoded(&event)?, &event);
            }
        }
        for event in load::results_waiting(&self.db, key)? {
            open.see(&decoded(&event)?, &event);
        }
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(());
        };
        let (origin, group) = (Arc::clone(&live.origin), Arc::clone(&live.group));
        let items = open.into_activities().map(|activity| Pending {
            activity,
            orphan_row: None,
        });
        let items = items.collect();
        self.effect(Effect::Activities {
            hub,
            origin,
            group,
            items,
        });
        Ok(())
    }

    fn requeue_orphans(&mut self) -> Result<(), StoreError> {
        for orphan in load::orphans(&self.db)? {
            let request = orphan.request;
            let identity = request.orchestration_instance.unwrap_or_default();
            let origin = Origin {
                key: orphan.key,
                instance_id: identity.instance_id.into(),
                execution: identity.execution_id.unwrap_or_default().into(),
            };
            let scheduled = TaskScheduledEvent {
                name: request.name.clone(),
                version: request.version.clone(),
                input: request.input,
                parent_trace_context: request.parent_trace_context,
                tags: request.tags,
            };
            let event = history::event(request.task_id, 0, EventType::TaskScheduled(scheduled));
            let name: Arc<str> = request.name.into();
            let activity = ScheduledActivity {
                task_id: request.task_id,
                name: Arc::clone(&name),
                version: request.version.map(Into::into),
                event: event.encode_to_vec().into(),
            };
            let group = GroupKey {
                name,
                version: orphan.version,
                fallback: None,
                large: false,
            };
            self.effect(Effect::Activities {
                hub: orphan.hub,
                origin: Arc::new(origin),
                group: Arc::new(group),
                items: vec![Pending {
                    activity,
                    orphan_row: Some(orphan.row),
                }],
            });
        }
        Ok(())
    }
}

/// A stored event.
pub(super) fn decoded(event: &Bytes) -> Result<HistoryEvent, StoreError> {
    HistoryEvent::decode(event.clone()).map_err(|error| StoreError::Corrupt {
        what: format!("history event does not decode: {error}"),
    })
}
