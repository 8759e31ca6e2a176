//! Trace context: which trace a call belongs to, on its way through the scheduler.
//!
//! What a client gives a start goes through to everything that comes of it: orchestrations,
//! activities, sub-orchestrations. Without the feature `tracing-opentelemetry` it is passed on
//! as it came. With it, spans are made:
//!
//! - a start is a producer span `create_orchestration:NAME` in the caller's span;
//! - an activity runs in a server span `activity:NAME`, from whatever SDK it was called;
//! - an orchestration is one server span `orchestration:NAME` from its first turn to its end,
//!   whatever number of workers and replays that takes, and all that it calls is its child.
//!
//! The first two are `tracing` spans, which a layer of `tracing-opentelemetry` exports. The third
//! outlives the process that began it, so it is written when it has ended, under an id that was
//! given out before: the tracer provider has to take its ids from `SpanIds` and be the global
//! one. Without that, calls of an orchestration are children of the span that started it. Spans
//! that the code of an orchestration makes are not exported, as each replay makes them again.

#[cfg(feature = "tracing-opentelemetry")]
mod otel;
#[cfg(not(feature = "tracing-opentelemetry"))]
mod plain;

#[cfg(feature = "tracing-opentelemetry")]
pub use otel::SpanIds;
#[cfg(feature = "tracing-opentelemetry")]
pub(crate) use otel::*;
#[cfg(not(feature = "tracing-opentelemetry"))]
pub(crate) use plain::*;

use durascope_proto as proto;
use durascope_proto::OrchestratorAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;

/// Where in a trace something was called, as W3C Trace Context has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    message: proto::TraceContext,
}

impl TraceContext {
    /// The context of a `traceparent` header. It is passed on as it is; what cannot be read is
    /// as good as none.
    pub fn new(trace_parent: impl Into<String>) -> Self {
        let trace_parent = trace_parent.into();
        let span_id = trace_parent.split('-').nth(2).unwrap_or_default();
        #[expect(deprecated, reason = "older readers look for it")]
        let message = proto::TraceContext {
            span_id: span_id.to_owned(),
            trace_parent,
            trace_state: None,
        };
        Self { message }
    }

    /// Adds the `tracestate` header.
    #[must_use]
    pub fn with_state(mut self, trace_state: impl Into<String>) -> Self {
        self.message.trace_state = Some(trace_state.into()).filter(|state| !state.is_empty());
        self
    }

    /// The `traceparent` header: version, trace, span and flags.
    pub fn trace_parent(&self) -> &str {
        &self.message.trace_parent
    }

    /// The `tracestate` header, if there is one.
    pub fn trace_state(&self) -> Option<&str> {
        self.message.trace_state.as_deref()
    }

    pub(crate) fn from_proto(message: proto::TraceContext) -> Option<Self> {
        (!message.trace_parent.is_empty()).then_some(Self { message })
    }

    pub(crate) fn to_proto(&self) -> proto::TraceContext {
        self.message.clone()
    }
}

/// Makes what a turn calls children of `context`.
fn pass_on(context: &TraceContext, actions: &mut [OrchestratorAction]) {
    for action in actions {
        let place = match &mut action.orchestrator_action_type {
            Some(OrchestratorActionType::ScheduleTask(it)) => &mut it.parent_trace_context,
            Some(OrchestratorActionType::CreateSubOrchestration(it)) => {
                &mut it.parent_trace_context
            }
            Some(_) | None => continue,
        };
        *place = Some(context.to_proto());
    }
}

/// The execution whose turn is made.
#[cfg_attr(
    not(feature = "tracing-opentelemetry"),
    expect(dead_code, reason = "only its span needs them")
)]
pub(crate) struct Execution<'a> {
    pub(crate) instance_id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: Option<&'a str>,
    /// What its start came with.
    pub(crate) context: Option<&'a TraceContext>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_kept_as_it_came() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = TraceContext::new(parent).with_state("vendor=x");
        assert_eq!(context.trace_parent(), parent);
        assert_eq!(context.trace_state(), Some("vendor=x"));
        let message = context.to_proto();
        #[expect(deprecated, reason = "older readers look for it")]
        let span_id = message.span_id.clone();
        assert_eq!(span_id, "b7ad6b7169203331");
        assert_eq!(TraceContext::from_proto(message), Some(context));
        assert_eq!(
            TraceContext::from_proto(proto::TraceContext::default()),
            None
        );
        // What is no context is none of our business.
        assert_eq!(TraceContext::new("odd").trace_parent(), "odd");
    }
}
