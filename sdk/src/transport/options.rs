//! Where to connect to, and how; from a connection string or from the environment.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::connection_string::Authentication;
use super::connection_string::ConnectionString;
use super::connection_string::ConnectionStringError;
use super::connection_string::is_loopback;
use super::connection_string::is_plain;
use super::connection_string::looks_like_address;
use super::connection_string::normalized_endpoint;
use super::connection_string::resource;
use super::credentials;
use super::error::ClientError;
use super::token::TokenCache;
use super::token::TokenProvider;
use crate::payloads::LargePayloads;

/// Largest message accepted from the server unless told otherwise: 256 MiB.
///
/// A work item that is larger ends the worker's stream, and would end each one after it: the
/// limit must be above anything that a server accepts and then hands out, wrapped in more.
const RECEIVE_BYTES_MAX: usize = 256 * 1024 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Pings while a call is open, so that a dead peer is noticed and load balancers see traffic.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Longest time for one call unless told otherwise.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Where a scheduler on this machine listens.
const LOCAL: &str = "http://localhost:8080";

const CONNECTION_STRINGS: [&str; 3] = [
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    "DTS_CONNECTION_STRING",
    "DURABLE_TASK_CONNECTION_STRING",
];
const TASK_HUBS: [&str; 4] = ["TASKHUB", "TASKHUB_NAME", "DTS_TASK_HUB", "DTS_TASKHUB"];

/// Where to connect to, and how.
#[derive(Clone)]
pub struct ConnectOptions {
    pub(crate) endpoint: String,
    pub(crate) task_hub: String,
    pub(crate) authentication: Authentication,
    pub(crate) token_provider: Option<Arc<dyn TokenProvider>>,
    /// Made from the two above when they are first needed, and shared by the copies.
    pub(super) tokens: Option<TokenCache>,
    #[cfg_attr(
        not(feature = "azure"),
        expect(dead_code, reason = "for credentials of Azure")
    )]
    pub(super) identity: Identity,
    /// What tokens are for, if it is said.
    pub(super) resource_id: Option<String>,
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) connect_timeout: Duration,
    /// Pause between pings, and time for the answer.
    pub(super) keepalive: Option<(Duration, Duration)>,
    pub(crate) receive_bytes_max: usize,
    pub(crate) call_timeout: Duration,
    pub(crate) large_payloads: Option<LargePayloads>,
}

/// Which identity a credential is for, as far as the connection string says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) client_id: Option<String>,
    pub(super) tenant_id: Option<String>,
    pub(super) token_file_path: Option<String>,
    pub(super) authority_host: Option<String>,
}

impl ConnectOptions {
    /// Connects to `endpoint` without authentication. It is a URL, or a host: then over https,
    /// or over http if the host is this machine.
    ///
    /// # Errors
    /// The endpoint is no URL of a host.
    pub fn new(endpoint: &str, task_hub: impl Into<String>) -> Result<Self, ConnectionStringError> {
        Ok(Self {
            endpoint: normalized_endpoint(endpoint)?,
            task_hub: task_hub.into(),
            authentication: Authentication::None,
            token_provider: None,
            tokens: None,
            identity: Identity::default(),
            resource_id: None,
            roots: Vec::new(),
            connect_timeout: CONNECT_TIMEOUT,
            keepalive: Some((KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT)),
            receive_bytes_max: RECEIVE_BYTES_MAX,
            call_timeout: CALL_TIMEOUT,
            large_payloads: None,
        })
    }

    /// Reads the variables that the official SDKs and their samples use.
    ///
    /// The first that is set counts: `DURABLE_TASK_SCHEDULER_CONNECTION_STRING`,
    /// `DTS_CONNECTION_STRING`, `DURABLE_TASK_CONNECTION_STRING`; then `ENDPOINT`, if it looks
    /// like an address, or `DTS_ENDPOINT`, together with `TASKHUB`, `TASKHUB_NAME`,
    /// `DTS_TASK_HUB` or `DTS_TASKHUB` and `DTS_AUTHENTICATION`. With none of them, task hub
    /// `default` at `http://localhost:8080`.
    ///
    /// # Errors
    /// A variable is set but cannot be used, or no variable names the task hub of a remote
    /// scheduler.
    pub fn from_env() -> Result<Self, ConnectionStringError> {
        Self::from_variables(|name| std::env::var(name).ok(), None)
    }

