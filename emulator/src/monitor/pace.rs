//! When the next update is due: soon after a change, seldom when nothing moves, and never so often
//! that reading for dashboards takes more than a tenth of one processor.

use std::time::Duration;
use std::time::Instant;

/// At most ten updates a second.
const GAP_LEAST: Duration = Duration::from_millis(100);

/// Without a change there is a sign of life so often.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// An update that took long is followed by a pause that much longer.
const COST_FACTOR: u32 = 10;

/// One watcher's schedule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When the last update was sent, read anew or not.
    sent: Option<Instant>,
    /// When the last one that was read anew was there, and what it took.
    read: Option<(Instant, Duration)>,
    /// Something moved since the last read.
    changed: bool,
    /// The watcher asked for something else.
    asked: bool,
}

impl Pace {
    /// The first update is due when the watcher has said what it wants.
    pub(super) fn new() -> Self {
        Self {
            sent: None,
            read: None,
            changed: false,
            asked: false,
        }
    }

    pub(super) fn on_change(&mut self) {
        self.changed = true;
    }

    pub(super) fn on_request(&mut self) {
        self.asked = true;
    }

    /// When the next update is due; `None` before the first request.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.asked {
            return Some(now);
        }
        let sent = self.sent?;
        // However dear a read is, the watcher must not take the server for gone.
        let alive = sent + SIGN_OF_LIFE;
        Some(match self.next_read() {
            Some(read) if self.changed => read.max(sent + GAP_LEAST).min(alive),
            Some(_) | None => alive,
        })
    }

    /// When what changed may be read, for what the last read took.
    fn next_read(&self) -> Option<Instant> {
        let (at, cost) = self.read?;
        Some(at + GAP_LEAST.max(cost * COST_FACTOR))
    }

    /// An update begins at `now`: what changes from now on is for the next one. True when it
    /// must be read anew, false when a sign of life is enough.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        let is_time = self.next_read().is_none_or(|at| at <= now);
        let reads = self.asked || (self.changed && is_time);
        if reads {
            self.changed = false;
            self.asked = false;
        }
        reads
    }

    /// The update was made at `now`; `cost` is what its read took, if it was read anew.
    pub(super) fn end(&mut self, now: Instant, cost: Option<Duration>) {
        self.sent = Some(now);
        if let Some(cost) = cost {
            self.read = Some((now, cost));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn update_is_due_by_what_happened_and_what_the_last_one_cost() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let cases = [
            ("change, cheap", true, false, ms(1), ms(100), true),
            ("change, dear", true, false, ms(50), ms(500), true),
            ("change, too dear", true, false, ms(900), ms(2_000), false),
            ("nothing", false, false, ms(1), ms(2_000), false),
            ("nothing, dear", false, false, ms(300), ms(2_000), false),
            ("request, dear", true, true, ms(500), ms(0), true),
        ];
        for (name, change, request, cost, due, reads) in cases {
            let mut pace = Pace::new();
            assert_eq!(pace.due(start), None);
            pace.on_request();
            assert!(pace.begin(start), "{name}");
            pace.end(start, Some(cost));
            if change {
                pace.on_change();
            }
            if request {
                pace.on_request();
            }
            assert_eq!(pace.due(start), Some(start + due), "{name}");
            assert_eq!(pace.begin(start + due), reads, "{name}");
        }
    }

    #[test]
    fn a_change_outlives_the_signs_of_life_before_its_read() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut pace = Pace::new();
        pace.on_request();
        pace.begin(start);
        pace.end(start, Some(second));
        pace.on_change();
        let mut reads = Vec::new();
        let mut now = start;
        for _ in 0..5 {
            now = pace.due(now).unwrap();
            let read = pace.begin(now);
            reads.push((now - start, read));
            pace.end(now, read.then_some(second));
        }
        let expected = [2, 4, 6, 8, 10].map(|at| (at * second, at == 10));
        assert_eq!(reads, expected);
    }
}
