//! Randomness for pauses, and the pauses between attempts at one call.

use std::time::Duration;

use uuid::Uuid;

/// Figures of the official clients' retry policy for calls.
const FIRST: Duration = Duration::from_millis(50);
const MAX: Duration = Duration::from_millis(250);

/// Pause after attempt number `attempt` (from 1) at a call: anything up to the bound, so that
/// the clients of a server that comes back do not all come back with it.
pub(super) fn call(attempt: u32, random: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(8);
    (FIRST * (1 << doublings)).min(MAX).mul_f64(random)
}

/// A number in [0, 1).
pub(crate) fn random() -> f64 {
    let bits = Uuid::new_v4().as_u64_pair().1 & 0xffff_ffff;
    f64::from(u32::try_from(bits).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let rows = [(1, 50), (2, 100), (3, 200), (4, 250), (u32::MAX, 250)];
        for (attempt, ms) in rows {
            assert_eq!(call(attempt, 1.0), Duration::from_millis(ms), "{attempt}");
            assert_eq!(call(attempt, 0.0), Duration::ZERO);
        }
    }

    #[test]
    fn random_numbers_are_in_range_and_differ() {
        let numbers: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(numbers.iter().all(|it| (0.0..1.0).contains(it)));
        assert!(numbers.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