    /// As [`Self::from_env`] from variables that `variable` reads, blank ones as if not set.
    /// Where no task hub is named it is `fallback_hub`, if given.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
        fallback_hub: Option<String>,
    ) -> Result<Self, ConnectionStringError> {
        let hub = task_hub_from_variables(&variable).or(fallback_hub);
        if let Some((name, text)) = first(&variable, &CONNECTION_STRINGS) {
            let parts = text.parse().map_err(in_variable(name))?;
            return Self::from_parts(parts, hub);
        }
        let (name, endpoint) = first(&variable, &["ENDPOINT"])
            .filter(|(_, endpoint)| looks_like_address(endpoint))
            .or_else(|| first(&variable, &["DTS_ENDPOINT"]))
            .unwrap_or(("ENDPOINT", LOCAL.to_owned()));
        let endpoint = normalized_endpoint(&endpoint).map_err(in_variable(name))?;
        let authentication = match first(&variable, &["DTS_AUTHENTICATION"]) {
            Some((name, kind)) => kind.parse().map_err(in_variable(name))?,
            None if is_plain(&endpoint) => Authentication::None,
            None => Authentication::DefaultAzure,
        };
        let task_hub = hub_or_default(hub, &endpoint)?;
        Ok(Self {
            authentication,
            ..Self::new(&endpoint, task_hub)?
        })
    }

    /// Connects as a connection string says; to `fallback_hub` if it names no task hub.
    ///
    /// # Errors
    /// Neither names the task hub of a remote scheduler.
    pub fn from_parts(
        parts: ConnectionString,
        fallback_hub: Option<String>,
    ) -> Result<Self, ConnectionStringError> {
        let task_hub = hub_or_default(parts.task_hub.or(fallback_hub), &parts.endpoint)?;
        for key in &parts.unknown_keys {
            tracing::warn!(key = ?key, "unknown key in the connection string");
        }
        // Tokens are asked for in the identity's own tenant alone, so that there is nothing for
        // additional tenants to allow.
        let identity = Identity {
            client_id: parts.client_id,
            tenant_id: parts.tenant_id,
            token_file_path: parts.token_file_path,
            authority_host: parts.authority_host,
        };
        Ok(Self {
            authentication: parts.authentication,
            identity,
            resource_id: parts.resource_id,
            ..Self::new(&parts.endpoint, task_hub)?
        })
    }

    /// Another task hub at the same endpoint.
    #[must_use]
    pub fn with_task_hub(mut self, task_hub: impl Into<String>) -> Self {
        self.task_hub = task_hub.into();
        self
    }

    /// Sends bearer tokens of `provider`, whatever kind of authentication was named.
    #[must_use]
    pub fn with_token_provider(mut self, provider: impl TokenProvider + 'static) -> Self {
        self.token_provider = Some(Arc::new(provider));
        self.tokens = None;
        self
    }

    /// Another kind of authentication, as if the connection string had named it.
    #[must_use]
    pub fn with_authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self.tokens = None;
        self
    }

    /// What tokens are for, like `ResourceId` in a connection string. Without, it is
    /// `https://durabletask.io`, and `https://durabletask.azure.us` where the variable
    /// `REGION_NAME` begins with `usgov` or `usdod`, as with the official SDKs.
    ///
    /// # Errors
    /// It is empty without slashes at its end and `/.default`.
    pub fn with_resource_id(mut self, resource_id: &str) -> Result<Self, ConnectionStringError> {
        self.resource_id = Some(resource(resource_id)?);
        self.tokens = None;
        Ok(self)
    }

    /// Trusts the certificates in this PEM text besides those of the machine: the root of a
    /// private network or of a test. Whatever else is in the text is passed over; one without
    /// any certificate is refused when the client connects.
    #[must_use]
    pub fn with_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Time to reach the server, TLS included; 10 s without.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// While a call or a worker's stream is open, pings the server every `interval` and gives
    /// the connection up if no answer comes within `timeout`; 30 s and 20 s without. An idle
    /// client sends nothing but keepalive packets of TCP.
    #[must_use]
    pub fn with_keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keepalive = Some((interval, timeout));
        self
    }

    /// No pings: for servers that take them for an attack.
    #[must_use]
    pub fn without_keepalive(mut self) -> Self {
        self.keepalive = None;
        self
    }

    /// Largest message accepted from the server, in bytes.
    #[must_use]
    pub fn with_receive_bytes_max(mut self, bytes: usize) -> Self {
        self.receive_bytes_max = bytes;
        self
    }

    /// Longest time for one call, its repetitions included; 60 s without. Waiting for an
    /// instance has a timeout of its own, and what a stream brings after its start has none.
    #[must_use]
    pub fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Keeps large payloads in a store beside the scheduler. Every client and worker of the task
    /// hub that shall read them needs the same one. Needs the feature `large-payloads`.
    #[cfg(feature = "large-payloads")]
    #[must_use]
    pub fn with_large_payloads(mut self, large_payloads: LargePayloads) -> Self {
        self.large_payloads = Some(large_payloads);
        self
    }

    /// URL of the scheduler.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Name of the task hub.
    pub fn task_hub(&self) -> &str {
        &self.task_hub
    }

    /// Longest time for one call, its repetitions included.
    pub fn call_timeout(&self) -> Duration {
        self.call_timeout
    }

    /// Makes the cache of tokens, so that whoever copies these options shares it.
    pub(super) fn prepare_tokens(&mut self) -> Result<(), ClientError> {
        self.tokens = self.tokens()?;
        Ok(())
    }

    /// Where tokens come from; `None` if calls carry none.
    pub(super) fn tokens(&self) -> Result<Option<TokenCache>, ClientError> {
        if self.tokens.is_some() {
            return Ok(self.tokens.clone());
        }
        let Some(provider) = credentials::provider(self)? else {
            return Ok(None);
        };
        let region = || std::env::var("REGION_NAME").ok();
        let scope = credentials::scope(self.resource_id.as_deref(), region);
        Ok(Some(TokenCache::new(provider, scope)))
    }

    /// The kind of authentication that was named.
    pub fn authentication(&self) -> Authentication {
        self.authentication
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("endpoint", &self.endpoint)
            .field("task_hub", &self.task_hub)
            .field("authentication", &self.authentication)
            .field("token_provider", &self.token_provider.is_some())
            .finish_non_exhaustive()
    }
}

