//! What workers do, or do not get to do: queues behind taken slots, stragglers, failures that
//! the code went on after, a history that grows, and the plain state of things.

use durascope_proto::OrchestrationStatus;

use super::noun;
use crate::data::status;
use crate::data::verdict::Evidence;
use crate::data::verdict::Facts;
use crate::data::verdict::Finding;
use crate::data::verdict::Rule;
use crate::data::verdict::facts::Known;
use crate::data::verdict::facts::Open;
use crate::format;
use crate::format::MILLI;
use crate::format::Micros;
use crate::format::SECOND;
use crate::text::Clean;

/// A straggler has run for at least this, and so many times what its siblings take.
const STRAGGLER_MIN: Micros = 30 * SECOND;
const STRAGGLER_TIMES: Micros = 10;
/// Finished siblings that tell how long the work takes.
const SIBLINGS_MIN: u64 = 20;
/// From where on a history is worth a word, where the server does not say.
const HISTORY_BYTES: u64 = 2 * 1024 * 1024;
const HISTORY_EVENTS: u64 = 10_000;
/// A turn that is queued for less will be taken in a moment.
const TURN_QUEUED_MIN: Micros = 5 * SECOND;
const LABEL: usize = 40;

pub(super) fn find(facts: &Facts<'_>, known: &Known<'_>, found: &mut Vec<Finding>) {
    found.extend(turn_queued(known));
    found.extend(known.open.iter().filter_map(saturated));
    found.extend(known.open.iter().filter_map(|it| straggler(known, it)));
    found.extend(child_failed(facts, known));
    found.extend(history(facts, known));
    found.extend(activities_failed(facts, known));
}

fn group(open: &Open<'_>) -> Evidence {
    Evidence::Group {
        kind: open.kind as i32,
        name: open.name.to_owned(),
    }
}

fn turn_queued(known: &Known<'_>) -> Option<Finding> {
    let since = status::micros(known.waits.turn_queued_since.as_ref())?;
    let waited = known.since(Some(since));
    if waited < TURN_QUEUED_MIN || known.turn.is_some() {
        return None;
    }
    let hub = known
        .hub
        .filter(|it| known.has_feed && !it.workers.is_empty())?;
    let name = &known.row.name;
    if hub
        .turns
        .as_ref()
        .is_some_and(|it| it.unserved.contains(name))
    {
        return None;
    }
    let age = format::age(waited);
    let (out, all) = hub.workers.iter().fold((0, 0), |sum, it| {
        (sum.0 + it.turns_out, sum.1 + it.turns_max)
    });
    let text = format!("Its turn is queued for {age}; {out} of {all} slots for turns are taken.");
    let short = format!("its turn is queued for {age}");
    Some(Finding::new(
        Rule::TurnQueued,
        &short,
        text,
        Evidence::Workers,
    ))
}

fn saturated(open: &Open<'_>) -> Option<Finding> {
    let (out, all) = open.slots.filter(|(out, all)| *all > 0 && out >= all)?;
    if open.queued == 0 || open.served == Some(false) {
        return None;
    }
    let (name, queued, count) = (
        open.name,
        format::count(open.queued),
        format::count(open.count()),
    );
    let are = noun(open.queued, "is", "are");
    let slots = if open.is_activity() {
        "slots"
    } else {
        "slots for turns"
    };
    let mut text =
        format!("{queued} of {count} open {name} {are} queued: {out} of {all} {slots} are busy.");
    let mut short = format!("{queued} {name} queued");
    if let Some((rate, left)) = eta(open) {
        text.push_str(&format!(" At {} about {left} left.", format::rate(rate)));
        let longer = format!("{short}, ~{left}");
        if Clean::from(&longer).width() <= crate::data::verdict::SHORT_MAX {
            short = longer;
        }
    }
    Some(Finding::new(Rule::Saturated, &short, text, group(open)))
}

/// What is open at the rate of late; nothing more is known of what is still to be scheduled.
fn eta(open: &Open<'_>) -> Option<(f64, String)> {
    let rate = open.rate.filter(|it| *it > 0.0)?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a guess for people; a float becomes the nearest integer there is"
    )]
    let seconds = (open.count() as f64 / rate).ceil() as i64;
    let left = match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{} min", (seconds + 30) / 60),
        _ => format::age(seconds.saturating_mul(SECOND)),
    };
    Some((rate, left))
}

