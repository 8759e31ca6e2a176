//! A history without its failures.

use std::collections::BTreeSet;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use prost::Message as _;

use crate::turn::Turn;

/// The history as the workers' SDKs make it, but without the events that say so: a worker that
/// did not make it would not understand them.
pub(super) fn without_failures(
    past: Vec<HistoryEvent>,
    turn: &Turn,
    fresh_execution: &str,
    parent_execution: Option<&str>,
) -> Vec<HistoryEvent> {
    let failed: BTreeSet<i32> = past
        .iter()
        .filter_map(|event| match &event.event_type {
            Some(EventType::TaskFailed(failed)) => Some(failed.task_scheduled_id),
            _ => None,
        })
        .collect();
    let turn_started = HistoryEvent::decode(turn.started.clone()).ok();
    let kept = past.into_iter().filter(|event| match &event.event_type {
        Some(
            EventType::TaskFailed(_)
            | EventType::SubOrchestrationInstanceFailed(_)
            | EventType::ExecutionCompleted(_)
            | EventType::ExecutionRewound(_),
        ) => false,
        Some(EventType::TaskScheduled(_)) => !failed.contains(&event.event_id),
        _ => true,
    });
    kept.chain(turn_started)
        .map(|mut event| {
            if let Some(EventType::ExecutionStarted(started)) = &mut event.event_type {
                let identity = started.orchestration_instance.get_or_insert_default();
                identity.execution_id = Some(fresh_execution.to_owned());
                if let (Some(id), Some(parent)) = (parent_execution, &mut started.parent_instance) {
                    let parent = parent.orchestration_instance.get_or_insert_default();
                    parent.execution_id = Some(id.to_owned());
                }
            }
            event
        })
        .collect()
}

/// The id of the execution that a history is of.
pub(super) fn execution_of(history: &[HistoryEvent]) -> Option<&str> {
    let started = history.iter().find_map(|event| match &event.event_type {
        Some(EventType::ExecutionStarted(started)) => Some(started),
        _ => None,
    })?;
    let execution = started.orchestration_instance.as_ref()?;
    let id = execution.execution_id.as_deref()?;
    (!id.is_empty()).then_some(id)
}
