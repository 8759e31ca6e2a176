//! The official service: every body is one call to the hub.

use std::pin::Pin;

use durascope_proto as proto;
use durascope_proto::EncodedHistoryChunk;
use durascope_proto::EncodedWorkItem;
use durascope_proto::server::task_hub_sidecar_service_server::TaskHubSidecarService;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use tonic::Request;
use tonic::Response;
use tonic::Status;

use crate::dispatch::WorkKind;
use crate::dispatch::WorkerProfile;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::hub::queries::HistoryCursor;
use crate::hub::queries::Texts;
use crate::live::HubKey;
use crate::service::metadata;
use crate::service::status;
use crate::tasks::Tasks;

/// Serves clients and workers.
#[derive(Clone)]
pub(crate) struct TaskHubService {
    hub: Hub,
    task_hub_default: String,
    tasks: Tasks,
}

type Answer<T> = Result<Response<T>, Status>;
type Items<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl TaskHubService {
    pub(crate) fn new(hub: Hub, task_hub_default: String, tasks: Tasks) -> Self {
        Self {
            hub,
            task_hub_default,
            tasks,
        }
    }

    fn hub_name<'a, T>(&'a self, request: &'a Request<T>) -> Result<&'a str, Status> {
        Ok(metadata::task_hub(request.metadata())?.unwrap_or(&self.task_hub_default))
    }

    /// The hub that the caller means, and the message.
    async fn open<T>(&self, request: Request<T>) -> Result<(HubKey, T), Status> {
        let name = self.hub_name(&request)?;
        let hub = self.hub.resolve(name).await.map_err(status::from_hub)?;
        Ok((hub, request.into_inner()))
    }

    async fn abandon<T>(
        &self,
        request: Request<T>,
        token: String,
        kind: WorkKind,
    ) -> Result<(), Status> {
        let (hub, _) = self.open(request).await?;
        let given_back = self.hub.abandon(hub, token, kind).await;
        given_back.map_err(status::from_hub)
    }

    /// Waits as long as the caller does: its deadline or its leaving drops this future.
    async fn until(
        &self,
        waited: impl Future<Output = Result<Option<proto::OrchestrationState>, HubError>>,
    ) -> Answer<proto::GetInstanceResponse> {
        tokio::select! {
            outcome = waited => outcome.map(found).map_err(status::from_hub),
            () = self.tasks.stopping() => Err(status::shutting_down()),
        }
    }
}

/// What there is to say of an instance, or that there is none.
fn found(state: Option<proto::OrchestrationState>) -> Response<proto::GetInstanceResponse> {
    Response::new(proto::GetInstanceResponse {
        exists: state.is_some(),
        orchestration_state: state,
    })
}

/// One call to the hub, its outcome as an answer.
macro_rules! call {
    ($self:ident, $request:ident, $method:ident, $response:expr) => {{
        let (hub, message) = $self.open($request).await?;
        let outcome = $self.hub.$method(hub, message).await;
        outcome
            .map($response)
            .map(Response::new)
            .map_err(status::from_hub)
    }};
}

#[tonic::async_trait]
impl TaskHubSidecarService for TaskHubService {
    type GetWorkItemsStream = Items<EncodedWorkItem>;
    type StreamInstanceHistoryStream = Items<EncodedHistoryChunk>;

    async fn hello(&self, request: Request<()>) -> Answer<()> {
        self.open(request).await.map(|(_, ())| Response::new(()))
    }

    async fn start_instance(
        &self,
        request: Request<proto::AnyCreateInstanceRequest>,
    ) -> Answer<proto::CreateInstanceResponse> {
        call!(self, request, start, |instance_id| {
            proto::CreateInstanceResponse { instance_id }
        })
    }

    async fn get_instance(
        &self,
        request: Request<proto::GetInstanceRequest>,
    ) -> Answer<proto::GetInstanceResponse> {
        let (hub, request) = self.open(request).await?;
        let texts = Texts::wanted(request.get_inputs_and_outputs);
        let state = self.hub.instance(hub, &request.instance_id, texts).await;
        state.map(found).map_err(status::from_hub)
    }

    async fn wait_for_instance_start(
        &self,
        request: Request<proto::GetInstanceRequest>,
    ) -> Answer<proto::GetInstanceResponse> {
        let (hub, request) = self.open(request).await?;
        let texts = Texts::wanted(request.get_inputs_and_outputs);
        let waited = self.hub.wait_started(hub, &request.instance_id, texts);
        self.until(waited).await
    }

