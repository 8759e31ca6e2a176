//! The dashboard's window on the instances of a hub: filtered and sorted by SQLite.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::ToSql;
use rusqlite::types::Value;

use crate::store::error::StoreError;
use crate::store::instances::InstanceRow;
use crate::store::instances::instance_columns;
use crate::store::pages::StatusSet;

/// Counting stops here: the exact number of so many matches helps nobody.
pub(crate) const MATCHES_COUNTED_MAX: i64 = 100_000;

/// Order of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowSort {
    /// Recently failed ones, then unfinished ones by idle time, then the rest.
    Attention,
    Created,
    Updated,
    Name,
    Id,
    Status,
    Open,
    Failures,
    History,
}

/// Which rows, in which order.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) hub: i64,
    /// Substring of id or name, in lower case; empty for any.
    pub(crate) text: String,
    pub(crate) statuses: StatusSet,
    pub(crate) roots_only: bool,
    pub(crate) sort: WindowSort,
    pub(crate) reverse: bool,
    pub(crate) offset: i64,
    pub(crate) limit: i64,
    /// Failures after this moment need attention.
    pub(crate) recent_us: i64,
    pub(crate) filters: Filters,
}

/// What else rows must have; what is empty or absent is not asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    /// Patterns in which `*` stands for any characters.
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) created_from_us: Option<i64>,
    pub(crate) created_before_us: Option<i64>,
    pub(crate) updated_before_us: Option<i64>,
    pub(crate) history_bytes_min: Option<i64>,
    /// Failed activities and children at least.
    pub(crate) failures_min: Option<i64>,
    /// Each must be among the tags; an empty value matches any.
    pub(crate) tags: BTreeMap<String, String>,
}

/// The columns that every window filters by.
const FILTER: &str = "hub = :hub AND (:statuses >> status) & 1 \
    AND (:roots = 0 OR parent_id IS NULL) \
    AND (:text = '' OR instr(lower(id), :text) > 0 OR instr(lower(name), :text) > 0)";

/// Every tag of `:tags`, a JSON object, is among the tags of the row.
const HAS_TAGS: &str = "NOT EXISTS (
    SELECT 1 FROM json_each(:tags) AS asked
    WHERE NOT EXISTS (
        SELECT 1 FROM json_each(instance.tags) AS has
        WHERE has.key = asked.key AND (asked.value = '' OR has.value = asked.value)))";

/// What decides about a row: SQL of constants, and the values of its parameters.
struct Condition {
    sql: String,
    values: Vec<(&'static str, Value)>,
}

impl Filters {
    /// Whether anything is asked for.
    pub(crate) fn any(&self) -> bool {
        !self.conditions().is_empty()
    }

    /// Only constants are SQL; what the caller gave is a value.
    fn conditions(&self) -> Vec<(&'static str, &'static str, Value)> {
        let integer = |value: Option<i64>| value.map(Value::Integer);
        let text = |value: &str| (!value.is_empty()).then(|| Value::Text(pattern(value)));
        let tags = serde_json::to_string(&self.tags).ok();
        let tags = tags.filter(|_| !self.tags.is_empty()).map(Value::Text);
        let failures = "act_failed + sub_failed >= :failures_min";
        let all = [
            (r"name LIKE :name ESCAPE '\'", ":name", text(&self.name)),
            (r"id LIKE :id ESCAPE '\'", ":id", text(&self.id)),
            (
                "created_at_us >= :created_from_us",
                ":created_from_us",
                integer(self.created_from_us),
            ),
            (
                "created_at_us < :created_before_us",
                ":created_before_us",
                integer(self.created_before_us),
            ),
            (
                "updated_at_us < :updated_before_us",
                ":updated_before_us",
                integer(self.updated_before_us),
            ),
            (
                "history_bytes >= :history_bytes_min",
                ":history_bytes_min",
                integer(self.history_bytes_min),
            ),
            (failures, ":failures_min", integer(self.failures_min)),
            (HAS_TAGS, ":tags", tags),
        ];
        let asked = all.into_iter();
        asked
            .filter_map(|(sql, name, value)| Some((sql, name, value?)))
            .collect()
    }
}

/// A pattern with `*` as one of LIKE, which matches without case. All else is literal.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            // Several in a row are one.
            '*' if pattern.ends_with('%') && !pattern.ends_with(r"\%") => {}
            '*' => pattern.push('%'),
            '%' | '_' | '\\' => pattern.extend(['\\', character]),
            character => pattern.push(character),
        }
    }
    pattern
}

impl Condition {
    fn of(window: &Window) -> Self {
        let mut condition = Self {
            sql: FILTER.to_owned(),
            values: vec![
                (":hub", Value::Integer(window.hub)),
                (":text", Value::Text(window.text.clone())),
                (":statuses", Value::Integer(window.statuses.0)),
                (":roots", Value::Integer(i64::from(window.roots_only))),
            ],
        };
        for (sql, name, value) in window.filters.conditions() {
            condition.sql.push_str(" AND ");
            condition.sql.push_str(sql);
            condition.values.push((name, value));
        }
        condition
    }

