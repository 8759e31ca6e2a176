//! Orchestrator actions, written as a worker would send them.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::CreateTimerAction;
use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::EntityUnlockSentEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::RewindOrchestrationAction;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::SendEventAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateOrchestrationAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use durascope_proto::time;

fn action(id: i32, of: OrchestratorActionType) -> OrchestratorAction {
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(of),
    }
}

/// Schedules an activity.
pub fn schedule(id: i32, name: &str, input: Option<&str>) -> OrchestratorAction {
    action(
        id,
        OrchestratorActionType::ScheduleTask(ScheduleTaskAction {
            name: name.to_owned(),
            input: input.map(str::to_owned),
            ..ScheduleTaskAction::default()
        }),
    )
}

/// Sets a durable timer, due at `micros` since the Unix epoch.
pub fn timer(id: i32, micros: i64) -> OrchestratorAction {
    let fire_at = Some(time::from_micros(micros));
    action(
        id,
        OrchestratorActionType::CreateTimer(CreateTimerAction { fire_at }),
    )
}

/// Starts a sub-orchestration; an empty instance id lets the server derive one.
pub fn child(id: i32, instance: &str, name: &str, input: Option<&str>) -> OrchestratorAction {
    action(
        id,
        OrchestratorActionType::CreateSubOrchestration(CreateSubOrchestrationAction {
            instance_id: instance.to_owned(),
            name: name.to_owned(),
            input: input.map(str::to_owned),
            ..CreateSubOrchestrationAction::default()
        }),
    )
}

/// Sends an event to another instance.
pub fn send_event(id: i32, instance: &str, name: &str, data: Option<&str>) -> OrchestratorAction {
    let target = OrchestrationInstance {
        instance_id: instance.to_owned(),
        execution_id: None,
    };
    action(
        id,
        OrchestratorActionType::SendEvent(SendEventAction {
            instance: Some(target),
            name: name.to_owned(),
            data: data.map(str::to_owned),
        }),
    )
}

/// Terminates another instance.
pub fn terminate(id: i32, instance: &str, reason: &str, recurse: bool) -> OrchestratorAction {
    action(
        id,
        OrchestratorActionType::TerminateOrchestration(TerminateOrchestrationAction {
            instance_id: instance.to_owned(),
            reason: Some(reason.to_owned()),
            recurse,
        }),
    )
}

fn to_entity(id: i32, message: EntityMessageType) -> OrchestratorAction {
    action(
        id,
        OrchestratorActionType::SendEntityMessage(SendEntityMessageAction {
            entity_message_type: Some(message),
        }),
    )
}

/// The id of a request or a critical section, in the form that every SDK uses.
pub fn guid(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012x}")
}

/// Signals an entity, then if `at_us` is given. The request has the number of the action.
pub fn signal(id: i32, target: &str, operation: &str, at_us: Option<i64>) -> OrchestratorAction {
    to_entity(
        id,
        EntityMessageType::EntityOperationSignaled(EntityOperationSignaledEvent {
            request_id: guid(id.unsigned_abs()),
            operation: operation.to_owned(),
            scheduled_time: at_us.map(time::from_micros),
            input: None,
            target_instance_id: Some(target.to_owned()),
        }),
    )
}

/// Calls an entity as Python and .NET do, without the execution of the caller. The request has
/// the number of the action.
pub fn call(id: i32, target: &str, operation: &str, input: Option<&str>) -> OrchestratorAction {
    to_entity(
        id,
        EntityMessageType::EntityOperationCalled(EntityOperationCalledEvent {
            request_id: guid(id.unsigned_abs()),
            operation: operation.to_owned(),
            input: input.map(str::to_owned),
            target_instance_id: Some(target.to_owned()),
            ..EntityOperationCalledEvent::default()
        }),
    )
}

