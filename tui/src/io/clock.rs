//! The local clock: wall time at the start, then never backwards.

use std::time::Duration;
use std::time::SystemTime;

use tokio::time::Instant;

use crate::format::Micros;

/// Reads the local time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    base: Micros,
    started: Instant,
}

impl Clock {
    /// A clock that shows the wall time now.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let base = since_epoch.map_or(0, |it| i64::try_from(it.as_micros()).unwrap_or(0));
        Self {
            base,
            started: Instant::now(),
        }
    }

    /// Microseconds since the Unix epoch.
    pub fn now(&self) -> Micros {
        let passed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.base.saturating_add(passed)
    }

    /// The moment `at`, for timers.
    pub fn instant(&self, at: Micros) -> Instant {
        let offset = u64::try_from(at.saturating_sub(self.base)).unwrap_or(0);
        self.started + Duration::from_micros(offset.min(86_400_000_000))
    }
}
