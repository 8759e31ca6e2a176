//! Without OpenTelemetry: spans for logs, and contexts passed on as they came.

use durascope_proto::OrchestrationTraceContext;
use durascope_proto::OrchestratorResponse;

use super::Execution;
use super::TraceContext;
use super::pass_on;
use crate::activity::ActivityContext;
use crate::failure::FailureDetails;

/// The span in which an activity runs.
pub(crate) fn activity_span(context: &ActivityContext) -> tracing::Span {
    tracing::info_span!(
        "activity",
        name = context.name(),
        instance = context.instance_id(),
        task = context.task_id()
    )
}

/// An activity has failed.
pub(crate) fn failed(_span: &tracing::Span, _details: &FailureDetails) {}

/// The span in which a turn is made.
pub(crate) fn turn_span(instance_id: &str) -> tracing::Span {
    tracing::info_span!("orchestration", instance = instance_id)
}

/// Puts the context of the execution into what its turn calls, and what is known of its span
/// into the response.
pub(crate) fn finish_turn(
    execution: &Execution<'_>,
    known: Option<OrchestrationTraceContext>,
    response: &mut OrchestratorResponse,
) -> Option<Finished> {
    if let Some(context) = execution.context {
        pass_on(context, &mut response.actions);
    }
    response.orchestration_trace_context = known;
    None
}

/// An execution that has ended; without OpenTelemetry there is never anything to tell of it.
pub(crate) enum Finished {}

impl Finished {
    pub(crate) fn tell(self) {
        match self {}
    }
}

/// The span of a start, for as long as that takes.
pub(crate) fn start_span(_name: &str, _version: Option<&str>, _instance: &str) -> tracing::Span {
    tracing::Span::none()
}

/// The context of a span, or of where the caller is.
pub(crate) fn context_of(_span: &tracing::Span) -> Option<TraceContext> {
    None
}
