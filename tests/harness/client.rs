//! A client that speaks the wire contract and nothing else, for rules that an SDK would hide.

use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetInstanceRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::InstanceBatch;
use durascope_proto::OrchestrationState;
use durascope_proto::OrchestrationStatus;
use durascope_proto::RaiseEventRequest;
use durascope_proto::RestartInstanceRequest;
use durascope_proto::RewindInstanceRequest;
use durascope_proto::SkipGracefulOrchestrationTerminationsRequest;
use durascope_proto::StreamInstanceHistoryRequest;
use durascope_proto::TerminateRequest;
use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use tonic::Request;
use tonic::Status;
use tonic::metadata::Ascii;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::transport::Endpoint;

use crate::DEADLINE;

/// The generated client with the metadata of a task hub.
pub type Rpc = TaskHubSidecarServiceClient<InterceptedService<Channel, TaskHub>>;

/// Adds the `taskhub` metadata to every call; without a name it adds nothing, as some clients do.
#[derive(Clone, Debug)]
pub struct TaskHub(Option<MetadataValue<Ascii>>);

impl Interceptor for TaskHub {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(name) = &self.0 {
            request.metadata_mut().insert("taskhub", name.clone());
        }
        Ok(request)
    }
}

/// One connection to a server and one task hub.
#[derive(Clone)]
pub struct RawClient {
    channel: Channel,
    pub rpc: Rpc,
}

