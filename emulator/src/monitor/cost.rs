//! What a read takes of a processor. On a busy machine that is less than the time it lasts, and
//! only what it takes slows others down.

use std::time::Duration;

use cpu_time::ThreadTime;

/// Processor time that was spent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost(Duration);

impl Cost {
    /// Adds what `work` takes, which stays on this thread.
    pub(super) fn of<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = ThreadTime::try_now().ok();
        let result = work();
        let spent = begun.and_then(|it| it.try_elapsed().ok());
        self.0 += spent.unwrap_or_default();
        result
    }

    pub(super) fn sum(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    pub(super) fn spent(self) -> Duration {
        self.0
    }
}
