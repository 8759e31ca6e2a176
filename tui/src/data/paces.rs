//! How fast the rows of a list go, from their counters in successive updates.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use durascope_proto::monitor::InstanceRow;

use crate::data::eta::Eta;
use crate::data::pace;
use crate::data::pace::Step;
use crate::data::progress;
use crate::data::status;
use crate::format::Micros;
use crate::format::SECOND;

/// Counters are kept for so long.
const WINDOW: Micros = 120 * SECOND;
/// Counters of one row at most, and so far apart that they cover the window.
const SAMPLES_MAX: usize = 30;
const APART: Micros = WINDOW / SAMPLES_MAX as Micros;
/// With less than this between the first and the last, nothing is said.
const SPAN_MIN: Micros = 3 * SECOND;
/// What has finished nothing for so long has no pace.
const STALL_MAX: Micros = 30 * SECOND;

/// Time left of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    pub eta: Eta,
    /// All that the instance will do, by its own report; else what is scheduled so far.
    pub is_whole: bool,
}

/// The paces of the rows that the last update told of.
#[derive(Clone, Debug, Default)]
pub struct Paces {
    rows: BTreeMap<String, Pace>,
    update: u64,
}

#[derive(Clone, Debug)]
struct Pace {
    /// Counters of another one are not to be compared with these.
    of: Counted,
    /// When, and how many were finished by then.
    samples: VecDeque<(Micros, u64)>,
    remaining: u64,
    /// When it was looked at last, and in which update.
    seen: Micros,
    update: u64,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted {
    execution: String,
    is_whole: bool,
}

impl Paces {
    /// Takes the rows of an update, as of `now`; those of earlier ones are forgotten.
    pub fn on_rows<'a>(&mut self, rows: impl Iterator<Item = &'a InstanceRow>, now: Micros) {
        self.update += 1;
        for row in rows {
            self.on_row(row, now);
        }
        let update = self.update;
        self.rows.retain(|_, it| it.update == update);
    }

    fn on_row(&mut self, row: &InstanceRow, now: Micros) {
        let Some(progress) = progress::of(row) else {
            return;
        };
        let update = self.update;
        let is_known = |it: &Pace| it.update == update;
        if status::has_ended(status::of(row.status))
            // In the list and in the tree: once is enough.
            || self.rows.get(&row.instance_id).is_some_and(is_known)
        {
            return;
        }
        let report = progress::reported(row);
        let is_whole = report.is_some();
        // All of the execution, whatever the fan-out is: one passes into the next.
        let all = || {
            let of = |it: &Option<_>| it.as_ref().map_or(0, status::finished);
            of(&row.activities).saturating_add(of(&row.children))
        };
        let finished = report.map_or_else(all, |it| it.finished);
        let is_same = |it: &Pace| {
            it.of.execution == row.execution_id
                && it.of.is_whole == is_whole
                && it.seen <= now
                && it.samples.back().is_none_or(|it| it.1 <= finished)
        };
        let known = self.rows.get_mut(&row.instance_id);
        if let Some(pace) = known.filter(|it| is_same(it)) {
            pace.update = self.update;
            pace.remaining = progress.total.saturating_sub(progress.finished);
            pace.add(finished, now);
            return;
        }
        let pace = Pace {
            of: Counted {
                execution: row.execution_id.clone(),
                is_whole,
            },
            samples: VecDeque::from([(now, finished)]),
            remaining: progress.total.saturating_sub(progress.finished),
            seen: now,
            update: self.update,
        };
        self.rows.insert(row.instance_id.clone(), pace);
    }

    /// What `row` has left at `now`; nothing where its counters do not tell yet, or do not move.
    pub fn left(&self, row: &InstanceRow, now: Micros) -> Option<Left> {
        let pace = self.rows.get(&row.instance_id)?;
        let (first, last) = (pace.samples.front()?, pace.samples.back()?);
        let stands = pace.seen.max(now).saturating_sub(last.0);
        if last.0.saturating_sub(first.0) < SPAN_MIN || stands > STALL_MAX {
            return None;
        }
        let eta = pace::left(&pace.steps(), pace.remaining).ok()?;
        let passed = now.saturating_sub(pace.seen).max(0);
        Some(Left {
            eta: eta.after(passed),
            is_whole: pace.of.is_whole,
        })
    }
}

