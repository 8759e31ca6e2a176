//! What an instance waits for that is not its workers' doing: children, locks, retries, timers,
//! answers of entities, external events.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::LockWait;

use super::noun;
use crate::data::status;
use crate::data::verdict::Certainty;
use crate::data::verdict::Evidence;
use crate::data::verdict::Facts;
use crate::data::verdict::Finding;
use crate::data::verdict::Rule;
use crate::data::verdict::facts::Known;
use crate::format;
use crate::format::Micros;
use crate::format::SECOND;
use crate::text::Clean;

/// With nothing open for less than this, a turn may be about to run.
const IDLE_MIN: Micros = 2 * SECOND;
/// Children whose own verdict is looked for.
const CHILDREN_MAX: usize = 20;
/// Columns of a child's id in a list.
const CHILD_ID: usize = 12;
/// Letters that a misspelled name differs in, at most.
const MISSPELLED: usize = 2;

pub(super) fn find(facts: &Facts<'_>, known: &Known<'_>, found: &mut Vec<Finding>) {
    let is_suspended = known.state == OrchestrationStatus::Suspended;
    found.extend(known.waits.locks.iter().map(|it| lock(known, it)));
    found.extend(entity_calls(known));
    if is_suspended {
        return;
    }
    match retry(known) {
        Some(it) => found.push(it),
        None => found.extend(timer(known)),
    }
    found.extend(event(facts, known));
}

/// Only children are open: the verdict of the one that has been open longest.
pub(super) fn child(facts: &Facts<'_>, known: &Known<'_>, depth: usize) -> Option<Finding> {
    if known.open_children == 0 || known.open_activities > 0 {
        return None;
    }
    let count = known.open_children;
    let open = format!(
        "{} {} {} open.",
        format::count(count),
        noun(count, "child", "children"),
        noun(count, "is", "are")
    );
    let Some((child, inner)) = oldest(facts, known, depth) else {
        let name = known.open.first().map_or("", |it| it.name);
        let text = if name.is_empty() {
            open
        } else {
            format!("{open} Most are {name}.")
        };
        let short = match count {
            1 if !name.is_empty() => format!("child {name}"),
            1 => "1 child open".to_owned(),
            _ => format!("{} children open", format::count(count)),
        };
        return Some(Finding::new(Rule::Child, &short, text, Evidence::Instance));
    };
    let id = Clean::from(child).fit_middle(CHILD_ID, "…").into_owned();
    let before = if count > 1 {
        format!("{open} The oldest is ")
    } else {
        "Child ".to_owned()
    };
    let Some(inner) = inner else {
        let short = format!("child {} is open", id.as_str());
        let text = format!("{before}{child}.");
        let instance_id = child.to_owned();
        let evidence = Evidence::Other { instance_id };
        return Some(Finding::new(Rule::Child, &short, text, evidence));
    };
    let short = format!("child {}: {}", id.as_str(), inner.short);
    let text = format!("{before}{child}: {}", inner.text);
    // The deepest one is where the reason is.
    let evidence = match (inner.rule, inner.evidence) {
        (Rule::Child, Evidence::Other { instance_id }) => Evidence::Other { instance_id },
        _ => Evidence::Other {
            instance_id: child.to_owned(),
        },
    };
    let it = Finding::new(Rule::Child, &short, text, evidence);
    Some(it.certainty(inner.certainty))
}

/// An open child, and its own verdict where its facts are known.
fn oldest<'a>(
    facts: &Facts<'a>,
    known: &'a Known<'a>,
    depth: usize,
) -> Option<(&'a str, Option<Finding>)> {
    let children = facts.tree.map_or(&[][..], |it| &it.children);
    let is_open = |it: &&InstanceRow| !status::has_ended(status::of(it.status));
    let told = known.waits.oldest_child.as_str();
    if !told.is_empty() {
        let row = children
            .iter()
            .chain(facts.others)
            .find(|it| it.instance_id == told);
        let finding = row.and_then(|row| verdict(facts, row, depth));
        return Some((told, finding));
    }
    let is_ours = |it: &&InstanceRow| it.parent_instance_id == facts.row.instance_id;
    let mut open: Vec<_> = children.iter().filter(is_open).take(CHILDREN_MAX).collect();
    if open.is_empty() {
        let others = facts.others.iter().filter(is_ours).filter(is_open);
        open.extend(others.take(CHILDREN_MAX));
    }
    // One that something is wrong with tells more than one that is just older.
    let best = open
        .into_iter()
        .map(|row| (row, verdict(facts, row, depth)))
        .min_by_key(|(row, found)| {
            let rank = found.as_ref().map(|it| it.rule);
            (
                rank.is_none(),
                rank,
                status::micros(row.created_at.as_ref()),
            )
        })?;
    Some((&best.0.instance_id, best.1))
}

fn verdict(facts: &Facts<'_>, row: &InstanceRow, depth: usize) -> Option<Finding> {
    let child = Facts {
        row,
        tree: None,
        figures: None,
        ..*facts
    };
    super::findings(&child, depth + 1).into_iter().next()
}

