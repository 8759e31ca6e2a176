//! Which orchestration statuses end an instance, and how they are called on screens and in errors.

use durascope_proto::OrchestrationStatus;

/// Completed, failed, terminated, cancelled: nothing runs any more.
pub fn is_terminal(status: OrchestrationStatus) -> bool {
    match status {
        OrchestrationStatus::Completed
        | OrchestrationStatus::Failed
        | OrchestrationStatus::Terminated
        | OrchestrationStatus::Canceled => true,
        OrchestrationStatus::Pending
        | OrchestrationStatus::Running
        | OrchestrationStatus::Suspended
        | OrchestrationStatus::ContinuedAsNew => false,
    }
}

/// The status as people write it.
pub fn word(status: OrchestrationStatus) -> &'static str {
    match status {
        OrchestrationStatus::Completed => "completed",
        OrchestrationStatus::Failed => "failed",
        OrchestrationStatus::Terminated => "terminated",
        OrchestrationStatus::Canceled => "canceled",
        OrchestrationStatus::Pending => "pending",
        OrchestrationStatus::Running => "running",
        OrchestrationStatus::Suspended => "suspended",
        OrchestrationStatus::ContinuedAsNew => "continued as new",
    }
}
