//! Retry policies: pure; attempt, elapsed time and failure in, delay out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::TaskFailed;

/// Which failures are worth another attempt. It must decide by its argument alone.
type RetryIf = Arc<dyn Fn(&TaskFailed) -> bool + Send + Sync>;

/// How often, and how far apart, a failed activity or sub-orchestration is tried again.
///
/// The waits are durable timers of the orchestration: they survive restarts of the worker.
/// Failures marked as non-retriable are never retried.
#[derive(Clone)]
pub struct RetryPolicy {
    attempts_max: u32,
    first_interval: Duration,
    backoff_coefficient: f64,
    interval_max: Option<Duration>,
    total_timeout: Option<Duration>,
    retry_if: Option<RetryIf>,
}

impl RetryPolicy {
    /// At most `attempts_max` attempts, the first included, `first_interval` apart.
    pub fn new(attempts_max: u32, first_interval: Duration) -> Self {
        Self {
            attempts_max,
            first_interval,
            backoff_coefficient: 1.0,
            interval_max: None,
            total_timeout: None,
            retry_if: None,
        }
    }

    /// Multiplies the interval after each attempt. Values below 1 and NaN count as 1.
    #[must_use]
    pub fn backoff_coefficient(mut self, coefficient: f64) -> Self {
        self.backoff_coefficient = coefficient.max(1.0);
        self
    }

    /// Upper bound of one interval.
    #[must_use]
    pub fn interval_max(mut self, interval: Duration) -> Self {
        self.interval_max = Some(interval);
        self
    }

    /// No attempt starts once this much time has gone by since the first one.
    #[must_use]
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// Retries only failures for which `predicate` holds.
    ///
    /// # Determinism
    /// It runs inside the orchestration and must decide by its argument alone.
    #[must_use]
    pub fn retry_if(
        mut self,
        predicate: impl Fn(&TaskFailed) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.retry_if = Some(Arc::new(predicate));
        self
    }

    /// How long to wait before the next attempt; `None` gives up.
    ///
    /// `attempt` is the number of the attempt that failed, from 1. `elapsed` is the time since
    /// the first attempt was scheduled.
    pub fn next_delay(
        &self,
        attempt: u32,
        elapsed: Duration,
        failure: &TaskFailed,
    ) -> Option<Duration> {
        if failure.details.non_retriable || attempt >= self.attempts_max {
            return None;
        }
        if self.retry_if.as_ref().is_some_and(|holds| !holds(failure)) {
            return None;
        }
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first_interval.as_secs_f64() * self.backoff_coefficient.powi(exponent);
        // A delay beyond what a duration can hold is cut by the maximum below or by the clock.
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let delay = self.interval_max.map_or(delay, |max| delay.min(max));
        // The next attempt would start too late.
        let starts = elapsed.saturating_add(delay);
        self.total_timeout
            .is_none_or(|timeout| starts < timeout)
            .then_some(delay)
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("attempts_max", &self.attempts_max)
            .field("first_interval", &self.first_interval)
            .field("backoff_coefficient", &self.backoff_coefficient)
            .field("interval_max", &self.interval_max)
            .field("total_timeout", &self.total_timeout)
            .field("retry_if", &self.retry_if.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TaskKind;
    use crate::failure::FailureDetails;

    const SECOND: Duration = Duration::from_secs(1);

    fn failure(details: FailureDetails) -> TaskFailed {
        TaskFailed::new(TaskKind::Activity, "a", 1, details)
    }

    #[test]
    fn delay_follows_the_policy() {
        let plain = || RetryPolicy::new(4, SECOND);
        let rows: [(&str, RetryPolicy, u32, u64, Option<u64>); 11] = [
            ("first retry", plain(), 1, 0, Some(1000)),
            ("constant", plain(), 3, 0, Some(1000)),
            ("last attempt", plain(), 4, 0, None),
            ("one attempt", RetryPolicy::new(1, SECOND), 1, 0, None),
            ("zero attempts", RetryPolicy::new(0, SECOND), 1, 0, None),
            (
                "doubling",
                plain().backoff_coefficient(2.0),
                3,
                0,
                Some(4000),
            ),
            (
                "shrinking counts as 1",
                plain().backoff_coefficient(0.5),
                3,
                0,
                Some(1000),
            ),
            (
                "NaN counts as 1",
                plain().backoff_coefficient(f64::NAN),
                3,
                0,
                Some(1000),
            ),
            (
                "capped",
                plain().backoff_coefficient(10.0).interval_max(3 * SECOND),
                3,
                0,
                Some(3000),
            ),
            (
                "in time",
                plain().total_timeout(5 * SECOND),
                1,
                3999,
                Some(1000),
            ),
            (
                "the next would start too late",
                plain().total_timeout(5 * SECOND),
                1,
                4000,
                None,
            ),
        ];
        for (name, policy, attempt, elapsed_ms, expected_ms) in rows {
            let failed = failure(FailureDetails::new("T", "m"));
            let delay = policy.next_delay(attempt, Duration::from_millis(elapsed_ms), &failed);
            assert_eq!(delay, expected_ms.map(Duration::from_millis), "{name}");
        }
    }

    #[test]
    fn failures_that_must_not_be_retried_are_not() {
        let policy = RetryPolicy::new(9, SECOND);
        let fatal = failure(FailureDetails::non_retriable("T", "m"));
        assert_eq!(policy.next_delay(1, Duration::ZERO, &fatal), None);
        let picky = policy.retry_if(|failed| failed.details.error_type == "Busy");
        let busy = failure(FailureDetails::new("Busy", "m"));
        let other = failure(FailureDetails::new("Other", "m"));
        assert_eq!(picky.next_delay(1, Duration::ZERO, &busy), Some(SECOND));
        assert_eq!(picky.next_delay(1, Duration::ZERO, &other), None);
    }

    #[test]
    fn growth_beyond_any_duration_saturates() {
        let policy = RetryPolicy::new(u32::MAX, SECOND).backoff_coefficient(1e9);
        let failed = failure(FailureDetails::new("T", "m"));
        assert_eq!(
            policy.next_delay(2_000, Duration::ZERO, &failed),
            Some(Duration::MAX)
        );
    }
}
