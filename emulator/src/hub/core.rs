//! The core thread: one writer, group commit, effects only after the commit.
//!
//! Each round takes the commands that have queued up, applies them in order in one transaction,
//! commits, answers the callers and releases the effects, and then hands out work.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use durascope_engine::Kind;
use durascope_engine::batch;
use durascope_engine::ready;
use durascope_engine::turn::ScheduledActivity;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::watch;

use super::HubError;
use super::HubOptions;
use super::cache::Cache;
use super::cache::Live;
use super::cache::Ready;
use super::command::Command;
use super::command::Reply;
use super::publish::Publisher;
use crate::clock::Clock;
use crate::dispatch::Dispatch;
use crate::dispatch::GroupKey;
use crate::dispatch::Lease;
use crate::dispatch::Origin;
use crate::dispatch::ReadyTurn;
use crate::dispatch::Task;
use crate::dispatch::Token;
use crate::dispatch::waiters::Waiters;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::live::LiveSnapshot;
use crate::store::Db;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::load;
use crate::store::writer;

/// Commands in one transaction at most.
const GROUP_MAX: usize = 1_024;

/// Work items handed out before commands are looked at again.
const PUMP_MAX: usize = 512;

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
    /// A message of this kind arrived.
    Arrived { key: InstanceKey, kind: Kind },
    /// Something becomes visible then.
    Due { at_us: i64, key: InstanceKey },
    /// A turn was committed.
    TurnDone { key: InstanceKey, since_us: i64 },
    /// A work item is done: its slot is free again.
    Freed { token: Token, lease: Box<Lease> },
    /// Who waits for this instance should look again.
    Wake { hub: HubKey, id: Arc<str> },
    /// The instance is no more.
    Gone { hub: HubKey, key: InstanceKey },
    /// The hub is no more, or empty.
    HubGone { hub: HubKey, stays: bool },
}

/// An activity to queue, with its row if its execution is over.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) activity: ScheduledActivity,
    pub(super) orphan_row: Option<i64>,
}

/// How to take back a change in memory when the transaction fails.
#[derive(Debug)]
enum Undo {
    Restore(Box<Live>),
    Remove(InstanceKey),
    Hub(String),
}

type Answering = Box<dyn FnOnce(Option<&Arc<StoreError>>) + Send>;

/// What one transaction has gathered so far.
#[derive(Default)]
struct Group {
    effects: Vec<Effect>,
    answers: Vec<Answering>,
    touched: Vec<InstanceKey>,
    undo: Vec<Undo>,
}

pub(super) struct Core {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) cache: Cache,
    pub(super) dispatch: Dispatch,
    pub(super) hubs: HashMap<String, HubKey>,
    pub(super) strict: bool,
    pub(super) publisher: Publisher,
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) next_stream: u64,
    waiters: Waiters,
    due: BinaryHeap<Reverse<(i64, InstanceKey)>>,
    held: BinaryHeap<Reverse<(i64, InstanceKey)>>,
    group: Group,
    stopping: Option<Reply<()>>,
}

impl Core {
    pub(super) fn load(
        store: &Store,
        options: HubOptions,
        waiters: Waiters,
        publisher: watch::Sender<Arc<LiveSnapshot>>,
        commands: mpsc::WeakSender<Command>,
    ) -> Result<Self, HubError> {
        let db = store.open_writer()?;
        let clock = Clock::starting_after(load::last_moment(&db)?);
        let mut core = Self {
            db,
            clock,
            cache: Cache::default(),
            dispatch: Dispatch::default(),
            hubs: HashMap::new(),
            strict: options.strict,
            publisher: Publisher::new(publisher),
            commands,
            next_stream: 0,
            waiters,
            due: BinaryHeap::new(),
            held: BinaryHeap::new(),
            group: Group::default(),
            stopping: None,
        };
        core.recover(&options.task_hubs)?;
        Ok(core)
    }

