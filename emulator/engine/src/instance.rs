//! The state of one orchestration instance: what decisions need, without history or payloads.

use std::sync::Arc;

use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;

use crate::status;

/// An instance id and its current execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub id: Arc<str>,
    /// 32 lower-case hex digits; new on start, replace and continue-as-new.
    pub execution: Arc<str>,
    pub name: Arc<str>,
    pub version: Option<Arc<str>>,
    pub status: OrchestrationStatus,
    pub phase: Phase,
    pub created_us: i64,
    pub updated_us: i64,
    pub completed_us: Option<i64>,
    /// Only for an instance that was scheduled for later.
    pub scheduled_start_us: Option<i64>,
    pub parent: Option<Parent>,
    /// Error type and first line of the message, when it failed.
    pub failure_line: Option<Arc<str>>,
    /// Kept here to write it only when it changes.
    pub custom_status: Option<Arc<str>>,
    pub counters: Counters,
}

/// What the orchestrator code has been told so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It never ran.
    New,
    /// It runs.
    Running,
    /// A turn told it that it is suspended; only resume and terminate reach it.
    Suspended,
    /// It continued as new, and the new execution has not begun.
    Renewed,
    /// It failed and is to be rewound; the worker has not answered with the new history.
    Rewinding,
}

/// The orchestration that waits for this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Key of the parent in the store, meaningless here.
    pub key: i64,
    pub id: Arc<str>,
    /// The parent's execution that asked; results for an older one are dropped.
    pub execution: Arc<str>,
    /// The parent's action.
    pub task_id: i32,
}

/// Numbers of the current execution, so that nobody needs to read a history to show progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub turns: u64,
    pub history_chunks: u64,
    pub history_events: u64,
    pub history_bytes: u64,
    /// Newest timestamp in the history.
    pub history_last_us: i64,
    pub activities: Outcomes,
    pub children: Outcomes,
    pub timers_pending: u32,
    /// Accepted messages that no turn has consumed, timers apart.
    pub messages_waiting: u32,
    pub batch_turn: u64,
    /// Tasks with this id or a higher one belong to the batch.
    pub batch_first_task: i32,
    pub batch: Outcomes,
}

/// How many were scheduled, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    pub scheduled: u64,
    pub completed: u64,
    pub failed: u64,
}

impl Outcomes {
    /// Scheduled and without a result.
    pub fn open(self) -> u64 {
        self.scheduled.saturating_sub(self.completed + self.failed)
    }

    pub(crate) fn record(&mut self, failed: bool) {
        if failed {
            self.failed += 1;
        } else {
            self.completed += 1;
        }
    }
}

impl Instance {
    pub fn is_terminal(&self) -> bool {
        status::is_terminal(self.status)
    }

    /// Activities and children without a result.
    pub fn open_tasks(&self) -> u64 {
        self.counters.activities.open() + self.counters.children.open()
    }

    /// Ends the instance: nothing waits for it any more.
    pub(crate) fn end(&mut self, status: OrchestrationStatus, now_us: i64) {
        self.status = status;
        self.completed_us = Some(now_us);
        self.updated_us = now_us;
        self.counters.timers_pending = 0;
        self.counters.messages_waiting = 0;
    }
}

/// Longest failure line kept on the instance row, in characters.
const FAILURE_LINE_MAX: usize = 200;

/// `Type: first line` of the first cause, cut to what a list can show: what is around it says
/// that a task failed, which its reader knows.
pub fn failure_line(details: &TaskFailureDetails) -> Arc<str> {
    let causes = std::iter::successors(Some(details), |it| it.inner_failure.as_deref());
    let says =
        |it: &&TaskFailureDetails| !it.error_type.is_empty() || !it.error_message.trim().is_empty();
    let details = causes.filter(says).last().unwrap_or(details);
    let first = details.error_message.lines().next().unwrap_or_default();
    let line = match (details.error_type.is_empty(), first.is_empty()) {
        (false, false) => format!("{}: {first}", details.error_type),
        (false, true) => details.error_type.clone(),
        (true, _) => first.to_owned(),
    };
    line.chars()
        .take(FAILURE_LINE_MAX)
        .collect::<String>()
        .into()
}
