//! Which texts of a message are payloads: one walk for storing and for loading.

use durascope_proto as proto;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_action::OperationActionType;
use durascope_proto::operation_result::ResultType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;

/// Texts, each with what it is.
pub(crate) type Found<'a> = Vec<(&'static str, &'a mut String)>;

/// A message that goes to the scheduler, or comes from it.
pub(crate) trait Payloads {
    /// Adds its payloads to `found`.
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>);
}

macro_rules! no_payloads {
    ($($message:ty),+ $(,)?) => {
        $(impl Payloads for $message {
            fn payloads<'a>(&'a mut self, _found: &mut Found<'a>) {}
        })+
    };
}

no_payloads!(
    (),
    proto::GetInstanceRequest,
    proto::CreateInstanceResponse,
    proto::RewindInstanceRequest,
    proto::RewindInstanceResponse,
    proto::RestartInstanceRequest,
    proto::RestartInstanceResponse,
    proto::RaiseEventResponse,
    proto::TerminateResponse,
    proto::SuspendResponse,
    proto::ResumeResponse,
    proto::QueryInstancesRequest,
    proto::ListInstanceIdsRequest,
    proto::ListInstanceIdsResponse,
    proto::PurgeInstancesRequest,
    proto::PurgeInstancesResponse,
    proto::StreamInstanceHistoryRequest,
    proto::CreateTaskHubRequest,
    proto::CreateTaskHubResponse,
    proto::DeleteTaskHubRequest,
    proto::DeleteTaskHubResponse,
    proto::SignalEntityResponse,
    proto::GetEntityRequest,
    proto::QueryEntitiesRequest,
    proto::CleanEntityStorageRequest,
    proto::CleanEntityStorageResponse,
    proto::AbandonActivityTaskRequest,
    proto::AbandonActivityTaskResponse,
    proto::AbandonOrchestrationTaskRequest,
    proto::AbandonOrchestrationTaskResponse,
    proto::AbandonEntityTaskRequest,
    proto::AbandonEntityTaskResponse,
    proto::SkipGracefulOrchestrationTerminationsRequest,
    proto::SkipGracefulOrchestrationTerminationsResponse,
);

/// What streams in is looked at piece by piece.
impl<T> Payloads for tonic::Streaming<T> {
    fn payloads<'a>(&'a mut self, _found: &mut Found<'a>) {}
}

macro_rules! payloads {
    ($($message:ident { $($field:ident: $what:literal),+ }),+ $(,)?) => {
        $(impl Payloads for proto::$message {
            fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
                $(add(found, $what, &mut self.$field);)+
            }
        })+
    };
}

payloads!(
    CreateInstanceRequest { input: "input" },
    RaiseEventRequest {
        input: "event's payload"
    },
    TerminateRequest { output: "output" },
    SuspendRequest { reason: "reason" },
    ResumeRequest { reason: "reason" },
    SignalEntityRequest {
        input: "input of the signal"
    },
    EntityMetadata {
        serialized_state: "entity's state"
    },
    ActivityRequest {
        input: "input of the activity"
    },
);

impl Payloads for proto::GetInstanceResponse {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        if let Some(state) = &mut self.orchestration_state {
            state.payloads(found);
        }
    }
}

impl Payloads for proto::QueryInstancesResponse {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        for state in &mut self.orchestration_state {
            state.payloads(found);
        }
    }
}

impl Payloads for proto::OrchestrationState {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        add(found, "input", &mut self.input);
        add(found, "output", &mut self.output);
        add(found, "custom status", &mut self.custom_status);
        add_failure(found, self.failure_details.as_mut());
    }
}

impl Payloads for proto::GetEntityResponse {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        if let Some(entity) = &mut self.entity {
            entity.payloads(found);
        }
    }
}

impl Payloads for proto::QueryEntitiesResponse {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        for entity in &mut self.entities {
            entity.payloads(found);
        }
    }
}

impl Payloads for proto::ActivityResponse {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        add(found, "output of the activity", &mut self.result);
        add_failure(found, self.failure_details.as_mut());
    }
}

/// Of a work item's history only what a replay looks at.
impl Payloads for proto::OrchestratorRequest {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        for event in self.past_events.iter_mut().chain(&mut self.new_events) {
            add_replayed(found, event);
        }
    }
}

