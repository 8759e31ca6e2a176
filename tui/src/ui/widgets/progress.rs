//! Bars and sparklines as text.

const EIGHTHS: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// A bar below this length tells little.
const BAR_MIN: usize = 8;
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

/// A bar and a note beside it, `width` columns together: the first of `notes`, which come longest
/// first, that leaves the bar enough to tell something, or else the last one if a stump stays.
pub fn bar_with_note(width: usize, done: u64, total: u64, notes: &[String]) -> String {
    let fits = |note: &&String, least: usize| note.chars().count() + 1 + least <= width;
    let note = notes.iter().find(|it| fits(it, BAR_MIN));
    match note.or(notes.last().filter(|it| fits(it, 2))) {
        Some(note) => {
            let left = width - note.chars().count() - 1;
            format!("{} {note}", bar(left, done, total))
        }
        None => bar(width, done, total),
    }
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
    fn a_note_takes_room_from_the_bar_and_leaves_when_there_is_none() {
        let notes = ["batch 3 of 10".to_owned(), "3 of 10".to_owned()];
        for (width, shown) in [
            (22, "████···· batch 3 of 10"),
            (21, "██████▌······ 3 of 10"),
            (12, "██·· 3 of 10"),
            (10, "█· 3 of 10"),
            (9, "████▌····"),
            (0, ""),
        ] {
            assert_eq!(bar_with_note(width, 1, 2, &notes), shown);
        }
        assert_eq!(bar_with_note(4, 1, 2, &[]), "██··");
    }

    #[test]
    fn sparklines_scale_to_what_is_shown() {
        assert_eq!(spark(&[9_999, 0, 1, 50, 100], 4), "▁▂▄█");
        assert_eq!(spark(&[], 4), "");
    }
}
