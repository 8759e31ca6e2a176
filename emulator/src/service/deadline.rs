//! The deadline that a caller puts on its call, and our answer when it passes.
//!
//! The transport enforces it too, but says CANCELLED, which clients do not take for a deadline.
//! So ours comes a little earlier.

use std::time::Duration;

use tonic::codegen::http::HeaderMap;

const HEADER: &str = "grpc-timeout";

/// Digits that the header may have.
const DIGITS_MAX: usize = 8;

/// How much earlier than the transport we answer, at most.
const HEAD_START_MAX: Duration = Duration::from_millis(10);

/// How long a call may take before it is answered with DEADLINE_EXCEEDED. `None` without a
/// deadline, or with one that cannot be read, which the transport ignores as well.
pub(crate) fn of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > DIGITS_MAX {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    let whole = match unit {
        "H" => Duration::from_secs(count * 3_600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    Some(whole - HEAD_START_MAX.min(whole / 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_read_in_every_unit_and_a_little_short() {
        let cases = [
            ("1S", Some(Duration::from_millis(990))),
            ("100m", Some(Duration::from_millis(95))),
            ("2M", Some(Duration::from_millis(119_990))),
            ("1H", Some(Duration::from_millis(3_599_990))),
            ("200u", Some(Duration::from_micros(190))),
            ("1n", Some(Duration::from_nanos(1))),
            (
                "99999999H",
                Some(Duration::from_secs(99_999_999 * 3_600) - HEAD_START_MAX),
            ),
            ("123456789S", None),
            ("S", None),
            ("", None),
            ("1x", None),
            ("1é", None),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, text.parse().unwrap());
            assert_eq!(of(&headers), expected, "{text:?}");
        }
        assert_eq!(of(&HeaderMap::new()), None);
    }
}
