//! Rewind: the history of a failed execution without its failures, so that it runs on.

use std::collections::BTreeSet;

use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorAction;
use durascope_proto::RewindOrchestrationAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;

use super::Turn;

/// Whether a work item asks for a rewind instead of a turn.
pub(crate) fn is_rewind(past: &[HistoryEvent], new: &[HistoryEvent]) -> bool {
    let rewound =
        |event: &HistoryEvent| matches!(event.event_type, Some(EventType::ExecutionRewound(_)));
    let completed =
        |event: &HistoryEvent| matches!(event.event_type, Some(EventType::ExecutionCompleted(_)));
    new.iter().any(rewound) && past.iter().any(completed)
}

/// The answer to a rewind: failed activities and the failure itself are cut out, and the
/// execution gets the fresh id `execution_id`.
pub(crate) fn rewind(past: Vec<HistoryEvent>, new: Vec<HistoryEvent>, execution_id: &str) -> Turn {
    let failed: BTreeSet<i32> = past
        .iter()
        .filter_map(|event| match &event.event_type {
            Some(EventType::TaskFailed(it)) => Some(it.task_scheduled_id),
            Some(_) | None => None,
        })
        .collect();
    let parent_execution_id = new.iter().find_map(|event| match &event.event_type {
        Some(EventType::ExecutionRewound(it)) => it.parent_execution_id.clone(),
        Some(_) | None => None,
    });
    let mut history = Vec::with_capacity(past.len() + new.len());
    for mut event in past.into_iter().chain(new) {
        match &mut event.event_type {
            Some(
                EventType::TaskFailed(_)
                | EventType::SubOrchestrationInstanceFailed(_)
                | EventType::ExecutionCompleted(_),
            ) => continue,
            Some(EventType::TaskScheduled(_)) if failed.contains(&event.event_id) => continue,
            Some(EventType::ExecutionStarted(it)) => {
                let instance = it.orchestration_instance.get_or_insert_default();
                instance.execution_id = Some(execution_id.to_owned());
                if let (Some(id), Some(parent)) = (&parent_execution_id, &mut it.parent_instance) {
                    let parent = parent.orchestration_instance.get_or_insert_default();
                    parent.execution_id = Some(id.clone());
                }
            }
            Some(_) | None => {}
        }
        history.push(event);
    }
    let action = RewindOrchestrationAction {
        new_history: history,
    };
    Turn {
        actions: vec![OrchestratorAction {
            id: -1,
            orchestrator_action_type: Some(OrchestratorActionType::RewindOrchestration(action)),
        }],
        custom_status: None,
    }
}
