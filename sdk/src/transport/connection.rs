//! One endpoint and task hub: its channel, TLS, the metadata of every call, retries.

use std::future::Future;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;

use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::transport::ClientTlsConfig;
use tonic::transport::Endpoint;
use uuid::Uuid;

use super::connection_string::Authentication;
use super::connection_string::ConnectionStringError;
use super::connection_string::is_loopback;
use super::connection_string::is_plain;
use super::error::ClientError;
use super::options::ConnectOptions;
use super::status;
use super::token::TokenCache;
use crate::payloads::Payloads;

pub(crate) type Stub = TaskHubSidecarServiceClient<Channel>;

/// Windows that hold a large fan-out in flight; the default of 64 KiB stalls it.
const STREAM_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 32 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Ping while a call is open, so that a dead peer is noticed; never when idle.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Figures of the official clients' retry policy for unary calls.
const UNARY_ATTEMPTS_MAX: u32 = 10;
const UNARY_BACKOFF_FIRST: Duration = Duration::from_millis(50);
const UNARY_BACKOFF_MAX: Duration = Duration::from_millis(250);

/// Who speaks, for the `x-user-agent` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Worker,
}

/// One endpoint and task hub, spoken to with the metadata that every call must carry.
pub(crate) struct Connection {
    options: ConnectOptions,
    endpoint: Endpoint,
    channel: RwLock<Channel>,
    metadata: Vec<(&'static str, AsciiMetadataValue)>,
    tokens: Option<TokenCache>,
}

impl Connection {
    /// Prepares a connection; the first call opens it. Needs a tokio runtime.
    pub(crate) fn open(options: ConnectOptions, role: Role) -> Result<Self, ClientError> {
        let authenticates = options.authentication != Authentication::None;
        if authenticates && options.token_provider.is_none() {
            return Err(ClientError::AuthenticationNotSupported {
                kind: options.authentication,
            });
        }
        let is_plain = is_plain(&options.endpoint);
        if options.token_provider.is_some() && is_plain && !is_loopback(&options.endpoint) {
            return Err(ClientError::CredentialsInClear {
                endpoint: options.endpoint,
            });
        }
        let endpoint = endpoint(&options.endpoint, is_plain)?;
        let channel = RwLock::new(endpoint.connect_lazy());
        let metadata = metadata(&options, role)?;
        let tokens = options.token_provider.clone().map(TokenCache::new);
        Ok(Self {
            options,
            endpoint,
            channel,
            metadata,
            tokens,
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
        let fresh = self.endpoint.connect_lazy();
        *self.channel.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// `message` with this connection's metadata.
    pub(crate) async fn request<T>(&self, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        for (key, value) in &self.metadata {
            metadata.insert(*key, value.clone());
        }
        if let Some(tokens) = &self.tokens {
            let unauthenticated =
                |error: crate::BoxError| Status::unauthenticated(format!("no token: {error}"));
            let header = tokens.header().await.map_err(unauthenticated)?;
            let value = header.parse().map_err(|_invalid| {
                Status::unauthenticated("the token has characters that cannot be sent")
            })?;
            metadata.insert("authorization", value);
        }
        Ok(request)
    }

    /// One unary call, repeated while the server is unavailable.
    pub(crate) async fn unary<M, R, F>(
        &self,
        mut message: M,
        call: impl Fn(Stub, Request<M>) -> F,
    ) -> Result<R, Status>
    where
        M: Clone + Payloads,
        R: Payloads,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        self.store_payloads(&mut message).await?;
        let mut attempt = 1;
        let mut backoff = UNARY_BACKOFF_FIRST;
        let mut token_renewed = false;
        loop {
            let request = self.request(message.clone()).await?;
            let status = match call(self.stub(), request).await {
                Ok(response) => {
                    let mut response = response.into_inner();
                    self.load_payloads(&mut response).await?;
                    return Ok(response);
                }
                Err(status) => status,
            };
            if self.forgets_token(&status).await && !token_renewed {
                token_renewed = true;
                continue;
            }
            if !status::is_unavailable(&status) || attempt >= UNARY_ATTEMPTS_MAX {
                return Err(status);
            }
            tokio::time::sleep(backoff).await;
            attempt += 1;
            backoff = (backoff * 2).min(UNARY_BACKOFF_MAX);
        }
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

    /// Drops a token that the server refused; says whether there was one.
    pub(crate) async fn forgets_token(&self, status: &Status) -> bool {
        match &self.tokens {
            Some(tokens) if status.code() == tonic::Code::Unauthenticated => {
                tokens.forget().await;
                true
            }
            Some(_) | None => false,
        }
    }
}

fn endpoint(url: &str, is_plain: bool) -> Result<Endpoint, ClientError> {
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(|error| ClientError::Connection {
            message: error.to_string(),
        })?
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(false);
    if is_plain {
        return Ok(endpoint);
    }
    endpoint
        .tls_config(ClientTlsConfig::new().with_native_roots())
        .map_err(|error| ClientError::Connection {
            message: error.to_string(),
        })
}

fn metadata(
    options: &ConnectOptions,
    role: Role,
) -> Result<Vec<(&'static str, AsciiMetadataValue)>, ClientError> {
    let ascii = |what: &'static str, value: String| {
        value.parse::<AsciiMetadataValue>().map_err(|_invalid| {
            ClientError::Configuration(ConnectionStringError::NotAscii { what, value })
        })
    };
    let role_name = match role {
        Role::Client => "DurableTaskClient",
        Role::Worker => "DurableTaskWorker",
    };
    let agent = format!(
        "durabletask-rust/{} ({role_name})",
        env!("CARGO_PKG_VERSION")
    );
    let mut metadata = vec![
        ("taskhub", ascii("task hub", options.task_hub.clone())?),
        ("x-user-agent", ascii("user agent", agent)?),
    ];
    if role == Role::Worker {
        metadata.push(("workerid", ascii("worker id", worker_id())?));
    }
    Ok(metadata)
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
