//! Turns of orchestrations whose version this worker does not take.

use durascope_proto as proto;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;

use super::registry::Registry;
use crate::failure::FailureDetails;
use crate::orchestration::replay::Turn;
use crate::orchestration::replay::is_rewind;
use crate::transport::Status;
use crate::versioning::Versioning;

/// Why an orchestration of some version is not taken, and what becomes of it.
pub(crate) struct Mismatch {
    pub(crate) problem: String,
    /// Whether it fails, instead of waiting for another worker.
    pub(crate) fails: bool,
}

impl Mismatch {
    pub(super) fn of(versioning: Option<&Versioning>, version: Option<&str>) -> Option<Self> {
        let versioning = versioning?;
        let problem = versioning.mismatch(version)?;
        let fails = versioning.fails();
        Some(Self { problem, fails })
    }

    /// The turn in which it fails.
    pub(crate) fn failed(self, past: &[HistoryEvent], new: &[HistoryEvent]) -> Turn {
        let details = FailureDetails::non_retriable("VersionMismatch", self.problem);
        let completion = proto::CompleteOrchestrationAction {
            orchestration_status: proto::OrchestrationStatus::Failed.into(),
            failure_details: Some(details.into_proto()),
            ..proto::CompleteOrchestrationAction::default()
        };
        let last = past.iter().chain(new).map(|event| event.event_id).max();
        let action = OrchestratorAction {
            id: last.unwrap_or(0).saturating_add(1),
            orchestrator_action_type: Some(OrchestratorActionType::CompleteOrchestration(
                completion,
            )),
        };
        Turn {
            actions: vec![action],
            custom_status: None,
        }
    }
}

/// The answer to a turn of a version that is not taken, if failing is what was asked for;
/// `None` if the turn should be made.
///
/// # Errors
/// The item should be given back, for a worker that takes this version.
pub(super) fn refuse(
    registry: &Registry,
    request: &OrchestratorRequest,
    completion_token: &str,
) -> Result<Option<OrchestratorResponse>, Status> {
    if registry.versioning().is_none() {
        return Ok(None);
    }
    // A rewind runs no code, and what follows it is checked.
    if is_rewind(&request.past_events, &request.new_events) {
        return Ok(None);
    }
    let mut events = request.past_events.iter().chain(&request.new_events);
    let started = events.find_map(|event| match &event.event_type {
        Some(EventType::ExecutionStarted(it)) => Some(it),
        Some(_) | None => None,
    });
    let mismatch =
        started.and_then(|it| Mismatch::of(registry.versioning(), it.version.as_deref()));
    let Some(mismatch) = mismatch else {
        return Ok(None);
    };
    if !mismatch.fails {
        return Err(Status::failed_precondition(mismatch.problem));
    }
    let instance = &request.instance_id;
    tracing::warn!(?instance, "failing the instance: {}", mismatch.problem);
    let turn = mismatch.failed(&request.past_events, &request.new_events);
    Ok(Some(OrchestratorResponse {
        instance_id: request.instance_id.clone(),
        actions: turn.actions,
        completion_token: completion_token.to_owned(),
        orchestration_trace_context: request.orchestration_trace_context.clone(),
        ..OrchestratorResponse::default()
    }))
}
