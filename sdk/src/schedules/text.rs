//! Times and spans as the official packages write them into JSON, to the letter: ids of runs are
//! made of them.

use std::time::Duration;
use std::time::SystemTime;

use crate::clock;

/// Ticks of .NET in a second: 100 ns.
const TICKS: u32 = 10_000_000;
const DAY_SECONDS: u64 = 86_400;

/// `2026-01-31T08:00:00+00:00`, with microseconds only if there are any.
pub(super) fn time_text(time: SystemTime) -> String {
    let utc = clock::utc(time);
    let fraction = match utc.microsecond() {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}+00:00",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

/// `[d.]hh:mm:ss[.fffffff]`
pub(super) fn span_text(span: Duration) -> String {
    let (days, rest) = (span.as_secs() / DAY_SECONDS, span.as_secs() % DAY_SECONDS);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    let days = match days {
        0 => String::new(),
        days => format!("{days}."),
    };
    let fraction = match span.subsec_nanos() / (1_000_000_000 / TICKS) {
        0 => String::new(),
        ticks => format!(".{ticks:07}"),
    };
    format!("{days}{clock}{fraction}")
}

/// The span of a text; `None` if it is none, or a negative one.
pub(super) fn parse_span(text: &str) -> Option<Duration> {
    let (rest, last) = text.rsplit_once(':')?;
    let (rest, minutes) = rest.rsplit_once(':')?;
    let (days, hours) = rest.split_once('.').unwrap_or(("0", rest));
    let (seconds, fraction) = last.split_once('.').unwrap_or((last, "0"));
    let number = |text: &str, below: u64| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u64>().ok().filter(|_| digits)?;
        (number < below).then_some(number)
    };
    let ticks = number(&format!("{fraction:0<7}"), u64::from(TICKS))?;
    let clock = number(hours, 24)? * 3_600 + number(minutes, 60)? * 60 + number(seconds, 60)?;
    let seconds = number(days, u64::MAX / DAY_SECONDS - 1)? * DAY_SECONDS + clock;
    let ticks = u32::try_from(ticks).ok()?;
    Some(Duration::new(seconds, ticks * (1_000_000_000 / TICKS)))
}

/// Times that may be missing, for `#[serde(with = …)]`.
pub(super) mod time {
    use std::time::SystemTime;

    use serde::Deserializer;
    use serde::Serialize;
    use serde::Serializer;

    pub(in crate::schedules) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(super::time_text).serialize(serializer)
    }

    pub(in crate::schedules) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        crate::clock::rfc3339::deserialize(deserializer)
    }
}

/// Spans as text, for `#[serde(with = …)]`.
pub(super) mod span {
    use std::time::Duration;

    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serialize;
    use serde::Serializer;
    use serde::de::Error as _;

    pub(in crate::schedules) fn serialize<S: Serializer>(
        span: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        super::span_text(*span).serialize(serializer)
    }

    pub(in crate::schedules) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_span(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "a span of time has the form [d.]hh:mm:ss[.fffffff], but this is {text:?}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_and_what_is_none_is_refused() {
        let rows = [
            ("00:00:01", Duration::from_secs(1)),
            ("01:01:01.5000000", Duration::from_millis(3_661_500)),
            ("1.01:01:01.0000050", Duration::new(90_061, 5_000)),
            ("400.00:00:00", Duration::from_secs(400 * DAY_SECONDS)),
        ];
        for (text, span) in rows {
            assert_eq!(span_text(span), text);
            assert_eq!(parse_span(text), Some(span), "{text}");
        }
        assert_eq!(parse_span("00:00:01.5"), Some(Duration::from_millis(1_500)));
        for text in [
            "",
            "5",
            "00:05",
            "-00:00:01",
            "00:60:00",
            "x.00:00:01",
            "00:00:+1",
        ] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }

    #[test]
    fn times_have_microseconds_only_if_there_are_any() {
        let time = |text| clock::parse_rfc3339(text).unwrap();
        for text in [
            "2026-01-31T08:00:00+00:00",
            "2026-01-31T08:00:00.000120+00:00",
        ] {
            assert_eq!(time_text(time(text)), text);
        }
        assert_eq!(
            time_text(time("2026-01-31T08:00:00.5+02:00")),
            "2026-01-31T06:00:00.500000+00:00"
        );
    }
}
