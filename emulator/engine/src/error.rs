//! Why a caller's request is refused. What a worker gets wrong fails its instance instead.

/// The request breaks a rule of the protocol; nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A field is malformed; the text names field, value and limit.
    #[error("{0}")]
    Invalid(String),
    /// The id is taken and the reuse policy does not free it.
    #[error("{0}")]
    AlreadyExists(String),
    /// The instance is not in the state that the operation needs.
    #[error("{0}")]
    WrongState(String),
}
