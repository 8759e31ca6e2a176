//! Activities: where I/O belongs. What one knows of its call.

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::ActivityRequest;
use futures_util::future::BoxFuture;

use crate::failure::FailureDetails;
use crate::trace::TraceContext;

/// A registered activity function, its types erased.
pub(crate) type ActivityFn = Arc<
    dyn Fn(
            ActivityContext,
            Option<String>,
        ) -> BoxFuture<'static, Result<Option<String>, FailureDetails>>
        + Send
        + Sync,
>;

/// What an activity knows of its call.
///
/// An activity runs at least once: after a crash it may run again, with the same
/// [`Self::instance_id`] and [`Self::task_id`], which together make a good idempotency key.
#[derive(Clone, Debug)]
pub struct ActivityContext {
    call: Arc<Call>,
}

#[derive(Debug)]
struct Call {
    name: String,
    version: Option<String>,
    instance_id: String,
    execution_id: Option<String>,
    task_id: i32,
    tags: BTreeMap<String, String>,
    trace_context: Option<TraceContext>,
}

impl ActivityContext {
    /// The context of a request, and its input.
    pub(crate) fn of(request: ActivityRequest) -> (Self, Option<String>) {
        let instance = request.orchestration_instance.unwrap_or_default();
        let call = Call {
            name: request.name,
            version: request.version,
            instance_id: instance.instance_id,
            execution_id: instance.execution_id,
            task_id: request.task_id,
            tags: request.tags,
            trace_context: request
                .parent_trace_context
                .and_then(TraceContext::from_proto),
        };
        (
            Self {
                call: Arc::new(call),
            },
            request.input,
        )
    }

    /// Name under which it was called.
    pub fn name(&self) -> &str {
        &self.call.name
    }

    /// Version that was asked for, if any.
    pub fn version(&self) -> Option<&str> {
        self.call.version.as_deref()
    }

    /// The orchestration instance that called it.
    pub fn instance_id(&self) -> &str {
        &self.call.instance_id
    }

    /// That instance's execution.
    pub fn execution_id(&self) -> Option<&str> {
        self.call.execution_id.as_deref()
    }

    /// Id of the call in that execution's history. Another attempt has another id.
    pub fn task_id(&self) -> i32 {
        self.call.task_id
    }

    /// Tags of the call.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.call.tags
    }

    /// Where in a trace it was called, if its caller said so.
    ///
    /// With the feature `tracing-opentelemetry` the activity runs in a span that is a child of it.
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.call.trace_context.as_ref()
    }
}
