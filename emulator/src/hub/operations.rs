//! What clients and workers may ask of a hub: each sends one command and waits for its commit.

use std::time::Duration;
use std::time::Instant;

use durascope_engine::entity::EntityId;
use durascope_proto::ActivityResponse;
use durascope_proto::AnyCreateInstanceRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::OrchestratorResponse;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::PurgeInstancesResponse;
use durascope_proto::RaiseEventRequest;
use durascope_proto::RestartInstanceRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::RewindInstanceRequest;
use durascope_proto::SignalEntityRequest;
use durascope_proto::SkipGracefulOrchestrationTerminationsRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TerminateRequest;
use durascope_proto::purge_instances_request::Request as PurgeTarget;

use super::Hub;
use super::HubError;
use super::command::Command;
use super::purge;
use crate::dispatch::WorkKind;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::live::HubKey;

/// Instances that one purge command deletes at most, so that others get their turn.
const PURGE_STEP: u32 = 500;

/// Ids in one purge request, as the protocol says.
const PURGE_BATCH_MAX: usize = 500;

/// Ids in one request to skip terminations, as the protocol says.
const SKIP_BATCH_MAX: usize = 500;

impl Hub {
    /// StartInstance: creates or replaces an instance and returns its id.
    ///
    /// # Errors
    /// [`HubError::Invalid`], [`HubError::AlreadyExists`].
    pub async fn start(
        &self,
        hub: HubKey,
        request: impl Into<AnyCreateInstanceRequest>,
    ) -> Result<String, HubError> {
        let request = request.into();
        self.change(move |core| core.start(hub, request)).await
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
        self.change(move |core| core.raise_event(hub, request))
            .await
    }

    /// TerminateInstance. An instance that has ended stays as it is.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`].
    pub async fn terminate(&self, hub: HubKey, request: TerminateRequest) -> Result<(), HubError> {
        self.change(move |core| core.terminate(hub, request)).await
    }

    /// SuspendInstance: the status changes at once.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`].
    pub async fn suspend(&self, hub: HubKey, request: SuspendRequest) -> Result<(), HubError> {
        self.change(move |core| core.suspend(hub, request)).await
    }

    /// ResumeInstance.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`].
    pub async fn resume(&self, hub: HubKey, request: ResumeRequest) -> Result<(), HubError> {
        self.change(move |core| core.resume(hub, request)).await
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
        // A single id tells by itself what it is of, unless the caller says what it means.
        let entities_too = !request.is_orchestration
            && matches!(request.request, Some(PurgeTarget::InstanceId(_)));
        let mut ids = match request.request {
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
        if !entities_too {
            ids.retain(|id| !EntityId::is_meant(id));
        }
        let deleted = self
            .change(move |core| core.purge_ids(hub, &ids, recursive))
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
                .change(move |core| core.purge_filter(hub, &filter, PURGE_STEP))
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

    /// RestartInstance: starts it anew under its own id or a fresh one, which is returned.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`]; [`HubError::WrongState`] for one that has not ended and is
    /// to keep its id.
    pub async fn restart(
        &self,
        hub: HubKey,
        request: RestartInstanceRequest,
    ) -> Result<String, HubError> {
        self.change(move |core| core.restart(hub, request)).await
    }

    /// RewindInstance: a failed instance runs again, without what failed.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`]; [`HubError::WrongState`] for one that has not failed or
    /// failed within a critical section.
    pub async fn rewind(
        &self,
        hub: HubKey,
        request: RewindInstanceRequest,
    ) -> Result<(), HubError> {
        self.change(move |core| core.rewind(hub, request)).await
    }

    /// SkipGracefulOrchestrationTerminations: ends instances without asking a worker; returns
    /// those that cannot be ended so.
    ///
    /// # Errors
    /// [`HubError::Invalid`] for too large a batch.
    pub async fn skip_graceful_terminations(
        &self,
        hub: HubKey,
        request: SkipGracefulOrchestrationTerminationsRequest,
    ) -> Result<Vec<String>, HubError> {
        let ids = request.instance_batch.unwrap_or_default().instance_ids;
        if ids.len() > SKIP_BATCH_MAX {
            return Err(HubError::Invalid(format!(
                "instanceBatch has {} ids, the limit is {SKIP_BATCH_MAX}",
                ids.len()
            )));
        }
        let reason = request.reason;
        self.change(move |core| core.skip_graceful_terminations(hub, ids, reason))
            .await
    }

    /// CreateTaskHub: makes the hub if it is missing; `recreate` empties it.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn create_task_hub(&self, name: &str, recreate: bool) -> Result<(), HubError> {
        let name = name.to_owned();
        self.change(move |core| core.create_task_hub(&name, recreate))
            .await
    }

    /// DeleteTaskHub: everything in it goes, and its worker streams end.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn delete_task_hub(&self, name: &str) -> Result<(), HubError> {
        let owned = name.to_owned();
        let deleted = self.change(move |core| core.delete_task_hub(&owned)).await;
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
        self.change(move |core| core.complete_activity(hub, response))
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
        self.change(move |core| core.complete_turn(hub, response))
            .await
    }

    /// CompleteEntityTask. A token that is not current changes nothing and is no error.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn complete_entity(
        &self,
        hub: HubKey,
        result: EntityBatchResult,
    ) -> Result<(), HubError> {
        self.change(move |core| core.complete_entity(hub, result))
            .await
    }

    /// SignalEntity: the entity needs not exist.
    ///
    /// # Errors
    /// [`HubError::Invalid`].
    pub async fn signal_entity(
        &self,
        hub: HubKey,
        request: SignalEntityRequest,
    ) -> Result<(), HubError> {
        self.change(move |core| core.signal_entity(hub, request))
            .await
    }

    /// AbandonTask…WorkItem: the item goes to another worker at once, to the same one after a
    /// pause.
    ///
    /// # Errors
    /// [`HubError::ShuttingDown`].
    pub async fn abandon(
        &self,
        hub: HubKey,
        token: String,
        kind: WorkKind,
    ) -> Result<(), HubError> {
        self.ask(|reply| Command::Abandon {
            hub,
            token,
            kind,
            reply,
        })
        .await
    }
}

fn purged(deleted: u32, complete: bool) -> PurgeInstancesResponse {
    PurgeInstancesResponse {
        deleted_instance_count: i32::try_from(deleted).unwrap_or(i32::MAX),
        is_complete: Some(complete),
    }
}
