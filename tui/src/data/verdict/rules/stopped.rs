//! What does not go on by itself: suspended, not to begin yet, nobody serves it, given back
//! again and again, code that does not come back, failed.

use durascope_proto::OrchestrationStatus;

use super::noun;
use crate::data::status;
use crate::data::verdict::Certainty;
use crate::data::verdict::Evidence;
use crate::data::verdict::Facts;
use crate::data::verdict::Finding;
use crate::data::verdict::Rule;
use crate::data::verdict::facts::Known;
use crate::data::verdict::facts::Open;
use crate::format;
use crate::format::Micros;
use crate::format::SECOND;

/// A turn of a healthy orchestrator takes less.
const TURN_MAX: Micros = 10 * SECOND;
/// Given back so often, it is not the worker's restart.
const GIVEN_BACK_MIN: u32 = 3;

pub(super) fn find(known: &Known<'_>, found: &mut Vec<Finding>) {
    found.extend(suspended(known));
    found.extend(starts_later(known));
    found.extend(turn_unserved(known));
    found.extend(known.open.iter().filter_map(|it| unserved(known, it)));
    found.extend(turn_given_back(known));
    found.extend(known.open.iter().filter_map(given_back));
    found.extend(turn_out(known));
}

fn suspended(known: &Known<'_>) -> Option<Finding> {
    if known.state != OrchestrationStatus::Suspended {
        return None;
    }
    let reason = known.waits.suspended_reason.trim();
    let since = status::micros(known.waits.suspended_at.as_ref());
    let ago = since.map(|at| format::age(known.since(Some(at))));
    let short = match (&ago, reason) {
        (_, reason) if !reason.is_empty() => format!("suspended: “{reason}”"),
        (Some(ago), _) => format!("suspended {ago} ago"),
        _ => "suspended".to_owned(),
    };
    let mut text = "Suspended".to_owned();
    if let Some(ago) = &ago {
        text.push_str(&format!(" {ago} ago"));
    }
    if !reason.is_empty() {
        text.push_str(&format!(": “{reason}”"));
    }
    text.push('.');
    let waiting = known.row.messages_waiting;
    if waiting > 0 {
        let messages = noun(waiting.into(), "message waits", "messages wait");
        text.push_str(&format!(" {waiting} {messages} until it is resumed."));
    }
    Some(Finding::new(Rule::Suspended, &short, text, Evidence::Instance).action('z'))
}

fn starts_later(known: &Known<'_>) -> Option<Finding> {
    if known.state != OrchestrationStatus::Pending {
        return None;
    }
    let at = status::micros(known.row.scheduled_start.as_ref()).filter(|at| *at > known.now)?;
    let (age, clock) = (format::age(at - known.now), format::clock(at));
    let short = format!("starts in {age} ({clock})");
    let text = format!("It is scheduled to start in {age}, at {clock} UTC.");
    Some(Finding::new(
        Rule::StartsLater,
        &short,
        text,
        Evidence::Instance,
    ))
}

fn turn_unserved(known: &Known<'_>) -> Option<Finding> {
    let hub = known.hub.filter(|_| known.has_feed)?;
    let name = &known.row.name;
    let is_queued = known.state == OrchestrationStatus::Pending && starts_later(known).is_none()
        || known.waits.turn_queued_since.is_some()
        || known.row.messages_waiting > 0 && known.state == OrchestrationStatus::Running;
    if !is_queued || known.turn.is_some() {
        return None;
    }
    if hub.workers.is_empty() {
        let text = "No worker is connected: its turn is queued.".to_owned();
        return Some(Finding::new(
            Rule::Unserved,
            "no worker is connected",
            text,
            Evidence::Workers,
        ));
    }
    let unserved = &hub.turns.as_ref()?.unserved;
    if !unserved.contains(name) {
        return None;
    }
    let workers = hub.workers.len();
    let text = format!("No connected worker ({workers} are) takes the orchestration “{name}”.");
    let short = format!("no worker serves “{name}”");
    Some(Finding::new(
        Rule::Unserved,
        &short,
        text,
        Evidence::Workers,
    ))
}

