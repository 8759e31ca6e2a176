//! From a configuration to an emulator that serves, and back.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::config::Database;
use crate::hub::Hub;
use crate::hub::HubOptions;
use crate::hub::Limits;
use crate::lock::DatabaseLock;
use crate::monitor::About;
use crate::service;
use crate::service::Health;
use crate::service::ServiceOptions;
use crate::start_error::StartError;
use crate::store::Durability;
use crate::store::Store;
use crate::store::StoreOptions;
use crate::tasks::Tasks;
use crate::temporary;

/// Connections that serve reads.
const READERS: usize = 2;

/// After this the calls that are still open are cut off.
const STOP_LIMIT: Duration = Duration::from_secs(4);

/// An emulator that serves. Dropping it without [`Running::stop`] ends its tasks with the
/// runtime; what was acknowledged stays committed.
pub struct Running {
    /// Where clients connect, as a URL.
    pub endpoint: String,
    /// The database file.
    pub database: PathBuf,
    /// The database goes with this.
    pub ephemeral: bool,
    hub: Hub,
    health: Health,
    tasks: Tasks,
    served: Option<oneshot::Receiver<Result<(), tonic::transport::Error>>>,
    // Dropped in this order: the lock last, so that nobody takes a file that is being removed.
    _temporary: Option<TempDir>,
    _lock: DatabaseLock,
}

impl Running {
    /// Resolves when the server ends by itself, which only a fault makes it do.
    ///
    /// # Errors
    /// What ended it.
    pub async fn ended(&mut self) -> Result<(), tonic::transport::Error> {
        let Some(served) = &mut self.served else {
            return Ok(());
        };
        let outcome = served.await;
        self.served = None;
        outcome.unwrap_or(Ok(()))
    }

    /// Ends in order: no new calls, worker streams closed, what was accepted committed, the log
    /// of the database folded into it. Takes at most a few seconds.
    pub async fn stop(self) {
        self.health.stop().await;
        self.tasks.stop();
        self.hub.shutdown().await;
        if !self.tasks.ended(STOP_LIMIT).await {
            tracing::warn!("some calls were still open and are cut off");
        }
    }
}

/// Starts an emulator and returns when it serves.
///
/// # Errors
/// [`StartError`] says what stands in the way; a database that is refused is left as it was.
pub async fn run(config: Config) -> Result<Running, StartError> {
    let (path, temporary) = match &config.database {
        Database::File(path) => (path.clone(), None),
        Database::Ephemeral => {
            let folder = temporary::folder().map_err(StartError::Temporary)?;
            (folder.path().join(temporary::DATABASE), Some(folder))
        }
    };
    let mut lock = DatabaseLock::take(&path)?;
    let store = open_store(&config, &path)?;
    let listeners = service::bind(&config.listen)
        .await
        .map_err(|source| listen_error(&config, source))?;
    let address = listeners
        .first()
        .map(tokio::net::TcpListener::local_addr)
        .transpose()
        .map_err(|source| listen_error(&config, source))?;
    let endpoint = address.map_or_else(String::new, endpoint_of);
    if address.is_some_and(|address| !address.ip().is_loopback()) {
        tracing::warn!(
            listen = config.listen,
            "other machines can reach this emulator, and it asks nobody who they are"
        );
    }
    lock.announce(&endpoint)?;

    let hub = Hub::start_core(
        store,
        HubOptions {
            task_hubs: config.task_hubs_at_start(),
            strict: config.strict_hubs,
            limits: Limits {
                sent_bytes_max: config.sent_message_bytes_max,
                azure: config.azure_limits,
            },
        },
    )?;
    let tasks = Tasks::default();
    let health = Health::serving(config.feed).await;
    let options = ServiceOptions {
        task_hub_default: config.task_hub_default().to_owned(),
        message_bytes_max: config.message_bytes_max,
        feed: config.feed,
        about: About {
            database: match temporary {
                None => path.display().to_string(),
                Some(_) => String::new(),
            },
        },
    };
    let router = service::router(&hub, &options, &health, &tasks)
        .map_err(|error| StartError::Server(error.to_string()))?;
    let (report, served) = oneshot::channel();
    let stopping = tasks.stopping();
    tasks.spawn("server", async move {
        let outcome = service::serve(router, listeners, stopping).await;
        if let Err(error) = &outcome {
            tracing::error!(%error, "the server ended");
        }
        // Nobody waits any more when the emulator is being stopped.
        drop(report.send(outcome));
    });
    tracing::info!(endpoint, database = %path.display(), "serving");
    Ok(Running {
        endpoint,
        database: path,
        ephemeral: temporary.is_some(),
        hub,
        health,
        tasks,
        served: Some(served),
        _temporary: temporary,
        _lock: lock,
    })
}

fn open_store(config: &Config, path: &Path) -> Result<Store, StartError> {
    let options = StoreOptions {
        path: path.to_path_buf(),
        durability: match config.database {
            Database::File(_) => config.durability,
            Database::Ephemeral => Durability::Off,
        },
        readers: READERS,
    };
    Store::open(&options).map_err(|source| StartError::Store {
        path: path.display().to_string(),
        source,
    })
}

fn listen_error(config: &Config, source: std::io::Error) -> StartError {
    StartError::Listen {
        listen: config.listen.clone(),
        source,
    }
}

/// The URL for clients on this machine; an address that stands for all is reached by the loopback.
fn endpoint_of(mut address: std::net::SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}
