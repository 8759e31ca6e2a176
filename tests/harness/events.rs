//! Reading histories: the kinds of the events in the words of the contract.

use durascope_proto::ExecutionStartedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;

/// The kind of one event, such as `TaskScheduled`; `Nothing` for an event without content.
pub fn kind(event: &HistoryEvent) -> String {
    let Some(of) = &event.event_type else {
        return "Nothing".to_owned();
    };
    let debug = format!("{of:?}");
    debug.split('(').next().unwrap_or_default().to_owned()
}

/// The kinds of all events, in order.
pub fn kinds(events: &[HistoryEvent]) -> Vec<String> {
    events.iter().map(kind).collect()
}

/// The ids of all events, in order.
pub fn ids(events: &[HistoryEvent]) -> Vec<i32> {
    events.iter().map(|event| event.event_id).collect()
}

/// The first ExecutionStarted.
pub fn execution_started(events: &[HistoryEvent]) -> Option<&ExecutionStartedEvent> {
    events.iter().find_map(|event| match &event.event_type {
        Some(EventType::ExecutionStarted(started)) => Some(started),
        _ => None,
    })
}

/// Names and inputs of the external events, in order.
pub fn raised(events: &[HistoryEvent]) -> Vec<(String, Option<String>)> {
    events
        .iter()
        .filter_map(|event| match &event.event_type {
            Some(EventType::EventRaised(raised)) => {
                Some((raised.name.clone(), raised.input.clone()))
            }
            _ => None,
        })
        .collect()
}

/// The action ids of TaskScheduled events, in order.
pub fn scheduled_ids(events: &[HistoryEvent]) -> Vec<i32> {
    let scheduled =
        |event: &&HistoryEvent| matches!(event.event_type, Some(EventType::TaskScheduled(_)));
    events
        .iter()
        .filter(scheduled)
        .map(|event| event.event_id)
        .collect()
}

/// For every TaskCompleted and TaskFailed the action id that it answers, in order.
pub fn answered_ids(events: &[HistoryEvent]) -> Vec<i32> {
    events
        .iter()
        .filter_map(|event| match &event.event_type {
            Some(EventType::TaskCompleted(completed)) => Some(completed.task_scheduled_id),
            Some(EventType::TaskFailed(failed)) => Some(failed.task_scheduled_id),
            _ => None,
        })
        .collect()
}

/// The results of calls to entities, by request: the output or the failure.
pub fn replies(events: &[HistoryEvent]) -> Vec<(&str, Result<Option<&str>, &TaskFailureDetails>)> {
    events
        .iter()
        .filter_map(|event| match event.event_type.as_ref()? {
            EventType::EntityOperationCompleted(it) => {
                Some((it.request_id.as_str(), Ok(it.output.as_deref())))
            }
            EventType::EntityOperationFailed(it) => {
                Some((it.request_id.as_str(), Err(it.failure_details.as_ref()?)))
            }
            _ => None,
        })
        .collect()
}

/// The critical sections that have begun, in order.
pub fn granted(events: &[HistoryEvent]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event.event_type.as_ref()? {
            EventType::EntityLockGranted(it) => Some(it.critical_section_id.as_str()),
            _ => None,
        })
        .collect()
}
