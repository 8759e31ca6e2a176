//! How many failures are too many, decided as early as it is certain.

/// How many items may fail.
///
/// Success is certain, and the rest not waited for, as soon as so many have succeeded that even
/// if all others fail there are few enough failures. A tolerance under which all items may fail
/// waits for all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    limit: Limit,
    waits: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Failures(usize),
    Share(f64),
    Successes(usize),
}

/// What is certain so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Open,
    Kept,
    Broken,
}

impl Tolerance {
    /// At most `count` items may fail.
    pub fn failures(count: usize) -> Self {
        Self::of(Limit::Failures(count))
    }

    /// At most this share of the items may fail, rounded down: 0.25 of 10 items are 2. Values
    /// outside of 0 to 1 count as the nearer end, NaN as 0.
    pub fn share(share: f64) -> Self {
        Self::of(Limit::Share(if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        }))
    }

    /// At least `count` items must succeed.
    pub fn at_least(count: usize) -> Self {
        Self::of(Limit::Successes(count))
    }

    fn of(limit: Limit) -> Self {
        Self {
            limit,
            waits: false,
        }
    }

    /// Waits for the rest too once success is certain, so that no result is missing. Certain
    /// failure is never waited out.
    #[must_use]
    pub fn wait_for_rest(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Whether success, once it is certain, waits for the rest. Where all of them may fail there
    /// is nothing to decide, and something has to be waited for.
    pub(super) fn waits_among(self, total: usize) -> bool {
        self.waits || self.allowed(total) == Some(total)
    }

    /// Failures that are allowed among `total` items; `None` where success is impossible.
    pub(super) fn allowed(self, total: usize) -> Option<usize> {
        match self.limit {
            Limit::Failures(count) => Some(count.min(total)),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a share of a count is between 0 and the count"
            )]
            // A share like 0.29 of 100 must not lose an item to the rounding of binary numbers.
            Limit::Share(share) => {
                Some(((total as f64 * share + 1e-9).floor() as usize).min(total))
            }
            Limit::Successes(count) => total.checked_sub(count),
        }
    }

    /// Successes that it takes among `total` items.
    pub(super) fn wanted(self, total: usize) -> usize {
        match self.limit {
            Limit::Successes(count) => count,
            Limit::Failures(_) | Limit::Share(_) => total - self.allowed(total).unwrap_or(0),
        }
    }

    pub(super) fn verdict(self, total: usize, succeeded: usize, failed: usize) -> Verdict {
        match self.allowed(total) {
            Some(allowed) if failed <= allowed && succeeded + allowed >= total => Verdict::Kept,
            Some(allowed) if failed <= allowed => Verdict::Open,
            Some(_) | None => Verdict::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_comes_as_soon_as_it_is_certain() {
        let rows = [
            (
                "nothing yet",
                Tolerance::failures(2),
                10,
                0,
                0,
                Verdict::Open,
            ),
            (
                "at the limit",
                Tolerance::failures(2),
                10,
                0,
                2,
                Verdict::Open,
            ),
            ("over it", Tolerance::failures(2), 10, 0, 3, Verdict::Broken),
            (
                "enough succeeded",
                Tolerance::failures(2),
                10,
                8,
                0,
                Verdict::Kept,
            ),
            ("one short", Tolerance::failures(2), 10, 7, 2, Verdict::Open),
            (
                "all may fail",
                Tolerance::failures(99),
                10,
                0,
                0,
                Verdict::Kept,
            ),
            (
                "none may fail",
                Tolerance::failures(0),
                10,
                9,
                1,
                Verdict::Broken,
            ),
            ("no items", Tolerance::failures(0), 0, 0, 0, Verdict::Kept),
            ("a share", Tolerance::share(0.25), 10, 8, 0, Verdict::Kept),
            (
                "over the share",
                Tolerance::share(0.25),
                10,
                0,
                3,
                Verdict::Broken,
            ),
            (
                "a share that binary rounds down",
                Tolerance::share(0.29),
                100,
                71,
                0,
                Verdict::Kept,
            ),
            ("at least", Tolerance::at_least(3), 10, 3, 5, Verdict::Kept),
            (
                "cannot reach it",
                Tolerance::at_least(3),
                10,
                1,
                8,
                Verdict::Broken,
            ),
            (
                "more than there are",
                Tolerance::at_least(11),
                10,
                0,
                0,
                Verdict::Broken,
            ),
        ];
        for (name, tolerance, total, succeeded, failed, expected) in rows {
            assert_eq!(
                tolerance.verdict(total, succeeded, failed),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn shares_out_of_range_are_the_nearer_end() {
        assert_eq!(Tolerance::share(f64::NAN).allowed(10), Some(0));
        assert_eq!(Tolerance::share(-1.0).allowed(10), Some(0));
        assert_eq!(Tolerance::share(7.0).allowed(10), Some(10));
    }
}
