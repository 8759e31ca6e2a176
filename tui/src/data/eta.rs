//! How long what is open will take: a range from measured times and the slots that work on it,
//! or why that cannot be known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::format;
use crate::format::Micros;
use crate::format::SECOND;

/// Finishes are counted over this time.
pub const WINDOW: Micros = 30 * SECOND;
/// Fewer finishes in that time say too little.
pub const FINISHES_MIN: usize = 10;
/// Runs that are tried out.
pub(super) const TRIALS: usize = 40;
/// Where the numbers of all trials begin.
pub(super) const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
/// Items at the end that are tried out one by one; those before go by their mean.
const TAIL_MAX: usize = 256;

/// What is known.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Items that have not begun, if their number is known.
    pub waiting: Option<usize>,
    /// How long each running item has run.
    pub elapsed: &'a [Micros],
    /// How long finished items of the same kind took.
    pub took: &'a [Micros],
    /// Items that finished within [`WINDOW`].
    pub recent: usize,
    /// Slots that nothing uses now; they will take what waits.
    pub free_slots: usize,
    /// False where run times are not known: then nothing can be said.
    pub knows_starts: bool,
}

/// Time left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eta {
    /// Nine of ten trials took at least this.
    pub low: Micros,
    /// Nine of ten trials took at most this.
    pub high: Micros,
}

impl Eta {
    /// The same when `passed` has passed; there is always something left.
    #[must_use]
    pub fn after(self, passed: Micros) -> Self {
        let rest = |it: Micros| (it - passed).max(SECOND);
        Self {
            low: rest(self.low),
            high: rest(self.high),
        }
    }

    /// `about 40s left`, or `about 40s to 1m left`.
    pub fn sentence(self) -> String {
        let (low, high) = (format::about(self.low), format::about(self.high));
        if low == high {
            format!("about {high} left")
        } else {
            format!("about {low} to {high} left")
        }
    }
}

/// Why it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    Done,
    NoStarts,
    NothingRuns,
    NoTotal,
    /// What is reported and what finishes do not fit, and it was not watched for long enough.
    NoPace,
    TooFew(usize),
}

impl Unknown {
    /// The reason in words; empty when nothing is left to do. `span` says of which finishes too
    /// few are known.
    pub fn reason(self, span: &str) -> String {
        match self {
            Self::Done => String::new(),
            Self::NoStarts => "this server does not tell when items start".to_owned(),
            Self::NothingRuns => "nothing runs".to_owned(),
            Self::NoTotal => "nobody told how many more there will be".to_owned(),
            Self::NoPace => "its items are not its tasks; it takes a while to see".to_owned(),
            Self::TooFew(count) => format!("{count} finished {span}and it takes {FINISHES_MIN}"),
        }
    }

    /// The reason as a sentence about a wave.
    pub fn sentence(self) -> String {
        match self.reason("in the last 30 s ") {
            it if it.is_empty() => it,
            it => format!("time left: not known, {it}"),
        }
    }
}

/// The time left.
///
/// Trials draw times from those measured (a bootstrap with a fixed seed, so that the same facts
/// give the same answer) and give them to the slots as these become free.
///
/// # Errors
/// Why it cannot be known.
pub fn left(facts: Facts<'_>) -> Result<Eta, Unknown> {
    if facts.waiting == Some(0) && facts.elapsed.is_empty() {
        return Err(Unknown::Done);
    }
    if !facts.knows_starts {
        return Err(Unknown::NoStarts);
    }
    if facts.elapsed.is_empty() {
        return Err(Unknown::NothingRuns);
    }
    let waiting = facts.waiting.ok_or(Unknown::NoTotal)?;
    if facts.recent < FINISHES_MIN || facts.took.is_empty() {
        return Err(Unknown::TooFew(facts.recent));
    }
    let mut sorted = facts.took.to_vec();
    sorted.sort_unstable();
    let mut random = Random(SEED);
    let mut trials: Vec<_> = (0..TRIALS)
        .map(|_| trial(&facts, &sorted, waiting, &mut random))
        .collect();
    trials.sort_unstable();
    Ok(Eta {
        low: trials[TRIALS / 10],
        high: trials[TRIALS - 1 - TRIALS / 10],
    })
}

