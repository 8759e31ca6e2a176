//! Fixed rings of rates for sparklines, computed from the feed's counters. They never grow.

use durascope_proto::monitor::Counters;

use crate::format::Micros;
use crate::format::SECOND;

/// Samples kept: two minutes.
pub const SAMPLES: usize = 60;
/// Width of one sample.
pub const SAMPLE: Micros = 2 * SECOND;

/// What is plotted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    Started = 0,
    Ended = 1,
    Activities = 2,
    Turns = 3,
    Failures = 4,
}

const PLOTS: usize = 5;

/// Counted things per sample, oldest first.
#[derive(Clone, Debug)]
pub struct Series {
    samples: [[u32; SAMPLES]; PLOTS],
    last: Option<[u64; PLOTS]>,
    /// Number of the newest sample since the epoch.
    newest: Micros,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            samples: [[0; SAMPLES]; PLOTS],
            last: None,
            newest: 0,
        }
    }
}

impl Series {
    /// Takes the counters as they were at `at`. Counters that went down mean a new server:
    /// what it counted before is not known, so the difference is left out.
    pub fn push(&mut self, counters: &Counters, at: Micros) {
        let values = [
            counters.started,
            counters.ended,
            counters.activities,
            counters.turns,
            counters.failed.saturating_add(counters.activities_failed),
        ];
        self.advance(at.div_euclid(SAMPLE));
        if let Some(last) = self.last {
            for plot in 0..PLOTS {
                let grown = values[plot].saturating_sub(last[plot]);
                let slot = &mut self.samples[plot][SAMPLES - 1];
                *slot = slot.saturating_add(u32::try_from(grown).unwrap_or(u32::MAX));
            }
        }
        self.last = Some(values);
    }

    /// Counts per sample of `plot`, oldest first.
    pub fn of(&self, plot: Plot) -> &[u32; SAMPLES] {
        &self.samples[plot as usize]
    }

    fn advance(&mut self, sample: Micros) {
        if self.last.is_none() {
            self.newest = sample;
        }
        let steps = usize::try_from(sample.saturating_sub(self.newest))
            .unwrap_or(0)
            .min(SAMPLES);
        for ring in &mut self.samples {
            ring.rotate_left(steps % SAMPLES);
            ring[SAMPLES - steps..].fill(0);
        }
        self.newest = self.newest.max(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(activities: u64) -> Counters {
        Counters {
            activities,
            ..Counters::default()
        }
    }

    #[test]
    fn growth_lands_in_its_sample_and_a_restart_counts_nothing() {
        let mut series = Series::default();
        series.push(&counters(100), 0);
        series.push(&counters(130), SECOND);
        series.push(&counters(150), 3 * SECOND);
        series.push(&counters(5), 4 * SECOND);
        series.push(&counters(9), 1_000 * SECOND);
        assert_eq!(series.of(Plot::Activities)[SAMPLES - 2..], [0, 4]);

        let mut series = Series::default();
        series.push(&counters(100), 0);
        series.push(&counters(130), SECOND);
        series.push(&counters(150), 3 * SECOND);
        assert_eq!(series.of(Plot::Activities)[SAMPLES - 3..], [0, 30, 20]);
    }
}
