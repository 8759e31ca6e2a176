//! History against code: a recorded operation must be the one that the code asks for.

use std::fmt;

use super::entities::EntityConfirmation;
use super::pending::Call;

/// The code did not repeat what its history says it did. The orchestration fails by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "non-deterministic orchestration at event {event_id}: expected {expected} as in the history, \
     found {found} in the code; it must make the same calls in the same order on every replay"
)]
#[non_exhaustive]
pub struct NonDeterminism {
    /// Id of the event that the code does not repeat, or of the call that no event confirms.
    pub event_id: i32,
    /// What the history has there.
    pub expected: String,
    /// What the code does there.
    pub found: String,
}

/// What an event of the history confirms.
#[derive(Debug)]
pub(crate) enum Confirmation<'a> {
    Activity { name: &'a str },
    Timer,
    SubOrchestration { name: &'a str },
    SendEvent { target: &'a str, name: &'a str },
    Entity(EntityConfirmation<'a>),
}

impl Confirmation<'_> {
    pub(crate) fn matches(&self, call: &Call) -> bool {
        match (self, call) {
            (Self::Activity { name }, Call::Activity { name: called })
            | (Self::SubOrchestration { name }, Call::SubOrchestration { name: called }) => {
                name == called
            }
            (Self::Timer, Call::Timer) => true,
            (
                Self::SendEvent { target, name },
                Call::SendEvent {
                    target: called_target,
                    name: called,
                },
            ) => target == called_target && name.to_lowercase() == called.to_lowercase(),
            (Self::Entity(confirmation), call) => confirmation.matches(call),
            (
                Self::Activity { .. }
                | Self::Timer
                | Self::SubOrchestration { .. }
                | Self::SendEvent { .. },
                Call::Activity { .. }
                | Call::Timer
                | Call::SubOrchestration { .. }
                | Call::SendEvent { .. }
                | Call::Terminate
                | Call::Operation { .. }
                | Call::Signal { .. }
                | Call::Lock { .. }
                | Call::Unlock { .. }
                | Call::Nothing,
            ) => false,
        }
    }
}

impl NonDeterminism {
    pub(crate) fn not_asked_for(event_id: i32, confirmation: &Confirmation<'_>) -> Self {
        Self {
            event_id,
            expected: confirmation.to_string(),
            found: "no such call".into(),
        }
    }

    pub(crate) fn differs(event_id: i32, confirmation: &Confirmation<'_>, call: &Call) -> Self {
        Self {
            event_id,
            expected: confirmation.to_string(),
            found: call.to_string(),
        }
    }

    pub(crate) fn not_in_history(event_id: i32, call: &Call) -> Self {
        Self {
            event_id,
            expected: "no call".into(),
            found: call.to_string(),
        }
    }

    pub(crate) fn ended_early(event_id: i32, expected: &str) -> Self {
        Self {
            event_id,
            expected: expected.into(),
            found: "the end of the orchestration".into(),
        }
    }
}

impl fmt::Display for Confirmation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activity { name } => write!(f, "activity {name:?}"),
            Self::Timer => f.write_str("a timer"),
            Self::SubOrchestration { name } => write!(f, "sub-orchestration {name:?}"),
            Self::SendEvent { target, name } => write!(f, "event {name:?} sent to {target:?}"),
            Self::Entity(confirmation) => confirmation.fmt(f),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activity { name } => write!(f, "activity {name:?}"),
            Self::Timer => f.write_str("a timer"),
            Self::SubOrchestration { name } => write!(f, "sub-orchestration {name:?}"),
            Self::SendEvent { target, name } => write!(f, "event {name:?} sent to {target:?}"),
            Self::Terminate => f.write_str("the termination of another instance"),
            Self::Operation { target, operation } => {
                write!(f, "call of {operation:?} on entity {target:?}")
            }
            Self::Signal { target, operation } => {
                write!(f, "signal {operation:?} to entity {target:?}")
            }
            Self::Lock { entities } => write!(f, "lock of entities {entities:?}"),
            Self::Unlock { target } => write!(f, "unlock of entity {target:?}"),
            Self::Nothing => f.write_str("a call that was refused before it was sent"),
        }
    }
}