impl RawClient {
    /// Connects with the hub `default`.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn connect(endpoint: &str) -> Result<Self> {
        let channel = Endpoint::from_shared(endpoint.to_owned())
            .with_context(|| format!("{endpoint} is no endpoint"))?
            .connect()
            .await
            .with_context(|| format!("connect to {endpoint}"))?;
        Ok(Self::on(
            channel,
            TaskHub(Some(MetadataValue::from_static("default"))),
        ))
    }

    fn on(channel: Channel, hub: TaskHub) -> Self {
        // The tests ask for more than the 4 MiB that clients take by default.
        let rpc = TaskHubSidecarServiceClient::with_interceptor(channel.clone(), hub)
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        Self { channel, rpc }
    }

    /// The same connection, another task hub.
    ///
    /// # Errors
    /// When the name cannot be sent as metadata.
    pub fn hub(&self, name: &str) -> Result<Self> {
        let name = name
            .parse()
            .with_context(|| format!("{name:?} as metadata"))?;
        Ok(Self::on(self.channel.clone(), TaskHub(Some(name))))
    }

    /// The same connection without `taskhub` metadata, as the Go client.
    pub fn without_hub(&self) -> Self {
        Self::on(self.channel.clone(), TaskHub(None))
    }

    /// The connection itself, for calls that the generated client cannot make.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Starts an instance; an empty id lets the server choose.
    ///
    /// # Errors
    /// The server's status.
    pub async fn start(&self, name: &str, id: &str, input: Option<&str>) -> Result<String, Status> {
        self.start_with(CreateInstanceRequest {
            instance_id: id.to_owned(),
            name: name.to_owned(),
            input: input.map(str::to_owned),
            ..CreateInstanceRequest::default()
        })
        .await
    }

    /// Starts an instance with every option.
    ///
    /// # Errors
    /// The server's status.
    pub async fn start_with(&self, request: CreateInstanceRequest) -> Result<String, Status> {
        Ok(self
            .rpc
            .clone()
            .start_instance(request)
            .await?
            .into_inner()
            .instance_id)
    }

    /// The state with payloads; `None` for an unknown instance.
    ///
    /// # Errors
    /// The server's status.
    pub async fn state(&self, id: &str) -> Result<Option<OrchestrationState>, Status> {
        let response = self.rpc.clone().get_instance(get(id)).await?.into_inner();
        Ok(response.orchestration_state.filter(|_| response.exists))
    }

    /// The status of an instance that exists.
    ///
    /// # Errors
    /// When it does not exist, or the server's status.
    pub async fn status(&self, id: &str) -> Result<OrchestrationStatus> {
        Ok(self
            .state(id)
            .await?
            .with_context(|| format!("{id} is unknown"))?
            .orchestration_status())
    }

    /// Waits until the instance has left PENDING.
    ///
    /// # Errors
    /// When it does not exist, or the server's status.
    pub async fn started(&self, id: &str) -> Result<OrchestrationState> {
        let mut rpc = self.rpc.clone();
        let response = rpc.wait_for_instance_start(timed(get(id), DEADLINE)).await;
        let response = response.with_context(|| format!("waiting for the start of {id}"))?;
        let response = response.into_inner();
        response
            .orchestration_state
            .with_context(|| format!("{id} is unknown"))
    }

    /// Waits until the instance has ended.
    ///
    /// # Errors
    /// When it does not exist, or the server's status.
    pub async fn ended(&self, id: &str) -> Result<OrchestrationState> {
        let mut rpc = self.rpc.clone();
        let response = rpc
            .wait_for_instance_completion(timed(get(id), DEADLINE))
            .await;
        let response = response.with_context(|| format!("waiting for the end of {id}"))?;
        let response = response.into_inner();
        response
            .orchestration_state
            .with_context(|| format!("{id} is unknown"))
    }

    /// The committed history of the current execution.
    ///
    /// # Errors
    /// The server's status.
    pub async fn history(&self, id: &str) -> Result<Vec<HistoryEvent>, Status> {
        self.history_of(id, None).await
    }

    /// The committed history, of one execution if it is named.
    ///
    /// # Errors
    /// The server's status.
    pub async fn history_of(
        &self,
        id: &str,
        execution: Option<&str>,
    ) -> Result<Vec<HistoryEvent>, Status> {
        let request = StreamInstanceHistoryRequest {
            instance_id: id.to_owned(),
            execution_id: execution.map(str::to_owned),
            for_work_item_processing: false,
        };
        let mut chunks = self
            .rpc
            .clone()
            .stream_instance_history(request)
            .await?
            .into_inner();
        let mut events = Vec::new();
        while let Some(chunk) = chunks.message().await? {
            events.extend(chunk.events);
        }
        Ok(events)
    }

    /// Raises an external event.
    ///
    /// # Errors
    /// The server's status.
    pub async fn raise(&self, id: &str, name: &str, input: Option<&str>) -> Result<(), Status> {
        let request = RaiseEventRequest {
            instance_id: id.to_owned(),
            name: name.to_owned(),
            input: input.map(str::to_owned),
        };
        self.rpc.clone().raise_event(request).await.map(drop)
    }

    /// Asks for the end of an instance.
    ///
    /// # Errors
    /// The server's status.
    pub async fn terminate(
        &self,
        id: &str,
        output: Option<&str>,
        recursive: bool,
    ) -> Result<(), Status> {
        let request = TerminateRequest {
            instance_id: id.to_owned(),
            output: output.map(str::to_owned),
            recursive,
        };
        self.rpc.clone().terminate_instance(request).await.map(drop)
    }

    /// Has a failed instance run again without what failed.
    ///
    /// # Errors
    /// The server's status.
    pub async fn rewind(&self, id: &str, reason: Option<&str>) -> Result<(), Status> {
        let request = RewindInstanceRequest {
            instance_id: id.to_owned(),
            reason: reason.map(str::to_owned),
        };
        self.rpc.clone().rewind_instance(request).await.map(drop)
    }

    /// Starts an instance anew, under its own id or beside itself; returns the id.
    ///
    /// # Errors
    /// The server's status.
    pub async fn restart(&self, id: &str, beside: bool) -> Result<String, Status> {
        let request = RestartInstanceRequest {
            instance_id: id.to_owned(),
            restart_with_new_instance_id: beside,
        };
        let response = self.rpc.clone().restart_instance(request).await?;
        Ok(response.into_inner().instance_id)
    }

    /// Ends instances without their orchestrators; returns those that cannot be ended so.
    ///
    /// # Errors
    /// The server's status.
    pub async fn skip_terminations(
        &self,
        ids: &[&str],
        reason: Option<&str>,
    ) -> Result<Vec<String>, Status> {
        let request = SkipGracefulOrchestrationTerminationsRequest {
            instance_batch: Some(InstanceBatch {
                instance_ids: ids.iter().map(|&id| id.to_owned()).collect(),
            }),
            reason: reason.map(str::to_owned),
        };
        let mut rpc = self.rpc.clone();
        let response = rpc.skip_graceful_orchestration_terminations(request).await;
        Ok(response?.into_inner().unterminated_instance_ids)
    }
}

/// A request for the state with payloads.
pub fn get(id: &str) -> GetInstanceRequest {
    GetInstanceRequest {
        instance_id: id.to_owned(),
        get_inputs_and_outputs: true,
    }
}

/// The message with a deadline that the server is told.
pub fn timed<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}
