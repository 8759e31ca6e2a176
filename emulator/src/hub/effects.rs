//! What happens once a group is durable: queues filled, turns made ready, slots freed; and what
//! happens by itself when its time has come.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use durascope_engine::Kind;
use durascope_engine::batch;
use durascope_engine::ready;
use durascope_engine::ready::Patience;
use durascope_engine::turn::ScheduledActivity;

use super::cache::Ready;
use super::core::Core;
use crate::dispatch::GroupKey;
use crate::dispatch::Lease;
use crate::dispatch::Origin;
use crate::dispatch::ReadyTurn;
use crate::dispatch::StreamId;
use crate::dispatch::Task;
use crate::dispatch::Token;
use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;

/// Work items handed out before commands are looked at again.
const PUMP_MAX: usize = 512;

/// When what could not be read is tried again.
const RETRY_US: i64 = 1_000_000;

/// Longest sleep without a reason to wake.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// What happens once the group is durable, in order.
#[derive(Debug)]
pub(super) enum Effect {
    /// These activities may run.
    Activities {
        hub: HubKey,
        origin: Arc<Origin>,
        group: Arc<GroupKey>,
        items: Vec<Pending>,
    },
    /// The activities of this execution that no worker has are dropped, unless they are kept by a
    /// row of their own.
    Dropped {
        hub: HubKey,
        key: InstanceKey,
        execution: Arc<str>,
    },
    /// A message of this kind arrived.
    Arrived { key: InstanceKey, kind: Kind },
    /// Something becomes visible then.
    Due { at_us: i64, key: Waking },
    /// An entity may have something to do.
    EntityReady {
        hub: HubKey,
        key: EntityKey,
        name: Arc<str>,
    },
    /// A turn was committed; the worker of `keeper` has the execution in memory from now on.
    TurnDone {
        key: InstanceKey,
        since_us: i64,
        keeper: Option<StreamId>,
    },
    /// A work item is done: its slot is free again.
    Freed { token: Token, lease: Box<Lease> },
    /// Who waits for this instance should look again.
    Wake { hub: HubKey, id: Arc<str> },
    /// The instance is no more.
    Gone { hub: HubKey, key: InstanceKey },
    /// The hub is no more, or empty.
    HubGone { hub: HubKey, stays: bool },
}

/// For whom something becomes visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waking {
    Instance(InstanceKey),
    Entity(EntityKey),
}

/// An activity to queue, with its row if its execution is over.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) activity: ScheduledActivity,
    pub(super) orphan_row: Option<i64>,
}

impl Core {
    /// Something that is durable takes effect.
    pub(super) fn happen(&mut self, effect: Effect) {
        match effect {
            Effect::Activities {
                hub,
                origin,
                group,
                items,
            } => {
                self.enqueue(hub, &origin, &group, items);
            }
            Effect::Dropped {
                hub,
                key,
                execution,
            } => {
                let is_dropped = |task: &Task| {
                    task.origin.key == key
                        && task.origin.execution == execution
                        && task.orphan_row.is_none()
                };
                let activities = &mut self.dispatch.hub(hub).activities;
                activities.retain(|task| !is_dropped(task));
            }
            Effect::Arrived { key, kind } => self.arrived(key, Some(kind), Patience::of(kind)),
            Effect::Due { at_us, key } => self.due.push(Reverse((at_us, key))),
            Effect::EntityReady { hub, key, name } => self.entity_ready(hub, key, name),
            Effect::TurnDone {
                key,
                since_us,
                keeper,
            } => self.turn_done(key, since_us, keeper),
            Effect::Freed { lease, .. } => {
                let now_us = self.clock.now();
                let hub = self.dispatch.hub(lease.hub);
                if let Some(stream) = hub.stream(lease.stream) {
                    stream.on_answer(now_us);
                }
                self.dispatch.free_slot(now_us, &lease);
            }
            Effect::Wake { hub, id } => self.waiters.wake(hub, &id),
            Effect::Gone { hub, key } => {
                self.gone.entry(hub).or_default().insert(key);
            }
            Effect::HubGone { hub, stays } => {
                if stays {
                    let now_us = self.clock.now();
                    self.dispatch.empty_hub(now_us, hub);
                } else {
                    self.dispatch.remove_hub(hub);
                }
                self.waiters.wake_all();
            }
        }
    }

    /// Puts activities into the queue; those of one commit share names.
    fn enqueue(
        &mut self,
        hub: HubKey,
        origin: &Arc<Origin>,
        of: &Arc<GroupKey>,
        items: Vec<Pending>,
    ) {
        let now_us = self.clock.tick();
        let queue = &mut self.dispatch.hub(hub).activities;
        let mut last: Option<Arc<GroupKey>> = None;
        for Pending {
            activity,
            orphan_row,
        } in items
        {
            let group = match &last {
                Some(group) if group.name == activity.name && group.version == activity.version => {
                    Arc::clone(group)
                }
                _ => Arc::new(GroupKey {
                    name: Arc::clone(&activity.name),
                    version: activity.version.clone(),
                    fallback: of.version.clone(),
                    large: false,
                }),
            };
            last = Some(Arc::clone(&group));
            let task = Task {
                origin: Arc::clone(origin),
                activity,
                group,
                orphan_row,
                abandoned: 0,
                given_back: 0,
            };
            queue.push(now_us, task);
        }
    }

