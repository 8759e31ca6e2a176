//! Use cases: one function per operation, each load, decide, commit, wake.
//!
//! A [`Hub`] is a cheap handle. What changes state goes to the core thread, which owns the
//! writing connection, the queues and the leases; its answer comes after the commit. Reads
//! go to the store's readers and never wait for the writer.

mod activities;
mod cache;
mod command;
mod core;
mod error;
mod instances;
mod publish;
mod purge;
pub(crate) mod queries;
mod recover;
mod streams;
mod turns;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use durascope_engine::status::is_terminal;
use durascope_proto::ActivityResponse;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorResponse;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::PurgeInstancesResponse;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TerminateRequest;
use durascope_proto::purge_instances_request::Request as PurgeTarget;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;

pub use error::HubError;

use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::dispatch::waiters::Waiters;
use crate::live::HubKey;
use crate::live::InstanceLive;
use crate::live::LiveSnapshot;
use crate::store::Store;
use crate::store::load;
use command::Command;
use command::Reply;

/// Commands that wait for the core at most; beyond it callers wait.
const COMMANDS_MAX: usize = 4_096;

/// Instances that one purge command deletes at most, so that others get their turn.
const PURGE_STEP: u32 = 500;

/// Ids in one purge request, as the protocol says.
const PURGE_BATCH_MAX: usize = 500;

/// How task hubs come to be.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// Made at start.
    pub task_hubs: Vec<String>,
    /// Other names are unknown instead of being made on first use.
    pub strict: bool,
}

/// A handle on all task hubs of one database.
#[derive(Clone, Debug)]
pub struct Hub {
    store: Store,
    commands: mpsc::Sender<Command>,
    waiters: Waiters,
    live: watch::Receiver<Arc<LiveSnapshot>>,
    names: Arc<Mutex<HashMap<String, HubKey>>>,
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
        let core = core::Core::load(&store, options, waiters.clone(), publisher, weak)?;
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new()
            .name("core".to_owned())
            .spawn(move || core.run(receiver, &runtime))
            .map_err(|error| HubError::LimitReached(format!("no thread for the core: {error}")))?;
        Ok(Self {
            store,
            commands,
            waiters,
            live,
            names: Arc::default(),
        })
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, HubError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(command(reply)).await;
        sent.map_err(|_closed| HubError::ShuttingDown)?;
        answer.await.map_err(|_dropped| HubError::ShuttingDown)?
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
            .ask(|reply| Command::Resolve {
                name: name.clone(),
                reply,
            })
            .await?;
        self.names().insert(name, key);
        Ok(key)
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<String, HubKey>> {
        // Every change of the map is a single call, so it is valid after any panic.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// StartInstance: creates or replaces an instance and returns its id.
    ///
    /// # Errors
    /// [`HubError::Invalid`], [`HubError::AlreadyExists`].
    pub async fn start(
        &self,
        hub: HubKey,
        request: CreateInstanceRequest,
    ) -> Result<String, HubError> {
        self.ask(|reply| Command::Start {
            hub,
            request: Box::new(request),
            reply,
        })
        .await
    }

    /// RaiseEvent. An instance that has ended discards the event.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`], [`HubError::Invalid`] for an empty name.
    pub async fn raise_event(
        &self,
        hub: HubKey,
        request: RaiseEventRequest,
    ) -> Result<(), HubError> {
        self.ask(|reply| Command::Raise {
            hub,
            request,
            reply,
        })
        .await
    }

    /// TerminateInstance. An instance that has ended stays as it is.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`].
    pub async fn terminate(&self, hub: HubKey, request: TerminateRequest) -> Result<(), HubError> {
        self.ask(|reply| Command::Terminate {
            hub,
            request,
            reply,
        })
        .await
    }

    /// SuspendInstance: the status changes at once.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`].
    pub async fn suspend(&self, hub: HubKey, request: SuspendRequest) -> Result<(), HubError> {
        self.ask(|reply| Command::Suspend {
            hub,
            request,
            reply,
        })
        .await
    }

    /// ResumeInstance.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`].
    pub async fn resume(&self, hub: HubKey, request: ResumeRequest) -> Result<(), HubError> {
        self.ask(|reply| Command::Resume {
            hub,
            request,
            reply,
        })
        .await
    }

    /// PurgeInstances in its three forms. Each instance goes wholly or not at all; a filter is
    /// worked off in steps, until its timeout if it has one.
    ///
    /// # Errors
    /// [`HubError::Invalid`] for an empty request or too large a batch.
    pub async fn purge(
        &self,
        hub: HubKey,
        request: PurgeInstancesRequest,
    ) -> Result<PurgeInstancesResponse, HubError> {
        let recursive = request.recursive;
        let ids = match request.request {
            None => {
                let what = "one of instanceId, purgeInstanceFilter, instanceBatch must be set";
                return Err(HubError::Invalid(what.to_owned()));
            }
            Some(PurgeTarget::InstanceId(id)) => vec![id],
            Some(PurgeTarget::InstanceBatch(batch)) => batch.instance_ids,
            Some(PurgeTarget::PurgeInstanceFilter(filter)) => {
                let timeout = filter.timeout.as_ref().map(purge::timeout);
                return self
                    .purge_filter(hub, purge::Filter::new(&filter, recursive), timeout)
                    .await;
            }
        };
        if ids.len() > PURGE_BATCH_MAX {
            return Err(HubError::Invalid(format!(
                "instanceBatch has {} ids, the limit is {PURGE_BATCH_MAX}",
                ids.len()
            )));
        }
        let deleted = self
            .ask(|reply| Command::Purge {
                hub,
                ids,
                recursive,
                reply,
            })
            .await?;
        Ok(purged(deleted, true))
    }

    async fn purge_filter(
        &self,
        hub: HubKey,
        filter: purge::Filter,
        timeout: Option<Duration>,
    ) -> Result<PurgeInstancesResponse, HubError> {
        let begun = Instant::now();
        let mut deleted = 0;
        loop {
            let filter = filter.clone();
            let step = self
                .ask(|reply| Command::PurgeFilter {
                    hub,
                    filter,
                    limit: PURGE_STEP,
                    reply,
                })
                .await?;
            deleted += step.deleted;
            if step.finished {
                return Ok(purged(deleted, true));
            }
            if timeout.is_some_and(|timeout| begun.elapsed() >= timeout) {
                return Ok(purged(deleted, false));
            }
        }
    }

    /// CreateTaskHub: makes the hub if it is missing; `recreate` empties it.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn create_task_hub(&self, name: &str, recreate: bool) -> Result<(), HubError> {
        let name = name.to_owned();
        self.ask(|reply| Command::CreateTaskHub {
            name,
            recreate,
            reply,
        })
        .await
    }

