//! Why a worker could not be built, or did not end well.

use std::time::Duration;

use crate::transport::ClientError;

/// A worker could not be built or ended abnormally.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Two functions were registered under one name and version.
    #[error("{kind} {name:?}{} is registered twice", in_version(version))]
    Duplicate {
        /// "activity", "orchestration", "entity" or "operation".
        kind: &'static str,
        /// The name.
        name: String,
        /// The version, if it was registered under one.
        version: Option<String>,
    },
    /// A name was empty.
    #[error("an {kind} was registered with an empty name")]
    EmptyName {
        /// "activity", "orchestration", "entity" or "operation".
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

fn in_version(version: &Option<String>) -> String {
    let some = |version| format!(" in version {version:?}");
    version.as_ref().map(some).unwrap_or_default()
}
