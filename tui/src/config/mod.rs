//! Which server and task hub: flags, then the environment names that the official SDKs and
//! samples use, then the default of a local scheduler.

pub mod connection_string;

use connection_string::ConnectionString;

/// Where a local scheduler listens.
pub const DEFAULT_URL: &str = "http://localhost:8080";
/// The task hub when none is named.
pub const DEFAULT_TASK_HUB: &str = "default";

const CONNECTION_STRINGS: [&str; 3] = [
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    "DTS_CONNECTION_STRING",
    "DURABLE_TASK_CONNECTION_STRING",
];
const ENDPOINT: &str = "ENDPOINT";
const TASK_HUBS: [&str; 2] = ["TASKHUB", "TASKHUB_NAME"];

/// A server and a task hub on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// With its scheme, like `http://localhost:8080`.
    pub url: String,
    pub task_hub: String,
}

impl Server {
    /// For people: without the scheme.
    pub fn host(&self) -> &str {
        self.url
            .split_once("://")
            .map_or(self.url.as_str(), |(_, host)| host)
    }
}

/// What the command line says; absent where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub endpoint: Option<String>,
    pub task_hub: Option<String>,
    pub connection_string: Option<String>,
}

/// Why no server could be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{origin}: {reason}")]
    ConnectionString { origin: String, reason: String },
    #[error("{url}: TLS is not supported yet; use an http:// endpoint")]
    Tls { url: String },
    #[error("{origin}: Authentication={kind} is not supported yet; only None is")]
    Authentication { origin: String, kind: String },
    #[error("the endpoint is empty")]
    EmptyEndpoint,
}

/// Finds the server. `env` reads one environment variable; empty ones count as absent.
///
/// # Errors
/// See [`ConfigError`].
pub fn resolve(
    wanted: &Wanted,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Server, ConfigError> {
    let env = |name: &str| env(name).filter(|it| !it.trim().is_empty());
    let hub_named = || TASK_HUBS.iter().find_map(|it| env(it));
    let mut hub = wanted.task_hub.clone();
    let endpoint = if let Some(text) = &wanted.connection_string {
        let parsed = parse("--connection-string", text)?;
        hub = hub.or(parsed.task_hub);
        wanted.endpoint.clone().unwrap_or(parsed.endpoint)
    } else if let Some(endpoint) = &wanted.endpoint {
        endpoint.clone()
    } else if let Some((name, text)) = CONNECTION_STRINGS
        .iter()
        .find_map(|it| env(it).map(|text| (it, text)))
    {
        let parsed = parse(name, &text)?;
        hub = hub.or(parsed.task_hub);
        parsed.endpoint
    } else {
        env(ENDPOINT)
            .filter(|it| looks_like_host(it))
            .unwrap_or_else(|| DEFAULT_URL.to_owned())
    };
    let task_hub = hub
        .or_else(hub_named)
        .unwrap_or_else(|| DEFAULT_TASK_HUB.to_owned());
    Ok(Server {
        url: url(&endpoint)?,
        task_hub: task_hub.trim().to_owned(),
    })
}

fn parse(origin: &str, text: &str) -> Result<ConnectionString, ConfigError> {
    let origin = || origin.to_owned();
    let parsed = ConnectionString::parse(text).map_err(|reason| ConfigError::ConnectionString {
        origin: origin(),
        reason,
    })?;
    match &parsed.authentication {
        Some(kind) if !kind.eq_ignore_ascii_case("none") => Err(ConfigError::Authentication {
            origin: origin(),
            kind: kind.clone(),
        }),
        _ => Ok(parsed),
    }
}

/// `ENDPOINT` is a common name: only what looks like an address is taken.
fn looks_like_host(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://") || text.contains(':')
}

/// Adds a missing scheme: TLS, unless the host is this machine.
fn url(endpoint: &str) -> Result<String, ConfigError> {
    let endpoint = endpoint.trim().trim_end_matches('/');
    if endpoint.is_empty() {
        return Err(ConfigError::EmptyEndpoint);
    }
    let is_local = ["localhost", "127.", "[::1]"]
        .iter()
        .any(|it| endpoint.starts_with(it));
    let url = if endpoint.contains("://") {
        endpoint.to_owned()
    } else if is_local {
        format!("http://{endpoint}")
    } else {
        format!("https://{endpoint}")
    };
    if url.starts_with("https://") {
        return Err(ConfigError::Tls { url });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(wanted: Wanted, env: &[(&str, &str)]) -> Result<(String, String), ConfigError> {
        let read = |name: &str| {
            env.iter()
                .find(|(it, _)| *it == name)
                .map(|(_, value)| (*value).to_owned())
        };
        resolve(&wanted, read).map(|it| (it.url, it.task_hub))
    }

    fn pair(url: &str, hub: &str) -> Result<(String, String), ConfigError> {
        Ok((url.to_owned(), hub.to_owned()))
    }

    #[test]
    fn flags_come_before_the_environment_and_the_environment_before_the_default() {
        let dts = "Endpoint=http://dts:8080;TaskHub=orders;Authentication=None";
        let none = Wanted::default;
        assert_eq!(found(none(), &[]), pair("http://localhost:8080", "default"));
        assert_eq!(
            found(none(), &[("DTS_CONNECTION_STRING", dts)]),
            pair("http://dts:8080", "orders")
        );
        let both = [
            ("DTS_CONNECTION_STRING", dts),
            (
                "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
                "Endpoint=http://first:1",
            ),
            ("TASKHUB", "named"),
        ];
        assert_eq!(found(none(), &both), pair("http://first:1", "named"));
        let pieces = [("ENDPOINT", "localhost:9"), ("TASKHUB", "h")];
        assert_eq!(found(none(), &pieces), pair("http://localhost:9", "h"));
        let flags = Wanted {
            endpoint: Some("127.0.0.1:7/".to_owned()),
            task_hub: Some("mine".to_owned()),
            ..none()
        };
        assert_eq!(found(flags, &both), pair("http://127.0.0.1:7", "mine"));
        assert_eq!(
            found(none(), &[("ENDPOINT", "production")]),
            pair(DEFAULT_URL, "default")
        );
    }

    #[test]
    fn what_cannot_work_is_said_at_the_start() {
        let azure = [(
            "DTS_CONNECTION_STRING",
            "Endpoint=x.azure.io;Authentication=ManagedIdentity",
        )];
        assert!(
            found(Wanted::default(), &azure)
                .unwrap_err()
                .to_string()
                .contains("ManagedIdentity")
        );
        let tls = Wanted {
            endpoint: Some("scheduler.example".to_owned()),
            ..Wanted::default()
        };
        assert!(matches!(found(tls, &[]), Err(ConfigError::Tls { .. })));
    }
}