    async fn wait_for_instance_completion(
        &self,
        request: Request<proto::GetInstanceRequest>,
    ) -> Answer<proto::GetInstanceResponse> {
        let (hub, request) = self.open(request).await?;
        let texts = Texts::wanted(request.get_inputs_and_outputs);
        let waited = self.hub.wait_ended(hub, &request.instance_id, texts);
        self.until(waited).await
    }

    async fn raise_event(
        &self,
        request: Request<proto::RaiseEventRequest>,
    ) -> Answer<proto::RaiseEventResponse> {
        call!(
            self,
            request,
            raise_event,
            |()| proto::RaiseEventResponse {}
        )
    }

    async fn terminate_instance(
        &self,
        request: Request<proto::TerminateRequest>,
    ) -> Answer<proto::TerminateResponse> {
        call!(self, request, terminate, |()| proto::TerminateResponse {})
    }

    async fn suspend_instance(
        &self,
        request: Request<proto::SuspendRequest>,
    ) -> Answer<proto::SuspendResponse> {
        call!(self, request, suspend, |()| proto::SuspendResponse {})
    }

    async fn resume_instance(
        &self,
        request: Request<proto::ResumeRequest>,
    ) -> Answer<proto::ResumeResponse> {
        call!(self, request, resume, |()| proto::ResumeResponse {})
    }

    async fn query_instances(
        &self,
        request: Request<proto::QueryInstancesRequest>,
    ) -> Answer<proto::QueryInstancesResponse> {
        let request = request.map(|request| request.query.unwrap_or_default());
        call!(self, request, query, |page| page)
    }

    async fn list_instance_ids(
        &self,
        request: Request<proto::ListInstanceIdsRequest>,
    ) -> Answer<proto::ListInstanceIdsResponse> {
        call!(self, request, list_ids, |page| page)
    }

    async fn purge_instances(
        &self,
        request: Request<proto::PurgeInstancesRequest>,
    ) -> Answer<proto::PurgeInstancesResponse> {
        call!(self, request, purge, |response| response)
    }

    async fn get_work_items(
        &self,
        request: Request<proto::GetWorkItemsRequest>,
    ) -> Answer<Self::GetWorkItemsStream> {
        let worker_id = metadata::worker_id(&request);
        let peer = metadata::peer(&request);
        let user_agent = metadata::user_agent(request.metadata());
        let sticky = metadata::sticky(request.metadata());
        let (hub, request) = self.open(request).await?;
        let profile = WorkerProfile {
            worker_id,
            peer,
            user_agent,
            sticky,
            request,
        };
        let items = self
            .hub
            .connect_worker(hub, profile)
            .await
            .map_err(status::from_hub)?;
        let mut response = Response::new(items.map(Ok).boxed());
        metadata::say_sticky(response.metadata_mut(), sticky);
        Ok(response)
    }

    async fn complete_activity_task(
        &self,
        request: Request<proto::ActivityResponse>,
    ) -> Answer<proto::CompleteTaskResponse> {
        call!(self, request, complete_activity, |()| {
            proto::CompleteTaskResponse {}
        })
    }

    async fn complete_orchestrator_task(
        &self,
        request: Request<proto::OrchestratorResponse>,
    ) -> Answer<proto::CompleteTaskResponse> {
        call!(self, request, complete_turn, |()| {
            proto::CompleteTaskResponse {}
        })
    }

    async fn abandon_task_activity_work_item(
        &self,
        request: Request<proto::AbandonActivityTaskRequest>,
    ) -> Answer<proto::AbandonActivityTaskResponse> {
        let token = request.get_ref().completion_token.clone();
        self.abandon(request, token, WorkKind::Activity).await?;
        Ok(Response::new(proto::AbandonActivityTaskResponse {}))
    }

    async fn abandon_task_orchestrator_work_item(
        &self,
        request: Request<proto::AbandonOrchestrationTaskRequest>,
    ) -> Answer<proto::AbandonOrchestrationTaskResponse> {
        let token = request.get_ref().completion_token.clone();
        self.abandon(request, token, WorkKind::Turn).await?;
        Ok(Response::new(proto::AbandonOrchestrationTaskResponse {}))
    }

    async fn stream_instance_history(
        &self,
        request: Request<proto::StreamInstanceHistoryRequest>,
    ) -> Answer<Self::StreamInstanceHistoryStream> {
        let (hub, request) = self.open(request).await?;
        let cursor = self
            .hub
            .history(hub, &request.instance_id, request.execution_id)
            .await
            .map_err(status::from_hub)?;
        Ok(Response::new(history(self.hub.clone(), cursor)))
    }

