//! One endpoint and task hub: its channel, and how calls are made over it.

use std::future::Future;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;

use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use uuid::Uuid;

use super::channel::HubChannel;
use super::endpoint::HubEndpoint;
use super::error::ClientError;
use super::options::ConnectOptions;
use super::repeat::Repeat;
use super::status;
use crate::payloads::Payloads;

pub(crate) type Stub = TaskHubSidecarServiceClient<HubChannel>;

/// Who speaks, for the `x-user-agent` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Worker,
}

/// One endpoint and task hub, spoken to with the metadata that every call must carry.
pub(crate) struct Connection {
    options: ConnectOptions,
    endpoint: HubEndpoint,
    channel: RwLock<HubChannel>,
}

impl Connection {
    /// Prepares a connection; the first call opens it. Needs a tokio runtime.
    pub(crate) fn open(mut options: ConnectOptions, role: Role) -> Result<Self, ClientError> {
        // What is prepared here is there for a worker with the options of this client too.
        options.prepare_tokens()?;
        let worker_id = (role == Role::Worker).then(worker_id);
        let agent = user_agent(role);
        let endpoint = HubEndpoint::with_worker(&options, &agent, worker_id.as_deref())?;
        let channel = RwLock::new(endpoint.lazy());
        Ok(Self {
            options,
            endpoint,
            channel,
        })
    }

    pub(crate) fn options(&self) -> &ConnectOptions {
        &self.options
    }

    pub(crate) fn stub(&self) -> Stub {
        let channel = self
            .channel
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        TaskHubSidecarServiceClient::new(channel)
            .max_decoding_message_size(self.options.receive_bytes_max)
            .max_encoding_message_size(usize::MAX)
    }

    /// Forgets the channel: the next call resolves the name and connects anew.
    pub(crate) fn renew(&self) {
        let fresh = self.endpoint.lazy();
        *self.channel.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// One call: in the time that the options give it, and made again as `repeat` allows.
    ///
    /// `repeat` is about what the call does, see [`Repeat`]: whoever adds a call has to say
    /// whether it may be carried out twice.
    pub(crate) async fn unary<M, R, F>(
        &self,
        repeat: Repeat,
        message: M,
        call: impl Fn(Stub, Request<M>) -> F,
    ) -> Result<R, Status>
    where
        M: Clone + Payloads,
        R: Payloads,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        self.unary_within(self.options.call_timeout, repeat, message, call)
            .await
    }

    /// As [`Self::unary`], all its attempts together in the time `limit`.
    pub(crate) async fn unary_within<M, R, F>(
        &self,
        limit: Duration,
        repeat: Repeat,
        mut message: M,
        call: impl Fn(Stub, Request<M>) -> F,
    ) -> Result<R, Status>
    where
        M: Clone + Payloads,
        R: Payloads,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        self.store_payloads(&mut message).await?;
        let made = || call(self.stub(), Request::new(message.clone()));
        let mut response = self.endpoint.call(limit, repeat, made).await?;
        self.load_payloads(&mut response).await?;
        Ok(response)
    }

    /// Puts what is large in an outgoing message into the payload store, if there is one.
    pub(crate) async fn store_payloads(&self, message: &mut impl Payloads) -> Result<(), Status> {
        match &self.options.large_payloads {
            Some(large) => Ok(large.store(message).await.map_err(status::of_store)?),
            None => Ok(()),
        }
    }

    /// Takes what a message refers to out of the payload store, if there is one.
    pub(crate) async fn load_payloads(&self, message: &mut impl Payloads) -> Result<(), Status> {
        match &self.options.large_payloads {
            Some(large) => Ok(large.load(message).await.map_err(status::of_store)?),
            None => Ok(()),
        }
    }

    /// Whether the server has refused the token of a call: the next one carries another.
    pub(crate) fn may_renew_token(&self, status: &Status) -> bool {
        self.endpoint.may_renew_token(status)
    }
}

fn user_agent(role: Role) -> String {
    let role_name = match role {
        Role::Client => "DurableTaskClient",
        Role::Worker => "DurableTaskWorker",
    };
    format!(
        "durabletask-rust/{} ({role_name})",
        env!("CARGO_PKG_VERSION")
    )
}

/// `HOST,PID,GUID32`, as the official workers name themselves.
fn worker_id() -> String {
    let host = std::env::var("HOSTNAME")
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let host: String = host
        .trim()
        .chars()
        .filter(char::is_ascii_graphic)
        .take(64)
        .collect();
    let host = if host.is_empty() { "localhost" } else { &host };
    format!("{host},{},{}", std::process::id(), Uuid::new_v4().simple())
}
