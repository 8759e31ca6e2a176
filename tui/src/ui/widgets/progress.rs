//! Bars and sparklines as text.

const EIGHTHS: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar of `width` columns, `done` of `total` full. It is full only when all is done, and
/// shows something as soon as anything is.
pub fn bar(width: usize, done: u64, total: u64) -> String {
    let eighths = u128::try_from(width).unwrap_or(0) * 8;
    let filled = if total == 0 {
        0
    } else {
        let exact = eighths * u128::from(done.min(total)) / u128::from(total);
        if done > 0 {
            exact.max(1).min(eighths)
        } else {
            0
        }
    };
    let filled = usize::try_from(filled).unwrap_or(0);
    let mut out = "█".repeat(filled / 8);
    if let Some(part) = (filled % 8).checked_sub(1) {
        out.push_str(EIGHTHS[part]);
    }
    let used = filled.div_ceil(8);
    out.push_str(&"·".repeat(width.saturating_sub(used)));
    out
}

/// The newest `width` samples as a sparkline, scaled to their largest.
pub fn spark(samples: &[u32], width: usize) -> String {
    let shown = &samples[samples.len().saturating_sub(width)..];
    let max = shown.iter().copied().max().unwrap_or(0).max(1);
    shown
        .iter()
        .map(|it| {
            let level = u64::from(*it) * 7 / u64::from(max);
            let level = if *it > 0 { level.max(1) } else { 0 };
            LEVELS[usize::try_from(level).unwrap_or(0).min(7)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_full_only_at_the_end_and_empty_only_at_the_start() {
        for (done, total, shown) in [
            (0, 0, "····"),
            (0, 1_000, "····"),
            (1, 1_000, "▏···"),
            (500, 1_000, "██··"),
            (999, 1_000, "███▉"),
            (1_000, 1_000, "████"),
            (7, 5, "████"),
            (u64::MAX - 1, u64::MAX, "███▉"),
        ] {
            assert_eq!(bar(4, done, total), shown, "{done} of {total}");
        }
        assert_eq!(bar(0, 1, 2), "");
    }

    #[test]
    fn sparklines_scale_to_what_is_shown() {
        assert_eq!(spark(&[9_999, 0, 1, 50, 100], 4), "▁▂▄█");
        assert_eq!(spark(&[], 4), "");
    }
}
