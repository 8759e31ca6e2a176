//! Which server and task hub: flags, then the environment names that the official SDKs and
//! samples use, then the default of a local scheduler.

#[cfg(test)]
mod tests;

use durascope_sdk::ConnectOptions;
use durascope_sdk::ConnectionString;
use durascope_sdk::transport::Authentication;
use durascope_sdk::transport::ConnectionStringError;
use durascope_sdk::transport::task_hub_from_variables;

/// The task hub when none is named.
pub const DEFAULT_TASK_HUB: &str = "default";

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
    #[error("{flag}: {problem}")]
    Flag {
        flag: &'static str,
        problem: ConnectionStringError,
    },
    #[error(transparent)]
    Environment(ConnectionStringError),
    #[error(
        "{url}: the dashboard cannot sign in with Authentication={kind}; only None is supported, \
         said in the connection string or in DTS_AUTHENTICATION"
    )]
    Authentication { url: String, kind: Authentication },
}

/// Finds the server. `env` reads one environment variable; blank ones count as absent.
///
/// # Errors
/// See [`ConfigError`].
pub fn resolve(
    wanted: &Wanted,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Server, ConfigError> {
    let fallback_hub =
        || task_hub_from_variables(&env).unwrap_or_else(|| DEFAULT_TASK_HUB.to_owned());
    let options = match (&wanted.connection_string, &wanted.endpoint) {
        (Some(text), endpoint) => {
            let options = text
                .parse::<ConnectionString>()
                .and_then(|it| ConnectOptions::from_parts(it, Some(fallback_hub())))
                .map_err(in_flag("--connection-string"))?;
            let options = authenticated_by_nothing(options)?;
            match endpoint {
                Some(endpoint) => at(endpoint, options.task_hub())?,
                None => options,
            }
        }
        (None, Some(endpoint)) => at(endpoint, &fallback_hub())?,
        (None, None) => {
            let options = ConnectOptions::from_variables(&env, Some(fallback_hub()));
            authenticated_by_nothing(options.map_err(ConfigError::Environment)?)?
        }
    };
    let task_hub = wanted.task_hub.as_deref().unwrap_or(options.task_hub());
    Ok(Server {
        url: options.endpoint().to_owned(),
        task_hub: task_hub.trim().to_owned(),
    })
}

fn at(endpoint: &str, task_hub: &str) -> Result<ConnectOptions, ConfigError> {
    ConnectOptions::new(endpoint, task_hub).map_err(in_flag("--endpoint"))
}

fn authenticated_by_nothing(options: ConnectOptions) -> Result<ConnectOptions, ConfigError> {
    match options.authentication() {
        Authentication::None => Ok(options),
        kind => Err(ConfigError::Authentication {
            url: options.endpoint().to_owned(),
            kind,
        }),
    }
}

fn in_flag(flag: &'static str) -> impl FnOnce(ConnectionStringError) -> ConfigError {
    move |problem| ConfigError::Flag { flag, problem }
}
