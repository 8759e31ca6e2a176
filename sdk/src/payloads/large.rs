//! Tokens in place of what is large, and the other way round, for whole messages.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;

use super::PayloadStore;
use super::PayloadStoreError;
use super::pack;
use super::walk::Found;
use super::walk::Payloads;

/// The largest text that travels as it is, in bytes, as in the official SDKs.
const THRESHOLD_BYTES: usize = 256 * 1024;
/// The largest text that is stored, in bytes, as in the official SDKs.
const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Texts that are stored or loaded at a time for one message.
const AT_A_TIME: usize = 16;

/// What is stored beside the scheduler, where, and how.
///
/// Given to `ConnectOptions::with_large_payloads`.
#[derive(Clone)]
pub struct LargePayloads {
    store: Arc<dyn PayloadStore>,
    threshold_bytes: usize,
    bytes_max: usize,
    compresses: bool,
}

impl LargePayloads {
    /// Stores what is above 256 KiB, compressed, and refuses what is above 10 MiB.
    pub fn new(store: impl PayloadStore + 'static) -> Self {
        Self {
            store: Arc::new(store),
            threshold_bytes: THRESHOLD_BYTES,
            bytes_max: BYTES_MAX,
            compresses: true,
        }
    }

    /// Stores what has more bytes than this.
    #[must_use]
    pub fn threshold_bytes(mut self, bytes: usize) -> Self {
        self.threshold_bytes = bytes;
        self
    }

    /// Refuses what has more bytes than this, before it is compressed.
    #[must_use]
    pub fn bytes_max(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Stores texts as they are. Compressed ones can be read all the same.
    #[must_use]
    pub fn uncompressed(mut self) -> Self {
        self.compresses = false;
        self
    }

    /// Puts tokens in place of what is large in an outgoing message.
    pub(crate) async fn store(&self, message: &mut impl Payloads) -> Result<(), PayloadStoreError> {
        let mut puts = Vec::new();
        for (what, text) in found(message) {
            // A text that looks like a token would come back as something else.
            if text.len() > self.threshold_bytes || self.store.is_token(text) {
                puts.push(self.put(what, text));
            }
        }
        at_once(puts).await
    }

    /// Puts what was stored in place of the tokens in an incoming message.
    pub(crate) async fn load(&self, message: &mut impl Payloads) -> Result<(), PayloadStoreError> {
        self.load_texts(found(message)).await
    }

    /// As `load`, of texts that were found otherwise.
    pub(crate) async fn load_texts(&self, texts: Found<'_>) -> Result<(), PayloadStoreError> {
        let mut gets = Vec::new();
        for (what, text) in texts {
            if self.store.is_token(text) {
                gets.push(self.get(what, text));
            }
        }
        at_once(gets).await
    }

    async fn put(&self, what: &'static str, text: &mut String) -> Result<(), PayloadStoreError> {
        let bytes = text.len();
        let bytes_max = self.bytes_max;
        if bytes > bytes_max {
            return Err(PayloadStoreError::TooLarge {
                what,
                bytes,
                bytes_max,
            });
        }
        let packed = pack::pack(std::mem::take(text), self.compresses).await;
        let token = match packed {
            Ok(packed) => self.store.put(packed).await,
            Err(error) => Err(error),
        };
        *text = token.map_err(|problem| PayloadStoreError::NotStored {
            what,
            bytes,
            problem: problem.to_string(),
        })?;
        Ok(())
    }

    async fn get(&self, what: &'static str, text: &mut String) -> Result<(), PayloadStoreError> {
        let unpacked = match self.store.get(text).await {
            Ok(packed) => pack::unpack(packed).await,
            Err(error) => Err(error),
        };
        *text = unpacked.map_err(|problem| PayloadStoreError::NotLoaded {
            what,
            token: text.clone(),
            problem: problem.to_string(),
        })?;
        Ok(())
    }
}

impl fmt::Debug for LargePayloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargePayloads")
            .field("threshold_bytes", &self.threshold_bytes)
            .field("bytes_max", &self.bytes_max)
            .field("compresses", &self.compresses)
            .finish_non_exhaustive()
    }
}

fn found(message: &mut impl Payloads) -> Found<'_> {
    let mut found = Vec::new();
    message.payloads(&mut found);
    found
}

async fn at_once<F>(work: Vec<F>) -> Result<(), PayloadStoreError>
where
    F: Future<Output = Result<(), PayloadStoreError>>,
{
    let mut work = stream::iter(work).buffer_unordered(AT_A_TIME);
    while work.try_next().await?.is_some() {}
    Ok(())
}
