//! Outcomes one by one, as they come.

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures_util::Stream;

use super::flight::Flight;
use super::outcome::Outcome;

/// Outcomes in the order in which items end, which is that of the history.
#[must_use = "a stream does nothing unless it is polled"]
pub struct FanOutStream<I, O> {
    flight: Flight<I, O>,
}

impl<I, O> FanOutStream<I, O> {
    pub(super) fn new(flight: Flight<I, O>) -> Self {
        Self { flight }
    }
}

// Nothing is pinned inside: every future is boxed.
impl<I, O> Unpin for FanOutStream<I, O> {}

impl<I, O: Send + 'static> Stream for FanOutStream<I, O> {
    type Item = Outcome<I, O>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.flight.poll_next(cx).map(|ended| {
            let (index, result) = ended?;
            let item = self.flight.take_item(index)?;
            Some(Outcome {
                index,
                item,
                result,
            })
        })
    }
}

impl<I, O> fmt::Debug for FanOutStream<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanOutStream").finish_non_exhaustive()
    }
}