fn straggler(known: &Known<'_>, open: &Open<'_>) -> Option<Finding> {
    let task = open.oldest_running?;
    let ran = known.since(Some(status::micros(task.since.as_ref())?));
    let times = open.times;
    let least = STRAGGLER_MIN.max(times.slow.saturating_mul(STRAGGLER_TIMES));
    if times.done < SIBLINGS_MIN || ran <= least {
        return None;
    }
    let (id, name) = (task.task_id, open.name);
    let age = format::age(ran);
    let median = format::duration_ms(u64::try_from(times.median / MILLI).unwrap_or(0));
    let label = label(&task.label);
    let worker = &task.worker_id;
    let on = match known.is_connected(worker) {
        _ if worker.is_empty() => String::new(),
        Some(true) => format!(" It is on worker {worker}, which is connected."),
        Some(false) => format!(" It was given to {worker}, which is not connected any more."),
        None => format!(" It is on worker {worker}."),
    };
    let text = format!("#{id} {name}{label} has run {age}; the median is {median}.{on}");
    let short = format!("#{id} runs {age}, median {median}");
    let evidence = Evidence::Task {
        name: name.to_owned(),
        task_id: id,
    };
    Some(Finding::new(Rule::Straggler, &short, text, evidence))
}

fn label(label: &str) -> String {
    if label.is_empty() {
        return String::new();
    }
    format!(" “{}”", Clean::from(label).fit(LABEL, "…").as_str())
}

fn child_failed(facts: &Facts<'_>, known: &Known<'_>) -> Option<Finding> {
    let failed = known.row.children.as_ref().map_or(0, |it| it.failed);
    let of_tree = facts.tree.map_or(&[][..], |it| &it.children);
    let mut bad = of_tree
        .iter()
        .filter(|it| status::of(it.status) == OrchestrationStatus::Failed);
    let Some(first) = bad.next() else {
        if failed == 0 {
            return None;
        }
        let children = noun(failed, "child", "children");
        let text = format!("{failed} {children} failed. The code went on.");
        let short = format!("{failed} {children} failed");
        let evidence = Evidence::Failures;
        return Some(Finding::new(Rule::ChildFailed, &short, text, evidence));
    };
    let id = &first.instance_id;
    let others = failed
        .saturating_sub(1)
        .max(u64::try_from(bad.count()).unwrap_or(0));
    let why = if first.failure.is_empty() {
        String::new()
    } else {
        format!(": {}", Clean::from(&first.failure).fit(120, "…").as_str())
    };
    let more = if others > 0 {
        format!(" {others} more failed too.")
    } else {
        String::new()
    };
    let text = format!("Child {id} failed{why}.{more} The code went on.");
    let short = format!(
        "child {} failed",
        Clean::from(id).fit_middle(16, "…").as_str()
    );
    let instance_id = id.clone();
    let evidence = Evidence::Other { instance_id };
    Some(Finding::new(Rule::ChildFailed, &short, text, evidence))
}

fn history(facts: &Facts<'_>, known: &Known<'_>) -> Option<Finding> {
    let warning = facts
        .tree
        .map(|it| it.history_bytes_warning)
        .filter(|it| *it > 0)
        .unwrap_or(HISTORY_BYTES);
    let (bytes, events) = (known.row.history_bytes, known.row.history_events);
    let is_big = bytes > warning / 10 * 8;
    if !is_big && events <= HISTORY_EVENTS {
        return None;
    }
    let advice = "every turn that begins cold reads it all; continue-as-new begins a short one";
    let (size, limit) = (format::bytes(bytes), format::bytes(warning));
    let (short, text) = if is_big {
        let short = format!("history {size} of {limit}");
        (
            short,
            format!("The history has {size}; {limit} is where it gets costly: {advice}."),
        )
    } else {
        let events = format::count(events);
        let text = format!("The history has {events} events: {advice}.");
        (format!("history of {events} events"), text)
    };
    Some(Finding::new(Rule::History, &short, text, Evidence::History))
}

