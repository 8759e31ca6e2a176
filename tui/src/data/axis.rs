//! The time axis of the timeline: moments to columns, with long idle gaps folded.

use crate::format;
use crate::format::Micros;
use crate::format::SECOND;

/// A gap folds when it takes more than this part of what is shown.
const FOLD_PART: i64 = 10;
/// Shorter gaps never fold.
const FOLD_MIN: Micros = 2 * SECOND;
/// Below this width nothing folds.
const COLUMNS_MIN: usize = 40;
/// Gaps that are remembered: the longest ones.
const GAPS_MAX: usize = 200;
/// Columns from one label to the next, at least.
const TICK_MIN: usize = 14;

/// Parts of a column, for what is shorter than one.
pub const FINE: usize = 1_024;

/// A time in which nothing was open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub from: Micros,
    pub to: Micros,
}

/// A part of the axis with one scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub from: Micros,
    pub to: Micros,
    pub column: usize,
    pub columns: usize,
    pub folded: bool,
}

impl Part {
    /// What stands in a folded part.
    pub fn label(&self) -> String {
        fold_label(self.to - self.from)
    }
}

/// A label of the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub column: usize,
    pub text: String,
}

/// Moments from `from` to `to` on a number of columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    pub from: Micros,
    pub to: Micros,
    pub columns: usize,
    pub parts: Vec<Part>,
}

fn fold_label(length: Micros) -> String {
    format!("╱╱ {} ╱╱", format::age(length))
}

/// The gaps between `spans`, which are sorted by their beginnings; in order of time.
pub fn gaps(spans: impl Iterator<Item = (Micros, Micros)>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut end: Option<Micros> = None;
    for (from, to) in spans {
        if let Some(end) = end.filter(|it| from - it >= FOLD_MIN) {
            gaps.push(Gap {
                from: end,
                to: from,
            });
        }
        end = end.max(Some(to));
    }
    if gaps.len() > GAPS_MAX {
        gaps.sort_by_key(|it| it.from - it.to);
        gaps.truncate(GAPS_MAX);
        gaps.sort_by_key(|it| it.from);
    }
    gaps
}

impl Axis {
    /// An axis of `columns`; `gaps` are in order of time.
    pub fn new(from: Micros, to: Micros, columns: usize, gaps: &[Gap], fold: bool) -> Self {
        let to = to.max(from.saturating_add(1));
        let folds = if fold && columns >= COLUMNS_MIN {
            folds(from, to, columns, gaps)
        } else {
            Vec::new()
        };
        let folded_columns: usize = folds.iter().map(|it| it.1).sum();
        let folded_time: Micros = folds.iter().map(|(it, _)| it.to - it.from).sum();
        let room = columns.saturating_sub(folded_columns);
        let busy = (to - from - folded_time).max(1);
        let mut parts = Vec::new();
        let mut at = from;
        let mut before: Micros = 0;
        let mut folded = 0;
        let column = |before: Micros, folded: usize| scaled(before, busy, room) + folded;
        for (gap, width) in &folds {
            let start = column(before, folded);
            before += gap.from - at;
            let end = column(before, folded);
            parts.push(part(at, gap.from, start, end, false));
            folded += width;
            parts.push(part(gap.from, gap.to, end, end + width, true));
            at = gap.to;
        }
        let start = column(before, folded);
        parts.push(part(at, to, start, columns, false));
        parts.retain(|it| it.columns > 0);
        Self {
            from,
            to,
            columns,
            parts,
        }
    }

    /// The column of `at`; what is before or after is at the edge.
    pub fn column(&self, at: Micros) -> usize {
        let last = self.columns.saturating_sub(1);
        (self.position(at) / FINE).min(last)
    }

    /// Where `at` is, in parts of a column, [`FINE`] to each.
    pub fn position(&self, at: Micros) -> usize {
        let at = at.clamp(self.from, self.to);
        let Some(part) = self.parts.iter().find(|it| at <= it.to) else {
            return self.columns * FINE;
        };
        let inside = (at - part.from).max(0);
        part.column * FINE + scaled(inside, part.to - part.from, part.columns * FINE)
    }

    /// True when some of `from` to `to` is shown.
    pub fn shows(&self, from: Micros, to: Micros) -> bool {
        to >= self.from && from <= self.to
    }

    /// Labels, far enough from each other, on round moments.
    pub fn ticks(&self) -> Vec<Tick> {
        let shown: Micros = self
            .parts
            .iter()
            .filter(|it| !it.folded)
            .map(|it| it.to - it.from)
            .sum();
        let wanted = shown / i64::try_from((self.columns / TICK_MIN).max(1)).unwrap_or(1);
        let step = step(wanted);
        let mut ticks = Vec::new();
        let mut free = 0;
        for part in self.parts.iter().filter(|it| !it.folded) {
            let mut at = part.from.div_euclid(step) * step;
            while at <= part.to {
                let column = self.column(at);
                let text = label(at, step);
                let fits = column + text.len() <= part.column + part.columns;
                if at >= part.from && column >= free && fits {
                    free = column + text.len() + 2;
                    ticks.push(Tick { column, text });
                }
                at += step;
            }
        }
        ticks
    }
}

