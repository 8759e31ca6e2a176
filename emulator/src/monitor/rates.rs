//! Events a second over the last five seconds, from cumulative counters.

use std::collections::VecDeque;

use durascope_proto::monitor as proto;

use crate::live::LiveCounters;

const SPAN_MS: u64 = 5_000;

/// Samples closer together than this add nothing.
const SAMPLE_GAP_MS: u64 = 50;

/// Counters of the last seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct RateWindow {
    /// Oldest first; at most one is older than the span.
    samples: VecDeque<(u64, LiveCounters)>,
}

impl RateWindow {
    /// Takes in the counters of now, and says how fast they rise. `now_ms` never goes back.
    pub(super) fn push(&mut self, now_ms: u64, counters: LiveCounters) -> proto::Rates {
        while self
            .samples
            .get(1)
            .is_some_and(|(at, _)| at + SPAN_MS <= now_ms)
        {
            self.samples.pop_front();
        }
        let rates = self
            .samples
            .front()
            .map_or_else(proto::Rates::default, |(since, before)| {
                rates(now_ms.saturating_sub(*since), before, &counters)
            });
        let last = self.samples.back().map(|(at, _)| *at);
        if last.is_none_or(|last| last + SAMPLE_GAP_MS <= now_ms) {
            self.samples.push_back((now_ms, counters));
        }
        rates
    }
}

fn rates(elapsed_ms: u64, before: &LiveCounters, now: &LiveCounters) -> proto::Rates {
    if elapsed_ms == 0 {
        return proto::Rates::default();
    }
    let per_second = |before: u64, now: u64| {
        // Counts of a few seconds are far below what a double holds exactly.
        now.saturating_sub(before) as f64 * 1_000.0 / elapsed_ms as f64
    };
    proto::Rates {
        started: per_second(before.started, now.started),
        ended: per_second(before.ended, now.ended),
        turns: per_second(before.turns, now.turns),
        activities: per_second(before.activities, now.activities),
        failures: per_second(
            before.failed + before.activities_failed,
            now.failed + now.activities_failed,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(turns: u64) -> LiveCounters {
        LiveCounters {
            turns,
            ..LiveCounters::default()
        }
    }

    #[test]
    fn rate_is_the_rise_over_the_last_five_seconds() {
        let mut window = RateWindow::default();
        let mut last = 0.0;
        for (now_ms, count) in [
            (0, 0),
            (1_000, 100),
            (2_000, 200),
            (6_000, 600),
            (8_000, 600),
            (20_000, 600),
        ] {
            last = window.push(now_ms, turns(count)).turns;
            match now_ms {
                0 => assert!(last.abs() < 1e-9),
                1_000..=6_000 => assert!((last - 100.0).abs() < 1e-9, "{now_ms}: {last}"),
                8_000 => assert!(last > 0.0 && last < 100.0, "{last}"),
                _ => {}
            }
        }
        assert!(last.abs() < 1e-9, "nothing moved for long: {last}");
    }

    #[test]
    fn samples_are_bounded() {
        let mut window = RateWindow::default();
        for now_ms in 0..60_000 {
            window.push(now_ms, turns(now_ms));
        }
        assert!(window.samples.len() <= 102, "{}", window.samples.len());
    }
}
