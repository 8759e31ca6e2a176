//! Why a call to the scheduler failed.

use super::connection_string::Authentication;
use super::connection_string::ConnectionStringError;
use crate::data::PayloadError;

/// Why a call to the scheduler failed. Messages of the server are kept as they came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No such instance or task hub.
    #[error("not found: {message}")]
    NotFound {
        /// The server's text.
        message: String,
    },
    /// An instance of that id exists and may not be replaced.
    #[error("already exists: {message}")]
    AlreadyExists {
        /// The server's text.
        message: String,
    },
    /// The request breaks a rule of the server.
    #[error("invalid argument: {message}")]
    InvalidArgument {
        /// The server's text.
        message: String,
    },
    /// The instance is not in a state that allows the call.
    #[error("not possible in the instance's state: {message}")]
    FailedPrecondition {
        /// The server's text.
        message: String,
    },
    /// The server cannot be reached, after several attempts.
    #[error("server unavailable: {message}")]
    Unavailable {
        /// The server's or the transport's text.
        message: String,
    },
    /// The time given for the call ran out.
    #[error("timed out: {message}")]
    DeadlineExceeded {
        /// What was waited for.
        message: String,
    },
    /// The server does not know who calls.
    #[error("not authenticated: {message}")]
    Unauthenticated {
        /// The server's text, or why there is no token.
        message: String,
    },
    /// The caller may not do this.
    #[error("permission denied: {message}")]
    PermissionDenied {
        /// The server's text.
        message: String,
    },
    /// A limit was reached.
    #[error("resource exhausted: {message}")]
    ResourceExhausted {
        /// The server's text.
        message: String,
    },
    /// The server does not offer this call.
    #[error("not offered by this server: {message}")]
    Unimplemented {
        /// The server's text.
        message: String,
    },
    /// The call was cancelled.
    #[error("cancelled: {message}")]
    Cancelled {
        /// The server's or the transport's text.
        message: String,
    },
    /// Any other status.
    #[error("status {code}: {message}")]
    Other {
        /// The gRPC code.
        code: i32,
        /// The server's text.
        message: String,
    },
    /// A value cannot be written as JSON, or JSON is not the value expected.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A large payload could not be stored, or not be loaded.
    #[error("{message}")]
    PayloadStore {
        /// Which one, and why.
        message: String,
    },
    /// The connection string or the environment cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConnectionStringError),
    /// The connection cannot be prepared.
    #[error("cannot prepare the connection: {message}")]
    Connection {
        /// Why.
        message: String,
    },
    /// The connection cannot be made secure: the server's certificate is not to be trusted, or
    /// one of both sides does not speak TLS.
    #[error("no secure connection: {message}")]
    Tls {
        /// What is wrong, and what can be done.
        message: String,
    },
    /// This build has no credentials of that kind.
    #[error("Authentication={kind} {problem}")]
    AuthenticationNotSupported {
        /// What was asked for.
        kind: Authentication,
        /// Why not, and what can be done.
        problem: &'static str,
    },
    /// Credentials of that kind cannot be prepared.
    #[error("Authentication={kind} cannot be used: {message}")]
    Credential {
        /// What was asked for.
        kind: Authentication,
        /// Why.
        message: String,
    },
    /// A token would cross the network unencrypted.
    #[error("refusing to send credentials unencrypted to {endpoint}; use https")]
    CredentialsInClear {
        /// Where to.
        endpoint: String,
    },
}

impl ClientError {
    /// The gRPC code, if the error is a status.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Cancelled { .. } => Some(1),
            Self::InvalidArgument { .. } => Some(3),
            Self::DeadlineExceeded { .. } => Some(4),
            Self::NotFound { .. } => Some(5),
            Self::AlreadyExists { .. } => Some(6),
            Self::PermissionDenied { .. } => Some(7),
            Self::ResourceExhausted { .. } => Some(8),
            Self::FailedPrecondition { .. } => Some(9),
            Self::Unimplemented { .. } => Some(12),
            Self::Unavailable { .. } => Some(14),
            Self::Unauthenticated { .. } => Some(16),
            Self::Other { code, .. } => Some(*code),
            Self::Payload(_)
            | Self::PayloadStore { .. }
            | Self::Configuration(_)
            | Self::Connection { .. }
            | Self::Tls { .. }
            | Self::Credential { .. }
            | Self::AuthenticationNotSupported { .. }
            | Self::CredentialsInClear { .. } => None,
        }
    }
}

impl From<std::convert::Infallible> for ClientError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
