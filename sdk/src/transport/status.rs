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
        if is_tls(&status) {
            return Self::Tls {
                message: with_causes(message, &status),
            };
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
pub(super) fn with_causes(mut message: String, error: &dyn std::error::Error) -> String {
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        source = cause.source();
    }
    if let Some(hint) = hint(&message) {
        message.push_str("; ");
        message.push_str(hint);
    }
    message
}

/// What the words of the layers below mean to who reads them.
fn hint(message: &str) -> Option<&'static str> {
    const HINTS: [(&str, &str); 5] = [
        (
            "UnknownIssuer",
            "nobody that this machine trusts has signed the server's certificate: give the root \
             of a private one in a file that SSL_CERT_FILE names, or with \
             ConnectOptions::with_root_certificate_pem",
        ),
        (
            "certificate not valid for name",
            "the certificate is another host's: the endpoint must have the name that it is for",
        ),
        (
            "certificate expired",
            "the server's certificate is out of date, or this clock is wrong",
        ),
        (
            "InvalidContentType",
            "the server does not speak TLS there: its endpoint is http://",
        ),
        (
            "frame with invalid size",
            "the server does not speak HTTP/2 without TLS there: its endpoint may be https://",
        ),
    ];
    let found = HINTS.iter().find(|(sign, _)| message.contains(sign));
    found.map(|(_, hint)| *hint)
}

/// The server, or something before it, cannot take the call now.
pub(super) fn is_unavailable(status: &Status) -> bool {
    status.code() == Code::Unavailable && !is_tls(status)
}

/// TLS failed, which no repetition mends.
fn is_tls(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        // An error of I/O gives away what it wraps only so.
        let wrapped = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if cause.is::<rustls::Error>() || wrapped.is_some_and(|it| it.is::<rustls::Error>()) {
            return true;
        }
        source = cause.source();
    }
    false
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
pub(super) fn is_broken_connection(status: &Status) -> bool {
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
