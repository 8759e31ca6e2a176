//! When the next read is due: at once after a pause, soon after a change, and never so often that
//! reading for dashboards takes more than a small share of one processor.

use std::time::Duration;
use std::time::Instant;

/// Without a change there is a sign of life so often.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// One kind of read of one watcher, and its schedule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    least: Duration,
    /// Instead of `least`, after what people wait for.
    hurry: Duration,
    factor: u32,
    /// When the last read was there, and the processor time that it took.
    read: Option<(Instant, Duration)>,
    /// Something moved since the last read.
    changed: bool,
    /// Some of that is what people wait for.
    urgent: bool,
    /// The watcher asked for something else.
    asked: bool,
}

impl Pace {
    /// Reads are at least `least` apart, and one is followed by a pause of `factor` times the
    /// processor time that it took. Nothing is due before the watcher has said what it wants.
    pub(super) const fn new(least: Duration, factor: u32) -> Self {
        Self {
            least,
            hurry: least,
            factor,
            read: None,
            changed: false,
            urgent: false,
            asked: false,
        }
    }

    /// The same, with reads that are only `hurry` apart after what is urgent.
    pub(super) const fn hurrying(self, hurry: Duration) -> Self {
        Self { hurry, ..self }
    }

    pub(super) fn on_change(&mut self) {
        self.changed = true;
    }

    pub(super) fn on_urgent_change(&mut self) {
        self.changed = true;
        self.urgent = true;
    }

    pub(super) fn on_request(&mut self) {
        self.asked = true;
    }

    /// When the next read is due; `None` while nothing has changed, and before the first request.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.asked {
            return Some(now);
        }
        self.next().filter(|_| self.changed)
    }

    /// When what changed may be read, for what the last read took.
    fn next(&self) -> Option<Instant> {
        let (at, cost) = self.read?;
        let least = if self.urgent { self.hurry } else { self.least };
        Some(at + least.max(cost * self.factor))
    }

    /// True when it is time to read: what changes from now on is for the next read.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        let reads = self.due(now).is_some_and(|at| at <= now);
        if reads {
            self.changed = false;
            self.urgent = false;
            self.asked = false;
        }
        reads
    }

    /// A read was there at `now`, and took `cost` of a processor.
    pub(super) fn end(&mut self, now: Instant, cost: Duration) {
        self.read = Some((now, cost));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_millis(100);

    #[test]
    fn read_is_due_by_what_happened_and_what_the_last_one_cost() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let cases = [
            ("change, cheap", true, false, ms(1), Some(ms(100))),
            ("change, dear", true, false, ms(50), Some(ms(500))),
            ("nothing", false, false, ms(1), None),
            ("request, dear", true, true, ms(500), Some(ms(0))),
        ];
        for (name, change, request, cost, due) in cases {
            let mut pace = Pace::new(LEAST, 10);
            pace.on_change();
            assert_eq!(pace.due(start), None, "{name}: before the first request");
            pace.on_request();
            assert!(pace.begin(start), "{name}");
            pace.end(start, cost);
            if change {
                pace.on_change();
            }
            if request {
                pace.on_request();
            }
            assert_eq!(pace.due(start), due.map(|it| start + it), "{name}");
            if let Some(due) = due.filter(|it| !it.is_zero()) {
                assert!(!pace.begin(start + due - ms(1)), "{name}");
                assert!(pace.begin(start + due), "{name}");
            }
        }
    }

    #[test]
    fn what_is_urgent_is_read_sooner_but_not_oftener_than_it_is_cheap() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        for (cost, due) in [(ms(0), ms(10)), (ms(5), ms(50))] {
            let mut pace = Pace::new(LEAST, 10).hurrying(ms(10));
            pace.on_request();
            assert!(pace.begin(start));
            pace.end(start, cost);
            pace.on_change();
            pace.on_urgent_change();
            assert_eq!(pace.due(start), Some(start + due));
            assert!(pace.begin(start + due));
            pace.end(start + due, cost);
            pace.on_change();
            assert_eq!(pace.due(start), Some(start + due + LEAST));
        }
    }

    #[test]
    fn a_change_after_a_pause_is_read_at_once() {
        let start = Instant::now();
        let mut pace = Pace::new(LEAST, 10);
        pace.on_request();
        assert!(pace.begin(start));
        pace.end(start, Duration::from_millis(5));
        let later = start + Duration::from_secs(60);
        assert!(!pace.begin(later));
        pace.on_change();
        assert!(pace.due(later).is_some_and(|at| at <= later));
        assert!(pace.begin(later));
    }
}
