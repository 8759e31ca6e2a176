//! Every task of an execution, folded from its history: one activity or sub-orchestration each.
//!
//! The feed of the emulator and the dashboard, where it has only a history, fold with the same
//! code, so that both say the same of the same history. What a history does not tell (when a
//! worker took an activity, and which; whether a child has begun) is told to the fold beside it.
//!
//! Pure: no clock, no IO. Folding a history in steps gives what folding it at once gives.

mod fold;
mod label;
mod parts;

pub use fold::TaskFold;
pub use label::LABEL_TAG;
pub use label::label;
pub use parts::PART_TASKS_MAX;

use crate::HistoryEvent;
use crate::monitor::TasksUpdate;

/// All tasks of a whole history at once, as one update that voids what was known. The execution
/// ended at `ended_ms`, milliseconds since the epoch, if it did and its history may not say so.
pub fn of_history<'e>(
    events: impl IntoIterator<Item = &'e HistoryEvent>,
    ended_ms: Option<i64>,
) -> TasksUpdate {
    let mut fold = TaskFold::default();
    for event in events {
        fold.apply(event);
    }
    if let Some(ended_ms) = ended_ms {
        fold.end(ended_ms);
    }
    let mut update = fold.whole();
    update.found = true;
    update.reset = true;
    update
}

#[cfg(test)]
mod tests;
