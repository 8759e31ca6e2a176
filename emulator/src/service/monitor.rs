//! The live feed as a gRPC service.

use std::pin::Pin;

use durascope_proto::monitor as proto;
use durascope_proto::server::monitor_server::Monitor;
use futures_util::Stream;
use futures_util::StreamExt;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::Streaming;

use crate::hub::Hub;
use crate::live::HubKey;
use crate::monitor;
use crate::monitor::About;
use crate::monitor::failures::FailureReader;
use crate::monitor::history::Histories;
use crate::service::metadata;
use crate::service::status;
use crate::tasks::Tasks;

/// Serves dashboards.
#[derive(Clone)]
pub(crate) struct MonitorService {
    pub(crate) hub: Hub,
    pub(crate) about: About,
    pub(crate) task_hub_default: String,
    pub(crate) tasks: Tasks,
    pub(crate) histories: Histories,
    pub(crate) failures: FailureReader,
}

impl MonitorService {
    /// The hub that the caller means, and the message.
    async fn open<T>(&self, request: Request<T>) -> Result<(HubKey, T), Status> {
        let name = metadata::task_hub(request.metadata())?.unwrap_or(&self.task_hub_default);
        let key = self.hub.resolve(name).await.map_err(status::from_hub)?;
        Ok((key, request.into_inner()))
    }
}

#[tonic::async_trait]
impl Monitor for MonitorService {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<proto::WatchUpdate, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<Streaming<proto::WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = metadata::task_hub(request.metadata())?
            .unwrap_or(&self.task_hub_default)
            .to_owned();
        let key = self.hub.resolve(&name).await.map_err(status::from_hub)?;
        let requests = request
            .into_inner()
            .filter_map(|request| std::future::ready(request.ok()))
            .boxed();
        let updates = monitor::watch(
            self.hub.clone(),
            key,
            self.about.clone(),
            requests,
            &self.tasks,
        );
        let updates = updates.map(|update| update.map_err(status::from_hub));
        Ok(Response::new(updates.boxed()))
    }

    async fn list_task_hubs(
        &self,
        _request: Request<proto::ListTaskHubsRequest>,
    ) -> Result<Response<proto::ListTaskHubsResponse>, Status> {
        let names = self.hub.task_hubs().await.map_err(status::from_hub)?;
        Ok(Response::new(proto::ListTaskHubsResponse { names }))
    }

    async fn preview_purge(
        &self,
        request: Request<proto::PreviewPurgeRequest>,
    ) -> Result<Response<proto::PreviewPurgeResponse>, Status> {
        let name = metadata::task_hub(request.metadata())?.unwrap_or(&self.task_hub_default);
        let key = self.hub.resolve(name).await.map_err(status::from_hub)?;
        let request = request.into_inner();
        let preview = self
            .hub
            .preview_purge(key, request.instance_ids, request.recursive)
            .await
            .map_err(status::from_hub)?;
        Ok(Response::new(preview))
    }

    type WatchTasksStream = Pin<Box<dyn Stream<Item = Result<proto::TasksUpdate, Status>> + Send>>;

    async fn watch_tasks(
        &self,
        _request: Request<proto::WatchTasksRequest>,
    ) -> Result<Response<Self::WatchTasksStream>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn read_history(
        &self,
        request: Request<proto::ReadHistoryRequest>,
    ) -> Result<Response<proto::HistoryPage>, Status> {
        let (key, asked) = self.open(request).await?;
        let page = self.histories.read(&self.hub, key, asked).await;
        page.map(Response::new).map_err(status::from_hub)
    }

    async fn list_failures(
        &self,
        request: Request<proto::ListFailuresRequest>,
    ) -> Result<Response<proto::FailureList>, Status> {
        let (key, asked) = self.open(request).await?;
        let list = self.failures.list(&self.hub, key, asked).await;
        list.map(Response::new).map_err(status::from_hub)
    }

    async fn list_entities(
        &self,
        request: Request<proto::ListEntitiesRequest>,
    ) -> Result<Response<proto::EntityPage>, Status> {
        let (key, asked) = self.open(request).await?;
        let page = monitor::entities::list(&self.hub, key, asked).await;
        page.map(Response::new).map_err(status::from_hub)
    }

    async fn list_work(
        &self,
        request: Request<proto::ListWorkRequest>,
    ) -> Result<Response<proto::WorkList>, Status> {
        let (key, asked) = self.open(request).await?;
        let list = monitor::work::list(&self.hub, key, asked).await;
        list.map(Response::new).map_err(status::from_hub)
    }
}
