//! Numbers for people: ages, sizes, counts and rates.

/// Microseconds since the Unix epoch, or a distance between two such times.
pub type Micros = i64;

/// Microseconds in a millisecond.
pub const MILLI: Micros = 1_000;
/// Microseconds in a second.
pub const SECOND: Micros = 1_000_000;

/// A distance in time in at most six columns: `3s`, `26m`, `1h02m`, `2d03h`.
pub fn age(micros: Micros) -> String {
    let seconds = micros.max(0) / SECOND;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if seconds < 60 {
        format!("{seconds}s")
    } else if minutes < 10 {
        format!("{minutes}m{:02}s", seconds % 60)
    } else if minutes < 60 {
        format!("{minutes}m")
    } else if hours < 24 {
        format!("{hours}h{:02}m", minutes % 60)
    } else if days < 100 {
        format!("{days}d{:02}h", hours % 24)
    } else {
        format!("{days}d")
    }
}

/// A distance in time that is only an estimate, in at most three columns: `40s`, `3m`, `5h`, `2d`.
pub fn about(micros: Micros) -> String {
    let seconds = micros.max(0).saturating_add(SECOND - 1) / SECOND;
    match seconds {
        0..=9 => format!("{seconds}s"),
        // To five seconds: the last digit would only flicker.
        10..=89 => format!("{}s", (seconds + 2) / 5 * 5),
        90..=5_399 => format!("{}m", (seconds + 30) / 60),
        5_400..=172_799 => format!("{}h", (seconds + 1_800) / 3_600),
        172_800..=86_313_600 => format!("{}d", (seconds + 43_200) / 86_400),
        _ => ">2y".to_owned(),
    }
}

/// How long something took: like [`age`], with tenths below ten seconds.
pub fn duration_ms(ms: u64) -> String {
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    if ms < 10_000 {
        return format!("{}.{}s", ms / 1_000, ms % 1_000 / 100);
    }
    age(i64::try_from(ms)
        .unwrap_or(i64::MAX / MILLI)
        .saturating_mul(MILLI))
}

/// A size in at most seven columns, powers of ten: `512 B`, `18 kB`, `4.1 MB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if size < 1_000 {
        return format!("{size} B");
    }
    let mut unit = 0;
    let mut scale: u64 = 1_000;
    while unit + 1 < UNITS.len() && size / scale >= 1_000 {
        unit += 1;
        scale = scale.saturating_mul(1_000);
    }
    let whole = size / scale;
    if whole < 10 && unit > 0 {
        return format!("{whole}.{} {}", size % scale / (scale / 10), UNITS[unit]);
    }
    format!("{whole} {}", UNITS[unit])
}

/// A count with spaces between thousands: `88 310`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A rate per second: `0.03/s`, `2.4/s`, `120/s`.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second < 0.005 {
        "0/s".to_owned()
    } else if per_second < 0.1 {
        format!("{per_second:.2}/s")
    } else if per_second < 9.95 {
        format!("{per_second:.1}/s")
    } else {
        format!("{per_second:.0}/s")
    }
}

/// The wall clock time of day in UTC, `18:04:31`.
pub fn clock(at: Micros) -> String {
    let seconds = at.div_euclid(SECOND).rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Date and time in UTC, `2024-11-24 18:04:31 UTC`.
pub fn moment(at: Micros) -> String {
    let seconds = at.div_euclid(SECOND);
    match time::OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(it) => format!(
            "{:04}-{:02}-{:02} {} UTC",
            it.year(),
            u8::from(it.month()),
            it.day(),
            clock(at)
        ),
        Err(_) => format!("{seconds} s after 1970"),
    }
}

/// The moment of a time as most JSON has it, `2026-01-31T08:00:00+01:00`; UTC without an offset.
pub fn parse_moment(text: &str) -> Option<Micros> {
    let parse = |text: &str| {
        let rfc3339 = time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(text, &rfc3339).ok()
    };
    let it = parse(text).or_else(|| parse(&format!("{text}Z")))?;
    Micros::try_from(it.unix_timestamp_nanos() / 1_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_sizes_counts_and_rates_are_short() {
        for (seconds, shown) in [
            (-5, "0s"),
            (59, "59s"),
            (61, "1m01s"),
            (1_560, "26m"),
            (3_720, "1h02m"),
            (183_600, "2d03h"),
        ] {
            assert_eq!(age(seconds * SECOND), shown);
        }
        for (seconds, shown) in [
            (0, "0s"),
            (9, "9s"),
            (12, "10s"),
            (88, "90s"),
            (89, "90s"),
            (90, "2m"),
            (5_399, "90m"),
            (5_400, "2h"),
            (172_800, "2d"),
            (i64::MAX / SECOND, ">2y"),
        ] {
            assert_eq!(about(seconds * SECOND), shown);
        }
        for (ms, shown) in [(90, "90ms"), (1_830, "1.8s"), (61_000, "1m01s")] {
            assert_eq!(duration_ms(ms), shown);
        }
        for (size, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (18_400, "18 kB"),
            (4_100_000, "4.1 MB"),
            (u64::MAX, "18446 PB"),
        ] {
            assert_eq!(bytes(size), shown);
        }
        for (value, shown) in [
            (0, "0"),
            (999, "999"),
            (1_204, "1 204"),
            (1_234_567, "1 234 567"),
        ] {
            assert_eq!(count(value), shown);
        }
        for (value, shown) in [
            (0.0, "0/s"),
            (0.03, "0.03/s"),
            (2.44, "2.4/s"),
            (119.6, "120/s"),
        ] {
            assert_eq!(rate(value), shown);
        }
        assert_eq!(clock(1_732_471_471 * SECOND), "18:04:31");
        for (seconds, shown) in [
            (1_732_471_471, "2024-11-24 18:04:31 UTC"),
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(moment(seconds * SECOND), shown);
        }
        assert_eq!(
            parse_moment("2024-11-24T19:04:31.5+01:00"),
            Some(1_732_471_471 * SECOND + 500_000)
        );
        assert_eq!(parse_moment("1970-01-01T00:00:01"), Some(SECOND));
        assert_eq!(parse_moment("yesterday"), None);
    }
}