impl TryFrom<ConnectionString> for ConnectOptions {
    type Error = ConnectionStringError;

    fn try_from(parts: ConnectionString) -> Result<Self, Self::Error> {
        Self::from_parts(parts, None)
    }
}

impl FromStr for ConnectOptions {
    type Err = ConnectionStringError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<ConnectionString>()?.try_into()
    }
}

impl TryFrom<&str> for ConnectOptions {
    type Error = ConnectionStringError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for ConnectOptions {
    type Error = ConnectionStringError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The task hub that the variables of [`ConnectOptions::from_env`] name by themselves.
pub fn task_hub_from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    first(&variable, &TASK_HUBS).map(|(_, hub)| hub.trim().to_owned())
}

/// The first of these variables that is set, and its value.
fn first(
    variable: &impl Fn(&str) -> Option<String>,
    names: &[&'static str],
) -> Option<(&'static str, String)> {
    names
        .iter()
        .filter_map(|name| Some((*name, variable(name)?)))
        .find(|(_, value)| !value.trim().is_empty())
}

fn in_variable(name: &'static str) -> impl FnOnce(ConnectionStringError) -> ConnectionStringError {
    move |problem| ConnectionStringError::Variable {
        name,
        problem: Box::new(problem),
    }
}

fn hub_or_default(hub: Option<String>, endpoint: &str) -> Result<String, ConnectionStringError> {
    match hub {
        Some(hub) => Ok(hub),
        None if is_loopback(endpoint) => Ok("default".to_owned()),
        None => Err(ConnectionStringError::Missing("TaskHub")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(variables: &[(&str, &str)], name: &str) -> Option<String> {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    }

    fn from(variables: &[(&str, &str)]) -> Result<ConnectOptions, ConnectionStringError> {
        ConnectOptions::from_variables(|name| variable(variables, name), None)
    }

    #[test]
    fn environment_is_read_in_the_order_of_the_official_sdks() {
        const LOCAL: &str = "Endpoint=http://a:1;TaskHub=x;Authentication=None";
        const OTHER: &str = "Endpoint=http://b:1;TaskHub=y;Authentication=None";
        const HUBLESS: &str = "Endpoint=https://c;Authentication=DefaultAzure";
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str, Authentication);
        let rows: [Row<'_>; 9] = [
            (
                &[],
                "http://localhost:8080",
                "default",
                Authentication::None,
            ),
            (
                &[
                    ("DTS_CONNECTION_STRING", OTHER),
                    ("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", LOCAL),
                ],
                "http://a:1",
                "x",
                Authentication::None,
            ),
            (
                &[
                    ("DURABLE_TASK_CONNECTION_STRING", OTHER),
                    ("ENDPOINT", "http://z"),
                ],
                "http://b:1",
                "y",
                Authentication::None,
            ),
            (
                &[("DTS_CONNECTION_STRING", HUBLESS), ("TASKHUB_NAME", "h")],
                "https://c",
                "h",
                Authentication::DefaultAzure,
            ),
            (
                &[("ENDPOINT", "localhost:9"), ("TASKHUB", "h")],
                "http://localhost:9",
                "h",
                Authentication::None,
            ),
            (
                &[("ENDPOINT", "name.io"), ("TASKHUB", "h")],
                "https://name.io",
                "h",
                Authentication::DefaultAzure,
            ),
            (
                &[("ENDPOINT", "production"), ("TASKHUB", " ")],
                "http://localhost:8080",
                "default",
                Authentication::None,
            ),
            (
                &[("ENDPOINT", "production"), ("DTS_ENDPOINT", "localhost")],
                "http://localhost",
                "default",
                Authentication::None,
            ),
            (
                &[
                    ("DTS_ENDPOINT", "https://p"),
                    ("DTS_TASKHUB", "h"),
                    ("DTS_AUTHENTICATION", "none"),
                ],
                "https://p",
                "h",
                Authentication::None,
            ),
        ];
        for (variables, endpoint, hub, authentication) in rows {
            let options = from(variables).unwrap();
            assert_eq!(options.endpoint, endpoint, "{variables:?}");
            assert_eq!(options.task_hub, hub, "{variables:?}");
            assert_eq!(options.authentication, authentication, "{variables:?}");
        }
    }

    #[test]
    fn a_remote_endpoint_needs_a_task_hub() {
        let error = from(&[("ENDPOINT", "https://name.io")]).unwrap_err();
        assert_eq!(error, ConnectionStringError::Missing("TaskHub"));
    }

    #[test]
    fn a_hub_that_nobody_names_is_the_fallback() {
        let named = [("ENDPOINT", "https://name.io"), ("DTS_TASK_HUB", "named")];
        for (variables, hub) in [(&named[..1], "last"), (&named[..], "named")] {
            let fallback = Some("last".to_owned());
            let options =
                ConnectOptions::from_variables(|name| variable(variables, name), fallback).unwrap();
            assert_eq!(options.task_hub(), hub);
        }
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        let rows = [
            (
                ("DTS_CONNECTION_STRING", "TaskHub=h"),
                "DTS_CONNECTION_STRING: the connection string has no Endpoint",
            ),
            (
                ("ENDPOINT", "https://h/path"),
                "ENDPOINT: endpoint \"https://h/path\": it must not have a path or a query",
            ),
            (
                ("DTS_AUTHENTICATION", "Magic"),
                "DTS_AUTHENTICATION: unknown authentication \"Magic\"",
            ),
        ];
        for (variable, message) in rows {
            let error = from(&[variable]).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