fn activities_failed(facts: &Facts<'_>, known: &Known<'_>) -> Option<Finding> {
    let failed = known.row.activities.as_ref().map_or(0, |it| it.failed);
    if failed == 0 {
        return None;
    }
    let groups = facts.tree.map_or(&[][..], |it| &it.groups);
    let is_child = |name: &str| {
        let child = durascope_proto::monitor::task_group::Kind::Child;
        groups
            .iter()
            .any(|it| it.kind() == child && it.name == name)
    };
    let errors: Vec<_> = facts
        .tree
        .map_or(&[][..], |it| &it.failures)
        .iter()
        .filter(|it| !is_child(&it.name))
        .collect();
    let name = match errors.first() {
        Some(first) if errors.iter().all(|it| it.name == first.name) => first.name.as_str(),
        _ => noun(failed, "activity", "activities"),
    };
    let kinds: Vec<_> = errors
        .iter()
        .take(3)
        .map(|it| format!("{} ×{}", it.error_type, it.count))
        .collect();
    let kinds = if kinds.is_empty() {
        String::new()
    } else {
        format!(": {}", kinds.join(", "))
    };
    let count = format::count(failed);
    let text = format!("{count} {name} failed{kinds}. The code went on.");
    let short = format!("{count} {name} failed");
    let evidence = Evidence::Failures;
    Some(Finding::new(Rule::ActivityFailed, &short, text, evidence))
}

/// What goes on, when there is nothing to say against it.
pub(super) fn running(known: &Known<'_>) -> Option<Finding> {
    let fine = |short: String, text: String, evidence| {
        Some(Finding::new(Rule::Running, &short, text, evidence))
    };
    if let Some((worker, _)) = &known.turn {
        let on = if worker.is_empty() {
            String::new()
        } else {
            format!(" on {worker}")
        };
        let text = format!("A turn of it runs{on}.");
        return fine("a turn runs".to_owned(), text, Evidence::Instance);
    }
    if let Some(open) = known.open.first() {
        return one_name(known, open);
    }
    let open = known.open_activities.saturating_add(known.open_children);
    if open > 0 {
        let what = if known.open_children == 0 {
            noun(open, "activity", "activities")
        } else if known.open_activities == 0 {
            noun(open, "child", "children")
        } else {
            "activities and children"
        };
        let are = noun(open, "is", "are");
        let short = format!("{} {what} open", format::count(open));
        let text = format!("{} {what} {are} open.", format::count(open));
        return fine(short, text, Evidence::Instance);
    }
    let waiting = known.row.messages_waiting;
    if known.state == OrchestrationStatus::Pending || waiting > 0 {
        let begun = if waiting == 0 { "not begun: " } else { "" };
        let text = "Its turn is queued.".to_owned();
        return fine(
            format!("{begun}its turn is queued"),
            text,
            Evidence::Instance,
        );
    }
    None
}

fn one_name(known: &Known<'_>, open: &Open<'_>) -> Option<Finding> {
    let (name, count) = (open.name, format::count(open.count()));
    let running = open
        .oldest_running
        .and_then(|it| status::micros(it.since.as_ref()))
        .map(|at| format::age(known.since(Some(at))));
    let queued = open
        .oldest_queued
        .map(|at| format::age(known.since(Some(at))));
    // A history does not tell queued from running.
    let state = match (known.has_feed, open.running) {
        (false, _) => "open",
        (true, 0) => "queued",
        (true, _) => "running",
    };
    let age = match state {
        "running" => running,
        _ => queued,
    };
    let of = age.as_ref().map_or_else(String::new, |it| format!(" {it}"));
    let (short, text) = if open.count() == 1 {
        let text = age.map_or_else(
            || format!("{name} is {state}."),
            |it| format!("{name} is {state} for {it}."),
        );
        (format!("{name} {state}{of}"), text)
    } else {
        let oldest = age.map_or_else(String::new, |it| format!(", the oldest for {it}"));
        let text = match (state, open.queued) {
            ("running", 1..) => format!(
                "{} {name} run normally{oldest}; {} are queued.",
                format::count(open.running),
                format::count(open.queued)
            ),
            ("running", _) => format!("{count} {name} run normally{oldest}."),
            _ => format!("{count} {name} are {state}{oldest}."),
        };
        (format!("{count} {name} {state}"), text)
    };
    Some(Finding::new(Rule::Running, &short, text, group(open)))
}