    /// Works until the hub is shut down or its last handle is gone.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>, runtime: &Handle) {
        let mut taken = Vec::with_capacity(GROUP_MAX);
        loop {
            let more = self.pump();
            self.publisher
                .publish(crate::clock::wall_us(), &mut self.dispatch);
            let received = if more {
                while taken.len() < GROUP_MAX
                    && let Ok(command) = commands.try_recv()
                {
                    taken.push(command);
                }
                Ok(usize::MAX)
            } else {
                let sleep = self.sleep();
                runtime.block_on(async {
                    tokio::time::timeout(sleep, commands.recv_many(&mut taken, GROUP_MAX)).await
                })
            };
            if received == Ok(0) {
                break;
            }
            if !taken.is_empty() {
                self.round(&mut taken);
            }
            self.wake_due();
            if let Some(reply) = self.stopping.take() {
                commands.close();
                self.stop(reply);
                break;
            }
        }
        self.waiters.wake_all();
    }

    fn stop(&mut self, reply: Reply<()>) {
        for hub in self.dispatch.keys() {
            self.dispatch.remove_hub(hub);
        }
        let folded = writer::fold_log(&self.db);
        if let Err(error) = folded {
            tracing::warn!(%error, "the log could not be folded into the database");
        }
        self.publisher.close();
        // The caller may have given up waiting.
        drop(reply.send(Ok(())));
    }

    /// One transaction: apply, commit, answer, release.
    fn round(&mut self, taken: &mut Vec<Command>) {
        // Looking changes nothing; if it counted as news, a feed that looks would feed itself.
        let news = taken
            .iter()
            .any(|command| !matches!(command, Command::Inspect { .. }));
        let mut failure = writer::begin(&self.db).err();
        for command in taken.drain(..) {
            if failure.is_none() {
                failure = self.apply(command).err();
            } else {
                self.refuse(command);
            }
        }
        if failure.is_none() {
            failure = self
                .write_touched()
                .and_then(|()| writer::commit(&self.db))
                .err();
        }
        match failure {
            None => self.release(news),
            Some(error) => self.take_back(error),
        }
    }

    fn release(&mut self, news: bool) {
        for answer in self.group.answers.drain(..) {
            answer(None);
        }
        self.group.undo.clear();
        for effect in std::mem::take(&mut self.group.effects) {
            self.happen(effect);
        }
        if news {
            self.publisher.committed();
        }
        self.cache.shrink();
    }

    fn take_back(&mut self, error: StoreError) {
        tracing::error!(%error, "a transaction failed and was rolled back");
        if let Err(error) = writer::rollback(&self.db) {
            tracing::error!(%error, "rolling back failed");
        }
        for effect in std::mem::take(&mut self.group.effects) {
            if let Effect::Freed { token, lease } = effect {
                self.dispatch.leases.insert(token, *lease);
            }
        }
        self.group.touched.clear();
        for undo in std::mem::take(&mut self.group.undo).into_iter().rev() {
            match undo {
                Undo::Restore(live) => self.cache.insert(*live),
                Undo::Remove(key) => drop(self.cache.remove(key)),
                Undo::Hub(name) => drop(self.hubs.remove(&name)),
            }
        }
        self.publisher.take_back();
        let error = Arc::new(error);
        for answer in self.group.answers.drain(..) {
            answer(Some(&error));
        }
    }

    fn write_touched(&mut self) -> Result<(), StoreError> {
        for key in std::mem::take(&mut self.group.touched) {
            if let Some(live) = self.cache.peek(key)
                && std::mem::take(&mut live.dirty)
            {
                writer::update_instance(&self.db, key, &live.state)?;
            }
        }
        Ok(())
    }

    /// Applies one command. An error fails the whole group.
    fn apply(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Resolve { name, reply } => {
                let result = self.resolve(&name);
                self.answer(reply, result)
            }
            Command::CreateTaskHub {
                name,
                recreate,
                reply,
            } => {
                let result = self.create_task_hub(&name, recreate);
                self.answer(reply, result)
            }
            Command::DeleteTaskHub { name, reply } => {
                let result = self.delete_task_hub(&name);
                self.answer(reply, result)
            }
            Command::Start {
                hub,
                request,
                reply,
            } => {
                let result = self.start(hub, *request);
                self.answer(reply, result)
            }
            Command::Raise {
                hub,
                request,
                reply,
            } => {
                let result = self.raise_event(hub, request);
                self.answer(reply, result)
            }
            Command::Terminate {
                hub,
                request,
                reply,
            } => {
                let result = self.terminate(hub, request);
                self.answer(reply, result)
            }
            Command::Suspend {
                hub,
                request,
                reply,
            } => {
                let result = self.suspend(hub, request);
                self.answer(reply, result)
            }
            Command::Resume {
                hub,
                request,
                reply,
            } => {
                let result = self.resume(hub, request);
                self.answer(reply, result)
            }
            Command::Purge {
                hub,
                ids,
                recursive,
                reply,
            } => {
                let result = self.purge_ids(hub, &ids, recursive);
                self.answer(reply, result)
            }
            Command::PurgeFilter {
                hub,
                filter,
                limit,
                reply,
            } => {
                let result = self.purge_filter(hub, &filter, limit);
                self.answer(reply, result)
            }
            Command::CompleteActivity {
                hub,
                response,
                reply,
            } => {
                let result = self.complete_activity(hub, *response);
                self.answer(reply, result)
            }
            Command::CompleteTurn {
                hub,
                response,
                reply,
            } => {
                let result = self.complete_turn(hub, *response);
                self.answer(reply, result)
            }
            other => self.apply_unstored(other),
        }
    }

    /// Commands that change nothing in the store.
    fn apply_unstored(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Connect { hub, worker, reply } => {
                let result = self.connect(hub, *worker);
                self.answer(reply, result)
            }
            Command::Disconnect { hub, stream } => {
                self.disconnect(hub, stream);
                Ok(())
            }
            Command::Abandon {
                hub,
                token,
                turn,
                reply,
            } => {
                self.abandon(hub, &token, turn);
                self.answer(reply, Ok(()))
            }
            Command::Inspect { hub, id, reply } => {
                let result = self.inspect(hub, &id);
                self.answer(reply, result)
            }
            Command::Shutdown { reply } => {
                self.stopping = Some(reply);
                Ok(())
            }
            stored => {
                self.refuse(stored);
                Ok(())
            }
        }
    }

    /// Keeps the answer until the group is durable. A store error is the group's error.
    fn answer<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        result: Result<T, HubError>,
    ) -> Result<(), StoreError> {
        let (result, failure) = match result {
            Err(HubError::Store(error)) => (Err(HubError::ShuttingDown), Err(error)),
            other => (other, Ok(())),
        };
        self.group.answers.push(Box::new(move |failure| {
            let result = match failure {
                None => result,
                Some(error) => Err(HubError::NotCommitted(Arc::clone(error))),
            };
            // The caller may have gone away; what was committed stays.
            drop(reply.send(result));
        }));
        failure
    }

    /// The group has failed before this command's turn: it fails with the others.
    fn refuse(&mut self, command: Command) {
        let undone: Result<(), StoreError> = match command {
            Command::Resolve { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            Command::CreateTaskHub { reply, .. }
            | Command::DeleteTaskHub { reply, .. }
            | Command::Raise { reply, .. }
            | Command::Terminate { reply, .. }
            | Command::Suspend { reply, .. }
            | Command::Resume { reply, .. }
            | Command::CompleteActivity { reply, .. }
            | Command::CompleteTurn { reply, .. } => {
                self.answer(reply, Err(HubError::ShuttingDown))
            }
            Command::Start { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            Command::Purge { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            Command::PurgeFilter { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            unstored @ (Command::Connect { .. }
            | Command::Disconnect { .. }
            | Command::Abandon { .. }
            | Command::Inspect { .. }
            | Command::Shutdown { .. }) => self.apply_unstored(unstored),
        };
        debug_assert!(undone.is_ok(), "refusals are no store errors");
    }

    /// Something that is durable takes effect.
    fn happen(&mut self, effect: Effect) {
        match effect {
            Effect::Activities {
                hub,
                origin,
                group,
                items,
            } => {
                self.enqueue(hub, &origin, &group, items);
            }
            Effect::Arrived { key, kind } => self.arrived(key, Some(kind)),
            Effect::Due { at_us, key } => self.due.push(Reverse((at_us, key))),
            Effect::TurnDone { key, since_us } => self.turn_done(key, since_us),
            Effect::Freed { lease, .. } => self.dispatch.free_slot(&lease),
            Effect::Wake { hub, id } => self.waiters.wake(hub, &id),
            Effect::Gone { hub, key } => {
                self.dispatch.hub(hub).forget(key);
                let leases = self.dispatch.leases.take_instance(key);
                for lease in leases {
                    self.dispatch.free_slot(&lease);
                }
            }
            Effect::HubGone { hub, stays } => {
                if stays {
                    self.dispatch.hub(hub).clear();
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
                }),
            };
            last = Some(Arc::clone(&group));
            let task = Task {
                origin: Arc::clone(origin),
                activity,
                group: Arc::clone(&group),
                orphan_row,
                abandoned: 0,
            };
            queue.push(now_us, group, task);
        }
    }

    /// Decides whether a turn is to be queued. `None`: look whatever there is.
    pub(super) fn arrived(&mut self, key: InstanceKey, kind: Option<Kind>) {
        let live = match self.cache.by_key(&self.db, key) {
            Ok(Some(live)) if !live.state.is_terminal() => live,
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "an instance could not be loaded");
                return;
            }
        };
        if kind.is_some_and(|kind| !batch::wakes(live.state.phase, kind)) {
            return;
        }
        let urgent = kind.is_some_and(|kind| {
            matches!(
                kind,
                Kind::Suspend | Kind::Resume | Kind::Terminate | Kind::Start
            )
        });
        let hold_us = if urgent {
            i64::MIN
        } else {
            ready::hold_until_us(live.state.open_tasks(), live.last_turn_us, live.ended_us)
        };
        match live.ready {
            Ready::Queued => {}
            Ready::Out => live.missed = true,
            Ready::Idle | Ready::Held if hold_us <= crate::clock::wall_us() => {
                self.queue_turn(key);
            }
            Ready::Held => {}
            Ready::Idle => {
                live.ready = Ready::Held;
                self.held.push(Reverse((hold_us, key)));
            }
        }
    }

    fn queue_turn(&mut self, key: InstanceKey) {
        let now_us = self.clock.tick();
        if let Some(live) = self.cache.peek(key) {
            live.ready = Ready::Queued;
            let turn = ReadyTurn {
                key,
                group: Arc::clone(&live.group),
                abandoned: 0,
            };
            let (hub, group) = (live.hub, Arc::clone(&live.group));
            self.dispatch.hub(hub).turns.push(now_us, group, turn);
        }
    }

    fn turn_done(&mut self, key: InstanceKey, since_us: i64) {
        let now_us = crate::clock::wall_us();
        let Some(live) = self.cache.peek(key) else {
            return;
        };
        live.last_turn_us = now_us - since_us;
        live.ended_us = now_us;
        live.ready = Ready::Idle;
        if live.state.is_terminal() {
            self.cache.remove(key);
            return;
        }
        let again = std::mem::take(&mut live.missed) || live.state.counters.messages_waiting > 0;
        if again {
            self.arrived(key, None);
        }
    }

    /// Timers, scheduled starts and held turns whose time has come, and signs of life.
    fn wake_due(&mut self) {
        let now_us = crate::clock::wall_us();
        while let Some(Reverse((at_us, key))) = self.due.peek().copied()
            && at_us <= now_us
        {
            self.due.pop();
            // A scheduled start is due like a timer, and the phase tells which of them it was.
            self.arrived(key, None);
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
        self.reap();
        self.ping(now_us);
    }

    /// How long nothing happens by itself.
    fn sleep(&mut self) -> Duration {
        let now_us = crate::clock::wall_us();
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
    fn pump(&mut self) -> bool {
        let mut handed = 0;
        for hub in self.dispatch.keys() {
            while handed < PUMP_MAX && self.dispatch.hub(hub).has_work() {
                let now_us = self.clock.tick();
                let Some(assignment) = self.dispatch.hub(hub).next(now_us) else {
                    break;
                };
                handed += 1;
                self.hand_out(hub, now_us, assignment);
            }
        }
        handed >= PUMP_MAX
    }

    // What use cases gather for the end of the group.

    pub(super) fn effect(&mut self, effect: Effect) {
        self.group.effects.push(effect);
    }

    /// Gives an instance a new state, remembering the old one.
    pub(super) fn set_state(&mut self, key: InstanceKey, state: durascope_engine::Instance) {
        let Some(live) = self.cache.peek(key) else {
            return;
        };
        if !live.dirty {
            self.group.undo.push(Undo::Restore(Box::new(live.clone())));
            self.group.touched.push(key);
        }
        let (hub, before, after) = (live.hub, live.state.status, state.status);
        let id = Arc::clone(&state.id);
        live.set(state);
        if before != after {
            self.publisher.moved(hub, Some(before), Some(after));
            self.effect(Effect::Wake { hub, id });
        }
    }

    pub(super) fn remember_new(&mut self, live: Live) {
        self.group.undo.push(Undo::Remove(live.key));
        self.publisher
            .moved(live.hub, None, Some(live.state.status));
        self.cache.insert(live);
    }

    pub(super) fn remember_removed(&mut self, key: InstanceKey) {
        if let Some(mut live) = self.cache.remove(key) {
            self.publisher
                .moved(live.hub, Some(live.state.status), None);
            let (hub, id) = (live.hub, Arc::clone(&live.state.id));
            if !live.dirty {
                self.group.undo.push(Undo::Restore(Box::new(live)));
            } else {
                live.dirty = false;
            }
            self.effect(Effect::Gone { hub, key });
            self.effect(Effect::Wake { hub, id });
        }
    }

    /// What recovery gathered was committed by an earlier process.
    pub(super) fn take_effects(&mut self) {
        self.group.undo.clear();
        for effect in std::mem::take(&mut self.group.effects) {
            self.happen(effect);
        }
    }

    pub(super) fn forget_hub(&mut self, name: &str) {
        if let Some(hub) = self.hubs.remove(name) {
            self.publisher.remove_hub(hub);
        }
    }

    pub(super) fn remember_hub(&mut self, name: &str, hub: HubKey) {
        self.hubs.insert(name.to_owned(), hub);
        self.group.undo.push(Undo::Hub(name.to_owned()));
        self.publisher.add_hub(hub, name);
    }
}
