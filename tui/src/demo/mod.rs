//! `durascope demo`: an emulator, a worker that serves the example patterns, and the dashboard, in
//! one process.

mod driver;
mod headless;
mod script;
mod workload;

use std::time::Duration;

use durascope_emulator::Running;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::worker::WorkerHandle;

use crate::Config;
use crate::RunError;
use crate::config::Server;
use crate::ui::Look;

pub use headless::Summary;

/// The hub that the demo fills.
const TASK_HUB: &str = "demo";

/// Activities that run at once.
const ACTIVITIES_MAX: usize = 128;

/// How long the worker may finish what it has when the demo ends.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Why the demo could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the emulator did not start: {0}")]
    Emulator(#[from] durascope_emulator::StartError),
    #[error("the worker did not start: {0}")]
    Worker(#[from] durascope_sdk::WorkerError),
    #[error("the demo's own address cannot be used: {0}")]
    Address(#[from] durascope_sdk::transport::ConnectionStringError),
    #[error("the emulator did not answer: {0}")]
    Client(#[from] durascope_sdk::ClientError),
    #[error(transparent)]
    Dashboard(#[from] RunError),
    #[error("the emulator's feed did not answer: {0}")]
    Feed(String),
}

/// Everything that runs behind the screen.
struct Stage {
    emulator: Running,
    worker: WorkerHandle,
    client: Client,
}

impl Stage {
    async fn set() -> Result<Self, DemoError> {
        let emulator = durascope_emulator::run(durascope_emulator::Config::ephemeral()).await?;
        let client = Client::connect(ConnectOptions::new(&emulator.endpoint, TASK_HUB)?)?;
        let worker = workload::worker(&client)
            .max_concurrent_activities(ACTIVITIES_MAX)
            .stop_timeout(STOP_LIMIT)
            .build()?
            .start();
        Ok(Self {
            emulator,
            worker,
            client,
        })
    }

    fn server(&self) -> Server {
        Server {
            options: self.client.options().clone(),
        }
    }

    /// Ends the worker first, so that nothing is handed out to nobody.
    async fn clear(self) {
        if let Err(error) = self.worker.stop().await {
            tracing::warn!(%error, "the demo's worker did not stop in order");
        }
        self.emulator.stop().await;
    }
}

/// The demo on screen, until the user leaves it.
///
/// # Errors
/// [`DemoError`]; the terminal is restored in any case.
pub async fn on_screen(look: Look) -> Result<(), DemoError> {
    let stage = Stage::set().await?;
    let config = Config {
        server: stage.server(),
        read_only: false,
        look,
    };
    let outcome = tokio::select! {
        outcome = crate::run(config) => outcome.map_err(DemoError::from),
        outcome = driver::keep_going(&stage.client) => outcome,
    };
    stage.clear().await;
    outcome
}

/// The demo without a screen: works for `limit`, then says what became of it.
///
/// # Errors
/// [`DemoError`] when it could not run at all; what went wrong inside is in the summary.
pub async fn headless(limit: Duration) -> Result<Summary, DemoError> {
    let stage = Stage::set().await?;
    let outcome = headless::run(&stage.client, &stage.server(), limit).await;
    stage.clear().await;
    outcome
}
