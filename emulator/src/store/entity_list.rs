//! Entities as dashboards list them: with what waits for them, sorted and paged by SQLite.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::named_params;

use crate::store::error::StoreError;

/// Order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntityOrder {
    /// Longest queue, then locked ones, then the last modified.
    Queue,
    Name,
    Modified,
    StateSize,
}

/// Which entities, in which order.
#[derive(Clone, Debug)]
pub(crate) struct EntityList {
    pub(crate) hub: i64,
    /// Substring of the id, in lower case; empty for any.
    pub(crate) text: String,
    pub(crate) order: EntityOrder,
    pub(crate) reverse: bool,
    pub(crate) offset: i64,
    pub(crate) limit: i64,
    /// What is visible by then counts as waiting.
    pub(crate) now_us: i64,
}

macro_rules! matching {
    () => {
        "entity.hub = :hub AND (:text = '' OR instr(lower(entity.id), :text) > 0)"
    };
}

const COUNT: &str = concat!("SELECT count(*) FROM entity WHERE ", matching!());

/// How many entities match.
pub(crate) fn matching(connection: &Connection, list: &EntityList) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(COUNT)?;
    let parameters = named_params! { ":hub": list.hub, ":text": list.text };
    let count: i64 = statement.query_row(parameters, |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Keys of the page, with how many operations wait for each, those with a worker included.
pub(crate) fn page(
    connection: &Connection,
    list: &EntityList,
) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(&sql(list.order, list.reverse))?;
    let rows = statement.query_map(
        named_params! {
            ":hub": list.hub,
            ":text": list.text,
            ":now_us": list.now_us,
            ":limit": list.limit,
            ":offset": list.offset,
        },
        |row| {
            let waiting: i64 = row.get(1)?;
            Ok((row.get(0)?, u64::try_from(waiting).unwrap_or(0)))
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The place of the entity with this key in the whole list, from 1; nothing when it does not
/// match.
pub(crate) fn place(
    connection: &Connection,
    list: &EntityList,
    key: i64,
) -> Result<Option<u64>, StoreError> {
    let mut statement = connection.prepare_cached(&place_sql(list.order, list.reverse))?;
    let parameters = named_params! {
        ":hub": list.hub,
        ":text": list.text,
        ":now_us": list.now_us,
        ":entity": key,
    };
    let place = statement.query_row(parameters, |row| row.get::<_, i64>(0));
    Ok(place.optional()?.and_then(|it| u64::try_from(it).ok()))
}

/// What waits is counted once for all, and not entity by entity.
macro_rules! with_waiting {
    () => {
        "entity LEFT JOIN (
           SELECT entity AS of, count(*) AS waiting FROM entity_inbox
           WHERE kind <> 2 AND at_us <= :now_us GROUP BY entity)
         ON of = entity.entity"
    };
}

/// Only constants go into it.
fn sql(order: EntityOrder, reverse: bool) -> String {
    format!(
        "SELECT entity.entity, coalesce(waiting, 0) FROM {from}
         WHERE {matching} ORDER BY {by} LIMIT :limit OFFSET :offset",
        from = with_waiting!(),
        matching = matching!(),
        by = by(order, reverse),
    )
}

/// Only constants go into it.
fn place_sql(order: EntityOrder, reverse: bool) -> String {
    format!(
        "SELECT place FROM (
           SELECT entity.entity AS it, row_number() OVER (ORDER BY {by}) AS place
           FROM {from} WHERE {matching})
         WHERE it = :entity",
        from = with_waiting!(),
        matching = matching!(),
        by = by(order, reverse),
    )
}

fn by(order: EntityOrder, reverse: bool) -> String {
    let (up, down) = if reverse {
        ("DESC", "ASC")
    } else {
        ("ASC", "DESC")
    };
    let by = match order {
        EntityOrder::Queue => {
            format!("coalesce(waiting, 0) {down}, owner IS NULL {up}, modified_at_us {down}")
        }
        EntityOrder::Name => format!("id {up}"),
        EntityOrder::Modified => format!("modified_at_us {down}"),
        EntityOrder::StateSize => format!("coalesce(length(state), -1) {down}"),
    };
    format!("{by}, entity.entity {down}")
}

const KEY: &str = "
    SELECT entity.entity, (
      SELECT count(*) FROM entity_inbox
      WHERE entity_inbox.entity = entity.entity AND kind <> 2 AND at_us <= :now_us)
    FROM entity WHERE hub = :hub AND id = :id";

/// The key of one entity, and how many operations wait for it.
pub(crate) fn key(
    connection: &Connection,
    hub: i64,
    id: &str,
    now_us: i64,
) -> Result<Option<(i64, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(KEY)?;
    let parameters = named_params! { ":hub": hub, ":id": id, ":now_us": now_us };
    let row = statement.query_row(parameters, |row| {
        let waiting: i64 = row.get(1)?;
        Ok((row.get(0)?, u64::try_from(waiting).unwrap_or(0)))
    });
    Ok(row.optional()?)
}

/// One entity without what waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityHead {
    pub(crate) id: String,
    pub(crate) modified_at_us: i64,
    pub(crate) locked_by: Option<String>,
    pub(crate) locked_at_us: Option<i64>,
    /// The beginning of the state, and the size of all of it.
    pub(crate) state: Option<(Vec<u8>, u64)>,
}

