//! Options of calls that an orchestration makes.

use std::collections::BTreeMap;

use crate::retry::RetryPolicy;

/// How an activity is called.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Retries, if any.
    pub retry: Option<RetryPolicy>,
    /// Version of the activity asked for; that of the calling orchestration without one.
    pub version: Option<String>,
    /// Tags of the call.
    pub tags: BTreeMap<String, String>,
}

/// How a sub-orchestration is called.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SubOptions {
    /// Id of the child; without one it is derived from this execution's id and the call's.
    pub instance_id: Option<String>,
    /// Retries, if any. Each attempt runs under the same instance id.
    pub retry: Option<RetryPolicy>,
    /// Version of the orchestration asked for; without one the worker's, see
    /// [`crate::worker::WorkerBuilder::default_version`].
    pub version: Option<String>,
    /// Tags of the child.
    pub tags: BTreeMap<String, String>,
}

/// How an orchestration continues as new.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContinueOptions {
    /// Whether external events that nobody consumed reach the next generation. They do unless
    /// told otherwise.
    pub preserves_unprocessed_events: bool,
    /// Version of the next generation; unchanged without one.
    pub version: Option<String>,
    /// Tags to add.
    pub tags: BTreeMap<String, String>,
}

impl Default for ContinueOptions {
    fn default() -> Self {
        Self {
            preserves_unprocessed_events: true,
            version: None,
            tags: BTreeMap::new(),
        }
    }
}

macro_rules! shared_setters {
    ($options:ty) => {
        impl $options {
            /// The defaults.
            pub fn new() -> Self {
                Self::default()
            }

            /// Sets the version.
            #[must_use]
            pub fn version(mut self, version: impl Into<String>) -> Self {
                self.version = Some(version.into());
                self
            }

            /// Adds a tag.
            #[must_use]
            pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
                self.tags.insert(name.into(), value.into());
                self
            }
        }
    };
}

shared_setters!(CallOptions);
shared_setters!(SubOptions);
shared_setters!(ContinueOptions);

impl CallOptions {
    /// Retries failures by `policy`.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }
}

impl SubOptions {
    /// Retries failures by `policy`.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Sets the child's instance id.
    #[must_use]
    pub fn instance_id(mut self, id: impl Into<String>) -> Self {
        self.instance_id = Some(id.into());
        self
    }
}

impl ContinueOptions {
    /// Drops external events that nobody consumed.
    #[must_use]
    pub fn discard_unprocessed_events(mut self) -> Self {
        self.preserves_unprocessed_events = false;
        self
    }
}

impl From<RetryPolicy> for CallOptions {
    fn from(policy: RetryPolicy) -> Self {
        Self::new().retry(policy)
    }
}

impl From<RetryPolicy> for SubOptions {
    fn from(policy: RetryPolicy) -> Self {
        Self::new().retry(policy)
    }
}
