//! What instances report of their progress, read from the texts that carry it.
//!
//! - As custom status:
//!   `{"progress":{"label":"LoadPage","finished":30,"failed":1,"total":100,"batch":3,"batches":10}}`,
//!   where only `finished` and `total` must be there.
//! - As the state of the entity [`tracker_id`]: `{"total":100,"processed":30,"failed":1}`, where
//!   `failed` may be missing.
//!
//! Other members are left alone. Whatever else a text says, it is no report, and no error: it
//! belongs to the user.

use serde::Deserialize;

use crate::monitor::ReportedProgress;

/// Longer texts are not read: a report is small, and whoever watches many must not pay for more.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// What the id of every tracker entity begins with.
pub const TRACKER_PREFIX: &str = "@progresstracker@";

/// Longest label, in characters; the rest is cut.
const LABEL_CHARS_MAX: usize = 64;

/// The id of the entity that keeps the progress of an instance.
pub fn tracker_id(instance_id: &str) -> String {
    format!("{TRACKER_PREFIX}{instance_id}")
}

#[derive(Deserialize)]
struct Status {
    progress: Counts,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    label: Option<String>,
    finished: u64,
    #[serde(default)]
    failed: u64,
    total: u64,
    #[serde(default)]
    batch: Option<u64>,
    #[serde(default)]
    batches: Option<u64>,
}

#[derive(Deserialize)]
struct Tracker {
    total: u64,
    processed: u64,
    #[serde(default)]
    failed: u64,
}

impl ReportedProgress {
    /// The report in a custom status, if it is one.
    pub fn from_custom_status(text: &str) -> Option<Self> {
        let counts = read::<Status>(text)?.progress;
        let (batch, batches) = counts
            .batch
            .zip(counts.batches)
            .filter(|(batch, batches)| (1..=*batches).contains(batch))
            .unwrap_or_default();
        let label = counts.label.unwrap_or_default();
        let report = Self {
            label: label.chars().take(LABEL_CHARS_MAX).collect(),
            finished: counts.finished,
            failed: counts.failed,
            total: counts.total,
            batch,
            batches,
            by_tracker: false,
        };
        report.of_something()
    }

    /// The report in the state of a tracker entity, if it is one.
    pub fn from_tracker(state: &str) -> Option<Self> {
        let tracker: Tracker = read(state)?;
        let report = Self {
            finished: tracker.processed,
            failed: tracker.failed,
            total: tracker.total,
            by_tracker: true,
            ..Self::default()
        };
        report.of_something()
    }

    /// Nothing of nothing is no progress to show.
    fn of_something(self) -> Option<Self> {
        (self.total > 0).then_some(self)
    }
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
    // Most statuses are plain text: they are told apart without an error being built.
    if text.len() > TEXT_BYTES_MAX || !text.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(report: Option<ReportedProgress>) -> Option<(String, [u64; 5])> {
        report.map(|it| {
            let numbers = [it.finished, it.failed, it.total, it.batch, it.batches];
            (it.label, numbers)
        })
    }

    #[test]
    fn custom_status_is_a_report_or_the_users_own() {
        let full = r#"{"progress":{"label":"LoadPage","finished":30,"failed":1,"total":100,"batch":3,"batches":10}}"#;
        let long = format!(
            r#"{{"progress":{{"label":"{}","finished":1,"total":2}}}}"#,
            "ü".repeat(80)
        );
        let huge = format!(
            r#"{{"progress":{{"finished":1,"total":2}},"more":"{}"}}"#,
            "x".repeat(TEXT_BYTES_MAX)
        );
        let report = |label: &str, numbers| Some((label.to_owned(), numbers));
        let rows = [
            (full, report("LoadPage", [30, 1, 100, 3, 10])),
            (
                r#" {"phase":"b","progress":{"finished":5,"total":5,"eta":"9s"}}"#,
                report("", [5, 0, 5, 0, 0]),
            ),
            (
                r#"{"progress":{"finished":7,"total":5,"batch":4,"batches":3}}"#,
                report("", [7, 0, 5, 0, 0]),
            ),
            (
                r#"{"progress":{"finished":1,"total":5,"batch":1,"label":null}}"#,
                report("", [1, 0, 5, 0, 0]),
            ),
            (&long, report(&"ü".repeat(64), [1, 0, 2, 0, 0])),
            (&huge, None),
            (r#"{"progress":{"finished":0,"total":0}}"#, None),
            (r#"{"progress":{"finished":-1,"total":5}}"#, None),
            (r#"{"progress":{"finished":1.5,"total":5}}"#, None),
            (r#"{"progress":{"finished":"1","total":5}}"#, None),
            (r#"{"progress":30}"#, None),
            (r#"{"percent":30}"#, None),
            (r#""batch 3 of 10""#, None),
            ("batch 3 of 10", None),
            (r#"{"progress":{"finished":1,"total":2}"#, None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(
                counts(ReportedProgress::from_custom_status(text)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn state_of_a_tracker_is_a_report_as_soon_as_it_has_a_total() {
        let state = r#"{"total":100,"processed":30,"failed":1,"startedAt":"2026-11-24T08:00:00Z","updatedAt":null}"#;
        let report = ReportedProgress::from_tracker(state).unwrap();
        assert!(report.by_tracker);
        assert_eq!(
            counts(Some(report)),
            Some((String::new(), [30, 1, 100, 0, 0]))
        );
        for text in [r#"{"total":0,"processed":0}"#, r#"{"total":5}"#, "17"] {
            assert_eq!(ReportedProgress::from_tracker(text), None, "{text}");
        }
        assert_eq!(tracker_id("import-1"), "@progresstracker@import-1");
    }
}
