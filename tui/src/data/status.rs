//! Words about an orchestration's status, and times from the wire.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::Progress;
use durascope_proto::monitor::TaskGroup;
use durascope_proto::monitor::task::State;
use prost_types::Timestamp;

use crate::format::Micros;

/// The status of a row; a number this build does not know counts as running.
pub fn of(status: i32) -> OrchestrationStatus {
    OrchestrationStatus::try_from(status).unwrap_or(OrchestrationStatus::Running)
}

/// The word for a status.
pub fn word(status: OrchestrationStatus) -> &'static str {
    match status {
        OrchestrationStatus::Running => "running",
        OrchestrationStatus::Completed => "completed",
        OrchestrationStatus::ContinuedAsNew => "continued",
        OrchestrationStatus::Failed => "failed",
        OrchestrationStatus::Canceled => "canceled",
        OrchestrationStatus::Terminated => "terminated",
        OrchestrationStatus::Pending => "pending",
        OrchestrationStatus::Suspended => "suspended",
    }
}

/// The word for the state of a task.
pub fn task_word(state: State) -> &'static str {
    match state {
        State::Queued => "queued",
        State::Running => "running",
        State::Completed => "completed",
        State::Failed => "failed",
        State::Abandoned => "abandoned: its execution ended",
    }
}

/// True when the instance has ended, in whatever way.
pub fn has_ended(status: OrchestrationStatus) -> bool {
    matches!(
        status,
        OrchestrationStatus::Completed
            | OrchestrationStatus::Failed
            | OrchestrationStatus::Canceled
            | OrchestrationStatus::Terminated
    )
}

/// Microseconds of an optional wire time.
pub fn micros(at: Option<&Timestamp>) -> Option<Micros> {
    at.map(durascope_proto::time::to_micros)
}

/// Scheduled and neither completed nor failed.
pub fn open(progress: Option<&Progress>) -> u64 {
    progress.map_or(0, |it| {
        it.scheduled
            .saturating_sub(it.completed)
            .saturating_sub(it.failed)
    })
}

/// Failed activities and children of the current execution.
pub fn failures(row: &InstanceRow) -> u64 {
    let failed = |it: Option<&Progress>| it.map_or(0, |it| it.failed);
    failed(row.activities.as_ref()).saturating_add(failed(row.children.as_ref()))
}

/// A failure line without the namespace of its type, for where there is little room.
pub fn short_failure(line: &str) -> &str {
    let kind = line.split_once(": ").map_or(line, |(kind, _)| kind);
    if kind.contains(char::is_whitespace) {
        return line;
    }
    let own = kind.rfind(['.', ':']).map_or(0, |at| at + 1);
    line.get(own..).filter(|it| !it.is_empty()).unwrap_or(line)
}

/// The fan-out that an instance is busy with: its last batch if everything that is open belongs
/// to it, else all that was scheduled so far. So a wide fan-out stays itself while single
/// retries of it are scheduled turn after turn. Of an instance that has ended, all that was
/// scheduled. `None` when nothing was.
pub fn fan_out(row: &InstanceRow) -> Option<Progress> {
    let (activities, children) = (row.activities.as_ref(), row.children.as_ref());
    let batch = row.batch.as_ref().filter(|it| it.scheduled > 0)?;
    let sum = |of: fn(&Progress) -> u64| activities.map_or(0, of) + children.map_or(0, of);
    let all = Progress {
        scheduled: sum(|it| it.scheduled),
        completed: sum(|it| it.completed),
        failed: sum(|it| it.failed),
    };
    let goes_on = !has_ended(of(row.status));
    let is_all = all.scheduled <= batch.scheduled;
    match goes_on && open(Some(&all)) <= open(Some(batch)) || is_all {
        true => Some(*batch),
        false => Some(all),
    }
}

/// Finished, in whatever way.
pub fn finished(progress: &Progress) -> u64 {
    progress.completed.saturating_add(progress.failed)
}

/// Finished members of a group.
pub fn group_finished(group: &TaskGroup) -> u64 {
    group.completed.saturating_add(group.failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(scheduled: u64, completed: u64) -> Option<Progress> {
        Some(Progress {
            scheduled,
            completed,
            failed: 0,
        })
    }

    #[test]
    fn a_fan_out_is_its_batch_until_work_outside_it_is_open() {
        let row = |activities, batch| InstanceRow {
            activities,
            batch,
            ..Default::default()
        };
        assert_eq!(fan_out(&row(None, None)), None);
        let ended = InstanceRow {
            status: OrchestrationStatus::Completed as i32,
            ..row(progress(500, 500), progress(250, 250))
        };
        assert_eq!(fan_out(&ended), progress(500, 500));
        // The second of two batches, the first one done.
        assert_eq!(
            fan_out(&row(progress(500, 310), progress(250, 60))),
            progress(250, 60)
        );
        // A retry beside 40 others that are still open.
        assert_eq!(
            fan_out(&row(progress(1_003, 963), progress(1, 0))),
            progress(1_003, 963)
        );
        // The last one to be retried is the batch.
        assert_eq!(
            fan_out(&row(progress(1_003, 1_002), progress(1, 0))),
            progress(1, 0)
        );
    }

    #[test]
    fn a_short_failure_loses_the_namespace_of_its_type_alone() {
        let cases = [
            ("builtins.ValueError: a.b: c", "ValueError: a.b: c"),
            ("System.IO.IOException", "IOException"),
            ("store::Closed: now", "Closed: now"),
            ("no type. At all", "no type. At all"),
            ("Timeout: 5", "Timeout: 5"),
            ("", ""),
        ];
        for (line, short) in cases {
            assert_eq!(short_failure(line).trim(), short.trim(), "{line}");
        }
    }
}
