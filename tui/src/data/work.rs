//! Queues and workers in words: what nobody serves, and what a worker takes.

use durascope_proto::monitor::QueueRow;
use durascope_proto::monitor::WorkKind;
use durascope_proto::monitor::WorkList;
use durascope_proto::monitor::WorkerRow;

use crate::data::status;
use crate::format;
use crate::format::Micros;

/// The word for the kind of a work item.
pub fn kind(kind: i32) -> &'static str {
    match WorkKind::try_from(kind) {
        Ok(WorkKind::Activity) => "activity",
        Ok(WorkKind::Entity) => "entity",
        Ok(WorkKind::Turn) => "turn",
        Err(_) => "work",
    }
}

/// What a queue of this kind is for.
fn subject(of: i32) -> &'static str {
    match WorkKind::try_from(of) {
        Ok(WorkKind::Turn) => "orchestration",
        _ => kind(of),
    }
}

/// One sentence for each name that waits and that no connected worker takes.
pub fn unserved(work: &WorkList, now: Micros) -> Vec<String> {
    work.queues
        .iter()
        .filter(|it| !it.served && it.waiting > 0)
        .map(|it| sentence(it, work.workers.len(), now))
        .collect()
}

fn sentence(queue: &QueueRow, workers: usize, now: Micros) -> String {
    let version = if queue.version.is_empty() {
        String::new()
    } else {
        format!(" version {}", queue.version)
    };
    let oldest = status::micros(queue.oldest_waiting.as_ref());
    let oldest = oldest.map_or_else(String::new, |at| {
        format!(", oldest {}", format::age(now.saturating_sub(at)))
    });
    let why = if workers == 0 {
        "No worker is connected."
    } else {
        "No connected worker takes it."
    };
    format!(
        "{} “{}”{version}: {} waiting{oldest}. {why}",
        subject(queue.kind),
        queue.name,
        format::count(queue.waiting),
    )
}

/// What a worker takes, in few words.
pub fn takes(worker: &WorkerRow) -> String {
    if worker.takes_everything {
        return "everything".to_owned();
    }
    let names: Vec<&String> = worker
        .orchestrations
        .iter()
        .chain(&worker.activities)
        .chain(&worker.entities)
        .collect();
    match &names[..] {
        [] => "nothing".to_owned(),
        [only] => format!("{only} only"),
        [first, rest @ ..] => format!("{first} + {}", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_and_is_not_served_is_accused() {
        let queue = |name: &str, waiting, served| QueueRow {
            name: name.to_owned(),
            waiting,
            served,
            ..QueueRow::default()
        };
        let mut work = WorkList {
            queues: vec![
                queue("Refund", 18, false),
                queue("Idle", 0, false),
                queue("Order", 5, true),
            ],
            ..WorkList::default()
        };
        let alone = "orchestration “Refund”: 18 waiting. No worker is connected.";
        assert_eq!(unserved(&work, 0), [alone]);
        work.workers.push(WorkerRow::default());
        let others = "orchestration “Refund”: 18 waiting. No connected worker takes it.";
        assert_eq!(unserved(&work, 0), [others]);
    }

    #[test]
    fn what_a_worker_takes_is_short() {
        let mut it = WorkerRow::default();
        assert_eq!(takes(&it), "nothing");
        it.activities.push("LoadPage".to_owned());
        assert_eq!(takes(&it), "LoadPage only");
        it.orchestrations.push("Order".to_owned());
        assert_eq!(takes(&it), "Order + 1");
        it.takes_everything = true;
        assert_eq!(takes(&it), "everything");
    }
}
