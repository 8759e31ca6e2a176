//! Where a task hub is and how to get there: TLS, timeouts, keepalive, the metadata of calls.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tonic::Code;
use tonic::Response;
use tonic::Status;
use tonic::codegen::http::HeaderMap;
use tonic::codegen::http::HeaderName;
use tonic::codegen::http::HeaderValue;
use tonic::transport::Certificate;
use tonic::transport::ClientTlsConfig;
use tonic::transport::Endpoint;

use super::attempts::attempts;
use super::channel::HubChannel;
use super::connection_string::ConnectionStringError;
use super::connection_string::is_loopback;
use super::connection_string::is_plain;
use super::error::ClientError;
use super::options::ConnectOptions;
use super::repeat::Repeat;
use super::token;
use super::token::TokenCache;

/// Windows that hold a large fan-out in flight; the default of 64 KiB stalls it.
const STREAM_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 32 * 1024 * 1024;
/// Load balancers forget connections that are silent for minutes, and some do not tell: a call
/// would go into the void. Packets of TCP itself keep an idle connection known, and ask nothing
/// of the server.
const TCP_KEEPALIVE: Duration = Duration::from_secs(45);

/// A task hub as it can be connected to: the options checked, credentials prepared.
///
/// For services that a server offers besides the task hub's own, such as a monitor; who starts
/// and runs orchestrations uses [`Client`](crate::Client) and [`Worker`](crate::Worker).
#[derive(Clone)]
pub struct HubEndpoint {
    endpoint: Endpoint,
    metadata: Arc<HeaderMap>,
    tokens: Option<TokenCache>,
}

impl HubEndpoint {
    /// Prepares to connect as `options` say, introduced to the server as `user_agent`.
    ///
    /// # Errors
    /// The options name credentials that cannot be used, or would send them unencrypted; TLS is
    /// asked for and there are no root certificates; a name cannot be sent in a header.
    pub fn new(options: &ConnectOptions, user_agent: &str) -> Result<Self, ClientError> {
        Self::with_worker(options, user_agent, None)
    }

    pub(super) fn with_worker(
        options: &ConnectOptions,
        user_agent: &str,
        worker_id: Option<&str>,
    ) -> Result<Self, ClientError> {
        let tokens = options.tokens()?;
        let is_plain = is_plain(&options.endpoint);
        if tokens.is_some() && is_plain && !is_loopback(&options.endpoint) {
            return Err(ClientError::CredentialsInClear {
                endpoint: options.endpoint.clone(),
            });
        }
        let mut metadata = HeaderMap::new();
        let mut add = |name, what, value: &str| {
            let value = HeaderValue::from_str(value).map_err(|_invalid| {
                let value = value.to_owned();
                ConnectionStringError::NotAscii { what, value }
            })?;
            metadata.insert(HeaderName::from_static(name), value);
            Ok::<(), ConnectionStringError>(())
        };
        add("taskhub", "task hub", &options.task_hub)?;
        add("x-user-agent", "user agent", user_agent)?;
        if let Some(worker_id) = worker_id {
            add("workerid", "worker id", worker_id)?;
        }
        Ok(Self {
            endpoint: endpoint(options, is_plain)?,
            metadata: Arc::new(metadata),
            tokens,
        })
    }

    /// A channel that connects when it is used, and again when it has to. Needs a tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn lazy(&self) -> HubChannel {
        let channel = self.endpoint.connect_lazy();
        HubChannel::new(channel, Arc::clone(&self.metadata), self.tokens.clone())
    }

    /// A channel that is connected, and connects again when it has to.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`]: nobody answers there; [`ClientError::Tls`]: somebody does,
    /// but not securely. Credentials are not tried before the first call.
    pub async fn connect(&self) -> Result<HubChannel, ClientError> {
        let channel = self.endpoint.connect().await;
        let channel = channel.map_err(|error| Status::from_error(error.into()))?;
        Ok(HubChannel::new(
            channel,
            Arc::clone(&self.metadata),
            self.tokens.clone(),
        ))
    }

    /// Makes a call as often as it takes: in the time `limit`, again as `repeat` allows, and
    /// once more with another token if the server has refused the one that it carried. Each
    /// time `call` makes one attempt, over a channel of this endpoint.
    ///
    /// A stream is repeated until it is open, and not when it breaks later.
    ///
    /// # Errors
    /// The status of the last attempt; its message says so where it is not known whether the
    /// call was carried out.
    pub async fn call<R, F>(
        &self,
        limit: Duration,
        repeat: Repeat,
        call: impl Fn() -> F,
    ) -> Result<R, Status>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        attempts(limit, repeat, |status| self.may_renew_token(status), call).await
    }

    /// Whether the server has refused the token of a call: the next one carries another.
    pub(super) fn may_renew_token(&self, status: &Status) -> bool {
        self.tokens.is_some()
            && status.code() == Code::Unauthenticated
            && !token::is_missing(status)
    }
}

impl fmt::Debug for HubEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubEndpoint")
            .field("uri", self.endpoint.uri())
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

fn endpoint(options: &ConnectOptions, is_plain: bool) -> Result<Endpoint, ClientError> {
    let prepared = |error: tonic::transport::Error| ClientError::Connection {
        message: super::status::with_causes(error.to_string(), &error),
    };
    let mut endpoint = Endpoint::from_shared(options.endpoint.clone())
        .map_err(prepared)?
        .tcp_nodelay(true)
        .tcp_keepalive(Some(TCP_KEEPALIVE))
        .connect_timeout(options.connect_timeout)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    if let Some((interval, timeout)) = options.keepalive {
        // While a call is open, and a worker's stream always is; never when idle.
        endpoint = endpoint
            .http2_keep_alive_interval(interval)
            .keep_alive_timeout(timeout)
            .keep_alive_while_idle(false);
    }
    if is_plain {
        return Ok(endpoint);
    }
    for root in &options.roots {
        let first = CertificateDer::pem_slice_iter(root).next();
        if !matches!(first, Some(Ok(_))) {
            return Err(ClientError::Connection {
                message: "the root certificate is no certificate in PEM form".to_owned(),
            });
        }
    }
    let tls = ClientTlsConfig::new()
        .timeout(options.connect_timeout)
        .ca_certificates(options.roots.iter().map(Certificate::from_pem));
    match endpoint.clone().tls_config(tls.clone().with_native_roots()) {
        Ok(endpoint) => Ok(endpoint),
        // A machine without root certificates of its own can do with those that were given.
        Err(_) if !options.roots.is_empty() => endpoint.tls_config(tls).map_err(prepared),
        Err(error) => Err(prepared(error)),
    }
}
