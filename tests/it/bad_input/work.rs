//! What workers ask for and answer.

use durascope_proto::ActivityFilter;
use durascope_proto::ActivityResponse;
use durascope_proto::EntityBatchResult;
use durascope_proto::EntityFilter;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultSuccess;
use durascope_proto::OrchestrationFilter;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::WorkItemFilters;
use durascope_proto::operation_result::ResultType;

use super::world::Item;

/// Work of these names and no other.
pub(super) fn filters(
    orchestrations: &[&str],
    activities: &[&str],
    entities: &[&str],
) -> WorkItemFilters {
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|&it| it.to_owned()).collect() };
    WorkItemFilters {
        orchestrations: names(orchestrations)
            .into_iter()
            .map(|name| OrchestrationFilter {
                name,
                versions: Vec::new(),
            })
            .collect(),
        activities: names(activities)
            .into_iter()
            .map(|name| ActivityFilter {
                name,
                versions: Vec::new(),
            })
            .collect(),
        entities: names(entities)
            .into_iter()
            .map(|name| EntityFilter { name })
            .collect(),
    }
}

pub(super) fn turn_result(turn: &Item, actions: Vec<OrchestratorAction>) -> OrchestratorResponse {
    OrchestratorResponse {
        instance_id: turn.id.clone(),
        completion_token: turn.token.clone(),
        actions,
        ..OrchestratorResponse::default()
    }
}

pub(super) fn activity_result(activity: &Item, result: &str) -> ActivityResponse {
    ActivityResponse {
        instance_id: activity.id.clone(),
        task_id: activity.task,
        completion_token: activity.token.clone(),
        result: Some(result.to_owned()),
        failure_details: None,
    }
}

/// An answer to a batch of one operation.
pub(super) fn batch_result(batch: &Item, state: &str) -> EntityBatchResult {
    let success = ResultType::Success(OperationResultSuccess::default());
    EntityBatchResult {
        results: vec![OperationResult {
            result_type: Some(success),
        }],
        entity_state: Some(state.to_owned()),
        completion_token: batch.token.clone(),
        ..EntityBatchResult::default()
    }
}
