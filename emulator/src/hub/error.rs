//! Why an operation was refused, by who must act; `service::status` chooses the gRPC code.

use std::sync::Arc;

/// The outcome of a hub operation that did not succeed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Strict mode, and no hub has this name.
    #[error("Task hub not found: {name}")]
    UnknownTaskHub { name: String },
    /// No instance has this id.
    #[error("no instance with id '{id}' in task hub '{hub}'")]
    UnknownInstance { hub: String, id: String },
    /// A field of the request breaks a rule.
    #[error("{0}")]
    Invalid(String),
    /// An instance with this id exists, and the reuse policy does not let it be replaced.
    #[error("{0}")]
    AlreadyExists(String),
    /// The instance is not in the state that the operation needs.
    #[error("{0}")]
    WrongState(String),
    /// A configured limit is reached.
    #[error("{0}")]
    LimitReached(String),
    /// The emulator is stopping.
    #[error("the emulator is shutting down")]
    ShuttingDown,
    /// The database refused; nothing was written.
    #[error("the database failed: {0}")]
    Store(#[from] crate::store::StoreError),
    /// The transaction that held this operation failed, and nothing of it was written.
    #[error("the database failed, nothing was written: {0}")]
    NotCommitted(Arc<crate::store::StoreError>),
}
