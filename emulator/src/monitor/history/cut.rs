//! Cuts the payloads in an event, so that a page of events stays small.

use durascope_proto::HistoryEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use prost::Message;

/// Longest payload that an event keeps.
pub(super) const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// Causes of causes that are kept.
const INNER_MAX: usize = 20;

/// Cuts every payload of the event.
pub(super) fn payloads(event: &mut HistoryEvent) {
    let Some(what) = &mut event.event_type else {
        return;
    };
    match what {
        EventType::ExecutionStarted(it) => text(&mut it.input),
        EventType::ExecutionCompleted(it) => {
            text(&mut it.result);
            details(it.failure_details.as_mut());
        }
        EventType::ExecutionTerminated(it) => text(&mut it.input),
        EventType::TaskScheduled(it) => text(&mut it.input),
        EventType::TaskCompleted(it) => text(&mut it.result),
        EventType::TaskFailed(it) => details(it.failure_details.as_mut()),
        EventType::SubOrchestrationInstanceCreated(it) => text(&mut it.input),
        EventType::SubOrchestrationInstanceCompleted(it) => text(&mut it.result),
        EventType::SubOrchestrationInstanceFailed(it) => details(it.failure_details.as_mut()),
        EventType::EventSent(it) => text(&mut it.input),
        EventType::EventRaised(it) => text(&mut it.input),
        EventType::GenericEvent(it) => text(&mut it.data),
        EventType::HistoryState(it) => {
            if let Some(state) = &mut it.orchestration_state {
                text(&mut state.input);
                text(&mut state.output);
                text(&mut state.custom_status);
                details(state.failure_details.as_mut());
            }
        }
        EventType::ContinueAsNew(it) => text(&mut it.input),
        EventType::ExecutionSuspended(it) => text(&mut it.input),
        EventType::ExecutionResumed(it) => text(&mut it.input),
        EventType::EntityOperationSignaled(it) => text(&mut it.input),
        EventType::EntityOperationCalled(it) => text(&mut it.input),
        EventType::EntityOperationCompleted(it) => text(&mut it.output),
        EventType::EntityOperationFailed(it) => details(it.failure_details.as_mut()),
        EventType::ExecutionRewound(it) => {
            text(&mut it.reason);
            text(&mut it.input);
        }
        EventType::TimerCreated(_)
        | EventType::TimerFired(_)
        | EventType::OrchestratorStarted(_)
        | EventType::OrchestratorCompleted(_)
        | EventType::EntityLockRequested(_)
        | EventType::EntityLockGranted(_)
        | EventType::EntityUnlockSent(_) => {}
    }
}

/// Cuts the texts of a failure and of its causes; what is deeper than anybody reads goes.
pub(in crate::monitor) fn details(details: Option<&mut TaskFailureDetails>) {
    let mut next = details;
    let mut depth = 0;
    while let Some(details) = next {
        plain(&mut details.error_type);
        plain(&mut details.error_message);
        text(&mut details.stack_trace);
        let properties = details.properties.values();
        let bytes: usize = properties.map(Message::encoded_len).sum();
        if bytes > PAYLOAD_BYTES_MAX {
            details.properties.clear();
        }
        depth += 1;
        if depth >= INNER_MAX {
            details.inner_failure = None;
        }
        next = details.inner_failure.as_deref_mut();
    }
}

fn text(text: &mut Option<String>) {
    if let Some(text) = text {
        plain(text);
    }
}

fn plain(text: &mut String) {
    text.truncate(text.floor_char_boundary(PAYLOAD_BYTES_MAX));
}
