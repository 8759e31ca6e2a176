//! Instance ids: what the scheduler takes.

/// Longest instance id that the scheduler takes, in characters.
pub const INSTANCE_ID_CHARS_MAX: usize = 100;

/// An instance id cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// It is longer than the scheduler takes.
    #[error(
        "instance id {id:?} has {length} characters, limit {INSTANCE_ID_CHARS_MAX}; shorten the \
         label or the parent's id, or ask for shortened ids"
    )]
    TooLong {
        /// The id.
        id: String,
        /// Its characters.
        length: usize,
    },
    /// It is empty, or begins with `@` as only ids of entities do.
    #[error("instance id {id:?} is empty or begins with '@', as only ids of entities do")]
    Reserved {
        /// The id.
        id: String,
    },
    /// Another item of the same fan-out has it.
    #[error("instance id {id:?} is that of item {first} already")]
    Repeated {
        /// The id.
        id: String,
        /// Index of the item that has it.
        first: usize,
    },
}

/// The id, if the scheduler takes it.
pub(crate) fn checked(id: String) -> Result<String, IdError> {
    if id.is_empty() || id.starts_with('@') {
        return Err(IdError::Reserved { id });
    }
    let length = id.chars().count();
    if length > INSTANCE_ID_CHARS_MAX {
        return Err(IdError::TooLong { id, length });
    }
    Ok(id)
}
