//! Requests of a client: how to start, and what to purge.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::SystemTime;

use durascope_proto as proto;

use super::instance::OrchestrationStatus;
use crate::clock::timestamp;
use crate::trace::TraceContext;

/// How an instance is started.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StartOptions {
    /// Its id; a random one of 32 hex digits without.
    pub instance_id: Option<String>,
    /// Version of the orchestration asked for; without one the client's, see
    /// [`crate::Client::with_default_version`]. An empty one is no version.
    pub version: Option<String>,
    /// Tags of the instance.
    pub tags: BTreeMap<String, String>,
    /// Not before this time.
    pub scheduled_start: Option<SystemTime>,
    /// Which instances of the same id may be replaced. Without, the server replaces ended ones.
    pub replaceable: Option<Vec<OrchestrationStatus>>,
    /// Where in a trace it is started. With the feature `tracing-opentelemetry` that is the span
    /// of the call unless it is given here.
    pub trace_context: Option<TraceContext>,
}

impl StartOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts under this id.
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

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }

    /// Starts not before `time`.
    #[must_use]
    pub fn scheduled_start(mut self, time: SystemTime) -> Self {
        self.scheduled_start = Some(time);
        self
    }

    /// Replaces an instance of the same id only in one of these states; with none of them,
    /// never. Running ones are terminated first, which needs `Terminated` in the list too.
    #[must_use]
    pub fn replace_only(mut self, states: impl IntoIterator<Item = OrchestrationStatus>) -> Self {
        self.replaceable = Some(states.into_iter().collect());
        self
    }

    /// Starts it at this place of a trace.
    #[must_use]
    pub fn trace_context(mut self, context: TraceContext) -> Self {
        self.trace_context = Some(context);
        self
    }

    pub(super) fn into_request(
        self,
        name: &str,
        instance_id: String,
        input: Option<String>,
    ) -> proto::CreateInstanceRequest {
        let policy = |states: Vec<OrchestrationStatus>| proto::OrchestrationIdReusePolicy {
            replaceable_status: wire_statuses(&states),
        };
        proto::CreateInstanceRequest {
            instance_id,
            name: name.to_owned(),
            version: self.version,
            input,
            scheduled_start_timestamp: self.scheduled_start.map(timestamp),
            orchestration_id_reuse_policy: self.replaceable.map(policy),
            tags: self.tags,
            parent_trace_context: self.trace_context.as_ref().map(TraceContext::to_proto),
            request_time: Some(timestamp(SystemTime::now())),
            ..proto::CreateInstanceRequest::default()
        }
    }
}

/// Which ended instances to purge.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PurgeFilter {
    /// Created at this time or later.
    pub created_from: Option<SystemTime>,
    /// Created before this time.
    pub created_to: Option<SystemTime>,
    /// In one of these states; any in which an instance has ended if empty.
    pub statuses: Vec<OrchestrationStatus>,
    /// The server stops after this time and says that it is not done.
    pub timeout: Option<Duration>,
}

impl PurgeFilter {
    /// All ended instances.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those created at `time` or later.
    #[must_use]
    pub fn created_from(mut self, time: SystemTime) -> Self {
        self.created_from = Some(time);
        self
    }

    /// Only those created before `time`.
    #[must_use]
    pub fn created_to(mut self, time: SystemTime) -> Self {
        self.created_to = Some(time);
        self
    }

    /// Adds a state to the list of those wanted.
    #[must_use]
    pub fn status(mut self, status: OrchestrationStatus) -> Self {
        self.statuses.push(status);
        self
    }

    /// Bounds the server's time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(super) fn into_proto(self) -> proto::PurgeInstanceFilter {
        proto::PurgeInstanceFilter {
            created_time_from: self.created_from.map(timestamp),
            created_time_to: self.created_to.map(timestamp),
            runtime_status: wire_statuses(&self.statuses),
            timeout: self.timeout.and_then(|timeout| timeout.try_into().ok()),
        }
    }
}

/// What was purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// How many instances.
    pub count: u32,
    /// Whether all that should go is gone.
    pub is_complete: bool,
}

pub(super) fn wire_statuses(statuses: &[OrchestrationStatus]) -> Vec<i32> {
    statuses
        .iter()
        .filter_map(|status| status.to_proto())
        .collect()
}
