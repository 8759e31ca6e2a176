//! What was called, with what, in which order.

use std::fmt;
use std::time::SystemTime;

use serde::de::DeserializeOwned;

use crate::data;
use crate::data::PayloadError;
use crate::names::Activity;
use crate::names::Orchestration;

/// What kind of thing an orchestration, or an entity, called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CallKind {
    /// An activity.
    Activity,
    /// A sub-orchestration, or an orchestration that an entity started.
    SubOrchestration,
    /// An event sent to another instance.
    Event,
    /// An operation of an entity whose result is awaited.
    Entity,
    /// An operation of an entity without an answer.
    Signal,
}

impl fmt::Display for CallKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Activity => "activity",
            Self::SubOrchestration => "orchestration",
            Self::Event => "event",
            Self::Entity => "entity operation",
            Self::Signal => "signal",
        })
    }
}

/// One call of an orchestration or of an entity, as it left it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// What was called.
    pub kind: CallKind,
    /// Its name; of a call or a signal to an entity that of the operation.
    pub name: String,
    /// Input as JSON text; `None` for `null`.
    pub raw_input: Option<String>,
    /// Instance or entity that made the call.
    pub instance_id: String,
    /// Id of the call in that instance's history; of an entity, its place among what its batch
    /// of operations set going.
    pub task_id: i32,
    /// Instance that was started, or instance or entity to which something was sent.
    pub target: Option<String>,
    /// When, in virtual time.
    pub at: SystemTime,
}

impl Call {
    /// The input.
    ///
    /// # Errors
    /// It is of another type.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        data::decode(self.raw_input.as_deref())
            .map_err(|error| PayloadError::decoding("input", &self.name, error))
    }
}

/// An [`Activity`] or an [`Orchestration`]: what can be faked, and asked for its inputs.
pub trait Target: sealed::Sealed {
    /// What it takes.
    type Input;
    /// What it returns.
    type Output;

    /// What it is.
    fn kind(&self) -> CallKind;

    /// Its name on the wire.
    fn target_name(&self) -> &'static str;
}

impl<I, O> Target for Activity<I, O> {
    type Input = I;
    type Output = O;

    fn kind(&self) -> CallKind {
        CallKind::Activity
    }

    fn target_name(&self) -> &'static str {
        self.name()
    }
}

impl<I, O> Target for Orchestration<I, O> {
    type Input = I;
    type Output = O;

    fn kind(&self) -> CallKind {
        CallKind::SubOrchestration
    }

    fn target_name(&self) -> &'static str {
        self.name()
    }
}

mod sealed {
    pub trait Sealed {}

    impl<I, O> Sealed for crate::names::Activity<I, O> {}
    impl<I, O> Sealed for crate::names::Orchestration<I, O> {}
}
