//! Events of a history in words: what each is about, on one line.

use durascope_proto::HistoryEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType as E;
use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryPage;

use crate::data::status;
use crate::format;

/// Bytes of a message that most clients take at most: a history beyond does not reach a worker
/// in one piece.
pub const MESSAGE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Characters of a payload beside its event.
const GLANCE: usize = 120;

/// The protocol's name of the kind of `event`.
pub fn kind(event: &HistoryEvent) -> &'static str {
    match &event.event_type {
        Some(E::ExecutionStarted(_)) => "ExecutionStarted",
        Some(E::ExecutionCompleted(_)) => "ExecutionCompleted",
        Some(E::ExecutionTerminated(_)) => "ExecutionTerminated",
        Some(E::TaskScheduled(_)) => "TaskScheduled",
        Some(E::TaskCompleted(_)) => "TaskCompleted",
        Some(E::TaskFailed(_)) => "TaskFailed",
        Some(E::SubOrchestrationInstanceCreated(_)) => "SubOrchestrationInstanceCreated",
        Some(E::SubOrchestrationInstanceCompleted(_)) => "SubOrchestrationInstanceCompleted",
        Some(E::SubOrchestrationInstanceFailed(_)) => "SubOrchestrationInstanceFailed",
        Some(E::TimerCreated(_)) => "TimerCreated",
        Some(E::TimerFired(_)) => "TimerFired",
        Some(E::OrchestratorStarted(_)) => "OrchestratorStarted",
        Some(E::OrchestratorCompleted(_)) => "OrchestratorCompleted",
        Some(E::EventSent(_)) => "EventSent",
        Some(E::EventRaised(_)) => "EventRaised",
        Some(E::GenericEvent(_)) => "GenericEvent",
        Some(E::HistoryState(_)) => "HistoryState",
        Some(E::ContinueAsNew(_)) => "ContinueAsNew",
        Some(E::ExecutionSuspended(_)) => "ExecutionSuspended",
        Some(E::ExecutionResumed(_)) => "ExecutionResumed",
        Some(E::EntityOperationSignaled(_)) => "EntityOperationSignaled",
        Some(E::EntityOperationCalled(_)) => "EntityOperationCalled",
        Some(E::EntityOperationCompleted(_)) => "EntityOperationCompleted",
        Some(E::EntityOperationFailed(_)) => "EntityOperationFailed",
        Some(E::EntityLockRequested(_)) => "EntityLockRequested",
        Some(E::EntityLockGranted(_)) => "EntityLockGranted",
        Some(E::EntityUnlockSent(_)) => "EntityUnlockSent",
        Some(E::ExecutionRewound(_)) => "ExecutionRewound",
        None => "unknown",
    }
}

/// True for events that tell of a failure.
pub fn is_failure(event: &HistoryEvent) -> bool {
    failure(event).is_some()
}

/// The event id of the scheduling that this event is about; also of the scheduling itself.
pub fn task_id(event: &HistoryEvent) -> Option<i32> {
    match event.event_type.as_ref()? {
        E::TaskScheduled(_) | E::SubOrchestrationInstanceCreated(_) => Some(event.event_id),
        E::TaskCompleted(it) => Some(it.task_scheduled_id),
        E::TaskFailed(it) => Some(it.task_scheduled_id),
        E::SubOrchestrationInstanceCompleted(it) => Some(it.task_scheduled_id),
        E::SubOrchestrationInstanceFailed(it) => Some(it.task_scheduled_id),
        _ => None,
    }
}

/// The name of what the event is about, where it has one.
pub fn name(entry: &HistoryEntry) -> &str {
    if !entry.name.is_empty() {
        return &entry.name;
    }
    let Some(event) = entry.event.as_ref().and_then(|it| it.event_type.as_ref()) else {
        return "";
    };
    match event {
        E::ExecutionStarted(it) => &it.name,
        E::TaskScheduled(it) => &it.name,
        E::SubOrchestrationInstanceCreated(it) => &it.name,
        E::EventSent(it) => &it.name,
        E::EventRaised(it) => &it.name,
        E::EntityOperationSignaled(it) => &it.operation,
        E::EntityOperationCalled(it) => &it.operation,
        _ => "",
    }
}

pub(super) fn failure(event: &HistoryEvent) -> Option<&TaskFailureDetails> {
    match event.event_type.as_ref()? {
        E::TaskFailed(it) => it.failure_details.as_ref(),
        E::SubOrchestrationInstanceFailed(it) => it.failure_details.as_ref(),
        E::EntityOperationFailed(it) => it.failure_details.as_ref(),
        E::ExecutionCompleted(it) => it.failure_details.as_ref(),
        _ => None,
    }
}

