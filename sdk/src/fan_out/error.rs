//! Why a fan-out as a whole failed.

use super::ids::IdError;
use super::sum::SumError;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::failure::FailureDetails;

/// Why a fan-out as a whole failed. The failure of the first item is its source, and becomes the
/// inner failure of an orchestration that passes it on with `?`. An orchestration, or code that
/// a fan-out runs, may pass it on as [`TaskFailed`] too.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FanOutError {
    /// Items failed. With `fail_fast` the others may still be running.
    #[error("{failed} of {total} items failed, the first is item {index}: {failure}")]
    Failed {
        /// How many are known to have failed.
        failed: usize,
        /// How many there are.
        total: usize,
        /// Index of the item whose failure is given, from 0: the first in input order, or with
        /// `fail_fast` the first that failed.
        index: usize,
        /// Why.
        #[source]
        failure: Box<TaskFailed>,
    },
    /// More failed than may.
    #[error("{failed} of {total} items failed, at most {allowed} may; item {index}: {failure}")]
    TooManyFailures {
        /// How many are known to have failed.
        failed: usize,
        /// How many there are.
        total: usize,
        /// How many may fail.
        allowed: usize,
        /// Index of the first in input order, from 0.
        index: usize,
        /// Why it failed.
        #[source]
        failure: Box<TaskFailed>,
    },
    /// More successes are asked for than there are items.
    #[error("{wanted} of {total} items cannot succeed")]
    Impossible {
        /// How many must succeed.
        wanted: usize,
        /// How many items there are.
        total: usize,
    },
    /// It was cancelled by an external event.
    #[error("cancelled by event {event:?} after {finished} of {total} items")]
    Canceled {
        /// Name of the event.
        event: String,
        /// How many items were finished.
        finished: usize,
        /// How many there are.
        total: usize,
    },
    /// The id of a child cannot be used; nothing was started.
    #[error("child of item {index}: {problem}")]
    ChildId {
        /// Index of the item, from 0.
        index: usize,
        /// What is wrong.
        #[source]
        problem: IdError,
    },
    /// The sum is out of range.
    #[error(transparent)]
    Sum(#[from] SumError),
}

impl From<FanOutError> for TaskFailed {
    /// A failed step named `fan-out`, as no single call stands for it: what failed is within its
    /// details. One that was cancelled is [canceled](TaskFailed::is_canceled) here too.
    fn from(error: FanOutError) -> Self {
        let is_canceled = matches!(error, FanOutError::Canceled { .. });
        let is_certain = match error {
            FanOutError::Failed { .. } | FanOutError::TooManyFailures { .. } => false,
            // The same again would be no better.
            FanOutError::Impossible { .. }
            | FanOutError::Canceled { .. }
            | FanOutError::ChildId { .. }
            | FanOutError::Sum(_) => true,
        };
        let mut details = FailureDetails::of(error);
        details.non_retriable = is_certain;
        if is_canceled {
            Self::CANCELED.clone_into(&mut details.error_type);
        }
        Self::new(TaskKind::Step, "fan-out", 0, details)
    }
}