/// The rest of a work item's history.
impl Payloads for proto::HistoryChunk {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        for event in &mut self.events {
            add_replayed(found, event);
        }
    }
}

impl Payloads for proto::OrchestratorResponse {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        add(found, "custom status", &mut self.custom_status);
        for action in &mut self.actions {
            if let Some(action) = &mut action.orchestrator_action_type {
                add_action(found, action);
            }
        }
    }
}

impl Payloads for proto::EntityRequest {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        add(found, "entity's state", &mut self.entity_state);
        for event in &mut self.operation_requests {
            all_texts(event, found);
        }
    }
}

impl Payloads for proto::EntityBatchRequest {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        add(found, "entity's state", &mut self.entity_state);
        for operation in &mut self.operations {
            add(found, "input of an operation", &mut operation.input);
        }
    }
}

impl Payloads for proto::EntityBatchResult {
    fn payloads<'a>(&'a mut self, found: &mut Found<'a>) {
        add(found, "entity's state", &mut self.entity_state);
        add_failure(found, self.failure_details.as_mut());
        for result in &mut self.results {
            match &mut result.result_type {
                Some(ResultType::Success(it)) => {
                    add(found, "result of an operation", &mut it.result);
                }
                Some(ResultType::Failure(it)) => add_failure(found, it.failure_details.as_mut()),
                None => {}
            }
        }
        for action in &mut self.actions {
            match &mut action.operation_action_type {
                Some(OperationActionType::SendSignal(it)) => {
                    add(found, "input of a signal", &mut it.input);
                }
                Some(OperationActionType::StartNewOrchestration(it)) => {
                    add(found, "input of an orchestration", &mut it.input);
                }
                None => {}
            }
        }
    }
}

fn add<'a>(found: &mut Found<'a>, what: &'static str, text: &'a mut Option<String>) {
    if let Some(text) = text {
        found.push((what, text));
    }
}

fn add_failure<'a>(found: &mut Found<'a>, details: Option<&'a mut proto::TaskFailureDetails>) {
    let mut next = details;
    while let Some(details) = next {
        add(found, "stack trace", &mut details.stack_trace);
        next = details.inner_failure.as_deref_mut();
    }
}

fn add_action<'a>(found: &mut Found<'a>, action: &'a mut OrchestratorActionType) {
    match action {
        OrchestratorActionType::ScheduleTask(it) => {
            add(found, "input of an activity", &mut it.input);
        }
        OrchestratorActionType::CreateSubOrchestration(it) => {
            add(found, "input of a sub-orchestration", &mut it.input);
        }
        OrchestratorActionType::SendEvent(it) => add(found, "event's payload", &mut it.data),
        OrchestratorActionType::CompleteOrchestration(it) => {
            add(found, "output", &mut it.result);
            add(found, "details", &mut it.details);
            add_failure(found, it.failure_details.as_mut());
            for event in &mut it.carryover_events {
                add_replayed(found, event);
            }
        }
        OrchestratorActionType::TerminateOrchestration(it) => {
            add(found, "reason", &mut it.reason);
        }
        OrchestratorActionType::SendEntityMessage(it) => match &mut it.entity_message_type {
            Some(EntityMessageType::EntityOperationSignaled(it)) => {
                add(found, "input of a signal", &mut it.input);
            }
            Some(EntityMessageType::EntityOperationCalled(it)) => {
                add(found, "input of an operation", &mut it.input);
            }
            Some(
                EntityMessageType::EntityLockRequested(_) | EntityMessageType::EntityUnlockSent(_),
            )
            | None => {}
        },
        // What was not loaded when the history came in is a token still, and must not be stored.
        OrchestratorActionType::RewindOrchestration(it) => {
            for event in &mut it.new_history {
                add_replayed(found, event);
            }
        }
        OrchestratorActionType::CreateTimer(_) => {}
    }
}

/// What a replay looks at. It compares no inputs, so those of past calls are left alone.
fn add_replayed<'a>(found: &mut Found<'a>, event: &'a mut HistoryEvent) {
    match &mut event.event_type {
        Some(
            EventType::TaskScheduled(_)
            | EventType::SubOrchestrationInstanceCreated(_)
            | EventType::EventSent(_)
            | EventType::EntityOperationSignaled(_)
            | EventType::EntityOperationCalled(_)
            | EventType::ExecutionSuspended(_)
            | EventType::ExecutionResumed(_)
            | EventType::ExecutionCompleted(_)
            | EventType::ExecutionRewound(_)
            | EventType::GenericEvent(_)
            | EventType::HistoryState(_)
            | EventType::ContinueAsNew(_),
        ) => {}
        Some(_) | None => all_texts(event, found),
    }
}

