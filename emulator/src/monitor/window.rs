//! The watched window of instances: what is asked for, bounded, and read.

use std::collections::BTreeMap;

use durascope_proto::monitor as proto;
use durascope_proto::monitor::SortColumn;
use durascope_proto::time::to_micros;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::hub::observe::Asked;
use crate::live::HubKey;
use crate::live::HubLive;
use crate::live::InstanceLive;
use crate::monitor::cost::Cost;
use crate::monitor::limits;
use crate::monitor::reports::Reports;
use crate::monitor::rows;
use crate::monitor::waits::Stored;
use crate::monitor::waits::Waits;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::instances::InstanceRow;
use crate::store::pages::StatusSet;
use crate::store::window as store;
use crate::store::window::Filters;
use crate::store::window::Window;
use crate::store::window::WindowSort;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// Failures are recent for so long.
const RECENT_US: i64 = 10 * 60 * 1_000_000;

/// What was read of the rows that were seen last; only a cache.
#[derive(Clone, Debug, Default)]
pub(super) struct PageReader {
    reports: Reports,
    waits: Waits,
    /// What was found of open rows at the last deep read.
    deep: BTreeMap<i64, Deep>,
    rows_cost: Cost,
    facts_cost: Cost,
}

/// What only a deep read finds of a row.
#[derive(Clone, Debug)]
struct Deep {
    execution: String,
    turn_out: bool,
    facts: Option<proto::WaitFacts>,
}

/// What one read of the store gives.
struct Read {
    matching: u64,
    rows: Vec<InstanceRow>,
    reported: Vec<Option<proto::ReportedProgress>>,
    /// Of a deep read.
    stored: Vec<Option<Stored>>,
}

impl PageReader {
    /// Reads the page that `asked` describes. Unless the read is deep, what the rows wait for is
    /// as it was at the last one that was.
    pub(super) async fn read(
        &mut self,
        hub: &Hub,
        key: HubKey,
        live: &HubLive,
        asked: &proto::InstanceWindow,
        now_us: i64,
        is_deep: bool,
    ) -> Result<proto::InstancePage, HubError> {
        let window = parse(key, asked, now_us)?;
        let known = matching_without_reading(live, &window);
        // After a failure they are read anew: what is kept is only a cache.
        let mut reader = std::mem::take(self);
        let (read, reader) = hub
            .store()
            .read(move |connection| {
                let read = reader.read_store(connection, key, &window, known, is_deep)?;
                Ok((read, reader))
            })
            .await?;
        *self = reader;
        if is_deep {
            let observed = Self::observe(hub, key, &read).await?;
            let mut cost = self.facts_cost;
            cost.of(|| self.deepen(&read, &observed, live));
            self.facts_cost = cost;
        }
        let rows = read.rows.into_iter().zip(read.reported);
        let rows = rows.map(|(row, reported)| {
            let deep = self.deep.get(&row.instance);
            let deep = deep.filter(|it| it.execution == row.execution && rows::is_open(row.status));
            let turn_out = deep.is_some_and(|it| it.turn_out);
            let facts = deep.and_then(|it| it.facts.clone());
            rows::row(row, turn_out, reported, facts)
        });
        Ok(proto::InstancePage {
            window: Some(asked.clone()),
            matching: read.matching,
            rows: rows.collect::<Result<_, _>>()?,
        })
    }

    fn deepen(&mut self, read: &Read, observed: &BTreeMap<i64, InstanceLive>, live: &HubLive) {
        let nothing = InstanceLive::default();
        let stored = read.stored.iter().map(Option::as_ref);
        let stored = stored.chain(std::iter::repeat(None));
        let rows = read.rows.iter().zip(stored);
        let deep = rows
            .filter(|(row, _)| rows::is_open(row.status))
            .map(|(row, stored)| {
                let of_row = observed.get(&row.instance).unwrap_or(&nothing);
                let deep = Deep {
                    execution: row.execution.clone(),
                    turn_out: of_row.turn.is_some(),
                    facts: stored.and_then(|it| self.waits.facts(row, it, of_row, live)),
                };
                (row.instance, deep)
            });
        self.deep = deep.collect();
    }

    /// What the rows of the last read took.
    pub(super) fn rows_cost(&self) -> Cost {
        self.rows_cost
    }

    /// What the facts of the last deep read took.
    pub(super) fn facts_cost(&self) -> Cost {
        self.facts_cost
    }

    /// Whether histories are left to be folded though nothing new happens.
    pub(super) fn is_behind(&self) -> bool {
        self.waits.is_behind()
    }

    fn read_store(
        &mut self,
        connection: &Db,
        key: HubKey,
        window: &Window,
        known: Option<u64>,
        is_deep: bool,
    ) -> Result<Read, StoreError> {
        let mut rows_cost = Cost::default();
        let (matching, rows, reported) = rows_cost.of(|| {
            let matching = match known {
                Some(matching) => matching,
                None => store::matching(connection, window)?,
            };
            let rows = store::rows(connection, window)?;
            let reported = self.reports.read(connection, key, &rows)?;
            Ok::<_, StoreError>((matching, rows, reported))
        })?;
        self.rows_cost = rows_cost;
        let mut stored = Vec::new();
        if is_deep {
            let mut cost = Cost::default();
            stored = cost.of(|| self.waits.read(connection, &rows))?;
            self.facts_cost = cost;
        }
        Ok(Read {
            matching,
            rows,
            reported,
            stored,
        })
    }