/// The payload of `event` with what it is called there.
pub(super) fn payload(event: &HistoryEvent) -> Option<(&'static str, &str)> {
    let (name, text) = match event.event_type.as_ref()? {
        E::ExecutionStarted(it) => ("input", &it.input),
        E::ExecutionCompleted(it) => ("result", &it.result),
        E::ExecutionTerminated(it) => ("reason", &it.input),
        E::TaskScheduled(it) => ("input", &it.input),
        E::TaskCompleted(it) => ("result", &it.result),
        E::SubOrchestrationInstanceCreated(it) => ("input", &it.input),
        E::SubOrchestrationInstanceCompleted(it) => ("result", &it.result),
        E::EventSent(it) => ("data", &it.input),
        E::EventRaised(it) => ("data", &it.input),
        E::GenericEvent(it) => ("data", &it.data),
        E::ContinueAsNew(it) => ("input", &it.input),
        E::ExecutionSuspended(it) => ("reason", &it.input),
        E::ExecutionResumed(it) => ("reason", &it.input),
        E::EntityOperationSignaled(it) => ("input", &it.input),
        E::EntityOperationCalled(it) => ("input", &it.input),
        E::EntityOperationCompleted(it) => ("result", &it.output),
        E::ExecutionRewound(it) => ("reason", &it.reason),
        _ => return None,
    };
    text.as_deref().map(|text| (name, text))
}

/// What the event says, on one line.
pub fn note(event: &HistoryEvent) -> String {
    let id = task_id(event)
        .filter(|it| *it != event.event_id)
        .map_or_else(String::new, |it| format!("of #{it} "));
    if let Some(failure) = failure(event) {
        let first = failure.error_message.lines().next().unwrap_or_default();
        return format!("{id}{}: {first}", failure.error_type);
    }
    let glance: String = payload(event)
        .map_or("", |(_, text)| text)
        .chars()
        .take(GLANCE)
        .collect();
    let subject = match event.event_type.as_ref() {
        Some(E::TaskScheduled(_)) => format!("#{} ", event.event_id),
        Some(E::SubOrchestrationInstanceCreated(it)) => {
            format!("#{} {} ", event.event_id, it.instance_id)
        }
        Some(E::TimerCreated(it)) => {
            let at = status::micros(it.fire_at.as_ref());
            let at = at.map_or_else(String::new, format::clock);
            format!("#{} fires {at}", event.event_id)
        }
        Some(E::TimerFired(it)) => format!("of #{}", it.timer_id),
        Some(E::EventSent(it)) => format!("to {} ", it.instance_id),
        Some(E::EntityOperationSignaled(it)) => {
            format!(
                "to {} ",
                it.target_instance_id.as_deref().unwrap_or("an entity")
            )
        }
        Some(E::EntityOperationCalled(it)) => {
            format!(
                "at {} ",
                it.target_instance_id.as_deref().unwrap_or("an entity")
            )
        }
        Some(E::EntityLockRequested(it)) => it.lock_set.join(", "),
        Some(E::EntityUnlockSent(it)) => it.target_instance_id.clone().unwrap_or_default(),
        Some(E::ExecutionCompleted(it)) => {
            format!("{} ", status::word(status::of(it.orchestration_status)))
        }
        _ => id,
    };
    format!("{subject}{glance}")
}

/// Bytes of the history and how they relate to what is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Fine,
    /// Past the size from which a warning is due.
    Large,
    /// Past what most clients take in one message.
    PastMessages,
}

/// How `bytes` relate to `warning` and to the limit of the field.
pub fn level(bytes: u64, warning: u64) -> Level {
    if bytes > MESSAGE_BYTES_MAX {
        Level::PastMessages
    } else if warning > 0 && bytes > warning {
        Level::Large
    } else {
        Level::Fine
    }
}

/// What re-reading costs, at most: `replay: 943 274 events by 412 turns if each reads all (206×)`.
pub fn replay_cost(page: &HistoryPage) -> String {
    let times = page.replayed_events.checked_div(page.events).unwrap_or(0);
    format!(
        "replay: {} events by {} turns if each reads all ({}×)",
        format::count(page.replayed_events),
        format::count(page.turns),
        format::count(times)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use durascope_proto::TaskCompletedEvent;
    use durascope_proto::TaskFailedEvent;

    #[test]
    fn events_tell_what_they_are_about() {
        let event = |event_type| HistoryEvent {
            event_id: -1,
            timestamp: None,
            event_type: Some(event_type),
        };
        let done = event(E::TaskCompleted(TaskCompletedEvent {
            task_scheduled_id: 17,
            result: Some("{\"ok\":true}".to_owned()),
        }));
        assert_eq!(note(&done), "of #17 {\"ok\":true}");
        assert_eq!((task_id(&done), kind(&done)), (Some(17), "TaskCompleted"));
        let failed = event(E::TaskFailed(TaskFailedEvent {
            task_scheduled_id: 17,
            failure_details: Some(TaskFailureDetails {
                error_type: "HttpError".to_owned(),
                error_message: "503\nmore".to_owned(),
                ..TaskFailureDetails::default()
            }),
        }));
        assert_eq!(note(&failed), "of #17 HttpError: 503");
    }

    #[test]
    fn levels_follow_the_warning_and_the_message_limit() {
        assert_eq!(level(5, 0), Level::Fine);
        assert_eq!(level(2_000_001, 2_000_000), Level::Large);
        assert_eq!(
            level(MESSAGE_BYTES_MAX + 1, 10_000_000),
            Level::PastMessages
        );
    }
}
