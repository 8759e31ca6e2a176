//! Events of the same kind that follow each other as one line of a list, unless they are unfolded.
//!
//! Pure, and the same for a server that keeps the events elsewhere and for who has them all.

/// Events that are a run at least; fewer are as quickly read one by one.
const EVENTS_MIN: u32 = 3;
/// Runs that one request may unfold.
pub const UNFOLDED_MAX: usize = 256;

/// Where runs begin. Numbers are positions in the history, from 1.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// Numbers of the first events, also of runs of one.
    firsts: Vec<u32>,
    events: u32,
}

/// One line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The event, or the first of those that it stands for.
    pub number: u64,
    /// The run around it; absent for an event alone.
    pub run: Option<Run>,
}

/// Numbers from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub first: u64,
    pub last: u64,
    pub folded: bool,
}

impl Runs {
    /// Takes in the next event; `goes_on` when it is of the same kind as the one before.
    pub fn push(&mut self, goes_on: bool) {
        self.events += 1;
        if !goes_on || self.firsts.is_empty() {
            self.firsts.push(self.events);
        }
    }

    /// The line that shows the event with this number, from 0.
    pub fn line_of(&self, number: u64, unfolded: &[u64], newest_first: bool) -> usize {
        let number = u32::try_from(number)
            .unwrap_or(u32::MAX)
            .clamp(1, self.events.max(1));
        let at = self.firsts.partition_point(|first| *first <= number);
        let Some(at) = at.checked_sub(1) else {
            return 0;
        };
        let count = |at: usize| {
            let (first, length) = (self.firsts[at], self.end(at) - self.firsts[at] + 1);
            let folded = length >= EVENTS_MIN && !unfolded.contains(&u64::from(first));
            if folded { 1 } else { length as usize }
        };
        let before: usize = if newest_first {
            (at + 1..self.firsts.len()).map(count).sum()
        } else {
            (0..at).map(count).sum()
        };
        let (first, last) = (self.firsts[at], self.end(at));
        let within = if newest_first {
            last - number
        } else {
            number - first
        };
        before + if count(at) == 1 { 0 } else { within as usize }
    }

    /// The last number of the run at this place.
    fn end(&self, at: usize) -> u32 {
        self.firsts.get(at + 1).map_or(self.events, |it| it - 1)
    }

    /// The lines from `offset` on, and how many there are in all. The runs that begin with the
    /// numbers `unfolded` have a line for each event.
    pub fn lines(
        &self,
        unfolded: &[u64],
        newest_first: bool,
        offset: usize,
        limit: usize,
    ) -> (Vec<Line>, u64) {
        let mut lines = Vec::new();
        let mut passed = 0_usize;
        let mut take = |first: u32, last: u32| {
            let length = last - first + 1;
            let (first, last) = (u64::from(first), u64::from(last));
            let folded = length >= EVENTS_MIN && !unfolded.contains(&first);
            let run = (length >= EVENTS_MIN).then_some(Run {
                first,
                last,
                folded,
            });
            let count = if folded { 1 } else { length as usize };
            let from = offset.saturating_sub(passed).min(count);
            let room = limit - lines.len();
            for step in (from..count).take(room) {
                let step = step as u64;
                let number = match (folded, newest_first) {
                    (true, _) => first,
                    (false, true) => last - step,
                    (false, false) => first + step,
                };
                lines.push(Line { number, run });
            }
            passed += count;
        };
        let count = self.firsts.len();
        for at in 0..count {
            let at = if newest_first { count - 1 - at } else { at };
            take(self.firsts[at], self.end(at));
        }
        (lines, passed as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter a kind; a folded run is its letter's first number and length.
    fn told(kinds: &str, unfolded: &[u64], newest_first: bool) -> Vec<String> {
        let mut runs = Runs::default();
        let kinds: Vec<char> = kinds.chars().collect();
        for (at, kind) in kinds.iter().enumerate() {
            runs.push(at > 0 && kinds[at - 1] == *kind);
        }
        let (all, count) = runs.lines(unfolded, newest_first, 0, usize::MAX);
        assert_eq!(all.len() as u64, count);
        for offset in 0..all.len() + 2 {
            let (page, same) = runs.lines(unfolded, newest_first, offset, 2);
            let end = (offset + 2).min(all.len());
            assert_eq!((page.as_slice(), same), (&all[offset.min(end)..end], count));
        }
        for (at, line) in all.iter().enumerate() {
            let folded = line.run.filter(|it| it.folded);
            let last = folded.map_or(line.number, |it| it.last);
            for number in line.number..=last {
                assert_eq!(runs.line_of(number, unfolded, newest_first), at, "{number}");
            }
        }
        let text = |it: &Line| match it.run.filter(|it| it.folded) {
            Some(run) => format!("{}–{}", run.first, run.last),
            None => it.number.to_string(),
        };
        all.iter().map(text).collect()
    }

    #[test]
    fn runs_fold_in_both_orders_and_pages_cut_them_anywhere() {
        assert_eq!(told("", &[], false), [""; 0]);
        assert_eq!(told("abbbbcc", &[], false), ["1", "2–5", "6", "7"]);
        assert_eq!(told("abbbbcc", &[], true), ["7", "6", "2–5", "1"]);
        let unfolded = told("abbbbcccc", &[2], true);
        assert_eq!(unfolded, ["6–9", "5", "4", "3", "2", "1"]);
    }
}
