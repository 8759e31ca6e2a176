//! Channels, calls and errors of the wire, as the dashboard needs them.

use std::error::Error;
use std::time::Duration;

use durascope_proto::monitor::monitor_client::MonitorClient;
use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use durascope_sdk::ClientError;
use durascope_sdk::ConnectOptions;
use durascope_sdk::transport::Authentication;
use durascope_sdk::transport::HubChannel;
use durascope_sdk::transport::HubEndpoint;
use durascope_sdk::transport::Repeat;
use tonic::Code;
use tonic::Response;
use tonic::Status;

use crate::config::Server;
use crate::io::sign_in;

/// Bytes of one message that the dashboard accepts.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Somebody looks at the screen: sooner than a program gives up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Who asks, in the metadata of every call.
const USER_AGENT: &str = concat!("durascope/", env!("CARGO_PKG_VERSION"));

/// The server's address and hub, checked once, and who the dashboard is there.
#[derive(Clone, Debug)]
pub struct Address {
    endpoint: HubEndpoint,
    authentication: Authentication,
    /// For other task hubs of the same server.
    options: ConnectOptions,
}

/// The server cannot be addressed, or the credentials for it cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{url}: {}", sign_in::refusal(source))]
pub struct AddressError {
    pub url: String,
    source: ClientError,
}

/// A connection to the task hub. Clones share it.
#[derive(Clone, Debug)]
pub struct Hub {
    address: Address,
    channel: HubChannel,
}

impl Address {
    /// Checks `server` and prepares its credentials; nobody is asked for a token yet.
    ///
    /// # Errors
    /// The address or the hub's name cannot be sent, this system has no certificates to trust,
    /// or the credentials cannot be used.
    pub fn new(server: &Server) -> Result<Self, AddressError> {
        Self::of(server.options.clone().with_connect_timeout(CONNECT_TIMEOUT))
    }

    /// The same server with another task hub.
    ///
    /// # Errors
    /// The name cannot be sent.
    pub fn with_task_hub(&self, name: &str) -> Result<Self, AddressError> {
        Self::of(self.options.clone().with_task_hub(name))
    }

    fn of(options: ConnectOptions) -> Result<Self, AddressError> {
        let endpoint = HubEndpoint::new(&options, USER_AGENT).map_err(|source| AddressError {
            url: options.endpoint().to_owned(),
            source,
        })?;
        Ok(Self {
            endpoint,
            authentication: options.authentication(),
            options,
        })
    }

    /// Connects.
    ///
    /// # Errors
    /// Words for the screen.
    pub async fn connect(&self) -> Result<Hub, String> {
        match self.endpoint.connect().await {
            Ok(channel) => Ok(self.hub(channel)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A connection that is made when it is used, again and again.
    pub fn lazy(&self) -> Hub {
        self.hub(self.endpoint.lazy())
    }

    fn hub(&self, channel: HubChannel) -> Hub {
        Hub {
            address: self.clone(),
            channel,
        }
    }
}

impl Hub {
    /// The official service.
    pub fn sidecar(&self) -> TaskHubSidecarServiceClient<HubChannel> {
        TaskHubSidecarServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// The monitor feed.
    pub fn monitor(&self) -> MonitorClient<HubChannel> {
        MonitorClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Makes a call by the rules of the SDK: see [`HubEndpoint::call`].
    ///
    /// # Errors
    /// The status of the last attempt.
    pub async fn call<R, F>(
        &self,
        limit: Duration,
        repeat: Repeat,
        call: impl Fn() -> F,
    ) -> Result<R, Status>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        self.address.endpoint.call(limit, repeat, call).await
    }

    /// A refusal in words: what kind it is, what to do, and what the server said.
    pub fn words(&self, status: &Status) -> String {
        let kind = kind(status.code());
        let said = said(status);
        match sign_in::advice(self.address.authentication, status) {
            Some(advice) => format!("{kind}: {advice} ({said})"),
            None if said.is_empty() => kind.to_owned(),
            None => format!("{kind}: {said}"),
        }
    }
}

fn kind(code: Code) -> &'static str {
    match code {
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
    }
}

/// What the status says, or its cause where that says more.
fn said(status: &Status) -> String {
    let message = status.message();
    match status.source().map(root_cause) {
        Some(cause) if !message.contains(&cause) => cause,
        _ => message.to_owned(),
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
