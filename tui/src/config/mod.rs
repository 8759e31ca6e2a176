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

/// What a kind of authentication is read from, where neither flag nor connection string say.
const AUTHENTICATION: &str = "DTS_AUTHENTICATION";

const CONNECTION_STRING: &str = "--connection-string";

/// A server and a task hub on it, and who the dashboard is there.
#[derive(Clone, Debug)]
pub struct Server {
    pub options: ConnectOptions,
}

impl Server {
    /// For people: without the scheme.
    pub fn host(&self) -> &str {
        let url = self.options.endpoint();
        url.split_once("://").map_or(url, |(_, host)| host)
    }

    pub fn task_hub(&self) -> &str {
        self.options.task_hub()
    }
}

/// What the command line says; absent where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub endpoint: Option<String>,
    pub task_hub: Option<String>,
    pub connection_string: Option<String>,
    pub authentication: Option<String>,
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
            let in_text = in_flag(CONNECTION_STRING);
            let mut parts: ConnectionString = text.parse().map_err(in_text)?;
            if let Some(endpoint) = endpoint {
                parts.endpoint = at(endpoint, "")?.endpoint().to_owned();
            }
            ConnectOptions::from_parts(parts, Some(fallback_hub()))
                .map_err(in_flag(CONNECTION_STRING))?
        }
        (None, Some(endpoint)) => {
            let options = at(endpoint, &fallback_hub())?;
            let kind = authentication(&options, &env).map_err(ConfigError::Environment)?;
            options.with_authentication(kind)
        }
        (None, None) => ConnectOptions::from_variables(&env, Some(fallback_hub()))
            .map_err(ConfigError::Environment)?,
    };
    let options = match &wanted.authentication {
        Some(kind) => {
            let kind = kind.parse().map_err(in_flag("--authentication"))?;
            options.with_authentication(kind)
        }
        None => options,
    };
    let task_hub = wanted.task_hub.as_deref().unwrap_or(options.task_hub());
    let task_hub = task_hub.trim().to_owned();
    Ok(Server {
        options: options.with_task_hub(task_hub),
    })
}

fn at(endpoint: &str, task_hub: &str) -> Result<ConnectOptions, ConfigError> {
    ConnectOptions::new(endpoint, task_hub).map_err(in_flag("--endpoint"))
}

/// Who the dashboard is at an address that comes alone: as where the environment names it.
fn authentication(
    options: &ConnectOptions,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Authentication, ConnectionStringError> {
    let in_variable = |problem| ConnectionStringError::Variable {
        name: AUTHENTICATION,
        problem: Box::new(problem),
    };
    match env(AUTHENTICATION).filter(|it| !it.trim().is_empty()) {
        Some(kind) => kind.parse().map_err(in_variable),
        None if options.endpoint().starts_with("http://") => Ok(Authentication::None),
        None => Ok(Authentication::DefaultAzure),
    }
}

fn in_flag(flag: &'static str) -> impl FnOnce(ConnectionStringError) -> ConfigError {
    move |problem| ConfigError::Flag { flag, problem }
}
