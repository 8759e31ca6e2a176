//! The dashboard's window on the instances of a hub: filtered and sorted by SQLite.

use rusqlite::Connection;
use rusqlite::ToSql;
use rusqlite::named_params;

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
}

macro_rules! filter {
    () => {
        "hub = :hub AND (:statuses >> status) & 1 AND (:roots = 0 OR parent_id IS NULL) \
         AND (:text = '' OR instr(lower(id), :text) > 0 OR instr(lower(name), :text) > 0)"
    };
}

/// Rows of the window.
pub(crate) fn rows(
    connection: &Connection,
    window: &Window,
) -> Result<Vec<InstanceRow>, StoreError> {
    let end = window.offset.saturating_add(window.limit);
    let mut statement = connection.prepare_cached(&sql(window))?;
    let rows = statement.query_map(parameters(window, &end).as_slice(), InstanceRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How SQLite goes about it, for the test that no order reads the whole hub unnecessarily.
#[cfg(test)]
pub(super) fn plan(connection: &Connection, window: &Window) -> Vec<String> {
    let end = window.offset.saturating_add(window.limit);
    let explained = format!("EXPLAIN QUERY PLAN {}", sql(window));
    let mut statement = connection.prepare(&explained).unwrap();
    let steps = statement
        .query_map(parameters(window, &end).as_slice(), |row| row.get(3))
        .unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

fn sql(window: &Window) -> String {
    match window.sort {
        WindowSort::Attention => attention(window.reverse),
        sort => sorted(sort, window.reverse),
    }
}

/// `end` is where the window ends.
fn parameters<'a>(window: &'a Window, end: &'a i64) -> Vec<(&'a str, &'a dyn ToSql)> {
    let mut parameters: Vec<(&str, &dyn ToSql)> = vec![
        (":hub", &window.hub),
        (":text", &window.text),
        (":statuses", &window.statuses.0),
        (":roots", &window.roots_only),
        (":limit", &window.limit),
        (":offset", &window.offset),
    ];
    if window.sort == WindowSort::Attention {
        parameters.push((":recent_us", &window.recent_us));
        parameters.push((":end", end));
    }
    parameters
}

const MATCHING: &str = concat!(
    "SELECT count(*) FROM (SELECT 1 FROM instance WHERE ",
    filter!(),
    " LIMIT :limit)"
);

/// How many instances match, counted up to [`MATCHES_COUNTED_MAX`].
pub(crate) fn matching(connection: &Connection, window: &Window) -> Result<u64, StoreError> {
    let count: i64 = connection.prepare_cached(MATCHING)?.query_row(
        named_params! {
            ":hub": window.hub,
            ":text": window.text,
            ":statuses": window.statuses.0,
            ":roots": window.roots_only,
            ":limit": MATCHES_COUNTED_MAX,
        },
        |row| row.get(0),
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Ascending or descending, turned round by `reverse`.
fn direction(descending: bool, reverse: bool) -> &'static str {
    if descending == reverse { "ASC" } else { "DESC" }
}

/// SQL of every plain order. Only constants go into it.
fn sorted(sort: WindowSort, reverse: bool) -> String {
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
        filter = filter!(),
    )
}

/// SQL of the order by attention: three ranges of an index each, so that only the window is read
/// and not the hub. Only constants go into it.
fn attention(reverse: bool) -> String {
    let newest = direction(true, reverse);
    let idlest = direction(false, reverse);
    let outer = direction(false, reverse);
    let filter = filter!();
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