fn scaled(time: Micros, of: Micros, columns: usize) -> usize {
    let columns = i128::try_from(columns).unwrap_or(0);
    let at = i128::from(time) * columns / i128::from(of.max(1));
    usize::try_from(at).unwrap_or(0)
}

fn part(from: Micros, to: Micros, column: usize, end: usize, folded: bool) -> Part {
    Part {
        from,
        to,
        column,
        columns: end.saturating_sub(column),
        folded,
    }
}

/// The gaps that fold and the columns that each takes: the longest first, at most half of all.
fn folds(from: Micros, to: Micros, columns: usize, gaps: &[Gap]) -> Vec<(Gap, usize)> {
    let long = (to - from) / FOLD_PART;
    let mut chosen: Vec<_> = gaps
        .iter()
        .map(|it| Gap {
            from: it.from.max(from),
            to: it.to.min(to),
        })
        .filter(|it| it.to - it.from >= FOLD_MIN && it.to - it.from > long)
        .map(|it| (it, fold_label(it.to - it.from).chars().count()))
        .collect();
    chosen.sort_by_key(|(it, _)| it.from - it.to);
    let mut room = columns / 2;
    chosen.retain(|(_, width)| {
        let fits = *width <= room;
        room -= if fits { *width } else { 0 };
        fits
    });
    chosen.sort_by_key(|(it, _)| it.from);
    chosen
}

/// The smallest round step that is at least `wanted`.
fn step(wanted: Micros) -> Micros {
    const MILLIS: [i64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500];
    const SECONDS: [i64; 20] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
        86_400, 172_800, 604_800,
    ];
    let millis = MILLIS.iter().map(|it| it * 1_000);
    let seconds = SECONDS.iter().map(|it| it * SECOND);
    millis
        .chain(seconds)
        .find(|it| *it >= wanted)
        // Beyond weeks: a few labels at most, whatever a server tells.
        .unwrap_or(wanted)
}

fn label(at: Micros, step: Micros) -> String {
    let clock = format::clock(at);
    if step < SECOND {
        return format!("{clock}.{:03}", at.rem_euclid(SECOND) / 1_000);
    }
    if step >= 60 * SECOND {
        return clock[..5].to_owned();
    }
    clock
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(from: i64, to: i64) -> Gap {
        Gap {
            from: from * SECOND,
            to: to * SECOND,
        }
    }

    #[test]
    fn idle_times_between_spans_are_found_also_under_long_ones() {
        let spans = [(0, 10), (2, 3), (4, 5), (400, 410), (405, 500), (501, 502)];
        let spans = spans.map(|(from, to)| (from * SECOND, to * SECOND));
        assert_eq!(gaps(spans.into_iter()), [gap(10, 400)]);
    }

    #[test]
    fn a_folded_gap_has_its_label_and_the_rest_shares_the_columns() {
        let axis = Axis::new(0, 420 * SECOND, 100, &[gap(10, 400)], true);
        let shape: Vec<_> = axis
            .parts
            .iter()
            .map(|it| (it.column, it.columns, it.folded))
            .collect();
        assert_eq!(shape, [(0, 29, false), (29, 11, true), (40, 60, false)]);
        assert_eq!(axis.parts[1].label(), "╱╱ 6m30s ╱╱");
        assert_eq!(axis.column(5 * SECOND), 14);
        assert_eq!(axis.column(410 * SECOND), 70);
        assert_eq!(axis.column(i64::MAX), 99);
        assert_eq!(axis.column(-5), 0);
        let plain = Axis::new(0, 420 * SECOND, 100, &[gap(10, 400)], false);
        assert_eq!(plain.parts.len(), 1);
    }

    #[test]
    fn moments_never_go_backwards_along_the_columns() {
        let gaps = [gap(10, 400), gap(500, 900), gap(905, 990)];
        let axis = Axis::new(3 * SECOND, 995 * SECOND, 77, &gaps, true);
        let mut last = 0;
        for at in 0..1_000 {
            let column = axis.column(at * SECOND);
            assert!(column >= last && column < 77);
            last = column;
        }
        assert_eq!(axis.parts.iter().map(|it| it.columns).sum::<usize>(), 77);
    }

    #[test]
    fn labels_do_not_touch_at_any_scale() {
        for length in [
            1,
            900,
            90_000,
            7 * SECOND,
            3_000 * SECOND,
            400_000 * SECOND,
            i64::MAX / 4,
        ] {
            for columns in [0, 5, 30, 90] {
                let axis = Axis::new(1_000 * SECOND, 1_000 * SECOND + length, columns, &[], true);
                let ticks = axis.ticks();
                assert!(ticks.len() <= columns, "{length} {columns}");
                for pair in ticks.windows(2) {
                    assert!(pair[0].column + pair[0].text.len() < pair[1].column);
                }
            }
        }
    }
}
