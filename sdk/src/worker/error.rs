//! Why a worker could not be built, or did not end well.

use std::time::Duration;

use crate::transport::ClientError;

/// A worker could not be built or ended abnormally.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Two functions were registered under one name.
    #[error("{kind} {name:?} is registered twice")]
    Duplicate {
        /// "activity" or "orchestration".
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A name was empty.
    #[error("an {kind} was registered with an empty name")]
    EmptyName {
        /// "activity" or "orchestration".
        kind: &'static str,
    },
    /// The connection options cannot be used.
    #[error(transparent)]
    Connection(#[from] ClientError),
    /// Items were still running when the time for a graceful stop ran out.
    #[error("{running} work items were still running {timeout:?} after stop was asked for")]
    StopTimeout {
        /// How many.
        running: usize,
        /// The time given.
        timeout: Duration,
    },
    /// The worker's task ended by a panic.
    #[error("the worker ended unexpectedly: {0}")]
    Panicked(String),
}
