//! The core thread: one writer, group commit, effects only after the commit.
//!
//! Each round takes the commands that have queued up, applies them in order in one transaction,
//! commits, answers the callers and releases the effects, and then hands out work.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::watch;

use super::HubError;
use super::HubOptions;
use super::activities::Adopted;
use super::cache::Cache;
use super::cache::Live;
use super::command::Command;
use super::command::Fate;
use super::command::Reply;
use super::effects::Effect;
use super::effects::Waking;
use super::limits::Findings;
use super::limits::Limits;
use super::publish::Publisher;
use crate::clock::Clock;
use crate::dispatch::Dispatch;
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

/// How to take back a change in memory when the transaction fails.
#[derive(Debug)]
enum Undo {
    Restore(Box<Live>),
    Remove(InstanceKey),
    Hub(String),
    HubGone(String, HubKey),
}

type Answering = Box<dyn FnOnce(Option<&Arc<StoreError>>) + Send>;

/// What one transaction has gathered so far.
#[derive(Default)]
pub(super) struct Group {
    pub(super) effects: Vec<Effect>,
    pub(super) answers: Vec<Answering>,
    touched: Vec<InstanceKey>,
    undo: Vec<Undo>,
    gone_hubs: Vec<HubKey>,
    /// Rows given to activities that are queued or out.
    pub(super) orphan_rows: HashSet<i64>,
    /// Activities that go on for another execution.
    pub(super) adopted: Vec<Adopted>,
}

pub(super) struct Core {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) cache: Cache,
    pub(super) dispatch: Dispatch,
    pub(super) hubs: HashMap<String, HubKey>,
    pub(super) strict: bool,
    pub(super) limits: Limits,
    pub(super) findings: Findings,
    pub(super) publisher: Publisher,
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) next_stream: u64,
    pub(super) next_hub: usize,
    /// Instances that went in this round, for one pass over queues and leases.
    pub(super) gone: BTreeMap<HubKey, HashSet<InstanceKey>>,
    pub(super) waiters: Waiters,
    pub(super) due: BinaryHeap<Reverse<(i64, Waking)>>,
    pub(super) held: BinaryHeap<Reverse<(i64, InstanceKey)>>,
    pub(super) group: Group,
    pub(super) stopping: Option<Reply<()>>,
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
            limits: options.limits,
            findings: Findings::default(),
            publisher: Publisher::new(publisher),
            commands,
            next_stream: 0,
            next_hub: 0,
            gone: BTreeMap::new(),
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
            self.publisher.publish(self.clock.now(), &mut self.dispatch);
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
            .any(|command| !matches!(command, Command::Inspect { .. } | Command::Look(_)));
        let mut failure = writer::begin(&self.db).err();
        for command in taken.drain(..) {
            let fate = match failure {
                None => Fate::Applied,
                Some(_) => Fate::Refused,
            };
            // A refusal has no error of its own: the group's came first.
            failure = failure.or(self.apply(command, fate).err());
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

    /// A transaction for what the core decides by itself, between the groups of commands. False:
    /// it was rolled back, and nothing has happened.
    pub(super) fn by_itself(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> bool {
        let outcome = writer::begin(&self.db)
            .and_then(|()| work(self))
            .and_then(|()| self.write_touched())
            .and_then(|()| writer::commit(&self.db));
        match outcome {
            Ok(()) => self.release(true),
            Err(error) => {
                self.take_back(error);
                return false;
            }
        }
        true
    }

    fn release(&mut self, news: bool) {
        for answer in self.group.answers.drain(..) {
            answer(None);
        }
        self.group.undo.clear();
        self.group.orphan_rows.clear();
        self.group.adopted.clear();
        for effect in std::mem::take(&mut self.group.effects) {
            self.happen(effect);
        }
        for (hub, keys) in std::mem::take(&mut self.gone) {
            let now_us = self.clock.now();
            self.dispatch.forget(now_us, hub, &keys);
        }
        for hub in std::mem::take(&mut self.group.gone_hubs) {
            self.publisher.remove_hub(hub);
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
        let mut freed = Vec::new();
        for effect in std::mem::take(&mut self.group.effects) {
            if let Effect::Freed { token, lease } = effect {
                freed.push((token, *lease));
            }
        }
        self.group.touched.clear();
        for undo in std::mem::take(&mut self.group.undo).into_iter().rev() {
            match undo {
                Undo::Restore(live) => self.cache.insert(*live),
                Undo::Remove(key) => drop(self.cache.remove(key)),
                Undo::Hub(name) => self.forget_hub(&name),
                Undo::HubGone(name, hub) => {
                    self.hubs.insert(name, hub);
                }
            }
        }
        self.group.gone_hubs.clear();
        for (token, lease) in freed {
            if self.dispatch.hub(lease.hub).stream(lease.stream).is_some() {
                self.dispatch.leases.insert(token, lease);
            } else {
                // Its stream ended in the same group and could not give it back.
                self.give_back(lease);
            }
        }
        let rows = std::mem::take(&mut self.group.orphan_rows);
        if !rows.is_empty() {
            self.dispatch.forget_rows(&rows);
        }
        self.hand_back_adopted();
        self.publisher.take_back();
        let error = Arc::new(error);
        for answer in self.group.answers.drain(..) {
            answer(Some(&error));
        }
    }

    pub(super) fn write_touched(&mut self) -> Result<(), StoreError> {
        for key in std::mem::take(&mut self.group.touched) {
            if let Some(live) = self.cache.peek(key)
                && std::mem::take(&mut live.dirty)
            {
                writer::update_instance(&self.db, key, &live.state)?;
            }
        }
        Ok(())
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

    /// A hub is being deleted: nobody finds it from now on, and its totals go with the commit.
    pub(super) fn remember_hub_gone(&mut self, name: &str) {
        if let Some(hub) = self.hubs.remove(name) {
            self.group.undo.push(Undo::HubGone(name.to_owned(), hub));
            self.group.gone_hubs.push(hub);
        }
    }

    pub(super) fn is_going(&self, hub: HubKey) -> bool {
        self.group.gone_hubs.contains(&hub)
    }

    pub(super) fn remember_hub(&mut self, name: &str, hub: HubKey) {
        self.hubs.insert(name.to_owned(), hub);
        self.group.undo.push(Undo::Hub(name.to_owned()));
        self.publisher.add_hub(hub, name);
    }
}

/// Runs the core. Should it ever panic, callers are refused instead of waiting for good; what
/// was acknowledged is committed, and a new process goes on from there.
pub(super) fn guarded(
    core: Core,
    commands: mpsc::Receiver<Command>,
    runtime: &Handle,
    parked: &Waiters,
) {
    let run = std::panic::AssertUnwindSafe(|| core.run(commands, runtime));
    if std::panic::catch_unwind(run).is_err() {
        tracing::error!("the core has panicked; restart the emulator");
        parked.wake_all();
    }
}
