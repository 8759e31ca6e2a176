//! Turns of orchestrations whose version this worker does not take.

use durascope_proto as proto;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;

use super::registry::Registry;
use crate::failure::FailureDetails;
use crate::orchestration::replay::is_rewind;
use crate::transport::Status;

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
    let Some(versioning) = registry.versioning() else {
        return Ok(None);
    };
    // A rewind runs no code, and what follows it is checked.
    if is_rewind(&request.past_events, &request.new_events) {
        return Ok(None);
    }
    let events = || request.past_events.iter().chain(&request.new_events);
    let started = events().find_map(|event| match &event.event_type {
        Some(EventType::ExecutionStarted(it)) => Some(it),
        Some(_) | None => None,
    });
    let mismatch = started.and_then(|it| versioning.mismatch(it.version.as_deref()));
    let Some(mismatch) = mismatch else {
        return Ok(None);
    };
    if !versioning.fails() {
        return Err(Status::failed_precondition(mismatch));
    }
    let last = events().map(|event| event.event_id).max().unwrap_or(0);
    Ok(Some(failed(request, completion_token, last, mismatch)))
}

fn failed(
    request: &OrchestratorRequest,
    completion_token: &str,
    last_id: i32,
    mismatch: String,
) -> OrchestratorResponse {
    tracing::warn!(instance = ?request.instance_id, "failing the instance: {mismatch}");
    let details = FailureDetails::non_retriable("VersionMismatch", mismatch);
    let completion = proto::CompleteOrchestrationAction {
        orchestration_status: proto::OrchestrationStatus::Failed.into(),
        failure_details: Some(details.into_proto()),
        ..proto::CompleteOrchestrationAction::default()
    };
    OrchestratorResponse {
        instance_id: request.instance_id.clone(),
        actions: vec![OrchestratorAction {
            id: last_id.saturating_add(1),
            orchestrator_action_type: Some(OrchestratorActionType::CompleteOrchestration(
                completion,
            )),
        }],
        completion_token: completion_token.to_owned(),
        orchestration_trace_context: request.orchestration_trace_context.clone(),
        ..OrchestratorResponse::default()
    }
}
