//! How far an instance is: by its own report, or else by what the server counts.

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::ReportedProgress;

use crate::data::status;
use crate::format;

/// What to call work whose report does not name it.
const NAMELESS: &str = "progress";

/// Items finished and failed, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Failed ones included.
    pub finished: u64,
    pub failed: u64,
    pub total: u64,
    /// Number of the batch that is worked on, and of how many.
    pub batch: Option<(u64, u64)>,
}

/// How far `row` is; `None` where nobody knows of any work.
pub fn of(row: &InstanceRow) -> Option<Progress> {
    if let Some(report) = reported(row) {
        return Some(Progress {
            finished: report.finished,
            failed: report.failed,
            total: report.total,
            batch: (report.batches > 0).then_some((report.batch, report.batches)),
        });
    }
    status::fan_out(row).map(|counted| Progress {
        finished: status::finished(&counted),
        failed: status::failures(row),
        total: counted.scheduled,
        batch: None,
    })
}

/// What the instance reports. A report that everything is done says nothing of work that is
/// still open, as of a second fan-out that reports nothing: then the counters know better.
pub fn reported(row: &InstanceRow) -> Option<&ReportedProgress> {
    let report = row.reported.as_ref()?;
    let open =
        status::open(row.activities.as_ref()).saturating_add(status::open(row.children.as_ref()));
    let is_over = report.finished >= report.total;
    let goes_on = open > 0 && !status::has_ended(status::of(row.status));
    (!(is_over && goes_on)).then_some(report)
}

/// What is done, in the words of the instance.
pub fn label(report: &ReportedProgress) -> &str {
    if report.label.is_empty() {
        NAMELESS
    } else {
        &report.label
    }
}

/// `batch 3 of 10`, where there are batches.
pub fn batch(report: &ReportedProgress) -> Option<String> {
    (report.batches > 0).then(|| format!("batch {} of {}", report.batch, report.batches))
}

/// `30 of 100, 1 failed, batch 3 of 10`.
pub fn sentence(report: &ReportedProgress) -> String {
    let (finished, total) = (format::count(report.finished), format::count(report.total));
    let mut sentence = format!("{finished} of {total}");
    if report.failed > 0 {
        sentence.push_str(&format!(", {} failed", format::count(report.failed)));
    }
    if let Some(batch) = batch(report) {
        sentence.push_str(&format!(", {batch}"));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use durascope_proto::OrchestrationStatus;
    use durascope_proto::monitor::Progress as Counted;

    use super::*;

    fn counted(scheduled: u64, completed: u64) -> Option<Counted> {
        Some(Counted {
            scheduled,
            completed,
            failed: 2,
        })
    }

    fn row(status: OrchestrationStatus, finished: u64) -> InstanceRow {
        InstanceRow {
            status: status as i32,
            activities: counted(60, 40),
            batch: counted(20, 5),
            reported: Some(ReportedProgress {
                finished,
                failed: 1,
                total: 100,
                batch: 3,
                batches: 10,
                ..ReportedProgress::default()
            }),
            ..InstanceRow::default()
        }
    }

    #[test]
    fn a_report_counts_until_it_is_over_and_work_is_still_open() {
        use OrchestrationStatus::Completed;
        use OrchestrationStatus::Failed;
        use OrchestrationStatus::Running;
        let total = |row: &InstanceRow| of(row).map(|it| (it.finished, it.failed, it.total));
        assert_eq!(total(&row(Running, 30)), Some((30, 1, 100)));
        assert_eq!(of(&row(Running, 30)).unwrap().batch, Some((3, 10)));
        assert_eq!(total(&row(Failed, 30)), Some((30, 1, 100)));
        assert_eq!(total(&row(Completed, 100)), Some((100, 1, 100)));
        // 18 activities are open.
        assert_eq!(total(&row(Running, 100)), Some((42, 2, 60)));
        let done = InstanceRow {
            activities: counted(60, 58),
            ..row(Running, 100)
        };
        assert_eq!(total(&done), Some((100, 1, 100)));
        let silent = InstanceRow {
            reported: None,
            ..row(Running, 0)
        };
        assert_eq!(total(&silent), Some((42, 2, 60)));
        assert_eq!(of(&InstanceRow::default()), None);
    }

    #[test]
    fn a_report_is_told_in_words() {
        let report = |finished, failed, batches| ReportedProgress {
            finished,
            failed,
            total: 2_000,
            batch: batches / 2,
            batches,
            ..ReportedProgress::default()
        };
        assert_eq!(sentence(&report(30, 0, 0)), "30 of 2 000");
        assert_eq!(
            sentence(&report(1_250, 7, 8)),
            "1 250 of 2 000, 7 failed, batch 4 of 8"
        );
        assert_eq!(label(&report(0, 0, 0)), "progress");
    }
}
