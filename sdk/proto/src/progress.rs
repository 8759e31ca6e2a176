//! What instances report of their progress, read from the texts that carry it.
//!
//! - As custom status:
//!   `{"progress":{"label":"LoadPage","finished":30,"failed":1,"total":100,"batch":3,"batches":10}}`,
//!   where only `finished` and `total` must be there. Others write it in their own way: without
//!   `progress` around it, `processed`, `done`, `completed` or `succeeded` for `finished`, with
//!   `Items` or `Count` after it, `Total` or `total_items` for `total`. Capitals and underscores do
//!   not matter. What is `completed` or `succeeded` does not include what `failed`.
//! - As the state of the entity [`tracker_id`]: `{"total":100,"processed":30,"failed":1}`, where
//!   `failed` may be missing.
//!
//! Other members are left alone. Whatever else a text says, it is no report, and no error: it
//! belongs to the user.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

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

/// Spellings of what has an outcome, failures included, and of what went well.
const FINISHED: &[&str] = &["finished", "processed", "done"];
const SUCCEEDED: &[&str] = &["completed", "succeeded"];
const FAILED: &[&str] = &["failed"];
const TOTAL: &[&str] = &["total"];

/// What may follow them.
const OF_WHAT: &[&str] = &["", "items", "count"];

/// Members of an object, by name without capitals and underscores.
struct Members(BTreeMap<String, Value>);

impl Members {
    fn of(members: Map<String, Value>) -> Self {
        let plain = |name: String| {
            let letters = name.chars().filter(|it| *it != '_');
            letters.flat_map(char::to_lowercase).collect()
        };
        let members = members.into_iter();
        Self(members.map(|(name, it)| (plain(name), it)).collect())
    }

    /// The first of `names` that is there as a count; `Err` where it is there and is none.
    fn count(&self, names: &[&str]) -> Result<Option<u64>, ()> {
        for name in names {
            for of_what in OF_WHAT {
                let member = self.0.get(&format!("{name}{of_what}"));
                if let Some(it) = member.filter(|it| !it.is_null()) {
                    return it.as_u64().map(Some).ok_or(());
                }
            }
        }
        Ok(None)
    }
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
        let mut status: Map<String, Value> = read(text)?;
        let counts = match status.remove("progress") {
            Some(Value::Object(counts)) => counts,
            Some(_) => return None,
            None => status,
        };
        Self::from_members(&Members::of(counts)).ok().flatten()
    }

    fn from_members(members: &Members) -> Result<Option<Self>, ()> {
        let failed = members.count(FAILED)?.unwrap_or(0);
        let finished = match members.count(FINISHED)? {
            Some(finished) => Some(finished),
            None => members
                .count(SUCCEEDED)?
                .map(|it| it.saturating_add(failed)),
        };
        let Some((finished, total)) = finished.zip(members.count(TOTAL)?) else {
            return Ok(None);
        };
        let batches = members.count(&["batch"])?.zip(members.count(&["batches"])?);
        let (batch, batches) = batches
            .filter(|(batch, batches)| (1..=*batches).contains(batch))
            .unwrap_or_default();
        let label = match members.0.get("label") {
            Some(Value::String(label)) => label.chars().take(LABEL_CHARS_MAX).collect(),
            Some(Value::Null) | None => String::new(),
            Some(_) => return Err(()),
        };
        let report = Self {
            label,
            finished,
            failed,
            total,
            batch,
            batches,
            by_tracker: false,
        };
        Ok(report.of_something())
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
            (
                r#"{"Processed":30,"Total":100,"Failed":1}"#,
                report("", [30, 1, 100, 0, 0]),
            ),
            (
                r#"{"step":"load","completed_items":30,"failed":1,"total_items":100}"#,
                report("", [31, 1, 100, 0, 0]),
            ),
            (
                r#"{"progress":{"completed":7,"processed":9,"failed":2,"total":20}}"#,
                report("", [9, 2, 20, 0, 0]),
            ),
            (r#"{"done":3,"totalCount":8}"#, report("", [3, 0, 8, 0, 0])),
            (r#"{"done":true,"total":8}"#, None),
            (r#"{"completed":"yes","total":8}"#, None),
            (r#"{"total":8,"failed":2}"#, None),
            (r#"{"processed":3}"#, None),
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
