//! Large payloads: kept in a store beside the scheduler, which sees tokens in their place.
//!
//! A client or a worker that is given a [`LargePayloads`] puts every payload above a threshold
//! into its [`PayloadStore`] before it sends it, and takes it out again where a token comes in.
//! Inputs, outputs, events, custom statuses, entity states, reasons and stack traces all count
//! as payloads. Everybody on a task hub who shall read them needs the same store.

mod directory;
mod large;
mod pack;
mod walk;

pub use directory::DirectoryStore;
pub use large::LargePayloads;
pub(crate) use walk::Payloads;
pub(crate) use walk::all_texts;

use futures_util::future::BoxFuture;

use crate::failure::BoxError;

/// Where large payloads are kept. [`DirectoryStore`] is one for a single machine.
///
/// What is stored must stay for as long as any instance, or history, names its token; nothing
/// here ever deletes.
pub trait PayloadStore: Send + Sync {
    /// Keeps `bytes` and returns the token for them: a short text, which goes to the scheduler.
    ///
    /// # Errors
    /// They could not be kept. What should have carried them is not sent.
    fn put(&self, bytes: Vec<u8>) -> BoxFuture<'_, Result<String, BoxError>>;

    /// The bytes that `token` stands for.
    ///
    /// # Errors
    /// They are not there, or cannot be read. A work item that carries them is given back.
    fn get<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Vec<u8>, BoxError>>;

    /// Whether `text` has exactly the form of this store's tokens.
    ///
    /// A text of the user that has it by chance is stored whatever its size, so that it comes
    /// back as it was; the stricter the test, the less often that happens. No JSON should pass.
    fn is_token(&self, text: &str) -> bool;
}

/// A payload could not be stored or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadStoreError {
    /// It is larger than what may be stored.
    #[error("the {what} has {bytes} bytes, at most {bytes_max} can be stored")]
    TooLarge {
        /// Which payload.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit, see [`LargePayloads::bytes_max`].
        bytes_max: usize,
    },
    /// The store failed to keep it.
    #[error("the {what} of {bytes} bytes could not be stored: {problem}")]
    NotStored {
        /// Which payload.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The store's words.
        problem: String,
    },
    /// The store has it not, or what it has is damaged.
    #[error("the {what} {token:?} could not be loaded: {problem}")]
    NotLoaded {
        /// Which payload.
        what: &'static str,
        /// Its token.
        token: String,
        /// The store's words.
        problem: String,
    },
}

impl PayloadStoreError {
    /// Whether another attempt must fail in the same way.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::TooLarge { .. })
    }
}