fn unserved(known: &Known<'_>, open: &Open<'_>) -> Option<Finding> {
    if open.served != Some(false) || open.queued == 0 {
        return None;
    }
    let workers = known.hub.map_or(0, |it| it.workers.len());
    let (name, queued) = (open.name, open.queued);
    let kind = if open.is_activity() {
        "activity"
    } else {
        "sub-orchestration"
    };
    let oldest = open.oldest_queued.map_or_else(String::new, |at| {
        format!(", the oldest for {}", format::age(known.since(Some(at))))
    });
    let are = noun(queued, "is", "are");
    let queued = format::count(queued);
    let (short, who) = if workers == 0 {
        (
            "no worker is connected".to_owned(),
            "No worker is connected".to_owned(),
        )
    } else {
        let who = format!("No connected worker ({workers} are) takes the {kind} “{name}”");
        (format!("no worker serves “{name}”"), who)
    };
    let text = format!("{who}: {queued} {name} {are} queued{oldest}.");
    Some(Finding::new(
        Rule::Unserved,
        &short,
        text,
        Evidence::Workers,
    ))
}

fn turn_given_back(known: &Known<'_>) -> Option<Finding> {
    let times = known.waits.turn_given_back;
    if times < GIVEN_BACK_MIN {
        return None;
    }
    let text = format!(
        "Its turn was handed out and came back without an answer {times} times: the worker \
         crashes on it or abandons it."
    );
    let short = format!("turn given back {times} times");
    let evidence = Evidence::Workers;
    Some(Finding::new(Rule::GivenBack, &short, text, evidence))
}

fn given_back(open: &Open<'_>) -> Option<Finding> {
    let (times, name) = (open.given_back, open.name);
    if times < GIVEN_BACK_MIN {
        return None;
    }
    let text = format!(
        "{name} was handed out and came back without an answer {times} times: the worker crashes \
         on it or abandons it."
    );
    let short = format!("{times} times given back: {name}");
    let evidence = Evidence::Group {
        kind: open.kind as i32,
        name: name.to_owned(),
    };
    Some(Finding::new(Rule::GivenBack, &short, text, evidence))
}

fn turn_out(known: &Known<'_>) -> Option<Finding> {
    let (worker, since) = known.turn.as_ref()?;
    let held = known.since(Some((*since)?));
    if held <= TURN_MAX {
        return None;
    }
    let age = format::age(held);
    let on = match known.is_connected(worker) {
        Some(false) => format!("{worker}, which is not connected any more"),
        _ => worker.to_string(),
    };
    let text = format!(
        "The orchestrator code has run for {age} on {on}: a breakpoint, or a call that blocks?"
    );
    let short = format!("code runs for {age}: blocked?");
    let evidence = Evidence::Workers;
    let it = Finding::new(Rule::TurnOut, &short, text, evidence);
    Some(it.certainty(Certainty::Asked))
}

/// What an ended instance has to say: nothing, unless it failed.
pub(super) fn failed(facts: &Facts<'_>, known: &Known<'_>) -> Option<Finding> {
    if known.state != OrchestrationStatus::Failed {
        return None;
    }
    let detail = facts.tree.and_then(|it| it.failure.as_ref());
    let line = match detail {
        Some(it) if known.row.failure.is_empty() => {
            format!("{}: {}", it.error_type, it.error_message)
        }
        _ => known.row.failure.clone(),
    };
    let kind = detail.map_or(line.as_str(), |it| it.error_type.as_str());
    let (rule, short, text) = if is_difference(kind) {
        let message = line.split_once(": ").map_or(line.as_str(), |it| it.1);
        let text = format!("Code and history differ: {message}");
        (
            Rule::CodeDiffers,
            "code and history differ".to_owned(),
            text,
        )
    } else if line.is_empty() {
        let text = "It failed, and the server does not tell why.".to_owned();
        (Rule::Failed, "failed".to_owned(), text)
    } else {
        (Rule::Failed, line.clone(), format!("Failed: {line}"))
    };
    Some(Finding::new(rule, &short, text, Evidence::Failure).action('w'))
}

/// The official SDKs and ours name this error in a few ways.
fn is_difference(error: &str) -> bool {
    let kind = error.split(": ").next().unwrap_or("");
    let letters: String = kind.chars().filter(char::is_ascii_alphabetic).collect();
    letters.to_ascii_lowercase().contains("nondeterminis")
}
