//! Errors of user code: what an activity or an orchestration returns, and what awaits them.

use std::any::type_name;
use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::failure::BoxError;
use crate::failure::Carried;
use crate::failure::FailureDetails;

/// What kind of durable operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TaskKind {
    /// An activity.
    Activity,
    /// A sub-orchestration.
    SubOrchestration,
    /// An external event whose payload did not fit.
    ExternalEvent,
    /// Code of an orchestration that a fan-out ran for an item.
    Step,
    /// An operation of an entity.
    Entity,
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Activity => "activity",
            Self::SubOrchestration => "sub-orchestration",
            Self::ExternalEvent => "external event",
            Self::Step => "step",
            Self::Entity => "entity operation",
        })
    }
}

/// A durable operation failed: an activity, a sub-orchestration (after its retries if any), or a
/// call to an entity.
///
/// The same on every replay, so code may decide on its fields.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[error("{kind} {name:?}{} #{task_id} failed: {}", of_target(target.as_deref()), details.message)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TaskFailed {
    /// What failed.
    pub kind: TaskKind,
    /// Its name.
    pub name: String,
    /// Of a call to an entity: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its id in the history; of the last attempt if it was retried. 0 if no call failed: the
    /// orchestration itself ended it, or made it fail.
    pub task_id: i32,
    /// Why.
    pub details: Box<FailureDetails>,
}

impl TaskFailed {
    /// Type of the failure of an item that took longer than it may.
    pub const TIMED_OUT: &'static str = "TimedOut";
    /// Type of the failure of an item that a cancelled fan-out left unfinished.
    pub const CANCELED: &'static str = "Canceled";

    /// A failure of code that a fan-out runs for an item, see
    /// [`crate::OrchestrationContext::fan_out_with`].
    pub fn step(name: &str, error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(
            TaskKind::Step,
            name,
            0,
            FailureDetails::new(error_type, message),
        )
    }

    /// Whether it took longer than a fan-out allows.
    pub fn is_timeout(&self) -> bool {
        self.task_id == 0 && self.details.error_type == Self::TIMED_OUT
    }

    /// Whether a fan-out was cancelled before it ended.
    pub fn is_canceled(&self) -> bool {
        self.task_id == 0 && self.details.error_type == Self::CANCELED
    }

    pub(crate) fn new(kind: TaskKind, name: &str, task_id: i32, details: FailureDetails) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            target: None,
            task_id,
            details: Box::new(details),
        }
    }

    pub(crate) fn with_target(mut self, target: Option<&str>) -> Self {
        self.target = target.map(ToOwned::to_owned);
        self
    }
}

fn of_target(target: Option<&str>) -> String {
    target
        .map(|target| format!(" of {target:?}"))
        .unwrap_or_default()
}

macro_rules! user_error {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name {
            details: FailureDetails,
        }

        impl $name {
            /// An error with a kind of the caller's choice and a text.
            pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
                Self { details: FailureDetails::new(error_type, message) }
            }

            /// The same error, which no retry policy retries.
            #[must_use]
            pub fn non_retriable(mut self) -> Self {
                self.details.non_retriable = true;
                self
            }

            /// The same error with one more property.
            #[must_use]
            pub fn with_property(
                mut self,
                name: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                self.details.properties.insert(name.into(), value.into());
                self
            }

            /// What will be recorded.
            pub fn details(&self) -> &FailureDetails {
                &self.details
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("details", &self.details).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.details.message)
            }
        }

        // Like `anyhow::Error` it is no `std::error::Error` itself, so that `?` takes any.
        impl<E: Error + Send + Sync + 'static> From<E> for $name {
            fn from(error: E) -> Self {
                Self { details: FailureDetails::of(error) }
            }
        }

        impl From<$name> for BoxError {
            fn from(error: $name) -> Self {
                Box::new(Carried(error.details))
            }
        }
    };
}

user_error!(
    /// Why an activity failed. Made by `?` from any error, or by [`ActivityError::new`].
    ActivityError
);

user_error!(
    /// Why an operation of an entity failed. Made by `?` from any error.
    OperationError
);

impl OperationError {
    pub(crate) fn from_details(details: FailureDetails) -> Self {
        Self { details }
    }
}

user_error!(
    /// Why an orchestration failed. Made by `?` from any error, [`TaskFailed`] included.
    OrchestrationError
);

/// Text of the error that ends a function after it asked to continue as new.
pub(crate) const CONTINUED_AS_NEW: &str = "the orchestration continues as new";

impl OrchestrationError {
    pub(crate) fn continued_as_new() -> Self {
        Self::new("ContinuedAsNew", CONTINUED_AS_NEW)
    }
}

/// Text of a panic's payload.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| {
            format!(
                "a value of unknown type ({})",
                type_name::<dyn std::any::Any>()
            )
        })
}
