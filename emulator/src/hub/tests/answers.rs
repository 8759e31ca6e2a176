//! What workers answer to turns.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::WorkItem;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;

use crate::hub::Hub;
use crate::live::HubKey;

/// Answers a turn; the actions have the ids 1, 2 and so on.
pub(super) async fn answer(
    hub: &Hub,
    key: HubKey,
    item: &WorkItem,
    actions: impl IntoIterator<Item = Action>,
) {
    hub.complete_turn(key, response(item, actions))
        .await
        .unwrap();
}

pub(super) fn response(
    item: &WorkItem,
    actions: impl IntoIterator<Item = Action>,
) -> OrchestratorResponse {
    let actions = (1..).zip(actions).map(|(id, kind)| OrchestratorAction {
        id,
        orchestrator_action_type: Some(kind),
    });
    OrchestratorResponse {
        completion_token: item.completion_token.clone(),
        actions: actions.collect(),
        ..Default::default()
    }
}

pub(super) fn end(status: Status) -> Action {
    Action::CompleteOrchestration(CompleteOrchestrationAction {
        orchestration_status: status as i32,
        ..Default::default()
    })
}

pub(super) fn task(name: &str) -> Action {
    Action::ScheduleTask(ScheduleTaskAction {
        name: name.to_owned(),
        ..Default::default()
    })
}

pub(super) fn child(id: &str) -> Action {
    Action::CreateSubOrchestration(CreateSubOrchestrationAction {
        instance_id: id.to_owned(),
        name: "Child".to_owned(),
        ..Default::default()
    })
}