/// All payloads of an event, as one who reads a history wants them.
pub(crate) fn all_texts<'a>(event: &'a mut HistoryEvent, found: &mut Found<'a>) {
    let Some(event) = &mut event.event_type else {
        return;
    };
    match event {
        EventType::ExecutionStarted(it) => add(found, "input", &mut it.input),
        EventType::ExecutionCompleted(it) => {
            add(found, "output", &mut it.result);
            add_failure(found, it.failure_details.as_mut());
        }
        EventType::ExecutionTerminated(it) => add(found, "output", &mut it.input),
        EventType::TaskScheduled(it) => add(found, "input of an activity", &mut it.input),
        EventType::TaskCompleted(it) => add(found, "output of an activity", &mut it.result),
        EventType::TaskFailed(it) => add_failure(found, it.failure_details.as_mut()),
        EventType::SubOrchestrationInstanceCreated(it) => {
            add(found, "input of a sub-orchestration", &mut it.input);
        }
        EventType::SubOrchestrationInstanceCompleted(it) => {
            add(found, "output of a sub-orchestration", &mut it.result);
        }
        EventType::SubOrchestrationInstanceFailed(it) => {
            add_failure(found, it.failure_details.as_mut());
        }
        EventType::EventSent(it) => add(found, "event's payload", &mut it.input),
        EventType::EventRaised(it) => add(found, "event's payload", &mut it.input),
        EventType::GenericEvent(it) => add(found, "event's payload", &mut it.data),
        EventType::HistoryState(it) => {
            if let Some(state) = &mut it.orchestration_state {
                state.payloads(found);
            }
        }
        EventType::ContinueAsNew(it) => add(found, "input", &mut it.input),
        EventType::ExecutionSuspended(it) => add(found, "reason", &mut it.input),
        EventType::ExecutionResumed(it) => add(found, "reason", &mut it.input),
        EventType::EntityOperationSignaled(it) => add(found, "input of a signal", &mut it.input),
        EventType::EntityOperationCalled(it) => add(found, "input of an operation", &mut it.input),
        EventType::EntityOperationCompleted(it) => {
            add(found, "result of an operation", &mut it.output);
        }
        EventType::EntityOperationFailed(it) => add_failure(found, it.failure_details.as_mut()),
        EventType::ExecutionRewound(it) => add(found, "input", &mut it.input),
        EventType::TimerCreated(_)
        | EventType::TimerFired(_)
        | EventType::OrchestratorStarted(_)
        | EventType::OrchestratorCompleted(_)
        | EventType::EntityLockRequested(_)
        | EventType::EntityLockGranted(_)
        | EventType::EntityUnlockSent(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's texts that may be absent. A new one fails the test below until somebody
    /// has said whether it is a payload.
    const CONTRACT: &str = include_str!("../../proto/tests/data/wire.tsv");

    /// Fields that the walk visits, in the messages in which it does.
    const VISITED: &[(&str, &[&str])] = &[
        (
            "input",
            &[
                "ActivityRequest",
                "ContinueAsNewEvent",
                "CreateInstanceRequest",
                "CreateSubOrchestrationAction",
                "EntityOperationCalledEvent",
                "EntityOperationSignaledEvent",
                "EventRaisedEvent",
                "EventSentEvent",
                "ExecutionResumedEvent",
                "ExecutionRewoundEvent",
                "ExecutionStartedEvent",
                "ExecutionSuspendedEvent",
                "ExecutionTerminatedEvent",
                "OperationRequest",
                "OrchestrationState",
                "RaiseEventRequest",
                "ScheduleTaskAction",
                "SendSignalAction",
                "SignalEntityRequest",
                "StartNewOrchestrationAction",
                "SubOrchestrationInstanceCreatedEvent",
                "TaskScheduledEvent",
            ],
        ),
        (
            "result",
            &[
                "ActivityResponse",
                "CompleteOrchestrationAction",
                "ExecutionCompletedEvent",
                "OperationResultSuccess",
                "SubOrchestrationInstanceCompletedEvent",
                "TaskCompletedEvent",
            ],
        ),
        (
            "output",
            &[
                "EntityOperationCompletedEvent",
                "OrchestrationState",
                "TerminateRequest",
            ],
        ),
        (
            "customStatus",
            &["OrchestrationState", "OrchestratorResponse"],
        ),
        (
            "entityState",
            &["EntityBatchRequest", "EntityBatchResult", "EntityRequest"],
        ),
        ("serializedState", &["EntityMetadata"]),
        ("data", &["GenericEvent", "SendEventAction"]),
        ("details", &["CompleteOrchestrationAction"]),
        ("stackTrace", &["TaskFailureDetails"]),
        (
            "reason",
            &[
                "ResumeRequest",
                "SuspendRequest",
                "TerminateOrchestrationAction",
            ],
        ),
    ];

    /// Ids, names, versions and marks of the server; and reasons that the server reads itself.
    const NO_PAYLOADS: &[&str] = &[
        "continuationToken",
        "executionId",
        "instanceId",
        "instanceIdPrefix",
        "instanceIdStartsWith",
        "lastInstanceKey",
        "lockedBy",
        "name",
        "newVersion",
        "orchestrationSpanID",
        "parentExecutionId",
        "parentInstanceId",
        "reason",
        "spanID",
        "targetInstanceId",
        "taskHubNames",
        "traceState",
        "version",
    ];

    #[test]
    fn every_text_of_the_contract_is_known_as_a_payload_or_as_none() {
        let mut visited = 0;
        for line in CONTRACT.lines().filter(|line| line.contains("StringValue")) {
            let columns: Vec<&str> = line.split('\t').collect();
            let (message, field) = (columns[1], columns[4]);
            let is_visited = VISITED
                .iter()
                .any(|(name, messages)| *name == field && messages.contains(&message));
            visited += usize::from(is_visited);
            assert!(
                is_visited || NO_PAYLOADS.contains(&field),
                "{message}.{field}"
            );
        }
        let listed: usize = VISITED.iter().map(|(_, messages)| messages.len()).sum();
        assert_eq!(visited, listed, "the table names a field that is not there");
    }

    fn texts(message: &mut impl Payloads) -> Vec<String> {
        let mut found = Vec::new();
        message.payloads(&mut found);
        found.into_iter().map(|(_, text)| text.clone()).collect()
    }

    fn failure(trace: &str, inner: Option<proto::TaskFailureDetails>) -> proto::TaskFailureDetails {
        proto::TaskFailureDetails {
            stack_trace: Some(trace.into()),
            inner_failure: inner.map(Box::new),
            ..Default::default()
        }
    }

    fn event(event_type: EventType) -> HistoryEvent {
        HistoryEvent {
            event_type: Some(event_type),
            ..Default::default()
        }
    }

    #[test]
    fn a_replay_needs_results_but_no_inputs_of_past_calls() {
        let past_events = vec![
            event(EventType::TaskScheduled(proto::TaskScheduledEvent {
                input: Some("of the call".into()),
                ..Default::default()
            })),
            event(EventType::TaskCompleted(proto::TaskCompletedEvent {
                result: Some("result".into()),
                ..Default::default()
            })),
            event(EventType::TaskFailed(proto::TaskFailedEvent {
                failure_details: Some(failure("outer", Some(failure("inner", None)))),
                ..Default::default()
            })),
        ];
        let mut all = past_events.clone();
        let mut found = Vec::new();
        all.iter_mut()
            .for_each(|event| all_texts(event, &mut found));
        assert_eq!(found.len(), 4);
        let action =
            OrchestratorActionType::RewindOrchestration(proto::RewindOrchestrationAction {
                new_history: past_events.clone(),
            });
        let mut request = proto::OrchestratorRequest {
            past_events,
            ..Default::default()
        };
        assert_eq!(texts(&mut request), ["result", "outer", "inner"]);
        // What comes in unread goes out untouched.
        let mut response = proto::OrchestratorResponse {
            custom_status: Some("status".into()),
            actions: vec![proto::OrchestratorAction {
                id: 1,
                orchestrator_action_type: Some(action),
            }],
            ..Default::default()
        };
        assert_eq!(texts(&mut response), ["status", "result", "outer", "inner"]);
    }
}