const HEAD: &str = "
    SELECT id, modified_at_us, owner_id, locked_at_us, substr(state, 1, :bytes), length(state)
    FROM entity WHERE entity = :entity";

/// The entity with this key and so much of its state.
pub(crate) fn head(
    connection: &Connection,
    key: i64,
    bytes: i64,
) -> Result<Option<EntityHead>, StoreError> {
    let mut statement = connection.prepare_cached(HEAD)?;
    let row = statement.query_row(named_params! { ":entity": key, ":bytes": bytes }, |row| {
        let state: Option<Vec<u8>> = row.get(4)?;
        let length: Option<i64> = row.get(5)?;
        let length = u64::try_from(length.unwrap_or(0)).unwrap_or(0);
        Ok(EntityHead {
            id: row.get(0)?,
            modified_at_us: row.get(1)?,
            locked_by: row.get(2)?,
            locked_at_us: row.get(3)?,
            state: state.map(|state| (state, length)),
        })
    });
    Ok(row.optional()?)
}

/// An operation that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingOperation {
    pub(crate) at_us: i64,
    /// Id of the request.
    pub(crate) request: Arc<str>,
    /// An encoded HistoryEvent, unless it is larger than was asked for.
    pub(crate) event: Option<Vec<u8>>,
}

const OPERATIONS: &str = "
    SELECT at_us, request, CASE WHEN length(event) <= :bytes THEN event END FROM entity_inbox
    WHERE entity = :entity AND kind <> 2 AND at_us <= :now_us
    ORDER BY at_us, seq LIMIT :limit";

/// Operations that wait, the oldest first, those with a worker included.
pub(crate) fn operations(
    connection: &Connection,
    key: i64,
    now_us: i64,
    bytes: i64,
    limit: i64,
) -> Result<Vec<WaitingOperation>, StoreError> {
    let mut statement = connection.prepare_cached(OPERATIONS)?;
    let rows = statement.query_map(
        named_params! { ":entity": key, ":now_us": now_us, ":bytes": bytes, ":limit": limit },
        |row| {
            Ok(WaitingOperation {
                at_us: row.get(0)?,
                request: row.get(1)?,
                event: row.get(2)?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const LOCK_WAITERS: &str = "
    SELECT instance.id FROM entity_inbox JOIN instance ON instance.instance = entity_inbox.caller
    WHERE entity_inbox.entity = :entity AND entity_inbox.kind = 2
    ORDER BY entity_inbox.at_us, entity_inbox.seq LIMIT :limit";

/// Ids of the instances that wait for the lock, the first in line first.
pub(crate) fn lock_waiters(
    connection: &Connection,
    key: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(LOCK_WAITERS)?;
    let parameters = named_params! { ":entity": key, ":limit": limit };
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
