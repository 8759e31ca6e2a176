//! Why a schedule was not created, read or changed.

use std::time::Duration;
use std::time::SystemTime;

use super::INTERVAL_MIN;
use super::text::time_text;
use crate::client::ClientError;
use crate::client::OrchestrationStatus;
use crate::data::PayloadError;
use crate::failure::FailureDetails;
use crate::names::EntityIdError;

/// Why a schedule was not created, read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The id is empty.
    #[error("the id of a schedule must not be empty")]
    EmptyId,
    /// The id is too long for the entity that keeps the schedule.
    #[error("a schedule is kept by an entity, but {0}")]
    Id(EntityIdError),
    /// The ids of its runs would be no ids of instances.
    #[error(
        "a run of the schedule would have the id {id:?}, which has {length} characters; ids have \
         1 to {limit} and do not begin with '@'"
    )]
    RunId {
        /// The id.
        id: String,
        /// Its length in characters.
        length: usize,
        /// The longest that is allowed.
        limit: usize,
    },
    /// There is no orchestration to start.
    #[error("the name of a schedule's orchestration must not be empty")]
    EmptyName,
    /// The interval is too short.
    #[error("the interval of a schedule is {interval:?}, it must be {INTERVAL_MIN:?} at least")]
    Interval {
        /// What was asked for.
        interval: Duration,
    },
    /// It would end before it starts.
    #[error(
        "a schedule that starts at {} cannot end at {}", time_text(*start_at), time_text(*end_at)
    )]
    Window {
        /// When it would start.
        start_at: SystemTime,
        /// When it would end.
        end_at: SystemTime,
    },
    /// The schedule refused: its state does not allow it, or there is none.
    #[error("{operation} of schedule {id:?} was refused: {}", details.message)]
    Refused {
        /// The schedule.
        id: String,
        /// What was asked of it.
        operation: &'static str,
        /// Why.
        details: Box<FailureDetails>,
    },
    /// Somebody ended the operation from outside.
    #[error("{operation} of schedule {id:?} was not carried out, its instance is {status}")]
    NotCarriedOut {
        /// The schedule.
        id: String,
        /// What was asked of it.
        operation: &'static str,
        /// What became of the instance that should have asked it.
        status: OrchestrationStatus,
    },
    /// An input, or what is stored of a schedule, does not fit.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The scheduler could not be asked, or no worker carried it out in time.
    #[error(transparent)]
    Client(#[from] ClientError),
}
