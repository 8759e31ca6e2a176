//! Events of a history in words: what each is about, on one line and in full.

use durascope_proto::HistoryEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TraceContext;
use durascope_proto::history_event::EventType as E;
use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::InstanceTree;

use crate::data::detail;
use crate::data::outline::Body;
use crate::data::outline::Fact;
use crate::data::outline::Ink;
use crate::data::outline::Section;
use crate::data::outline::fact;
use crate::data::outline::instance_fact;
use crate::data::runs;
use crate::data::status;
use crate::format;

/// Bytes of a message that most clients take at most: a history beyond does not reach a worker
/// in one piece.
pub const MESSAGE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of a payload that the server sends at most.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
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

fn failure(event: &HistoryEvent) -> Option<&TaskFailureDetails> {
    match event.event_type.as_ref()? {
        E::TaskFailed(it) => it.failure_details.as_ref(),
        E::SubOrchestrationInstanceFailed(it) => it.failure_details.as_ref(),
        E::EntityOperationFailed(it) => it.failure_details.as_ref(),
        E::ExecutionCompleted(it) => it.failure_details.as_ref(),
        _ => None,
    }
}

/// The payload of `event` with what it is called there.
fn payload(event: &HistoryEvent) -> Option<(&'static str, &str)> {
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

/// The event in full.
pub fn sections(entry: &HistoryEntry) -> Vec<Section> {
    if let Some(run) = runs::folded(entry) {
        return runs::sections(entry, run);
    }
    let Some(event) = &entry.event else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    let name = name(entry);
    if !name.is_empty() {
        facts.push(fact("name", name));
    }
    if let Some(at) = status::micros(event.timestamp.as_ref()) {
        facts.push(fact("time", format::moment(at)));
    }
    facts.push(fact("turn", format::count(entry.turn)));
    if event.event_id >= 0 {
        facts.push(fact("event id", event.event_id.to_string()));
    }
    let size = format!(
        "{}, with all before it {}",
        format::bytes(u64::from(entry.bytes)),
        format::bytes(entry.cumulative_bytes)
    );
    facts.push(fact("size", size));
    if entry.pair > 0 {
        facts.push(fact("pair", format!("event {} (Enter)", entry.pair)));
    }
    own_facts(event, &mut facts);
    let mut sections = vec![Section::facts(
        format!("event {} · {}", entry.number, kind(event)),
        facts,
    )];
    if let Some(failure) = failure(event) {
        sections.extend(failure_sections(failure));
    }
    if let Some((name, text)) = payload(event) {
        sections.push(payload_section(name, text, text.len()));
    }
    sections
}

fn own_facts(event: &HistoryEvent, facts: &mut Vec<Fact>) {
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            facts.push(fact(name, value));
        }
    };
    match event.event_type.as_ref() {
        Some(E::ExecutionStarted(it)) => {
            add("version", it.version.as_deref().unwrap_or_default());
            trace(it.parent_trace_context.as_ref(), &mut add);
            for (name, value) in &it.tags {
                add(&format!("tag {name}"), value);
            }
        }
        Some(E::TaskScheduled(it)) => {
            add("version", it.version.as_deref().unwrap_or_default());
            trace(it.parent_trace_context.as_ref(), &mut add);
            for (name, value) in &it.tags {
                add(&format!("tag {name}"), value);
            }
        }
        Some(E::SubOrchestrationInstanceCreated(it)) => {
            add("version", it.version.as_deref().unwrap_or_default());
            trace(it.parent_trace_context.as_ref(), &mut add);
            facts.push(instance_fact("child", &it.instance_id));
        }
        Some(E::EventSent(it)) => facts.push(instance_fact("to", &it.instance_id)),
        Some(E::TimerCreated(it)) => {
            if let Some(at) = status::micros(it.fire_at.as_ref()) {
                add("fires", &format::moment(at));
            }
        }
        Some(E::EntityOperationSignaled(it)) => {
            add(
                "entity",
                it.target_instance_id.as_deref().unwrap_or_default(),
            );
            add("request", &it.request_id);
        }
        Some(E::EntityOperationCalled(it)) => {
            add(
                "entity",
                it.target_instance_id.as_deref().unwrap_or_default(),
            );
            add("request", &it.request_id);
        }
        Some(E::EntityOperationCompleted(it)) => add("request", &it.request_id),
        Some(E::EntityOperationFailed(it)) => add("request", &it.request_id),
        Some(E::EntityLockRequested(it)) => add("entities", &it.lock_set.join(", ")),
        Some(E::ExecutionTerminated(it)) if it.recurse => add("children", "terminated as well"),
        _ => {}
    }
}

fn trace(context: Option<&TraceContext>, add: &mut impl FnMut(&str, &str)) {
    let Some(it) = context else { return };
    add("trace parent", &it.trace_parent);
    add("trace state", it.trace_state.as_deref().unwrap_or_default());
}

/// A failure with its stack and the ones inside it.
pub fn failure_sections(failure: &TaskFailureDetails) -> Vec<Section> {
    let mut sections = Vec::new();
    for (depth, it) in detail::failures(failure).enumerate() {
        let title = if depth == 0 {
            format!("failure: {}", it.error_type)
        } else {
            format!("inner failure {depth}: {}", it.error_type)
        };
        let mut section = Section::text(title, it.error_message.clone(), Ink::Bad);
        if it.is_non_retriable {
            " · not to be retried".clone_into(&mut section.note);
        }
        sections.push(section);
        let stack = it.stack_trace.as_deref().filter(|it| !it.is_empty());
        if let Some(stack) = stack {
            let title = if depth == 0 {
                "stack".to_owned()
            } else {
                format!("stack {depth}")
            };
            sections.push(Section::text(title, stack, Ink::Dim));
        }
    }
    sections
}

