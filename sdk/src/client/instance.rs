//! What the scheduler tells of an instance.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use durascope_proto as proto;
use serde::de::DeserializeOwned;

use crate::clock::system_time;
use crate::data;
use crate::data::PayloadError;
use crate::failure::FailureDetails;

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OrchestrationStatus {
    /// Accepted; no turn was made yet.
    Pending,
    /// Between its first and its last turn.
    Running,
    /// Halted by a client until it is resumed.
    Suspended,
    /// Ended with an output.
    Completed,
    /// Ended by a failure.
    Failed,
    /// Ended by a client.
    Terminated,
    /// Ended by cancellation.
    Canceled,
    /// Between two generations; servers hardly ever show it.
    ContinuedAsNew,
    /// A status that this version does not know.
    Unknown,
}

impl OrchestrationStatus {
    /// Whether the instance has ended for good.
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Terminated | Self::Canceled
        )
    }

    pub(crate) fn from_proto(status: i32) -> Self {
        match proto::OrchestrationStatus::try_from(status) {
            Ok(proto::OrchestrationStatus::Pending) => Self::Pending,
            Ok(proto::OrchestrationStatus::Running) => Self::Running,
            Ok(proto::OrchestrationStatus::Suspended) => Self::Suspended,
            Ok(proto::OrchestrationStatus::Completed) => Self::Completed,
            Ok(proto::OrchestrationStatus::Failed) => Self::Failed,
            Ok(proto::OrchestrationStatus::Terminated) => Self::Terminated,
            Ok(proto::OrchestrationStatus::Canceled) => Self::Canceled,
            Ok(proto::OrchestrationStatus::ContinuedAsNew) => Self::ContinuedAsNew,
            Err(_) => Self::Unknown,
        }
    }

    /// The number on the wire; `None` for [`Self::Unknown`], which no filter can ask for.
    pub(crate) fn to_proto(self) -> Option<i32> {
        let status = match self {
            Self::Pending => proto::OrchestrationStatus::Pending,
            Self::Running => proto::OrchestrationStatus::Running,
            Self::Suspended => proto::OrchestrationStatus::Suspended,
            Self::Completed => proto::OrchestrationStatus::Completed,
            Self::Failed => proto::OrchestrationStatus::Failed,
            Self::Terminated => proto::OrchestrationStatus::Terminated,
            Self::Canceled => proto::OrchestrationStatus::Canceled,
            Self::ContinuedAsNew => proto::OrchestrationStatus::ContinuedAsNew,
            Self::Unknown => return None,
        };
        Some(status.into())
    }
}

impl fmt::Display for OrchestrationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Suspended => "SUSPENDED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Terminated => "TERMINATED",
            Self::Canceled => "CANCELED",
            Self::ContinuedAsNew => "CONTINUED_AS_NEW",
            Self::Unknown => "UNKNOWN",
        })
    }
}

/// An instance has no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// It has not ended.
    #[error("instance {instance_id:?} is {status}, it has no output yet")]
    NotEnded {
        /// Its id.
        instance_id: String,
        /// Its status.
        status: OrchestrationStatus,
    },
    /// It failed.
    #[error("instance {instance_id:?} failed: {details}")]
    Failed {
        /// Its id.
        instance_id: String,
        /// Why.
        details: Box<FailureDetails>,
    },
    /// It was ended from outside.
    #[error("instance {instance_id:?} is {status}")]
    Ended {
        /// Its id.
        instance_id: String,
        /// Its status.
        status: OrchestrationStatus,
    },
    /// The output is not of the type asked for.
    #[error(transparent)]
    Payload(#[from] PayloadError),
}

/// State of one instance. Payloads are there only if they were asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OrchestrationState {
    /// Its id.
    pub instance_id: String,
    /// Id of the current execution.
    pub execution_id: Option<String>,
    /// Name of the orchestration.
    pub name: String,
    /// Version, if one was asked for.
    pub version: Option<String>,
    /// Where it is in its life.
    pub status: OrchestrationStatus,
    /// When the start was accepted.
    pub created_at: SystemTime,
    /// When it last changed.
    pub last_updated_at: SystemTime,
    /// When it ended.
    pub completed_at: Option<SystemTime>,
    /// When it is to start, if later than it was accepted.
    pub scheduled_start_at: Option<SystemTime>,
    /// Input as JSON text.
    pub raw_input: Option<String>,
    /// Output as JSON text.
    pub raw_output: Option<String>,
    /// Custom status as JSON text.
    pub raw_custom_status: Option<String>,
    /// Why it failed.
    pub failure: Option<FailureDetails>,
    /// Instance that called this one.
    pub parent_instance_id: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl OrchestrationState {
    pub(crate) fn from_proto(state: proto::OrchestrationState) -> Self {
        let time = |timestamp: &Option<prost_types::Timestamp>| timestamp.as_ref().map(system_time);
        Self {
            execution_id: state.execution_id,
            name: state.name,
            version: state.version,
            status: OrchestrationStatus::from_proto(state.orchestration_status),
            created_at: time(&state.created_timestamp).unwrap_or(SystemTime::UNIX_EPOCH),
            last_updated_at: time(&state.last_updated_timestamp).unwrap_or(SystemTime::UNIX_EPOCH),
            completed_at: time(&state.completed_timestamp),
            scheduled_start_at: time(&state.scheduled_start_timestamp),
            raw_input: state.input,
            raw_output: state.output,
            raw_custom_status: state.custom_status,
            failure: state.failure_details.map(FailureDetails::from_proto),
            parent_instance_id: state.parent_instance_id,
            tags: state.tags,
            instance_id: state.instance_id,
        }
    }

    /// The output of an instance that completed.
    ///
    /// # Errors
    /// It has not ended, did not complete, or its output is of another type.
    pub fn output<T: DeserializeOwned>(&self) -> Result<T, OutputError> {
        let instance_id = self.instance_id.clone();
        let status = self.status;
        match status {
            OrchestrationStatus::Completed => {
                Ok(self.decode("output", self.raw_output.as_deref())?)
            }
            OrchestrationStatus::Failed => {
                let details = Box::new(self.failure.clone().unwrap_or_default());
                Err(OutputError::Failed {
                    instance_id,
                    details,
                })
            }
            OrchestrationStatus::Terminated | OrchestrationStatus::Canceled => {
                Err(OutputError::Ended {
                    instance_id,
                    status,
                })
            }
            OrchestrationStatus::Pending
            | OrchestrationStatus::Running
            | OrchestrationStatus::Suspended
            | OrchestrationStatus::ContinuedAsNew
            | OrchestrationStatus::Unknown => Err(OutputError::NotEnded {
                instance_id,
                status,
            }),
        }
    }

    /// The input.
    ///
    /// # Errors
    /// It is of another type.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        self.decode("input", self.raw_input.as_deref())
    }

    /// The custom status; `None` if there is none.
    ///
    /// # Errors
    /// It is of another type.
    pub fn custom_status<T: DeserializeOwned>(&self) -> Result<Option<T>, PayloadError> {
        let present = self
            .raw_custom_status
            .as_deref()
            .filter(|text| !text.is_empty());
        present
            .map(|text| self.decode("custom status", Some(text)))
            .transpose()
    }

    fn decode<T: DeserializeOwned>(
        &self,
        what: &'static str,
        payload: Option<&str>,
    ) -> Result<T, PayloadError> {
        data::decode(payload).map_err(|misfit| {
            let owner = format_args!("instance {:?}", self.instance_id);
            PayloadError::decoding(what, owner, misfit)
        })
    }
}
