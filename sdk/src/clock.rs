//! Times of the wire, and of JSON, as `SystemTime`, without panics at either end of the range.

use std::time::Duration;
use std::time::SystemTime;

use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;
use prost_types::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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

/// `time` in UTC, to the microsecond.
pub(crate) fn utc(time: SystemTime) -> OffsetDateTime {
    // Before the year -9999 there is nothing to be told apart.
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros_of(time)) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The time of a text in the format of RFC 3339. One without an offset is UTC.
pub(crate) fn parse_rfc3339(text: &str) -> Result<SystemTime, time::error::Parse> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).or_else(|error| {
        let in_utc = OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339);
        in_utc.map_err(|_also_not| error)
    })?;
    let micros = i64::try_from(parsed.unix_timestamp_nanos().div_euclid(1_000));
    Ok(system_time_of_micros(micros.unwrap_or(MICROS_MAX)))
}

/// Times that may be missing as texts in the format of RFC 3339, for `#[serde(with = …)]`.
pub(crate) mod rfc3339 {
    use std::time::SystemTime;

    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serialize;
    use serde::Serializer;
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use time::format_description::well_known::Rfc3339;

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = time.map(|time| super::utc(time).format(&Rfc3339));
        text.transpose()
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse_rfc3339(&text))
            .transpose()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_round_trip_and_saturate() {
        for micros in [0, 1, -1, 1_700_000_000_123_456, MICROS_MAX] {
            assert_eq!(micros_of(system_time_of_micros(micros)), micros);
        }
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00", 0),
            ("1970-01-01T02:00:00.000001+02:00", 1),
            ("1969-12-31T23:59:59.9999999+00:00", -1),
            ("9999-12-31T23:59:59.999999Z", MICROS_MAX),
        ] {
            assert_eq!(micros_of(parse_rfc3339(text).unwrap()), micros, "{text}");
        }
        assert!(parse_rfc3339("yesterday").is_err());
        assert_eq!(utc(system_time_of_micros(MICROS_MAX)).year(), 9999);
        assert_eq!(later(5, Duration::from_secs(1)), 1_000_005);
        assert_eq!(later(5, Duration::MAX), MICROS_MAX);
    }
}
