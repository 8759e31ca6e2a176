//! Times of the wire as `SystemTime`, without panics at either end of the range.

use std::time::Duration;
use std::time::SystemTime;

use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;
use prost_types::Timestamp;

/// The last microsecond of the year 9999, beyond which the wire has no times.
pub(crate) const MICROS_MAX: i64 = 253_402_300_799_999_999;

pub(crate) fn system_time(timestamp: &Timestamp) -> SystemTime {
    system_time_of_micros(to_micros(timestamp))
}

pub(crate) fn system_time_of_micros(micros: i64) -> SystemTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    let time = if micros >= 0 {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(crate) fn micros_of(time: SystemTime) -> i64 {
    let (distance, sign) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => (after, 1),
        Err(before) => (before.duration(), -1),
    };
    i64::try_from(distance.as_micros())
        .unwrap_or(MICROS_MAX)
        .min(MICROS_MAX)
        * sign
}

pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    from_micros(micros_of(time))
}

/// `micros` later by `delay`, at most the end of the year 9999.
pub(crate) fn later(micros: i64, delay: Duration) -> i64 {
    let delay = i64::try_from(delay.as_micros()).unwrap_or(MICROS_MAX);
    micros.saturating_add(delay).min(MICROS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_round_trip_and_saturate() {
        for micros in [0, 1, -1, 1_700_000_000_123_456, MICROS_MAX] {
            assert_eq!(micros_of(system_time_of_micros(micros)), micros);
        }
        assert_eq!(later(5, Duration::from_secs(1)), 1_000_005);
        assert_eq!(later(5, Duration::MAX), MICROS_MAX);
    }
}
