//! Times on the wire: protobuf timestamps to and from microseconds since the Unix epoch, UTC.

use prost_types::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The wire form of `micros` microseconds since the Unix epoch.
pub fn from_micros(micros: i64) -> Timestamp {
    let nanos = micros.rem_euclid(MICROS_PER_SECOND) * 1_000;
    Timestamp {
        seconds: micros.div_euclid(MICROS_PER_SECOND),
        nanos: i32::try_from(nanos).unwrap_or(0),
    }
}

/// Microseconds since the Unix epoch, rounded up, so that a timer never fires early.
///
/// Times beyond the range of `i64` microseconds saturate: no peer can make us overflow.
pub fn to_micros(timestamp: &Timestamp) -> i64 {
    let nanos = i64::from(timestamp.nanos);
    let micros = nanos.div_euclid(1_000) + i64::from(nanos.rem_euclid(1_000) != 0);
    timestamp
        .seconds
        .saturating_mul(MICROS_PER_SECOND)
        .saturating_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_survive_the_round_trip_and_nanoseconds_round_up() {
        for micros in [
            0,
            1,
            999_999,
            1_000_000,
            -1,
            -1_000_001,
            253_402_300_799_999_999,
        ] {
            assert_eq!(to_micros(&from_micros(micros)), micros);
        }
        assert_eq!(
            to_micros(&Timestamp {
                seconds: 1,
                nanos: 1
            }),
            1_000_001
        );
        assert_eq!(
            to_micros(&Timestamp {
                seconds: i64::MAX,
                nanos: 5
            }),
            i64::MAX
        );
    }
}
