//! Worker streams: connected, gone, given back, kept alive.

use super::HubError;
use super::cache::Ready;
use super::command::Command;
use super::core::Core;
use crate::dispatch;
use crate::dispatch::Assignment;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::Note;
use crate::dispatch::ReadyEntity;
use crate::dispatch::ReadyTurn;
use crate::dispatch::Stream;
use crate::dispatch::StreamId;
use crate::dispatch::Task;
use crate::dispatch::Token;
use crate::dispatch::WorkKind;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::dispatch::wire;
use crate::live::HubKey;

/// What a worker gave back.
enum Reclaimed {
    Turn(ReadyTurn),
    Activity(Task),
    Entity(ReadyEntity),
}

fn note(at_us: i64, stream: &Stream, text: String) -> Note {
    Note {
        at_us,
        worker_id: stream.worker_id.clone(),
        peer: stream.peer.clone(),
        text,
    }
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
        let now_us = self.clock.tick();
        let (core_side, items) = dispatch::open(now_us, stream, worker);
        let dispatch = self.dispatch.hub(hub);
        let text = format!("connected: {}", core_side.takes_in_words());
        dispatch.notes.add(note(now_us, &core_side, text));
        dispatch.streams.push(core_side);
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
        let leases = self.dispatch.leases.take_stream(stream);
        let (now_us, dispatch) = (self.clock.now(), self.dispatch.hub(hub));
        if let Some(index) = dispatch.streams.iter().position(|it| it.id == stream) {
            let gone = dispatch.streams.remove(index);
            let text = match leases.len() {
                0 => "gone: it held nothing".to_owned(),
                1 => "gone: 1 work item given back".to_owned(),
                count => format!("gone: {count} work items given back"),
            };
            dispatch.notes.add(note(now_us, &gone, text));
        }
        for lease in leases.into_iter().rev() {
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
                let live = self.cache.peek(key)?;
                live.ready = Ready::Queued;
                live.queued_us = now_us;
                live.given_back += 1;
                // What its worker has in memory is not known any more.
                self.forget_kept(key);
                Some(Reclaimed::Turn(ReadyTurn {
                    key,
                    group,
                    abandoned,
                }))
            }
            Held::Activity(mut task) => {
                task.given_back += 1;
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
}