/// One run: when the last slot is done.
fn trial(facts: &Facts<'_>, sorted: &[Micros], waiting: usize, random: &mut Random) -> Micros {
    let begun = facts.elapsed.iter().map(|it| rest(*it, sorted, random));
    let free = facts.free_slots.min(waiting);
    let mut slots: BinaryHeap<_> = begun
        .chain(std::iter::repeat_n(0, free))
        .map(Reverse)
        .collect();
    let tail = waiting.min(TAIL_MAX);
    let bulk = waiting - tail;
    if bulk > 0 {
        let drawn: i128 = (0..TAIL_MAX).map(|_| i128::from(random.of(sorted))).sum();
        let work = drawn * i128::try_from(bulk).unwrap_or(i128::MAX >> 64)
            / i128::try_from(TAIL_MAX).unwrap_or(1);
        let each = work / i128::try_from(slots.len()).unwrap_or(1).max(1);
        let each = Micros::try_from(each).unwrap_or(Micros::MAX / 4);
        slots = slots
            .into_iter()
            .map(|Reverse(it)| Reverse(it.saturating_add(each)))
            .collect();
    }
    let mut end = slots.iter().map(|it| it.0).max().unwrap_or(0);
    for _ in 0..tail {
        let Some(Reverse(at)) = slots.pop() else {
            break;
        };
        let at = at.saturating_add(random.of(sorted));
        end = end.max(at);
        slots.push(Reverse(at));
    }
    end
}

/// What is left of an item that has run for `elapsed`: drawn from those that took longer; when
/// none did, as long again as it has run.
fn rest(elapsed: Micros, sorted: &[Micros], random: &mut Random) -> Micros {
    let longer = &sorted[sorted.partition_point(|it| *it <= elapsed)..];
    if longer.is_empty() {
        return elapsed;
    }
    random.of(longer) - elapsed
}

/// A small generator of numbers without a pattern that matters here (xorshift).
pub(super) struct Random(pub(super) u64);

impl Random {
    fn of(&mut self, values: &[Micros]) -> Micros {
        let at = self.below(values.len());
        values.get(at).copied().unwrap_or(0)
    }

    /// An index into `count` things.
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let count = u64::try_from(count).unwrap_or(1).max(1);
        usize::try_from(self.0 % count).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(waiting: usize, elapsed: &'a [Micros], took: &'a [Micros]) -> Facts<'a> {
        Facts {
            waiting: Some(waiting),
            elapsed,
            took,
            recent: 20,
            free_slots: 0,
            knows_starts: true,
        }
    }

    #[test]
    fn equal_times_give_the_exact_answer() {
        // 80 items of 2 s behind 8 slots, all just begun.
        let took = [2 * SECOND; 30];
        let eta = left(facts(80, &[0; 8], &took)).unwrap();
        assert_eq!((eta.low, eta.high), (22 * SECOND, 22 * SECOND));
        let free = Facts {
            free_slots: 8,
            ..facts(80, &[0; 8], &took)
        };
        assert_eq!(left(free).unwrap().high, 12 * SECOND);
        let many = left(facts(100_000, &[0; 10], &took)).unwrap();
        let exact = 20_002 * SECOND;
        assert!((many.low - exact).abs() < 10 * SECOND, "{many:?}");
    }

    #[test]
    fn the_spread_of_times_is_the_width_of_the_range() {
        let took: Vec<_> = (1..=50).map(|it| it * SECOND / 5).collect();
        let eta = left(facts(100, &[0; 10], &took)).unwrap();
        // The mean is 5.1 s: about 51 s of work for each slot, and the last ones' tail.
        assert!(eta.low > 45 * SECOND && eta.high < 75 * SECOND, "{eta:?}");
        assert!(eta.low < eta.high);
        assert_eq!(left(facts(100, &[0; 10], &took)), Ok(eta), "the same again");
    }

    #[test]
    fn a_straggler_is_expected_to_take_as_long_again() {
        let eta = left(facts(0, &[100 * SECOND], &[SECOND; 30])).unwrap();
        assert_eq!(eta.low, 100 * SECOND);
    }

    #[test]
    fn it_says_when_it_cannot_know() {
        let took = [SECOND; 30];
        let known = facts(5, &[0; 2], &took);
        for (facts, why) in [
            (Facts { recent: 9, ..known }, Unknown::TooFew(9)),
            (
                Facts {
                    elapsed: &[],
                    ..known
                },
                Unknown::NothingRuns,
            ),
            (
                Facts {
                    waiting: None,
                    ..known
                },
                Unknown::NoTotal,
            ),
            (
                Facts {
                    knows_starts: false,
                    ..known
                },
                Unknown::NoStarts,
            ),
            (
                Facts {
                    waiting: Some(0),
                    elapsed: &[],
                    ..known
                },
                Unknown::Done,
            ),
        ] {
            assert_eq!(left(facts), Err(why));
        }
        assert!(
            left(Facts {
                recent: 10,
                ..known
            })
            .is_ok()
        );
    }
}
