//! Channels, metadata and errors of the wire, as the dashboard needs them.

use std::error::Error;
use std::time::Duration;

use durascope_proto::monitor::monitor_client::MonitorClient;
use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use tonic::Code;
use tonic::Request;
use tonic::Status;
use tonic::metadata::Ascii;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::transport::ClientTlsConfig;
use tonic::transport::Endpoint;

use crate::config::Server;

/// Bytes of one message that the dashboard accepts.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Adds the task hub and who asks to every call.
#[derive(Clone, Debug)]
pub struct Metadata {
    task_hub: MetadataValue<Ascii>,
    user_agent: MetadataValue<Ascii>,
}

impl Interceptor for Metadata {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        metadata.insert("taskhub", self.task_hub.clone());
        metadata.insert("x-user-agent", self.user_agent.clone());
        Ok(request)
    }
}

/// A channel that tells the task hub.
pub type Hub = InterceptedService<Channel, Metadata>;

/// The server's address and hub, checked once.
#[derive(Clone, Debug)]
pub struct Address {
    endpoint: Endpoint,
    metadata: Metadata,
}

/// Why a server cannot be addressed.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("{url} is not an address: {source}")]
    Url {
        url: String,
        source: tonic::transport::Error,
    },
    #[error("TLS to {url} cannot be prepared: {source}")]
    Tls {
        url: String,
        source: tonic::transport::Error,
    },
    #[error("task hub {task_hub:?} has characters that cannot be sent")]
    TaskHub { task_hub: String },
}

impl Address {
    /// Checks `server`.
    ///
    /// # Errors
    /// - [`AddressError::Url`]: not a URL.
    /// - [`AddressError::Tls`]: it is https, and this system has no certificates to trust.
    /// - [`AddressError::TaskHub`]: the name is not visible ASCII.
    pub fn new(server: &Server) -> Result<Self, AddressError> {
        let endpoint = Endpoint::from_shared(server.url.clone())
            .map_err(|source| AddressError::Url {
                url: server.url.clone(),
                source,
            })?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(CONNECT_TIMEOUT)
            .keep_alive_while_idle(true);
        let endpoint = if server.url.starts_with("https://") {
            endpoint
                .tls_config(ClientTlsConfig::new().with_native_roots())
                .map_err(|source| AddressError::Tls {
                    url: server.url.clone(),
                    source,
                })?
        } else {
            endpoint
        };
        let bad_hub = |_| AddressError::TaskHub {
            task_hub: server.task_hub.clone(),
        };
        let task_hub = server.task_hub.parse().map_err(bad_hub)?;
        let user_agent =
            MetadataValue::from_static(concat!("durascope/", env!("CARGO_PKG_VERSION")));
        Ok(Self {
            endpoint,
            metadata: Metadata {
                task_hub,
                user_agent,
            },
        })
    }

    /// Connects.
    ///
    /// # Errors
    /// Words for the screen.
    pub async fn connect(&self) -> Result<Hub, String> {
        let channel = self
            .endpoint
            .connect()
            .await
            .map_err(|it| root_cause(&it))?;
        Ok(InterceptedService::new(channel, self.metadata.clone()))
    }

    /// A channel that connects when it is used, again and again.
    pub fn lazy(&self) -> Hub {
        InterceptedService::new(self.endpoint.connect_lazy(), self.metadata.clone())
    }
}

/// The official service over `hub`.
pub fn sidecar(hub: Hub) -> TaskHubSidecarServiceClient<Hub> {
    TaskHubSidecarServiceClient::new(hub).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The monitor feed over `hub`.
pub fn monitor(hub: Hub) -> MonitorClient<Hub> {
    MonitorClient::new(hub).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// A refusal in words: what kind it is, and what the server said.
pub fn words(status: &Status) -> String {
    let kind = match status.code() {
        Code::Ok => "ok",
        Code::Cancelled => "canceled",
        Code::Unknown => "unknown error",
        Code::InvalidArgument => "invalid argument",
        Code::DeadlineExceeded => "no answer in time",
        Code::NotFound => "not found",
        Code::AlreadyExists => "exists already",
        Code::PermissionDenied => "permission denied",
        Code::ResourceExhausted => "over a limit",
        Code::FailedPrecondition => "not possible now",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out of range",
        Code::Unimplemented => "this server cannot do that",
        Code::Internal => "internal error of the server",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data loss",
        Code::Unauthenticated => "not signed in",
    };
    let said = match status.source() {
        Some(source) => root_cause(source),
        None => status.message().to_owned(),
    };
    if said.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}: {said}")
    }
}

/// The innermost error, which names the reason.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