/// A payload that had `total` bytes before it was cut.
pub fn payload_section(title: &str, text: &str, total: usize) -> Section {
    // The server cuts at 64 KiB, and its cut text may be a few bytes shorter for a character.
    let is_cut = total > text.len() || text.len() + 4 > PAYLOAD_BYTES_MAX;
    let size = |bytes: usize| format::bytes(u64::try_from(bytes).unwrap_or(u64::MAX));
    let note = if total > text.len() {
        format!(" · {}, the first {} of it", size(total), size(text.len()))
    } else if is_cut {
        format!(" · the first {} of it", size(text.len()))
    } else {
        format!(" · {}", size(total))
    };
    Section {
        title: title.to_owned(),
        note,
        body: Body::Payload {
            text: text.to_owned(),
            is_cut,
        },
    }
}

/// Everything that an instance was given and says of itself. `started` is the first event of its
/// history, where it is known.
pub fn instance_sections(tree: &InstanceTree, started: Option<&HistoryEvent>) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(failure) = &tree.failure {
        sections.extend(failure_sections(failure));
    }
    for (title, payload) in [
        ("input", &tree.input),
        ("output", &tree.output),
        ("custom status", &tree.custom_status),
    ] {
        let text = payload.as_ref().and_then(|it| it.text.as_ref());
        if let Some((payload, text)) = payload.as_ref().zip(text) {
            let total = usize::try_from(payload.total_bytes).unwrap_or(usize::MAX);
            sections.push(payload_section(title, text, total.max(text.len())));
        } else {
            let mut section = Section::facts(title, Vec::new());
            " · none".clone_into(&mut section.note);
            sections.push(section);
        }
    }
    if !tree.tags.is_empty() {
        let tags: std::collections::BTreeMap<_, _> = tree.tags.iter().collect();
        let tags = tags.into_iter().map(|(name, value)| fact(name, value));
        sections.push(Section::facts("tags", tags.collect()));
    }
    sections.push(Section::facts("ids", ids(tree, started)));
    let times = times(tree);
    if !times.is_empty() {
        sections.push(Section::facts("times", times));
    }
    sections
}

fn ids(tree: &InstanceTree, started: Option<&HistoryEvent>) -> Vec<Fact> {
    let mut facts = vec![fact("instance", &tree.instance_id)];
    if let Some(row) = &tree.instance {
        facts.push(fact("name", &row.name));
        if let Some(version) = row.version.as_ref().filter(|it| !it.is_empty()) {
            facts.push(fact("version", version));
        }
        facts.push(fact("execution", &row.execution_id));
        if !row.parent_instance_id.is_empty() {
            facts.push(instance_fact("parent", &row.parent_instance_id));
        }
    }
    let Some(E::ExecutionStarted(started)) = started.and_then(|it| it.event_type.as_ref()) else {
        return facts;
    };
    trace(started.parent_trace_context.as_ref(), &mut |name, value| {
        if !value.is_empty() {
            facts.push(fact(name, value));
        }
    });
    if let Some(span) = started
        .orchestration_span_id
        .as_ref()
        .filter(|it| !it.is_empty())
    {
        facts.push(fact("span", span));
    }
    facts
}

fn times(tree: &InstanceTree) -> Vec<Fact> {
    let Some(row) = &tree.instance else {
        return Vec::new();
    };
    [
        ("created", row.created_at.as_ref()),
        ("starts", row.scheduled_start.as_ref()),
        ("last turn", tree.last_turn_at.as_ref()),
        ("updated", row.updated_at.as_ref()),
        ("completed", row.completed_at.as_ref()),
    ]
    .into_iter()
    .filter_map(|(name, at)| Some(fact(name, format::moment(status::micros(at)?))))
    .collect()
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
        let inner = TaskFailureDetails {
            error_type: "SocketError".to_owned(),
            stack_trace: Some("at socket".to_owned()),
            ..TaskFailureDetails::default()
        };
        let failed = event(E::TaskFailed(TaskFailedEvent {
            task_scheduled_id: 17,
            failure_details: Some(TaskFailureDetails {
                error_type: "HttpError".to_owned(),
                error_message: "503\nmore".to_owned(),
                is_non_retriable: true,
                inner_failure: Some(Box::new(inner)),
                ..TaskFailureDetails::default()
            }),
        }));
        assert_eq!(note(&failed), "of #17 HttpError: 503");
        let entry = HistoryEntry {
            number: 9,
            event: Some(failed),
            ..HistoryEntry::default()
        };
        let titles: Vec<_> = sections(&entry).into_iter().map(|it| it.title).collect();
        assert_eq!(
            titles,
            [
                "event 9 · TaskFailed",
                "failure: HttpError",
                "inner failure 1: SocketError",
                "stack 1"
            ]
        );
    }

    #[test]
    fn a_cut_payload_says_so() {
        let cut = payload_section("input", "{\"a\":", 90_000);
        assert_eq!(cut.note, " · 90 kB, the first 5 B of it");
        assert_eq!(payload_section("input", "1", 1).note, " · 1 B");
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
