//! Pauses between attempts: full jitter for reconnects, near-fixed for completions.

use std::time::Duration;

/// The first pause is short, so that a restart of a local emulator goes unnoticed.
const RECONNECT_FIRST: Duration = Duration::from_millis(100);
const RECONNECT_MAX: Duration = Duration::from_secs(30);
const COMPLETION_FIRST: Duration = Duration::from_millis(200);
const COMPLETION_MAX: Duration = Duration::from_secs(15);
/// Beyond this the doubling is far past either maximum.
const EXPONENT_MAX: u32 = 16;

/// Pause before reconnect number `failures` in a row (from 1): anything up to the bound.
pub(super) fn reconnect(failures: u32, random: f64) -> Duration {
    doubled(RECONNECT_FIRST, failures)
        .min(RECONNECT_MAX)
        .mul_f64(random)
}

/// Pause after attempt number `attempt` (from 1) of a completion: up to a fifth more.
pub(super) fn completion(attempt: u32, random: f64) -> Duration {
    doubled(COMPLETION_FIRST, attempt)
        .min(COMPLETION_MAX)
        .mul_f64(1.0 + random / 5.0)
}

fn doubled(first: Duration, number: u32) -> Duration {
    first * (1 << number.saturating_sub(1).min(EXPONENT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let rows = [
            (1, 100),
            (2, 200),
            (5, 1_600),
            (9, 25_600),
            (10, 30_000),
            (u32::MAX, 30_000),
        ];
        for (failures, ms) in rows {
            assert_eq!(
                reconnect(failures, 1.0),
                Duration::from_millis(ms),
                "{failures}"
            );
            assert_eq!(reconnect(failures, 0.0), Duration::ZERO);
        }
        assert_eq!(completion(1, 0.0), Duration::from_millis(200));
        assert_eq!(completion(3, 0.0), Duration::from_millis(800));
        assert_eq!(completion(30, 0.0), Duration::from_secs(15));
        assert_eq!(completion(1, 1.0), Duration::from_millis(240));
    }
}