/// Asks for a critical section over these entities.
pub fn lock(id: i32, section: &str, entities: &[&str]) -> OrchestratorAction {
    to_entity(
        id,
        EntityMessageType::EntityLockRequested(EntityLockRequestedEvent {
            critical_section_id: section.to_owned(),
            lock_set: entities.iter().map(|&entity| entity.to_owned()).collect(),
            ..EntityLockRequestedEvent::default()
        }),
    )
}

/// Ends a critical section at one entity.
pub fn unlock(id: i32, section: &str, target: &str) -> OrchestratorAction {
    to_entity(
        id,
        EntityMessageType::EntityUnlockSent(EntityUnlockSentEvent {
            critical_section_id: section.to_owned(),
            parent_instance_id: None,
            target_instance_id: Some(target.to_owned()),
        }),
    )
}

fn finish(id: i32, completion: CompleteOrchestrationAction) -> OrchestratorAction {
    action(
        id,
        OrchestratorActionType::CompleteOrchestration(completion),
    )
}

/// Ends the orchestration in this status.
pub fn complete(id: i32, status: OrchestrationStatus, result: Option<&str>) -> OrchestratorAction {
    finish(
        id,
        CompleteOrchestrationAction {
            orchestration_status: status.into(),
            result: result.map(str::to_owned),
            ..CompleteOrchestrationAction::default()
        },
    )
}

/// Ends the orchestration with success.
pub fn succeed(id: i32, result: &str) -> OrchestratorAction {
    complete(id, OrchestrationStatus::Completed, Some(result))
}

/// Ends the orchestration as failed.
pub fn fail(id: i32, details: TaskFailureDetails) -> OrchestratorAction {
    finish(
        id,
        CompleteOrchestrationAction {
            orchestration_status: OrchestrationStatus::Failed.into(),
            failure_details: Some(details),
            ..CompleteOrchestrationAction::default()
        },
    )
}

/// Goes on as a new execution with this input, and with the events that were not consumed.
pub fn continue_as_new(id: i32, input: &str, carryover: Vec<HistoryEvent>) -> OrchestratorAction {
    finish(
        id,
        CompleteOrchestrationAction {
            orchestration_status: OrchestrationStatus::ContinuedAsNew.into(),
            result: Some(input.to_owned()),
            carryover_events: carryover,
            ..CompleteOrchestrationAction::default()
        },
    )
}

/// Puts this history in place of the one that failed.
pub fn rewind(new_history: Vec<HistoryEvent>) -> OrchestratorAction {
    action(
        -1,
        OrchestratorActionType::RewindOrchestration(RewindOrchestrationAction { new_history }),
    )
}

/// The history that a worker makes of a rewind turn, for an execution of this id.
pub fn without_failures(request: &OrchestratorRequest, execution: &str) -> Vec<HistoryEvent> {
    let events = || request.past_events.iter().chain(&request.new_events);
    let failed: Vec<i32> = events()
        .filter_map(|event| match &event.event_type {
            Some(EventType::TaskFailed(failed)) => Some(failed.task_scheduled_id),
            _ => None,
        })
        .collect();
    let parent_execution = events().rev().find_map(|event| match &event.event_type {
        Some(EventType::ExecutionRewound(rewound)) => rewound.parent_execution_id.clone(),
        _ => None,
    });
    let mut kept: Vec<HistoryEvent> = events()
        .filter(|event| match &event.event_type {
            Some(
                EventType::TaskFailed(_)
                | EventType::SubOrchestrationInstanceFailed(_)
                | EventType::ExecutionCompleted(_),
            ) => false,
            Some(EventType::TaskScheduled(_)) => !failed.contains(&event.event_id),
            _ => true,
        })
        .cloned()
        .collect();
    for event in &mut kept {
        if let Some(EventType::ExecutionStarted(started)) = &mut event.event_type {
            let instance = started.orchestration_instance.get_or_insert_default();
            instance.execution_id = Some(execution.to_owned());
            if let (Some(id), Some(parent)) = (&parent_execution, &mut started.parent_instance) {
                let parent = parent.orchestration_instance.get_or_insert_default();
                parent.execution_id = Some(id.clone());
            }
        }
    }
    kept
}
