//! How large a history is, and how large it may become.

use prost::length_delimiter_len;

/// Tag of `HistoryChunk.events`.
const TAG_BYTES: usize = 1;

/// Size of the history of one execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistorySize {
    /// Events.
    pub events: u64,
    /// Bytes of the events as they stand in a chunk of a history, each with its tag and length.
    pub bytes: u64,
}

impl HistorySize {
    pub(crate) fn add(&mut self, length: usize) {
        self.events += 1;
        self.bytes += (TAG_BYTES + length_delimiter_len(length) + length) as u64;
    }

    /// Whether it is larger than `budget` allows.
    ///
    /// What brings it down is continue-as-new, or sub-orchestrations with histories of their
    /// own. Batches inside one instance do not: they bound what is in flight.
    ///
    /// ```
    /// # use durascope_sdk::*;
    /// # const STEP: Activity<u64, u64> = Activity::named("Step");
    /// async fn drain(ctx: OrchestrationContext, mut next: u64) -> Result<u64, OrchestrationError> {
    ///     while next < 1_000_000 {
    ///         next = ctx.call(&STEP, next).await?;
    ///         if ctx.history_size().exceeds(HistoryBudget::events(10_000)) {
    ///             return ctx.continue_as_new(next);
    ///         }
    ///     }
    ///     Ok(next)
    /// }
    /// ```
    pub fn exceeds(self, budget: HistoryBudget) -> bool {
        self.events > budget.events_max || self.bytes > budget.bytes_max
    }
}

/// How large a history may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryBudget {
    events_max: u64,
    bytes_max: u64,
}

impl HistoryBudget {
    /// So many events, whatever their bytes.
    pub const fn events(count: u64) -> Self {
        Self {
            events_max: count,
            bytes_max: u64::MAX,
        }
    }

    /// So many bytes, whatever their number.
    pub const fn bytes(count: u64) -> Self {
        Self {
            events_max: u64::MAX,
            bytes_max: count,
        }
    }

    /// The same, but at most so many bytes.
    #[must_use]
    pub const fn and_bytes(mut self, count: u64) -> Self {
        self.bytes_max = count;
        self
    }

    /// The events that it allows.
    pub const fn events_max(self) -> u64 {
        self.events_max
    }

    /// The bytes that it allows.
    pub const fn bytes_max(self) -> u64 {
        self.bytes_max
    }
}

impl Default for HistoryBudget {
    /// 10,000 events or 10 MiB: where replays begin to be felt.
    fn default() -> Self {
        Self::events(10_000).and_bytes(10 * 1024 * 1024)
    }
}
