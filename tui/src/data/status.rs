//! Words about an orchestration's status, and times from the wire.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::Progress;
use durascope_proto::monitor::TaskGroup;
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

/// Finished, in whatever way.
pub fn finished(progress: &Progress) -> u64 {
    progress.completed.saturating_add(progress.failed)
}

/// Finished members of a group.
pub fn group_finished(group: &TaskGroup) -> u64 {
    group.completed.saturating_add(group.failed)
}