    fn with(mut self, more: &[(&'static str, i64)]) -> Self {
        let more = more
            .iter()
            .map(|(name, value)| (*name, Value::Integer(*value)));
        self.values.extend(more);
        self
    }

    fn parameters(&self) -> Vec<(&str, &dyn ToSql)> {
        let values = self.values.iter();
        values
            .map(|(name, value)| (*name, value as &dyn ToSql))
            .collect()
    }
}

/// Rows of the window.
pub(crate) fn rows(
    connection: &Connection,
    window: &Window,
) -> Result<Vec<InstanceRow>, StoreError> {
    let (sql, condition) = query(window);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(condition.parameters().as_slice(), InstanceRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How SQLite goes about it, for the test that no order reads the whole hub unnecessarily.
#[cfg(test)]
pub(super) fn plan(connection: &Connection, window: &Window) -> Vec<String> {
    let (sql, condition) = query(window);
    let explained = format!("EXPLAIN QUERY PLAN {sql}");
    let mut statement = connection.prepare(&explained).unwrap();
    let steps = statement
        .query_map(condition.parameters().as_slice(), |row| row.get(3))
        .unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

fn query(window: &Window) -> (String, Condition) {
    let condition = Condition::of(window);
    let page = [(":limit", window.limit), (":offset", window.offset)];
    match window.sort {
        WindowSort::Attention => {
            let sql = attention(window.reverse, &condition.sql);
            let end = window.offset.saturating_add(window.limit);
            let ranges = [(":recent_us", window.recent_us), (":end", end)];
            (sql, condition.with(&page).with(&ranges))
        }
        sort => {
            let sql = sorted(sort, window.reverse, &condition.sql);
            (sql, condition.with(&page))
        }
    }
}

/// How many instances match, counted up to [`MATCHES_COUNTED_MAX`].
pub(crate) fn matching(connection: &Connection, window: &Window) -> Result<u64, StoreError> {
    let condition = Condition::of(window).with(&[(":limit", MATCHES_COUNTED_MAX)]);
    let filter = &condition.sql;
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM instance WHERE {filter} LIMIT :limit)");
    let mut statement = connection.prepare_cached(&sql)?;
    let count: i64 = statement.query_row(condition.parameters().as_slice(), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Ascending or descending, turned round by `reverse`.
fn direction(descending: bool, reverse: bool) -> &'static str {
    if descending == reverse { "ASC" } else { "DESC" }
}

/// SQL of every plain order. Only constants go into it.
fn sorted(sort: WindowSort, reverse: bool, filter: &str) -> String {
    let (by, descending) = match sort {
        WindowSort::Created | WindowSort::Attention => ("created_at_us", true),
        WindowSort::Updated => ("updated_at_us", true),
        WindowSort::Name => ("name", false),
        WindowSort::Id => ("id", false),
        WindowSort::Status => ("status", false),
        WindowSort::Open => (
            "act_scheduled - act_completed - act_failed \
             + sub_scheduled - sub_completed - sub_failed",
            true,
        ),
        WindowSort::Failures => ("act_failed + sub_failed", true),
        WindowSort::History => ("history_bytes", true),
    };
    let direction_by = direction(descending, reverse);
    // Among equals the newest comes first; unreversed, as with the column itself.
    let direction_key = direction(true, reverse);
    format!(
        "SELECT {columns} FROM instance WHERE {filter} \
         ORDER BY {by} {direction_by}, instance {direction_key} LIMIT :limit OFFSET :offset",
        columns = instance_columns!(),
    )
}

/// SQL of the order by attention: three ranges of an index each, so that only the window is read
/// and not the hub. Only constants go into it.
fn attention(reverse: bool, filter: &str) -> String {
    let newest = direction(true, reverse);
    let idlest = direction(false, reverse);
    let outer = direction(false, reverse);
    format!(
        "WITH picked (class, place, tie, instance) AS (
           SELECT * FROM (
             SELECT 0, -updated_at_us, -instance, instance FROM instance
             WHERE {filter} AND status = 3 AND updated_at_us >= :recent_us
             ORDER BY updated_at_us {newest}, instance {newest} LIMIT :end)
           UNION ALL SELECT * FROM (
             SELECT 1, updated_at_us, instance, instance FROM instance
             WHERE {filter} AND status IN (0, 6, 7)
             ORDER BY updated_at_us {idlest}, instance {idlest} LIMIT :end)
           UNION ALL SELECT * FROM (
             SELECT 2, -updated_at_us, -instance, instance FROM instance
             WHERE {filter} AND status NOT IN (0, 6, 7)
               AND NOT (status = 3 AND updated_at_us >= :recent_us)
             ORDER BY updated_at_us {newest}, instance {newest} LIMIT :end)
           ORDER BY 1 {outer}, 2 {outer}, 3 {outer} LIMIT :limit OFFSET :offset)
         SELECT {columns} FROM picked JOIN instance USING (instance)
         ORDER BY class {outer}, place {outer}, tie {outer}",
        columns = instance_columns!(),
    )
}
