//! Worker streams: connected, gone, given back, kept alive.

use std::sync::Arc;

use super::HubError;
use super::cache::Ready;
use super::command::Command;
use super::core::Core;
use crate::dispatch;
use crate::dispatch::Assignment;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::ReadyEntity;
use crate::dispatch::ReadyTurn;
use crate::dispatch::StreamId;
use crate::dispatch::Task;
use crate::dispatch::Token;
use crate::dispatch::WorkKind;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::dispatch::wire;
use crate::live::HubKey;
use crate::live::InstanceLive;
use crate::live::OutItem;

/// What a worker gave back.
enum Reclaimed {
    Turn(ReadyTurn),
    Activity(Task),
    Entity(ReadyEntity),
}

impl Core {
    pub(super) fn connect(
        &mut self,
        hub: HubKey,
        worker: WorkerProfile,
    ) -> Result<WorkerItems, HubError> {
        self.check_hub(hub)?;
        self.next_stream += 1;
        let stream = StreamId(self.next_stream);
        let (core_side, items) = dispatch::open(self.clock.tick(), stream, worker);
        self.dispatch.hub(hub).streams.push(core_side);
        let commands = self.commands.clone();
        let report = move || {
            if let Some(commands) = commands.upgrade() {
                // When the channel is full the core is awake, and finds the stream closed.
                drop(commands.try_send(Command::Disconnect { hub, stream }));
            }
        };
        Ok(items.guarded(dispatch::DropGuard(Box::new(report))))
    }

    /// The stream has ended: what it held is ready again, before everything else.
    pub(super) fn disconnect(&mut self, hub: HubKey, stream: StreamId) {
        self.dispatch.hub(hub).streams.retain(|it| it.id != stream);
        for lease in self.dispatch.leases.take_stream(stream).into_iter().rev() {
            self.give_back(lease);
        }
    }

    /// A work item goes back to the head of its queue; its token is worth nothing any more.
    pub(super) fn give_back(&mut self, lease: Lease) {
        let (hub, now_us) = (lease.hub, self.clock.tick());
        match self.reclaim(lease) {
            Some(Reclaimed::Turn(turn)) => self.dispatch.hub(hub).turns.push_front(now_us, turn),
            Some(Reclaimed::Activity(task)) => {
                self.dispatch.hub(hub).activities.push_front(now_us, task);
            }
            Some(Reclaimed::Entity(entity)) => {
                self.dispatch.hub(hub).push_entity_front(now_us, entity);
            }
            None => {}
        }
    }

    /// A worker declines an item: others may have it at once, the same one after a pause.
    pub(super) fn abandon(&mut self, hub: HubKey, token: &str, kind: WorkKind) {
        let current = Token::parse(token).filter(|token| {
            let lease = self.dispatch.leases.get_mut(*token);
            lease.is_some_and(|it| it.hub == hub && it.held.kind() == kind)
        });
        if let Some(lease) = current.and_then(|token| self.dispatch.leases.take(token)) {
            self.put_aside(lease);
        }
    }

    /// The item waits: not for the worker that had it, which gets it again after a pause.
    pub(super) fn put_aside(&mut self, lease: Lease) {
        let (hub, from, now_us) = (lease.hub, lease.stream, self.clock.tick());
        match self.reclaim(lease) {
            Some(Reclaimed::Turn(turn)) => self.dispatch.hub(hub).turns.defer(now_us, from, turn),
            Some(Reclaimed::Activity(task)) => {
                self.dispatch.hub(hub).activities.defer(now_us, from, task);
            }
            Some(Reclaimed::Entity(entity)) => {
                self.dispatch.hub(hub).defer_entity(now_us, from, entity);
            }
            None => {}
        }
    }

    /// What a lease held, ready to be queued again; nothing if its instance is gone.
    fn reclaim(&mut self, lease: Lease) -> Option<Reclaimed> {
        let now_us = self.clock.now();
        self.dispatch.free_slot(now_us, &lease);
        match lease.held {
            Held::Turn {
                key,
                group,
                abandoned,
                ..
            } => {
                self.cache.peek(key)?.ready = Ready::Queued;
                // What its worker has in memory is not known any more.
                self.forget_kept(key);
                Some(Reclaimed::Turn(ReadyTurn {
                    key,
                    group,
                    abandoned,
                }))
            }
            Held::Activity(task) => {
                if task.orphan_row.is_none() {
                    let task_id = task.activity.task_id;
                    let starts = &mut self.dispatch.starts;
                    starts.returned(&task.origin, task_id, now_us);
                }
                Some(Reclaimed::Activity(task))
            }
            Held::Entity { entity, .. } => Some(Reclaimed::Entity(entity)),
        }
    }

    pub(super) fn hand_out(&mut self, hub: HubKey, now_us: i64, assignment: Assignment) {
        match assignment {
            Assignment::Turn(stream, turn) => self.send_turn(hub, now_us, stream, turn),
            Assignment::Activity(stream, task) => self.send_activity(hub, now_us, stream, task),
            Assignment::Entity(stream, entity) => self.send_entity(hub, now_us, stream, entity),
        }
    }

    /// Streams whose other side is gone, however that came about.
    pub(super) fn reap(&mut self) {
        let closed: Vec<(HubKey, StreamId)> = self
            .dispatch
            .hubs()
            .flat_map(|(key, hub)| {
                let closed = hub.streams.iter().filter(|stream| stream.is_closed());
                closed
                    .map(move |stream| (key, stream.id))
                    .collect::<Vec<_>>()
            })
            .collect();
        for (hub, stream) in closed {
            self.disconnect(hub, stream);
        }
    }

    /// Signs of life for streams on which nothing was sent for a while.
    pub(super) fn ping(&mut self, now_us: i64) {
        for (_, hub) in self.dispatch.hubs() {
            for stream in &mut hub.streams {
                if stream.next_ping_us <= now_us {
                    stream.ping(now_us, wire::health_ping());
                }
            }
        }
    }

    pub(super) fn inspect(&mut self, hub: HubKey, id: &str) -> Result<InstanceLive, HubError> {
        let mut live = InstanceLive::default();
        let Some(found) = self.cache.by_id(&self.db, hub, id)? else {
            return Ok(live);
        };
        let (key, execution) = (found.key, Arc::clone(&found.state.execution));
        let workers: std::collections::BTreeMap<StreamId, String> = self
            .dispatch
            .hub(hub)
            .streams
            .iter()
            .map(|stream| (stream.id, stream.worker_id.to_string()))
            .collect();
        for lease in self.dispatch.leases.of_instance(key) {
            let mut item = OutItem {
                task_id: 0,
                since_us: lease.since_us,
                worker_id: workers.get(&lease.stream).cloned().unwrap_or_default(),
            };
            match &lease.held {
                Held::Turn { .. } => live.turn = Some(item),
                // Task ids begin anew with each execution: one of an earlier one is another task.
                Held::Activity(task) if task.origin.execution != execution => {}
                Held::Activity(task) => {
                    item.task_id = task.activity.task_id;
                    live.activities.push(item);
                }
                Held::Entity { .. } => {}
            }
        }
        live.activities
            .sort_by_key(|item| (item.since_us, item.task_id));
        Ok(live)
    }
}