impl Pace {
    fn add(&mut self, finished: u64, now: Micros) {
        self.seen = now;
        if self.samples.back().is_some_and(|it| it.1 == finished) {
            return;
        }
        // The newest is replaced until it is far enough from the one before.
        let count = self.samples.len();
        let is_near = count >= 2 && now - self.samples[count - 2].0 < APART;
        if is_near {
            self.samples.pop_back();
        }
        self.samples.push_back((now, finished));
        while self.samples.front().is_some_and(|it| now - it.0 > WINDOW) {
            self.samples.pop_front();
        }
    }

    fn steps(&self) -> Vec<Step> {
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1));
        let mut steps: Vec<_> = pairs
            .map(|(from, to)| Step {
                finished: to.1 - from.1,
                took: to.0 - from.0,
            })
            .collect();
        let last = self.samples.back().map_or(self.seen, |it| it.0);
        steps.push(Step {
            finished: 0,
            took: self.seen - last,
        });
        steps
    }
}

#[cfg(test)]
mod tests {
    use durascope_proto::OrchestrationStatus;
    use durascope_proto::monitor::Progress;
    use durascope_proto::monitor::ReportedProgress;

    use super::*;

    fn row(completed: u64) -> InstanceRow {
        InstanceRow {
            instance_id: "a".to_owned(),
            execution_id: "e1".to_owned(),
            status: OrchestrationStatus::Running as i32,
            activities: Some(Progress {
                scheduled: 1_000,
                completed,
                failed: 0,
            }),
            batch: Some(Progress {
                scheduled: 1_000,
                completed,
                failed: 0,
            }),
            ..InstanceRow::default()
        }
    }

    fn reporting(finished: u64) -> InstanceRow {
        InstanceRow {
            reported: Some(ReportedProgress {
                finished,
                total: 1_000,
                ..ReportedProgress::default()
            }),
            ..row(0)
        }
    }

    fn after(rows: &[(i64, InstanceRow)], now: i64) -> Option<(Micros, bool)> {
        let mut paces = Paces::default();
        for (at, row) in rows {
            paces.on_rows([row].into_iter(), at * SECOND);
        }
        let left = paces.left(&rows.last()?.1, now * SECOND)?;
        Some((left.eta.high / SECOND, left.is_whole))
    }

    #[test]
    fn two_updates_make_a_pace_and_more_of_them_a_steadier_one() {
        assert_eq!(after(&[(0, row(100))], 0), None, "one tells nothing");
        assert_eq!(after(&[(0, row(100)), (2, row(120))], 2), None, "too short");
        assert_eq!(after(&[(0, row(100)), (9, row(109))], 9), None, "too few");
        let ten = [(0, row(100)), (10, row(200))];
        assert_eq!(after(&ten, 10), Some((80, false)));
        assert_eq!(after(&ten, 15), Some((75, false)), "time passes");
        let report = [(0, reporting(100)), (10, reporting(200))];
        assert_eq!(after(&report, 10), Some((80, true)));
        let long: Vec<_> = (0..500_u32)
            .map(|it| (i64::from(it), row(u64::from(it))))
            .collect();
        assert_eq!(after(&long, 499), Some((501, false)));
    }

    #[test]
    fn what_stands_still_or_counts_something_else_has_no_pace() {
        let stands = [(0, row(100)), (10, row(200)), (60, row(200))];
        assert_eq!(after(&stands, 60), None);
        let starts_to_report = [(0, row(100)), (10, reporting(200))];
        assert_eq!(after(&starts_to_report, 10), None);
        let again = InstanceRow {
            execution_id: "e2".to_owned(),
            ..row(200)
        };
        assert_eq!(after(&[(0, row(100)), (10, again)], 10), None);
        assert_eq!(after(&[(0, row(200)), (10, row(100))], 10), None);
        let ended = InstanceRow {
            status: OrchestrationStatus::Completed as i32,
            ..row(200)
        };
        assert_eq!(after(&[(0, row(100)), (10, ended)], 10), None);
        // A replay that goes back.
        assert_eq!(after(&[(10, row(100)), (0, row(200))], 0), None);
    }

    #[test]
    fn rows_that_left_the_list_are_forgotten() {
        let mut paces = Paces::default();
        paces.on_rows([&row(1)].into_iter(), 0);
        paces.on_rows(std::iter::empty(), SECOND);
        assert!(paces.rows.is_empty());
    }
}
