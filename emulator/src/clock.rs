//! The only reader of the wall clock: microseconds since the Unix epoch, UTC.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Hands out times that rise strictly, also when the wall clock steps back: each accepted
/// message has a moment of its own, which is its place in the order.
#[derive(Debug)]
pub(crate) struct Clock {
    last_us: i64,
}

impl Clock {
    /// A clock that never shows a time at or before `after_us`.
    pub(crate) fn starting_after(after_us: i64) -> Self {
        Self { last_us: after_us }
    }

    /// The next moment.
    pub(crate) fn tick(&mut self) -> i64 {
        self.last_us = wall_us().max(self.last_us + 1);
        self.last_us
    }

    /// The time as it was last handed out, or later.
    pub(crate) fn now(&self) -> i64 {
        wall_us().max(self.last_us)
    }
}

/// The wall clock as it stands.
pub(crate) fn wall_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
