//! The worker: runs registered orchestrations and activities for one task hub.

mod backoff;
mod builder;
mod complete;
mod entities;
mod error;
mod execute;
mod functions;
mod mismatch;
mod registry;
mod session;
mod slow_turns;
mod sticky;

pub use builder::WorkerBuilder;
pub use error::WorkerError;
pub use functions::Functions;
pub(crate) use mismatch::Mismatch;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::transport::Connection;
use registry::Registry;
use session::Limits;
use session::Session;

/// A worker that is ready to start.
#[must_use = "a worker does nothing until it is started"]
pub struct Worker {
    connection: Arc<Connection>,
    registry: Arc<Registry>,
    limits: Limits,
}

impl Worker {
    /// A builder for a worker of the client's task hub, with a connection of its own.
    pub fn builder(client: &Client) -> WorkerBuilder {
        WorkerBuilder::new(client)
    }

    /// Starts to work on the current tokio runtime. It connects, and connects again after any
    /// failure, until it is stopped.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(self) -> WorkerHandle {
        let stop = CancellationToken::new();
        let session = Session::new(self.connection, self.registry, self.limits, stop.clone());
        WorkerHandle {
            stop,
            task: Some(tokio::spawn(session.run())),
        }
    }

    /// Works until `shutdown` resolves, then stops in good order.
    ///
    /// # Errors
    /// As [`WorkerHandle::stop`].
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), WorkerError> {
        let handle = self.start();
        shutdown.await;
        handle.stop().await
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("options", self.connection.options())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A running worker. Dropping it without [`Self::stop`] stops it all the same, unwatched.
#[derive(Debug)]
pub struct WorkerHandle {
    stop: CancellationToken,
    task: Option<JoinHandle<Result<(), WorkerError>>>,
}

impl WorkerHandle {
    /// Takes no more work, lets running items end, gives back those that wait.
    ///
    /// # Errors
    /// [`WorkerError::StopTimeout`]: items ran on past the time for stopping and were dropped;
    /// the server will have them run again.
    pub async fn stop(mut self) -> Result<(), WorkerError> {
        self.stop.cancel();
        let Some(task) = self.task.take() else {
            return Ok(());
        };
        match task.await {
            Ok(result) => result,
            Err(error) => Err(WorkerError::Panicked(error.to_string())),
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