    /// What the core knows of the rows that have facts or may be out: one question.
    async fn observe(
        hub: &Hub,
        key: HubKey,
        read: &Read,
    ) -> Result<BTreeMap<i64, InstanceLive>, HubError> {
        let rows = read.rows.iter().enumerate();
        let asked: Vec<Asked> = rows
            .filter(|(place, row)| {
                let has_facts = read.stored.get(*place).is_some_and(Option::is_some);
                has_facts || may_be_out(row)
            })
            .map(|(_, row)| Asked {
                key: row.instance,
                execution: row.execution.clone(),
            })
            .collect();
        let keys: Vec<i64> = asked.iter().map(|it| it.key).collect();
        let live = hub.observe(key, asked).await?;
        Ok(keys.into_iter().zip(live).collect())
    }
}

/// A turn that is out has messages that it has not consumed.
fn may_be_out(row: &InstanceRow) -> bool {
    row.messages_waiting > 0 && rows::is_open(row.status)
}

/// Tags that are asked for at once.
const TAGS_MAX: usize = 20;

/// # Errors
/// [`HubError::Invalid`] for texts and numbers of tags that no filter needs.
fn parse(key: HubKey, asked: &proto::InstanceWindow, now_us: i64) -> Result<Window, HubError> {
    let limit = limits::page(asked.limit, LIMIT_DEFAULT, LIMIT_MAX);
    let texts = [
        ("window.text", &asked.text),
        ("window.name", &asked.name),
        ("window.id", &asked.id),
    ];
    for (field, text) in texts {
        limits::text(field, text)?;
    }
    limits::at_most("window.tags", "entries", asked.tags.len(), TAGS_MAX)?;
    for (name, value) in &asked.tags {
        limits::text("a key of window.tags", name)?;
        limits::text("a value of window.tags", value)?;
    }
    Ok(Window {
        hub: key.0,
        // SQLite's lower() knows ASCII only; both sides must agree.
        text: asked.text.to_ascii_lowercase(),
        statuses: StatusSet::listed(&asked.statuses),
        roots_only: asked.roots_only,
        sort: match asked.sort() {
            SortColumn::Attention => WindowSort::Attention,
            SortColumn::Created => WindowSort::Created,
            SortColumn::Updated => WindowSort::Updated,
            SortColumn::Name => WindowSort::Name,
            SortColumn::InstanceId => WindowSort::Id,
            SortColumn::Status => WindowSort::Status,
            SortColumn::Open => WindowSort::Open,
            SortColumn::Failures => WindowSort::Failures,
            SortColumn::History => WindowSort::History,
        },
        reverse: asked.reverse,
        offset: i64::from(asked.offset),
        limit: i64::from(limit),
        recent_us: now_us.saturating_sub(RECENT_US),
        filters: Filters {
            name: asked.name.clone(),
            id: asked.id.clone(),
            created_from_us: asked.created_after.as_ref().map(to_micros),
            created_before_us: asked.created_before.as_ref().map(to_micros),
            updated_before_us: asked.updated_before.as_ref().map(to_micros),
            history_bytes_min: amount(asked.history_bytes_min),
            failures_min: amount(asked.failures_min),
            tags: asked.tags.clone(),
        },
    })
}

fn amount(asked: u64) -> Option<i64> {
    (asked > 0).then(|| i64::try_from(asked).unwrap_or(i64::MAX))
}

/// With nothing but statuses asked for the totals say how many match.
fn matching_without_reading(live: &HubLive, window: &Window) -> Option<u64> {
    if !window.text.is_empty() || window.roots_only || window.filters.any() {
        return None;
    }
    let listed = |status: &i32| (0..8).contains(status) && (window.statuses.0 >> status) & 1 == 1;
    let totals = live.totals.iter().filter(|(status, _)| listed(status));
    Some(totals.map(|(_, count)| count).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_bounded() {
        let asked = proto::InstanceWindow {
            text: "OrDer".to_owned(),
            limit: u32::MAX,
            offset: u32::MAX,
            sort: 77,
            ..proto::InstanceWindow::default()
        };
        let window = parse(HubKey(1), &asked, 0).unwrap();
        assert_eq!(window.limit, 1_000);
        assert_eq!(window.text, "order");
        assert_eq!(window.sort, WindowSort::Attention);
        let window = parse(HubKey(1), &proto::InstanceWindow::default(), 0).unwrap();
        assert_eq!(window.limit, 100);
    }

    #[test]
    fn matches_come_from_the_totals_where_these_know() {
        let live = HubLive {
            totals: [(0, 3), (1, 5), (3, 7)].into(),
            ..HubLive::default()
        };
        let count = |asked: proto::InstanceWindow| {
            matching_without_reading(&live, &parse(HubKey(1), &asked, 0).unwrap())
        };
        assert_eq!(count(proto::InstanceWindow::default()), Some(15));
        assert_eq!(
            count(proto::InstanceWindow {
                statuses: vec![0, 3],
                ..proto::InstanceWindow::default()
            }),
            Some(10)
        );
        assert_eq!(
            count(proto::InstanceWindow {
                roots_only: true,
                ..proto::InstanceWindow::default()
            }),
            None
        );
    }
}
