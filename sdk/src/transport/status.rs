//! gRPC statuses as typed errors: the one place that maps codes.

use std::sync::Arc;

use tonic::Code;
use tonic::Status;

use super::error::ClientError;
use crate::payloads::PayloadStoreError;

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        let message = status.message().to_owned();
        if store_error(&status).is_some() {
            return Self::PayloadStore { message };
        }
        if is_our_deadline(&status) {
            return Self::DeadlineExceeded { message };
        }
        if is_broken_connection(&status) {
            return Self::Unavailable {
                message: with_causes(message, &status),
            };
        }
        match status.code() {
            Code::NotFound => Self::NotFound { message },
            Code::AlreadyExists => Self::AlreadyExists { message },
            Code::InvalidArgument => Self::InvalidArgument { message },
            Code::FailedPrecondition => Self::FailedPrecondition { message },
            Code::Unavailable => Self::Unavailable {
                message: with_causes(message, &status),
            },
            Code::DeadlineExceeded => Self::DeadlineExceeded { message },
            Code::Unauthenticated => Self::Unauthenticated { message },
            Code::PermissionDenied => Self::PermissionDenied { message },
            Code::ResourceExhausted => Self::ResourceExhausted { message },
            Code::Unimplemented => Self::Unimplemented { message },
            Code::Cancelled => Self::Cancelled { message },
            code @ (Code::Ok
            | Code::Unknown
            | Code::Aborted
            | Code::OutOfRange
            | Code::Internal
            | Code::DataLoss) => Self::Other {
                code: i32::from(code),
                message: with_causes(message, &status),
            },
        }
    }
}

/// A failure of the payload store on its way through a call.
pub(crate) fn of_store(error: PayloadStoreError) -> Status {
    // Of a code that nobody tries again.
    let mut status = Status::aborted(error.to_string());
    status.set_source(Arc::new(error));
    status
}

/// The failure of the payload store that a status carries, if it does.
pub(crate) fn store_error(status: &Status) -> Option<&PayloadStoreError> {
    std::error::Error::source(status)?.downcast_ref()
}

/// A transport error says little by itself; its causes name the host and the reason.
fn with_causes(mut message: String, status: &Status) -> String {
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        source = cause.source();
    }
    message
}

/// The call may not have reached the server, and may be repeated.
pub(crate) fn is_unavailable(status: &Status) -> bool {
    status.code() == Code::Unavailable
}

/// The time that this side gave the call ran out; the transport reports it as a cancellation.
fn is_our_deadline(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        if cause.is::<tonic::TimeoutExpired>() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// The connection broke under the call: only then does a status have a cause on this side.
fn is_broken_connection(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unknown | Code::Internal | Code::Cancelled
    ) && std::error::Error::source(status).is_some()
}

/// A completion that failed so is sent again.
pub(crate) fn is_transient(status: &Status) -> bool {
    is_broken_connection(status)
        || matches!(
            status.code(),
            Code::Unavailable | Code::Unknown | Code::DeadlineExceeded | Code::Internal
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_keeps_its_message_and_has_its_kind() {
        for code in 0..=16 {
            let error = ClientError::from(Status::new(Code::from_i32(code), "why"));
            assert!(error.to_string().contains("why"), "{error}");
            assert_eq!(error.code(), Some(code), "{error:?}");
        }
    }
}
