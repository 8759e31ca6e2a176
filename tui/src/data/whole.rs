//! How long a whole run will take, not only the wave it is in: what the instance reports of its
//! total, at the pace that its tasks have had so far.

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::ReportedProgress;

use crate::data::eta::Eta;
use crate::data::eta::Unknown;
use crate::data::pace;
use crate::data::pace::Step;
use crate::data::paces::Left;
use crate::data::progress;
use crate::data::tasks::Tasks;
use crate::format::Micros;

/// Ninety of a hundred reported items have a task that finished, or more than one: then tasks tell
/// how fast items go.
const FIT: (u64, u64) = (9, 10);

/// What is to be said of a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    pub left: Result<Eta, Unknown>,
    /// Items that are left, of how many; without a report, tasks that are scheduled and open.
    pub remaining: u64,
    pub total: u64,
    /// The instance tells its total. Without that, more may follow.
    pub by_report: bool,
}

/// The finishes of all tasks, in order; made once for each change of the tasks.
#[derive(Clone, Debug, Default)]
pub struct Finishes {
    began: Micros,
    at: Vec<Micros>,
    open: u64,
}

impl Finishes {
    /// Reads all of `tasks`.
    pub fn of(tasks: &Tasks) -> Self {
        let mut at: Vec<_> = tasks.iter().filter_map(|it| it.finished_at).collect();
        at.sort_unstable();
        let open = tasks.iter().filter(|it| !it.is_over()).count();
        Self {
            began: tasks.iter().map(|it| it.scheduled_at).min().unwrap_or(0),
            at,
            open: u64::try_from(open).unwrap_or(u64::MAX),
        }
    }

    fn count(&self) -> u64 {
        u64::try_from(self.at.len()).unwrap_or(u64::MAX)
    }
}

/// What is left of the whole run of `row` at `now`. `watched` is what its counters told while they
/// were looked at, and `wave` is what is left of the wave that is open: the run lasts as long.
pub fn left(
    row: &InstanceRow,
    finishes: &Finishes,
    watched: Option<Left>,
    wave: Option<Eta>,
    now: Micros,
) -> Whole {
    let steps = pace::steps(finishes.began, &finishes.at, now);
    let Some(report) = progress::reported(row) else {
        return Whole {
            left: pace::left(&steps, finishes.open).map(|it| at_least(it, wave)),
            remaining: finishes.open,
            total: finishes.open.saturating_add(finishes.count()),
            by_report: false,
        };
    };
    let remaining = report.total.saturating_sub(report.finished);
    let left = by_tasks(report, finishes, &steps, remaining);
    let left = match (left, watched.filter(|it| it.is_whole)) {
        (Err(why), Some(watched)) if why != Unknown::Done => Ok(watched.eta),
        (left, _) => left,
    };
    Whole {
        left: left.map(|it| at_least(it, wave)),
        remaining,
        total: report.total,
        by_report: true,
    }
}

/// At the pace of the tasks, as many to each item as so far.
fn by_tasks(
    report: &ReportedProgress,
    finishes: &Finishes,
    steps: &[Step],
    remaining: u64,
) -> Result<Eta, Unknown> {
    let done = finishes.count();
    if remaining > 0 && report.finished > 0 {
        // Reported in another execution, or many items to a task: nobody knows which.
        if done.saturating_mul(FIT.1) < report.finished.saturating_mul(FIT.0) {
            return Err(Unknown::NoPace);
        }
        let tasks = u128::from(remaining) * u128::from(done) / u128::from(report.finished);
        return pace::left(steps, u64::try_from(tasks).unwrap_or(u64::MAX).max(1));
    }
    pace::left(steps, remaining)
}

fn at_least(eta: Eta, wave: Option<Eta>) -> Eta {
    wave.map_or(eta, |wave| Eta {
        low: eta.low.max(wave.low),
        high: eta.high.max(wave.high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tasks::tests::Made;
    use crate::format::SECOND;

    /// A hundred tasks, one each second, and ten that are open.
    fn made() -> Made {
        let mut made = Made::new("A");
        for at in 0..100 {
            made.ran(at, 1);
        }
        for _ in 0..10 {
            made.queued(100);
        }
        made
    }

    fn reports(finished: u64, total: u64) -> InstanceRow {
        InstanceRow {
            reported: Some(ReportedProgress {
                finished,
                total,
                ..ReportedProgress::default()
            }),
            ..InstanceRow::default()
        }
    }

    fn told(row: &InstanceRow, watched: Option<Left>, wave: Option<Eta>) -> Whole {
        let made = made();
        left(
            row,
            &Finishes::of(&made.tasks()),
            watched,
            wave,
            made.at(100),
        )
    }

    fn exactly(seconds: i64) -> Result<Eta, Unknown> {
        Ok(Eta {
            low: seconds * SECOND,
            high: seconds * SECOND,
        })
    }

    #[test]
    fn a_report_tells_of_what_is_not_scheduled_yet() {
        let whole = told(&reports(100, 1_000), None, None);
        assert_eq!((whole.remaining, whole.total), (900, 1_000));
        assert_eq!(whole.left, exactly(900));
        // Two tasks to each item.
        assert_eq!(told(&reports(50, 500), None, None).left, exactly(900));
        let whole = told(&InstanceRow::default(), None, None);
        assert_eq!(
            (whole.remaining, whole.total, whole.by_report),
            (10, 110, false)
        );
        assert_eq!(whole.left, exactly(10));
    }

    #[test]
    fn the_run_does_not_end_before_its_wave() {
        let wave = exactly(60).ok();
        let whole = told(&InstanceRow::default(), None, wave);
        assert_eq!(whole.left, exactly(60));
    }

    #[test]
    fn items_that_are_not_the_tasks_need_to_be_watched() {
        let row = reports(5_000, 9_000);
        assert_eq!(told(&row, None, None).left, Err(Unknown::NoPace));
        let watched = Left {
            eta: exactly(40).unwrap(),
            is_whole: true,
        };
        assert_eq!(told(&row, Some(watched), None).left, exactly(40));
        let scheduled = Left {
            is_whole: false,
            ..watched
        };
        assert_eq!(told(&row, Some(scheduled), None).left, Err(Unknown::NoPace));
    }
}
