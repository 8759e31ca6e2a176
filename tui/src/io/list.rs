//! A window of polled instances: filtered and sorted here, as the official queries do neither.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::SortColumn;
use prost_types::Timestamp;

use crate::data::glob;
use crate::data::status;

/// The window of `rows`; the watched instance's row has counters, which the others lack.
pub(super) fn page(
    rows: &[InstanceRow],
    window: &InstanceWindow,
    tree: Option<&InstanceTree>,
) -> InstancePage {
    let mut matching: Vec<_> = rows.iter().filter(|it| is_wanted(it, window)).collect();
    sort(&mut matching, window);
    let offset = usize::try_from(window.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let known = tree.and_then(|it| it.instance.as_ref());
    let shown = matching
        .iter()
        .skip(offset)
        .take(limit)
        .map(|row| match known {
            Some(it) if it.instance_id == row.instance_id => it.clone(),
            _ => (*row).clone(),
        });
    InstancePage {
        window: Some(window.clone()),
        matching: u64::try_from(matching.len()).unwrap_or(u64::MAX),
        rows: shown.collect(),
    }
}

/// What a polled server does not tell, sizes and failures, leaves nothing out: the screen says so.
fn is_wanted(row: &InstanceRow, window: &InstanceWindow) -> bool {
    let text = window.text.to_lowercase();
    let has_text = |field: &str| field.to_lowercase().contains(&text);
    let before = |at: Option<&Timestamp>, limit: Option<&Timestamp>| match limit {
        Some(limit) => status::micros(at) < status::micros(Some(limit)),
        None => true,
    };
    let has_tag = |(key, value): (&String, &String)| {
        let tag = row.tags.get(key);
        tag.is_some_and(|it| value.is_empty() || it == value)
    };
    let created = row.created_at.as_ref();
    (has_text(&row.instance_id) || has_text(&row.name))
        && (window.statuses.is_empty() || window.statuses.contains(&row.status))
        && (!window.roots_only || row.parent_instance_id.is_empty())
        && glob::matches(&window.name, &row.name)
        && glob::matches(&window.id, &row.instance_id)
        && before(created, window.created_before.as_ref())
        && !(window.created_after.is_some() && before(created, window.created_after.as_ref()))
        && before(row.updated_at.as_ref(), window.updated_before.as_ref())
        && window.tags.iter().all(has_tag)
}

fn sort(rows: &mut [&InstanceRow], window: &InstanceWindow) {
    let newest = |at: Option<&Timestamp>| std::cmp::Reverse(status::micros(at));
    match SortColumn::try_from(window.sort).unwrap_or(SortColumn::Attention) {
        SortColumn::Name => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        SortColumn::InstanceId => rows.sort_by(|a, b| a.instance_id.cmp(&b.instance_id)),
        SortColumn::Status => rows.sort_by_key(|it| it.status),
        SortColumn::Created => rows.sort_by_key(|it| newest(it.created_at.as_ref())),
        SortColumn::Updated => rows.sort_by_key(|it| newest(it.updated_at.as_ref())),
        // Without counters: failed, unfinished, the rest, newest first in each.
        SortColumn::Attention | SortColumn::Open | SortColumn::Failures | SortColumn::History => {
            rows.sort_by_key(|it| {
                let rank = match status::of(it.status) {
                    OrchestrationStatus::Failed => 0,
                    other if !status::has_ended(other) => 1,
                    _ => 2,
                };
                (rank, newest(it.updated_at.as_ref()))
            })
        }
    }
    if window.reverse {
        rows.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 0 })
    }

    fn row(id: &str, seconds: i64) -> InstanceRow {
        InstanceRow {
            instance_id: id.to_owned(),
            name: "OrderBatch".to_owned(),
            created_at: at(seconds),
            updated_at: at(seconds + 5),
            tags: [("team".to_owned(), "red".to_owned())].into(),
            ..InstanceRow::default()
        }
    }

    #[test]
    fn all_that_a_polled_server_tells_is_filtered() {
        let rows = [row("chk-1", 100), row("chk-2", 200), row("ship-3", 300)];
        let ids = |window: InstanceWindow| {
            let window = InstanceWindow {
                limit: 9,
                sort: SortColumn::InstanceId as i32,
                ..window
            };
            let page = page(&rows, &window, None);
            let ids = page.rows.into_iter().map(|it| it.instance_id);
            ids.collect::<Vec<_>>().join(" ")
        };
        let window = InstanceWindow::default;
        let tag = |key: &str, value: &str| InstanceWindow {
            tags: [(key.to_owned(), value.to_owned())].into(),
            ..window()
        };
        let all = "chk-1 chk-2 ship-3";
        for (asked, expected) in [
            (window(), all),
            (
                InstanceWindow {
                    id: "CHK-*".to_owned(),
                    ..window()
                },
                "chk-1 chk-2",
            ),
            (
                InstanceWindow {
                    name: "order*".to_owned(),
                    ..window()
                },
                all,
            ),
            (
                InstanceWindow {
                    name: "order".to_owned(),
                    ..window()
                },
                "",
            ),
            (
                InstanceWindow {
                    created_before: at(200),
                    ..window()
                },
                "chk-1",
            ),
            (
                InstanceWindow {
                    created_after: at(200),
                    ..window()
                },
                "chk-2 ship-3",
            ),
            (
                InstanceWindow {
                    updated_before: at(206),
                    ..window()
                },
                "chk-1 chk-2",
            ),
            (tag("team", "red"), all),
            (tag("team", ""), all),
            (tag("team", "blue"), ""),
            (tag("urgent", ""), ""),
            // Not told in a list without the feed.
            (
                InstanceWindow {
                    failures_min: 1,
                    history_bytes_min: 1,
                    ..window()
                },
                all,
            ),
        ] {
            assert_eq!(ids(asked.clone()), expected, "{asked:?}");
        }
    }
}