fn lock(known: &Known<'_>, lock: &LockWait) -> Finding {
    let entity = &lock.entity_id;
    let since = status::micros(lock.held_since.as_ref());
    let held = since.map_or_else(String::new, |at| {
        format!(" for {}", format::age(known.since(Some(at))))
    });
    let evidence = Evidence::Entity {
        entity_id: entity.clone(),
    };
    let (short, text) = if lock.held_by.is_empty() {
        (
            format!("lock of {entity}: it is busy"),
            format!("It waits for the lock of {entity}, which is busy with operations."),
        )
    } else {
        let holder = &lock.held_by;
        (
            format!("lock held by {holder}"),
            format!("It waits for the lock of {entity}, which {holder} has held{held}."),
        )
    };
    Finding::new(Rule::Lock, &short, text, evidence)
}

fn entity_calls(known: &Known<'_>) -> Option<Finding> {
    let count = u64::from(known.waits.entity_calls);
    if count == 0 {
        return None;
    }
    let (calls, have) = (noun(count, "call", "calls"), noun(count, "has", "have"));
    let text = format!("{count} {calls} of entities {have} no answer yet.");
    let short = format!("{count} entity {calls} open");
    let evidence = Evidence::Instance;
    Some(Finding::new(Rule::EntityCall, &short, text, evidence))
}

fn has_nothing_but_timers(known: &Known<'_>) -> bool {
    let waits = &known.waits;
    known.open_activities == 0
        && known.open_children == 0
        && waits.entity_calls == 0
        && waits.locks.is_empty()
        && known.turn.is_none()
        && waits.turn_queued_since.is_none()
        && known.row.messages_waiting == 0
}

fn retry(known: &Known<'_>) -> Option<Finding> {
    let name = &known.waits.retries;
    if name.is_empty() || !has_nothing_but_timers(known) {
        return None;
    }
    let at = known.next_timer?;
    let failed = u64::from(known.waits.failed_attempts.max(1));
    let age = format::age(at.saturating_sub(known.now));
    let (clock, attempts) = (format::clock(at), noun(failed, "attempt", "attempts"));
    let text = format!(
        "It probably retries {name} in {age}, at {clock} UTC, after {failed} failed {attempts}."
    );
    let short = format!("retries {name} in {age}");
    let it = Finding::new(Rule::Retry, &short, text, Evidence::Timers);
    Some(it.certainty(Certainty::Probably))
}

fn timer(known: &Known<'_>) -> Option<Finding> {
    if known.timers == 0 || !has_nothing_but_timers(known) {
        return None;
    }
    let timers = noun(known.timers, "timer", "timers");
    let count = known.timers;
    let (short, text) = match known.next_timer {
        None => {
            let waits = format!("waits for {count} {timers}");
            (waits, format!("Nothing but {count} {timers} is open."))
        }
        Some(at) if at <= known.now => {
            let age = format::age(known.since(Some(at)));
            let text = format!("Its timer was due {age} ago.");
            (format!("timer due {age} ago"), text)
        }
        Some(at) => {
            let (age, clock) = (format::age(at - known.now), format::clock(at));
            let text = format!(
                "Nothing but {count} {timers} is open; the next fires in {age}, at {clock} UTC."
            );
            (format!("timer in {age} ({clock})"), text)
        }
    };
    Some(Finding::new(Rule::Timer, &short, text, Evidence::Timers))
}

fn event(facts: &Facts<'_>, known: &Known<'_>) -> Option<Finding> {
    let nothing_open = has_nothing_but_timers(known) && known.timers == 0;
    let idle = known.since(known.idle_since);
    if known.state != OrchestrationStatus::Running
        || !known.has_counters
        || !nothing_open
        || idle <= IDLE_MIN
    {
        return None;
    }
    let age = format::age(idle);
    let mut text = format!(
        "Nothing is open for {age}: it probably waits for an external event, or for something \
         that is not durable."
    );
    if !known.has_waits {
        text.push_str(" A call of an entity would look the same here.");
    }
    if let Some((name, at)) = last_event(facts, known) {
        let ago = at.map_or_else(String::new, |at| {
            format!(", {} ago", format::age(known.since(Some(at))))
        });
        text.push_str(&format!(" The last event was “{name}”{ago}"));
        if let Some(other) = similar(facts, name) {
            text.push_str(&format!("; “{other}” was received before"));
        }
        text.push('.');
    }
    let short = "nothing open: external event?";
    let it = Finding::new(Rule::Event, short, text, Evidence::Events);
    Some(it.certainty(Certainty::Probably).action('e'))
}

fn last_event<'a>(facts: &Facts<'a>, known: &'a Known<'_>) -> Option<(&'a str, Option<Micros>)> {
    if !known.waits.last_event.is_empty() {
        let at = status::micros(known.waits.last_event_at.as_ref());
        return Some((&known.waits.last_event, at));
    }
    let events = facts.tree.map_or(&[][..], |it| &it.events);
    events
        .iter()
        .map(|it| (it.name.as_str(), status::micros(it.last_at.as_ref())))
        .max_by_key(|it| it.1)
}

/// A name that was received too and that `name` may be a misspelling of.
fn similar<'a>(facts: &Facts<'a>, name: &str) -> Option<&'a str> {
    let events = facts.tree.map_or(&[][..], |it| &it.events);
    events
        .iter()
        .map(|it| it.name.as_str())
        .find(|it| *it != name && strsim::damerau_levenshtein(it, name) <= MISSPELLED)
}
