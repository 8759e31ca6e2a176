//! Medians and ranges, and how they are written.

use std::fmt;

/// Middle and ends of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Figure {
    /// `None` if there are no numbers.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self {
            median: f64::midpoint(low, high),
            min,
            max,
        })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, min, max) = (short(self.median), short(self.min), short(self.max));
        write!(f, "{median} ({min} to {max})")
    }
}

/// Three digits that count, none behind whole numbers, and separators in what is large.
pub(crate) fn short(number: f64) -> String {
    let size = number.abs();
    if size >= 1_000.0 {
        return grouped(number);
    }
    let digits = match size {
        _ if number.fract() == 0.0 => 0,
        _ if size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{number:.digits$}")
}

fn grouped(number: f64) -> String {
    let plain = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (plain.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number or a dash.
pub(crate) fn shown(figure: Option<Figure>) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| figure.to_string())
}

/// The power of its size with which a time grows.
pub(crate) fn exponent(sizes: (u32, u32), seconds: (f64, f64)) -> f64 {
    (seconds.1 / seconds.0).ln() / (f64::from(sizes.1) / f64::from(sizes.0)).ln()
}

/// The value below which this share of the numbers lies.
pub(crate) fn percentile(numbers: &[f64], share: f64) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    // By the nearest rank, in whole numbers: shares are hundredths.
    let wanted = (1..=count).find(|rank| rank_share(*rank, count) >= share)?;
    sorted.get(wanted - 1).copied()
}

fn rank_share(rank: usize, count: usize) -> f64 {
    let number = |it: usize| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
    number(rank) / number(count)
}