    async fn create_task_hub(
        &self,
        request: Request<proto::CreateTaskHubRequest>,
    ) -> Answer<proto::CreateTaskHubResponse> {
        let name = self.hub_name(&request)?;
        self.hub
            .create_task_hub(name, request.get_ref().recreate_if_exists)
            .await
            .map_err(status::from_hub)?;
        Ok(Response::new(proto::CreateTaskHubResponse {}))
    }

    async fn delete_task_hub(
        &self,
        request: Request<proto::DeleteTaskHubRequest>,
    ) -> Answer<proto::DeleteTaskHubResponse> {
        let name = self.hub_name(&request)?;
        self.hub
            .delete_task_hub(name)
            .await
            .map_err(status::from_hub)?;
        Ok(Response::new(proto::DeleteTaskHubResponse {}))
    }

    async fn rewind_instance(
        &self,
        request: Request<proto::RewindInstanceRequest>,
    ) -> Answer<proto::RewindInstanceResponse> {
        call!(self, request, rewind, |()| proto::RewindInstanceResponse {})
    }

    async fn restart_instance(
        &self,
        request: Request<proto::RestartInstanceRequest>,
    ) -> Answer<proto::RestartInstanceResponse> {
        call!(self, request, restart, |instance_id| {
            proto::RestartInstanceResponse { instance_id }
        })
    }

    async fn skip_graceful_orchestration_terminations(
        &self,
        request: Request<proto::SkipGracefulOrchestrationTerminationsRequest>,
    ) -> Answer<proto::SkipGracefulOrchestrationTerminationsResponse> {
        call!(
            self,
            request,
            skip_graceful_terminations,
            |unterminated_instance_ids| {
                proto::SkipGracefulOrchestrationTerminationsResponse {
                    unterminated_instance_ids,
                }
            }
        )
    }

    async fn complete_entity_task(
        &self,
        request: Request<proto::EntityBatchResult>,
    ) -> Answer<proto::CompleteTaskResponse> {
        call!(self, request, complete_entity, |()| {
            proto::CompleteTaskResponse {}
        })
    }

    async fn abandon_task_entity_work_item(
        &self,
        request: Request<proto::AbandonEntityTaskRequest>,
    ) -> Answer<proto::AbandonEntityTaskResponse> {
        let token = request.get_ref().completion_token.clone();
        self.abandon(request, token, WorkKind::Entity).await?;
        Ok(Response::new(proto::AbandonEntityTaskResponse {}))
    }

    async fn signal_entity(
        &self,
        request: Request<proto::SignalEntityRequest>,
    ) -> Answer<proto::SignalEntityResponse> {
        call!(self, request, signal_entity, |()| {
            proto::SignalEntityResponse {}
        })
    }

    async fn get_entity(
        &self,
        request: Request<proto::GetEntityRequest>,
    ) -> Answer<proto::GetEntityResponse> {
        call!(self, request, entity, |entity| proto::GetEntityResponse {
            exists: entity.is_some(),
            entity,
        })
    }

    async fn query_entities(
        &self,
        request: Request<proto::QueryEntitiesRequest>,
    ) -> Answer<proto::QueryEntitiesResponse> {
        let request = request.map(|request| request.query.unwrap_or_default());
        call!(self, request, query_entities, |page| page)
    }

    /// There is never anything to clean: an entity goes when it has nothing left, and a lock ends
    /// with who holds it.
    async fn clean_entity_storage(
        &self,
        request: Request<proto::CleanEntityStorageRequest>,
    ) -> Answer<proto::CleanEntityStorageResponse> {
        self.open(request).await?;
        Ok(Response::new(proto::CleanEntityStorageResponse::default()))
    }
}

/// History in steps: the next one is read when the caller has taken the one before.
fn history(hub: Hub, cursor: Option<HistoryCursor>) -> Items<EncodedHistoryChunk> {
    let steps = stream::try_unfold(cursor, move |cursor| {
        let hub = hub.clone();
        async move {
            let Some(cursor) = cursor else {
                return Ok::<_, Status>(None);
            };
            let step = hub.history_step(cursor).await.map_err(status::from_hub)?;
            Ok(step.map(|(chunks, next)| {
                let chunks = chunks.into_iter().map(EncodedHistoryChunk).map(Ok);
                (stream::iter(chunks), Some(next))
            }))
        }
    });
    steps.try_flatten().boxed()
}