    /// DeleteTaskHub: everything in it goes, and its worker streams end.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn delete_task_hub(&self, name: &str) -> Result<(), HubError> {
        let owned = name.to_owned();
        let deleted = self
            .ask(|reply| Command::DeleteTaskHub { name: owned, reply })
            .await;
        self.names().remove(name);
        deleted
    }

    /// GetWorkItems: a stream of work items for one worker. Dropping it gives them back.
    ///
    /// # Errors
    /// [`HubError::UnknownTaskHub`] when the hub is gone.
    pub async fn connect_worker(
        &self,
        hub: HubKey,
        worker: WorkerProfile,
    ) -> Result<WorkerItems, HubError> {
        self.ask(|reply| Command::Connect {
            hub,
            worker: Box::new(worker),
            reply,
        })
        .await
    }

    /// CompleteActivityTask. A token that is not current changes nothing and is no error.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn complete_activity(
        &self,
        hub: HubKey,
        response: ActivityResponse,
    ) -> Result<(), HubError> {
        self.ask(|reply| Command::CompleteActivity {
            hub,
            response: Box::new(response),
            reply,
        })
        .await
    }

    /// CompleteOrchestratorTask. A token that is not current changes nothing and is no error.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn complete_turn(
        &self,
        hub: HubKey,
        response: OrchestratorResponse,
    ) -> Result<(), HubError> {
        self.ask(|reply| Command::CompleteTurn {
            hub,
            response: Box::new(response),
            reply,
        })
        .await
    }

    /// AbandonTaskActivityWorkItem: the activity goes to another worker at once, to the same
    /// one after a pause.
    ///
    /// # Errors
    /// [`HubError::ShuttingDown`].
    pub async fn abandon_activity(&self, hub: HubKey, token: String) -> Result<(), HubError> {
        self.ask(|reply| Command::Abandon {
            hub,
            token,
            turn: false,
            reply,
        })
        .await
    }

    /// AbandonTaskOrchestratorWorkItem; see [`Hub::abandon_activity`].
    ///
    /// # Errors
    /// [`HubError::ShuttingDown`].
    pub async fn abandon_turn(&self, hub: HubKey, token: String) -> Result<(), HubError> {
        self.ask(|reply| Command::Abandon {
            hub,
            token,
            turn: true,
            reply,
        })
        .await
    }

    /// Returns when the instance is not pending any more, or does not exist.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::ShuttingDown`].
    pub async fn wait_started(&self, hub: HubKey, id: &str) -> Result<(), HubError> {
        self.wait_until(hub, id, |status| status != OrchestrationStatus::Pending)
            .await
    }

    /// Returns when the instance has ended, or does not exist.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::ShuttingDown`].
    pub async fn wait_ended(&self, hub: HubKey, id: &str) -> Result<(), HubError> {
        self.wait_until(hub, id, is_terminal).await
    }

    async fn wait_until(
        &self,
        hub: HubKey,
        id: &str,
        reached: impl Fn(OrchestrationStatus) -> bool,
    ) -> Result<(), HubError> {
        let place = self.waiters.park(hub, id);
        loop {
            // Listen first, look afterwards: what happens in between is not missed.
            let notified = place.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            let asked = id.to_owned();
            let status = self
                .store
                .read(move |db| load::status(db, hub, &asked))
                .await?;
            if status.is_none_or(&reached) {
                return Ok(());
            }
            if self.commands.is_closed() {
                return Err(HubError::ShuttingDown);
            }
            notified.await;
        }
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

fn purged(deleted: u32, complete: bool) -> PurgeInstancesResponse {
    PurgeInstancesResponse {
        deleted_instance_count: i32::try_from(deleted).unwrap_or(i32::MAX),
        is_complete: Some(complete),
    }
}

#[cfg(test)]
mod tests;
