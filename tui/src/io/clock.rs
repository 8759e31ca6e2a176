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

    /// The moment `at`, for timers; at most a day from now.
    pub fn instant(&self, at: Micros) -> Instant {
        let ahead = u64::try_from(at.saturating_sub(self.now())).unwrap_or(0);
        Instant::now() + Duration::from_micros(ahead.min(86_400_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::SECOND;

    #[test]
    fn the_next_second_is_ahead_after_days_too() {
        let days = Duration::from_secs(50 * 3_600);
        let Some(started) = Instant::now().checked_sub(days) else {
            return;
        };
        let clock = Clock { base: 0, started };
        let next = clock.instant(clock.now() + SECOND);
        assert!(next > Instant::now(), "the loop would never sleep");
        assert!(next <= Instant::now() + Duration::from_secs(1));
    }
}