    /// Decides whether a turn is to be queued. `None`: look whatever there is.
    pub(super) fn arrived(&mut self, key: InstanceKey, kind: Option<Kind>, patience: Patience) {
        let now_us = self.clock.now();
        let live = match self.cache.by_key(&self.db, key) {
            Ok(Some(live)) if !live.state.is_terminal() => live,
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "an instance could not be loaded, and is tried again");
                self.retry(Waking::Instance(key));
                return;
            }
        };
        if kind.is_some_and(|kind| !batch::wakes(live.state.phase, kind)) {
            return;
        }
        let open_tasks = live.state.open_tasks();
        let hold_us = ready::hold_until_us(open_tasks, live.last_turn_us, live.ended_us, patience);
        match live.ready {
            Ready::Queued => {}
            Ready::Out => live.missed = live.missed.max(Some(patience)),
            Ready::Idle | Ready::Held if hold_us <= now_us => self.queue_turn(key),
            Ready::Idle | Ready::Held => {
                live.ready = Ready::Held;
                self.held.push(Reverse((hold_us, key)));
            }
        }
    }

    /// What could not be read is looked at again in a while.
    pub(super) fn retry(&mut self, key: Waking) {
        let at_us = self.clock.now() + RETRY_US;
        self.due.push(Reverse((at_us, key)));
    }

    fn queue_turn(&mut self, key: InstanceKey) {
        let now_us = self.clock.tick();
        if let Some(live) = self.cache.peek(key) {
            live.ready = Ready::Queued;
            live.queued_us = now_us;
            let turn = ReadyTurn {
                key,
                group: Arc::clone(&live.group),
                abandoned: 0,
            };
            let hub = live.hub;
            self.dispatch.hub(hub).turns.push(now_us, turn);
        }
    }

    fn turn_done(&mut self, key: InstanceKey, since_us: i64, keeper: Option<StreamId>) {
        let now_us = self.clock.now();
        self.forget_kept(key);
        let Some(live) = self.cache.peek(key) else {
            return;
        };
        live.last_turn_us = now_us - since_us;
        live.ended_us = now_us;
        live.ready = Ready::Idle;
        live.given_back = 0;
        if live.state.is_terminal() {
            self.cache.remove(key);
            return;
        }
        let waits = live.state.counters.messages_waiting > 0;
        let missed = std::mem::take(&mut live.missed);
        if let Some(patience) = missed.max(waits.then_some(Patience::ForResults)) {
            self.arrived(key, None, patience);
        }
        if let Some(stream) = keeper {
            self.remember_kept(key, stream);
        }
    }

    /// Timers, scheduled starts and held turns whose time has come, and signs of life.
    pub(super) fn wake_due(&mut self) {
        let now_us = self.clock.now();
        while let Some(Reverse((at_us, key))) = self.due.peek().copied()
            && at_us <= now_us
        {
            self.due.pop();
            match key {
                // A scheduled start is due like a timer; the phase tells which of them it was.
                Waking::Instance(key) => self.arrived(key, None, Patience::Short),
                Waking::Entity(key) => self.entity_due(key),
            }
        }
        while let Some(Reverse((at_us, key))) = self.held.peek().copied()
            && at_us <= now_us
        {
            self.held.pop();
            if self
                .cache
                .peek(key)
                .is_some_and(|live| live.ready == Ready::Held)
            {
                self.queue_turn(key);
            }
        }
        for (_, hub) in self.dispatch.hubs() {
            hub.ripen(now_us);
        }
        self.reap();
        self.ping(now_us);
    }

    /// How long nothing happens by itself.
    pub(super) fn sleep(&mut self) -> Duration {
        let now_us = self.clock.now();
        let due = self.due.peek().map(|Reverse((at_us, _))| *at_us);
        let held = self.held.peek().map(|Reverse((at_us, _))| *at_us);
        let hubs = self.dispatch.hubs().flat_map(|(_, hub)| {
            let pings = hub.streams.iter().map(|stream| stream.next_ping_us).min();
            [pings, hub.next_deferred_us()]
        });
        let next = hubs
            .chain([due, held, self.publisher.next_us()])
            .flatten()
            .min();
        let Some(next_us) = next else {
            return SLEEP_MAX;
        };
        let micros = u64::try_from(next_us.saturating_sub(now_us)).unwrap_or(0);
        Duration::from_micros(micros).min(SLEEP_MAX)
    }

    /// Hands out work while there is some and somebody has room. True: there may be more.
    pub(super) fn pump(&mut self) -> bool {
        let mut handed = 0;
        let mut hubs = self.dispatch.keys();
        // Hubs take turns to be the first, so that a flood in one does not starve the others.
        let first = self.next_hub % hubs.len().max(1);
        hubs.rotate_left(first);
        self.next_hub = first + 1;
        for hub in hubs {
            while handed < PUMP_MAX && self.dispatch.hub(hub).has_work() {
                let now_us = self.clock.tick();
                let Some(assignment) = self.dispatch.hub(hub).next(now_us) else {
                    break;
                };
                handed += 1;
                self.hand_out(hub, now_us, assignment);
            }
        }
        if handed > 0 {
            self.publisher.handed_out();
        }
        handed >= PUMP_MAX
    }
}
