//! An event, a failure and an instance in full: the sections of their outlines.

use durascope_proto::HistoryEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TraceContext;
use durascope_proto::history_event::EventType as E;
use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::InstanceTree;

use crate::data::detail;
use crate::data::history;
use crate::data::outline::Body;
use crate::data::outline::Fact;
use crate::data::outline::Ink;
use crate::data::outline::Section;
use crate::data::outline::fact;
use crate::data::outline::instance_fact;
use crate::data::runs;
use crate::data::status;
use crate::format;

/// Bytes of a payload that the server sends at most.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// The event in full.
pub fn of_event(entry: &HistoryEntry) -> Vec<Section> {
    if let Some(run) = runs::folded(entry) {
        return runs::sections(entry, run);
    }
    let Some(event) = &entry.event else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    let name = history::name(entry);
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
        format!("event {} · {}", entry.number, history::kind(event)),
        facts,
    )];
    if let Some(failure) = history::failure(event) {
        sections.extend(of_failure(failure));
    }
    if let Some((name, text)) = history::payload(event) {
        sections.push(of_payload(name, text, text.len()));
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
pub fn of_failure(failure: &TaskFailureDetails) -> Vec<Section> {
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
pub fn of_payload(title: &str, text: &str, total: usize) -> Section {
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
pub fn of_instance(tree: &InstanceTree, started: Option<&HistoryEvent>) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(failure) = &tree.failure {
        sections.extend(of_failure(failure));
    }
    for (title, payload) in [
        ("input", &tree.input),
        ("output", &tree.output),
        ("custom status", &tree.custom_status),
    ] {
        let text = payload.as_ref().and_then(|it| it.text.as_ref());
        if let Some((payload, text)) = payload.as_ref().zip(text) {
            let total = usize::try_from(payload.total_bytes).unwrap_or(usize::MAX);
            sections.push(of_payload(title, text, total.max(text.len())));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_inside_each_other_have_a_section_each() {
        let inner = TaskFailureDetails {
            error_type: "SocketError".to_owned(),
            stack_trace: Some("at socket".to_owned()),
            ..TaskFailureDetails::default()
        };
        let failed = durascope_proto::TaskFailedEvent {
            task_scheduled_id: 17,
            failure_details: Some(TaskFailureDetails {
                error_type: "HttpError".to_owned(),
                is_non_retriable: true,
                inner_failure: Some(Box::new(inner)),
                ..TaskFailureDetails::default()
            }),
        };
        let entry = HistoryEntry {
            number: 9,
            event: Some(HistoryEvent {
                event_id: -1,
                timestamp: None,
                event_type: Some(E::TaskFailed(failed)),
            }),
            ..HistoryEntry::default()
        };
        let titles: Vec<_> = of_event(&entry).into_iter().map(|it| it.title).collect();
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
        let cut = of_payload("input", "{\"a\":", 90_000);
        assert_eq!(cut.note, " · 90 kB, the first 5 B of it");
        assert_eq!(of_payload("input", "1", 1).note, " · 1 B");
    }
}
