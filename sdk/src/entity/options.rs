//! How an entity starts an orchestration.

use std::time::SystemTime;

/// How an entity starts an orchestration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EntityStartOptions {
    /// Id of the instance; without, 32 hex digits that are made of the id of the request, and are
    /// the same when the operation runs again.
    pub instance_id: Option<String>,
    /// Version of the orchestration asked for.
    pub version: Option<String>,
    /// Not before this time.
    pub scheduled_start: Option<SystemTime>,
}

impl EntityStartOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts under this id. While an instance of this id runs, nothing is started; one that has
    /// ended is replaced.
    #[must_use]
    pub fn instance_id(mut self, id: impl Into<String>) -> Self {
        self.instance_id = Some(id.into());
        self
    }

    /// Asks for this version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Starts not before `time`.
    #[must_use]
    pub fn scheduled_start(mut self, time: SystemTime) -> Self {
        self.scheduled_start = Some(time);
        self
    }
}
