//! When the next update is due: soon after a change, seldom when nothing moves, and never so often
//! that reading for dashboards takes more than a tenth of one processor.

use std::time::Duration;
use std::time::Instant;

/// At most ten updates a second.
const GAP_LEAST: Duration = Duration::from_millis(100);

/// Without a change there is a sign of life so often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// An update that took long is followed by a pause that much longer.
const COST_FACTOR: u32 = 10;

/// One watcher's schedule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    last: Option<Instant>,
    cost: Duration,
    /// Something moved since the last update.
    changed: bool,
    /// The watcher asked for something else.
    asked: bool,
}

impl Pace {
    /// The first update is due when the watcher has said what it wants.
    pub(super) fn new() -> Self {
        Self {
            last: None,
            cost: Duration::ZERO,
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
        let last = self.last?;
        Some(if self.changed {
            last + GAP_LEAST.max(self.cost * COST_FACTOR)
        } else {
            last + SIGN_OF_LIFE.max(self.cost * COST_FACTOR)
        })
    }

    /// True when the update must be read anew, false when a sign of life is enough.
    pub(super) fn must_read(&self) -> bool {
        self.asked || self.changed
    }

    /// An update begins: what changes from now on is for the next one.
    pub(super) fn begin(&mut self) {
        self.changed = false;
        self.asked = false;
    }

    /// The update that began `cost` ago was made at `now`.
    pub(super) fn end(&mut self, now: Instant, cost: Duration) {
        self.last = Some(now);
        self.cost = cost;
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
            ("change, cheap", true, false, ms(1), Some(ms(100))),
            ("change, dear", true, false, ms(50), Some(ms(500))),
            ("nothing", false, false, ms(1), Some(ms(2_000))),
            ("nothing, dear", false, false, ms(300), Some(ms(3_000))),
            ("request, dear", true, true, ms(500), Some(ms(0))),
        ];
        for (name, change, request, cost, due) in cases {
            let mut pace = Pace::new();
            assert_eq!(pace.due(start), None);
            pace.on_request();
            pace.begin();
            pace.end(start, cost);
            if change {
                pace.on_change();
            }
            if request {
                pace.on_request();
            }
            assert_eq!(pace.due(start), due.map(|due| start + due), "{name}");
            assert_eq!(pace.must_read(), change || request, "{name}");
        }
    }
}
