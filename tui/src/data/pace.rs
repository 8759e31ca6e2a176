//! Time left by pace: how fast work was done of late, with its ups and downs as a range.

use crate::data::eta::Eta;
use crate::data::eta::FINISHES_MIN;
use crate::data::eta::Random;
use crate::data::eta::SEED;
use crate::data::eta::TRIALS;
use crate::data::eta::Unknown;
use crate::format::Micros;

/// Parts that finishes are put into at most.
const STEPS_MAX: usize = 16;
/// Of more finishes than this, the newer half is looked at: slots and inputs change.
const FINISHES_MAX: usize = 512;

/// So many finishes, and how long they took together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub finished: u64,
    pub took: Micros,
}

impl Step {
    fn and(self, other: Self) -> Self {
        Self {
            finished: self.finished.saturating_add(other.finished),
            took: self.took.saturating_add(other.took),
        }
    }
}

/// The steps of work that began at `began` and finished at these times, in order, until `now`.
/// What has passed since the last of them counts too.
pub fn steps(began: Micros, finishes: &[Micros], now: Micros) -> Vec<Step> {
    let recent = finishes.len().min((finishes.len() / 2).max(FINISHES_MAX));
    let (before, finishes) = finishes.split_at(finishes.len() - recent);
    let mut from = before.last().copied().unwrap_or(began);
    let each = finishes.len().div_ceil(STEPS_MAX).max(1);
    let mut steps = Vec::new();
    for part in finishes.chunks(each) {
        let to = part.last().copied().unwrap_or(from);
        steps.push(Step {
            finished: u64::try_from(part.len()).unwrap_or(0),
            took: to.saturating_sub(from).max(0),
        });
        from = from.max(to);
    }
    steps.push(Step {
        finished: 0,
        took: now.saturating_sub(from).max(0),
    });
    steps
}

/// How long `remaining` will take.
///
/// A trial draws as many of the steps as the rest is long, or all of them, and goes on at the pace
/// that they have together; the seed is fixed, so that the same steps give the same answer.
///
/// # Errors
/// [`Unknown::Done`] and [`Unknown::TooFew`].
pub fn left(steps: &[Step], remaining: u64) -> Result<Eta, Unknown> {
    if remaining == 0 {
        return Err(Unknown::Done);
    }
    let whole = steps.iter().fold(Step::default(), |sum, it| sum.and(*it));
    let finished = whole.finished;
    let few = usize::try_from(finished).unwrap_or(usize::MAX);
    if few < FINISHES_MIN {
        return Err(Unknown::TooFew(few));
    }
    let count = u64::try_from(steps.len()).unwrap_or(1);
    let draws = remaining
        .saturating_mul(count)
        .div_ceil(finished)
        .clamp(1, count);
    let mut random = Random(SEED);
    let mut trials: Vec<_> = (0..TRIALS)
        .map(|_| {
            let drawn = (0..draws).fold(Step::default(), |sum, _| {
                sum.and(steps[random.below(steps.len())])
            });
            // Nothing but a pause was drawn.
            at_pace(if drawn.finished == 0 { whole } else { drawn }, remaining)
        })
        .collect();
    trials.sort_unstable();
    Ok(Eta {
        low: trials[TRIALS / 10],
        high: trials[TRIALS - 1 - TRIALS / 10],
    })
}

fn at_pace(step: Step, remaining: u64) -> Micros {
    let left = i128::from(step.took) * i128::from(remaining) / i128::from(step.finished.max(1));
    Micros::try_from(left).unwrap_or(Micros::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::SECOND;

    #[test]
    fn a_steady_pace_goes_on_and_an_uneven_one_is_a_range() {
        let steady: Vec<_> = (1..=100).map(|it| it * SECOND).collect();
        let parts = steps(0, &steady, 100 * SECOND);
        assert_eq!(
            left(&parts, 50),
            Ok(Eta {
                low: 50 * SECOND,
                high: 50 * SECOND
            })
        );
        // Waves of 20 with a pause of 20 s between them: 40 s each.
        let waves: Vec<_> = (0..5)
            .flat_map(|wave| (1..=20).map(move |it| (wave * 40 + it) * SECOND))
            .collect();
        let eta = left(&steps(0, &waves, 180 * SECOND), 200).unwrap();
        assert!(
            (250 * SECOND..=400 * SECOND).contains(&eta.low) && eta.high > 400 * SECOND,
            "{eta:?}"
        );
        assert_eq!(left(&steps(0, &waves, 180 * SECOND), 200), Ok(eta));
    }

    #[test]
    fn what_has_stopped_takes_longer_the_longer_it_stands() {
        let finishes: Vec<_> = (1..=50).map(|it| it * SECOND).collect();
        let high = |now: i64| left(&steps(0, &finishes, now * SECOND), 50).unwrap().high;
        assert!(high(250) > 2 * high(50));
    }

    #[test]
    fn it_says_when_it_cannot_know() {
        let finishes: Vec<_> = (1..=9).map(|it| it * SECOND).collect();
        let few = steps(0, &finishes, 9 * SECOND);
        assert_eq!(left(&few, 5), Err(Unknown::TooFew(9)));
        assert_eq!(left(&few, 0), Err(Unknown::Done));
        assert_eq!(left(&steps(0, &[], 0), 1), Err(Unknown::TooFew(0)));
    }
}
