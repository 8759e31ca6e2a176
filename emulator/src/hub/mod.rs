//! Use cases: one function per operation, each load, decide, commit, wake.
//!
//! A [`Hub`] is a cheap handle. What changes state goes to the core thread, which owns the
//! writing connection, the queues and the leases; its answer comes after the commit. Reads
//! go to the store's readers and never wait for the writer.

mod activities;
mod apply;
mod cache;
mod command;
mod core;
mod effects;
mod endings;
mod entities;
mod entity_queries;
mod error;
mod instances;
mod limits;
pub(crate) mod observe;
mod operations;
mod publish;
mod purge;
pub(crate) mod queries;
mod recover;
mod restart;
mod rewind;
mod sections;
mod skip;
mod starts;
mod sticky;
mod streams;
mod turns;
mod waits;
pub(crate) mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;

pub use error::HubError;
pub use limits::Limits;

pub use crate::dispatch::WorkerItems;
pub use crate::dispatch::WorkerProfile;

use crate::dispatch::waiters::Waiters;
use crate::live::HubKey;
use crate::live::InstanceLive;
use crate::live::LiveSnapshot;
use crate::store::Store;
use command::Change;
use command::Command;
use command::Reply;
use core::Core;

/// Commands that wait for the core at most; beyond it callers wait.
const COMMANDS_MAX: usize = 4_096;

/// How task hubs come to be.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// Made at start.
    pub task_hubs: Vec<String>,
    /// Other names are unknown instead of being made on first use.
    pub strict: bool,
    pub limits: Limits,
}

/// A handle on all task hubs of one database.
#[derive(Clone, Debug)]
pub struct Hub {
    store: Store,
    commands: mpsc::Sender<Command>,
    waiters: Waiters,
    live: watch::Receiver<Arc<LiveSnapshot>>,
    names: Arc<Mutex<HashMap<String, HubKey>>>,
    limits: Limits,
}

impl Hub {
    /// Rebuilds what is ready from the store and starts the core thread.
    ///
    /// # Errors
    /// [`HubError::Store`] when the database cannot be read.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start_core(store: Store, options: HubOptions) -> Result<Self, HubError> {
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let waiters = Waiters::default();
        let (publisher, live) = watch::channel(Arc::default());
        let weak = commands.downgrade();
        let limits = options.limits;
        let core = Core::load(&store, options, waiters.clone(), publisher, weak)?;
        let runtime = tokio::runtime::Handle::current();
        let parked = waiters.clone();
        std::thread::Builder::new()
            .name("core".to_owned())
            .spawn(move || core::guarded(core, receiver, &runtime, &parked))
            .map_err(|error| HubError::LimitReached(format!("no thread for the core: {error}")))?;
        Ok(Self {
            store,
            commands,
            waiters,
            live,
            names: Arc::default(),
            limits,
        })
    }

    /// Has the core apply a use case; the answer comes after the commit.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Core) -> Result<T, HubError> + Send + 'static,
    ) -> Result<T, HubError> {
        self.ask(|reply| Command::Change(Change::new(work, reply)))
            .await
    }

    /// Has the core read something that is not in the store.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Core) -> Result<T, HubError> + Send + 'static,
    ) -> Result<T, HubError> {
        self.ask(|reply| Command::Look(Change::new(work, reply)))
            .await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, HubError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(command(reply)).await;
        sent.map_err(|_closed| HubError::ShuttingDown)?;
        let result = answer.await.map_err(|_dropped| HubError::ShuttingDown)?;
        if matches!(result, Err(HubError::UnknownTaskHub { .. })) {
            // A key of a hub that was deleted meanwhile must not be found again.
            self.names().clear();
        }
        result
    }

    /// The key of a task hub, which is made on first use unless the mode is strict.
    ///
    /// # Errors
    /// [`HubError::UnknownTaskHub`] in strict mode.
    pub async fn resolve(&self, name: &str) -> Result<HubKey, HubError> {
        if let Some(key) = self.names().get(name) {
            return Ok(*key);
        }
        let name = name.to_owned();
        let key = self
            .change({
                let name = name.clone();
                move |core| core.resolve(&name)
            })
            .await?;
        self.names().insert(name, key);
        Ok(key)
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<String, HubKey>> {
        // Every change of the map is a single call, so it is valid after any panic.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the hubs look like now; changes with each publication.
    pub fn live(&self) -> watch::Receiver<Arc<LiveSnapshot>> {
        self.live.clone()
    }

    /// What is with workers of one instance.
    ///
    /// # Errors
    /// [`HubError::ShuttingDown`].
    pub async fn inspect(&self, hub: HubKey, id: &str) -> Result<InstanceLive, HubError> {
        let id = id.to_owned();
        self.ask(|reply| Command::Inspect { hub, id, reply }).await
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Ends worker streams and waits, finishes what was accepted and folds the log into the
    /// database. Later calls are refused.
    pub async fn shutdown(&self) {
        // An error means that the core has ended already, which is what was asked for.
        drop(self.ask(|reply| Command::Shutdown { reply }).await);
        self.waiters.wake_all();
    }
}

#[cfg(test)]
mod tests;
