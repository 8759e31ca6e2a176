//! Entities, their inboxes and their locks: what the core reads and writes of them.

use std::sync::Arc;

use durascope_engine::entity::Answer;
use durascope_engine::entity::Caller;
use durascope_engine::entity::EntityId;
use durascope_engine::entity::Entry;
use durascope_engine::entity::Forming;
use durascope_engine::entity::Kind;
use durascope_engine::entity::Lock;
use durascope_engine::entity::Offer;
use durascope_engine::entity::Operation;
use prost::bytes::Bytes;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::named_params;

use super::StoreError;
use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;

/// An entity without its state.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) key: EntityKey,
    pub(crate) hub: HubKey,
    pub(crate) id: EntityId,
    pub(crate) state_bytes: Option<usize>,
    pub(crate) lock: Option<Lock>,
}

/// The message that comes first at an entity.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) caller: Option<Caller>,
    pub(crate) request: Arc<str>,
    pub(crate) event: Bytes,
}

macro_rules! select_entity {
    ($tail:literal) => {
        concat!(
            "SELECT entity, hub, id, length(state), owner, owner_id, owner_execution, section
            FROM entity ",
            $tail
        )
    };
}

const BY_ID: &str = select_entity!("WHERE hub = :hub AND id = :id");
const BY_KEY: &str = select_entity!("WHERE entity = :entity");

pub(crate) fn by_id(
    db: &Connection,
    hub: HubKey,
    id: &EntityId,
) -> Result<Option<Entity>, StoreError> {
    let mut statement = db.prepare_cached(BY_ID)?;
    let row = statement.query_row(
        named_params! { ":hub": hub.0, ":id": &**id.text() },
        |row| Ok(entity(row)),
    );
    row.optional()?.transpose()
}

pub(crate) fn by_key(db: &Connection, key: EntityKey) -> Result<Option<Entity>, StoreError> {
    let mut statement = db.prepare_cached(BY_KEY)?;
    let row = statement.query_row(named_params! { ":entity": key.0 }, |row| Ok(entity(row)));
    row.optional()?.transpose()
}

fn entity(row: &Row<'_>) -> Result<Entity, StoreError> {
    let id: String = row.get(2)?;
    let lock = match row.get::<_, Option<i64>>(4)? {
        None => None,
        Some(key) => Some(Lock {
            owner: Caller {
                key,
                execution: row.get(6)?,
            },
            owner_id: row.get(5)?,
            section: row.get(7)?,
        }),
    };
    Ok(Entity {
        key: EntityKey(row.get(0)?),
        hub: HubKey(row.get(1)?),
        id: EntityId::parse("entity id", &id)
            .map_err(|error| StoreError::corrupt(error.to_string()))?,
        state_bytes: row
            .get::<_, Option<i64>>(3)?
            .map(|length| usize::try_from(length).unwrap_or(0)),
        lock,
    })
}

const INSERT_ENTITY: &str = "\
INSERT INTO entity (hub, id, created_at_us, modified_at_us)
VALUES (:hub, :id, :now_us, :now_us)";

pub(crate) fn insert(
    db: &Connection,
    hub: HubKey,
    id: &EntityId,
    now_us: i64,
) -> Result<EntityKey, StoreError> {
    db.prepare_cached(INSERT_ENTITY)?.execute(named_params! {
        ":hub": hub.0,
        ":id": &**id.text(),
        ":now_us": now_us,
    })?;
    Ok(EntityKey(db.last_insert_rowid()))
}

const STATE: &str = "SELECT state FROM entity WHERE entity = :entity";

/// The state as the worker gave it.
pub(crate) fn state(db: &Connection, key: EntityKey) -> Result<Option<String>, StoreError> {
    let mut statement = db.prepare_cached(STATE)?;
    let state: Option<Vec<u8>> =
        statement.query_row(named_params! { ":entity": key.0 }, |row| row.get(0))?;
    let text = state.map(String::from_utf8).transpose();
    text.map_err(|error| StoreError::corrupt(format!("state of entity {}: {error}", key.0)))
}

const SET_STATE: &str = "\
UPDATE entity SET state = :state, modified_at_us = :now_us WHERE entity = :entity";

pub(crate) fn set_state(
    db: &Connection,
    key: EntityKey,
    state: &Answer,
    now_us: i64,
) -> Result<(), StoreError> {
    let state = match state {
        Answer::State(text) => Some(text.as_bytes()),
        Answer::Deleted => None,
    };
    db.prepare_cached(SET_STATE)?
        .execute(named_params! { ":entity": key.0, ":state": state, ":now_us": now_us })?;
    Ok(())
}

const SET_LOCK: &str = "\
UPDATE entity SET owner = :owner, owner_id = :owner_id, owner_execution = :execution,
    section = :section, locked_at_us = :locked_at_us
WHERE entity = :entity";

pub(crate) fn set_lock(
    db: &Connection,
    key: EntityKey,
    lock: Option<&Lock>,
    now_us: i64,
) -> Result<(), StoreError> {
    db.prepare_cached(SET_LOCK)?.execute(named_params! {
        ":entity": key.0,
        ":owner": lock.map(|lock| lock.owner.key),
        ":owner_id": lock.map(|lock| &*lock.owner_id),
        ":execution": lock.map(|lock| &*lock.owner.execution),
        ":section": lock.map(|lock| &*lock.section),
        ":locked_at_us": lock.map(|_| now_us),
    })?;
    Ok(())
}

const INSERT_MESSAGE: &str = "\
INSERT INTO entity_inbox (entity, at_us, seq, kind, scheduled, caller, caller_execution, request,
    event)
VALUES (:entity, :at_us, :seq, :kind, :scheduled, :caller, :execution, :request, :event)";

pub(crate) fn insert_message(
    db: &Connection,
    key: EntityKey,
    at_us: i64,
    seq: i64,
    entry: &Entry,
) -> Result<(), StoreError> {
    let caller = entry.caller.as_ref();
    db.prepare_cached(INSERT_MESSAGE)?.execute(named_params! {
        ":entity": key.0,
        ":at_us": at_us,
        ":seq": seq,
        ":kind": entry.kind as i64,
        ":scheduled": entry.visible_us.is_some(),
        ":caller": caller.map(|caller| caller.key),
        ":execution": caller.map(|caller| &*caller.execution),
        ":request": &*entry.request,
        ":event": &*entry.event,
    })?;
    Ok(())
}

const VISIBLE: &str = "\
SELECT at_us, seq, kind, caller, caller_execution, request, event FROM entity_inbox
WHERE entity = :entity AND at_us <= :now_us
ORDER BY at_us, seq";

/// While the entity is locked only these are for now, however much else waits.
const OF_HOLDER: &str = "\
SELECT at_us, seq, kind, caller, caller_execution, request, event
FROM entity_inbox INDEXED BY entity_inbox_call
WHERE entity = :entity AND at_us <= :now_us AND kind = 1 AND caller = :owner
ORDER BY at_us, seq";

/// The operations of the next batch, in order. Empty: there is nothing to do now.
pub(crate) fn next_batch(
    db: &Connection,
    entity: &Entity,
    now_us: i64,
    bytes_max: usize,
) -> Result<Vec<Operation>, StoreError> {
    let state_bytes = entity.state_bytes.unwrap_or(0);
    let mut forming = Forming::new(entity.lock.as_ref(), state_bytes).within(bytes_max);
    let (key, owner) = (
        entity.key.0,
        entity.lock.as_ref().map(|lock| lock.owner.key),
    );
    let mut statement = db.prepare_cached(owner.map_or(VISIBLE, |_| OF_HOLDER))?;
    let mut rows = match owner {
        None => statement.query(named_params! { ":entity": key, ":now_us": now_us })?,
        Some(owner) => {
            statement.query(named_params! { ":entity": key, ":now_us": now_us, ":owner": owner })?
        }
    };
    let mut batch = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, operation) = operation(row)?;
        match forming.offer(kind, operation.caller.as_ref(), operation.event.len()) {
            Offer::Take => batch.push(operation),
            Offer::Skip => {}
            Offer::Stop => break,
        }
    }
    Ok(batch)
}

fn operation(row: &Row<'_>) -> rusqlite::Result<(Kind, Operation)> {
    let caller = match row.get::<_, Option<i64>>(3)? {
        None => None,
        Some(key) => Some(Caller {
            key,
            execution: row.get(4)?,
        }),
    };
    let operation = Operation {
        at_us: row.get(0)?,
        seq: row.get(1)?,
        caller,
        request: row.get(5)?,
        event: row.get::<_, Vec<u8>>(6)?.into(),
    };
    Ok((kind(row.get(2)?), operation))
}

fn kind(number: i64) -> Kind {
    Kind::from_number(number).unwrap_or(Kind::Signal)
}

/// Every operation that waits, delayed ones included; lock requests are none.
pub(crate) fn operations(db: &Connection, key: EntityKey) -> Result<Vec<Operation>, StoreError> {
    let mut statement = db.prepare_cached(VISIBLE)?;
    let mut rows = statement.query(named_params! { ":entity": key.0, ":now_us": i64::MAX })?;
    let mut operations = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, operation) = operation(row)?;
        if kind != Kind::Lock {
            operations.push(operation);
        }
    }
    Ok(operations)
}

const HEAD: &str = "\
SELECT kind, caller, caller_execution, request, event FROM entity_inbox
WHERE entity = :entity AND at_us <= :now_us
ORDER BY at_us, seq LIMIT 1";

/// What comes first, if anything is due.
pub(crate) fn head(
    db: &Connection,
    key: EntityKey,
    now_us: i64,
) -> Result<Option<Head>, StoreError> {
    let mut statement = db.prepare_cached(HEAD)?;
    let head = statement.query_row(
        named_params! { ":entity": key.0, ":now_us": now_us },
        |row| {
            let caller = match row.get::<_, Option<i64>>(1)? {
                None => None,
                Some(key) => Some(Caller {
                    key,
                    execution: row.get(2)?,
                }),
            };
            Ok(Head {
                kind: kind(row.get(0)?),
                caller,
                request: row.get(3)?,
                event: row.get::<_, Vec<u8>>(4)?.into(),
            })
        },
    );
    Ok(head.optional()?)
}

const BACKLOG: &str = "\
SELECT count(*) FROM entity_inbox
WHERE entity = :entity AND at_us <= :now_us AND kind <> 2";

/// Operations that are due and not done, those with a worker included.
pub(crate) fn backlog(db: &Connection, key: EntityKey, now_us: i64) -> Result<usize, StoreError> {
    let mut statement = db.prepare_cached(BACKLOG)?;
    let count: i64 = statement.query_row(
        named_params! { ":entity": key.0, ":now_us": now_us },
        |row| row.get(0),
    )?;
    Ok(usize::try_from(count).unwrap_or(0))
}

const DELETE_MESSAGE: &str = "\
DELETE FROM entity_inbox WHERE entity = :entity AND at_us = :at_us AND seq = :seq";

pub(crate) fn delete_operation(
    db: &Connection,
    key: EntityKey,
    operation: &Operation,
) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_MESSAGE)?.execute(named_params! {
        ":entity": key.0,
        ":at_us": operation.at_us,
        ":seq": operation.seq,
    })?;
    Ok(())
}

const DELETE_REQUEST: &str = "\
DELETE FROM entity_inbox
WHERE entity = :entity AND kind = 2 AND caller = :caller AND request = :request";

/// Takes a critical section's request out of an entity's inbox.
pub(crate) fn delete_request(
    db: &Connection,
    key: EntityKey,
    caller: &Caller,
    section: &str,
) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_REQUEST)?
        .execute(named_params! { ":entity": key.0, ":caller": caller.key, ":request": section })?;
    Ok(())
}

const DELETE_EMPTY: &str = "\
DELETE FROM entity
WHERE entity = :entity AND state IS NULL AND owner IS NULL
    AND NOT EXISTS (SELECT 1 FROM entity_inbox WHERE entity_inbox.entity = entity.entity)";

/// Deletes an entity that has neither state nor lock nor messages; true if it did.
pub(crate) fn delete_empty(db: &Connection, key: EntityKey) -> Result<bool, StoreError> {
    let deleted = db
        .prepare_cached(DELETE_EMPTY)?
        .execute(named_params! { ":entity": key.0 })?;
    Ok(deleted > 0)
}

const HELD: &str = "SELECT entity FROM entity WHERE owner = :owner";
const AWAITED: &str = "SELECT entity FROM entity_inbox WHERE caller = :owner AND kind = 2";
const DELETE_AWAITED: &str = "DELETE FROM entity_inbox WHERE caller = :owner AND kind = 2";

/// Entities that an instance holds.
pub(crate) fn held_by(db: &Connection, owner: InstanceKey) -> Result<Vec<EntityKey>, StoreError> {
    keys(db, HELD, owner)
}

/// Withdraws the critical sections that an instance waits for; returns where they stood.
pub(crate) fn withdraw_requests(
    db: &Connection,
    owner: InstanceKey,
) -> Result<Vec<EntityKey>, StoreError> {
    let stood = keys(db, AWAITED, owner)?;
    if !stood.is_empty() {
        db.prepare_cached(DELETE_AWAITED)?
            .execute(named_params! { ":owner": owner.0 })?;
    }
    Ok(stood)
}

fn keys(
    db: &Connection,
    statement: &str,
    owner: InstanceKey,
) -> Result<Vec<EntityKey>, StoreError> {
    let mut statement = db.prepare_cached(statement)?;
    let rows = statement.query_map(named_params! { ":owner": owner.0 }, |row| {
        row.get(0).map(EntityKey)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const SCHEDULED: &str = "SELECT at_us, entity FROM entity_inbox WHERE scheduled = 1 ORDER BY at_us";
const WAITING: &str = "SELECT DISTINCT entity FROM entity_inbox";
const LOCKED: &str = "SELECT entity FROM entity WHERE owner IS NOT NULL";

/// Delayed signals, next first.
pub(crate) fn scheduled(db: &Connection) -> Result<Vec<(i64, EntityKey)>, StoreError> {
    let mut statement = db.prepare(SCHEDULED)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, EntityKey(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Entities that have messages.
pub(crate) fn waiting(db: &Connection) -> Result<Vec<EntityKey>, StoreError> {
    all_keys(db, WAITING)
}

/// Entities that are locked.
pub(crate) fn locked(db: &Connection) -> Result<Vec<EntityKey>, StoreError> {
    all_keys(db, LOCKED)
}

fn all_keys(db: &Connection, statement: &str) -> Result<Vec<EntityKey>, StoreError> {
    let mut statement = db.prepare(statement)?;
    let rows = statement.query_map([], |row| row.get(0).map(EntityKey))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const DELETE_OF_HUB: [&str; 2] = [
    "DELETE FROM entity_inbox WHERE entity IN (SELECT entity FROM entity WHERE hub = :hub)",
    "DELETE FROM entity WHERE hub = :hub",
];

/// Deletes every entity of a hub.
pub(crate) fn delete_of_hub(db: &Connection, hub: HubKey) -> Result<(), StoreError> {
    for statement in DELETE_OF_HUB {
        db.prepare_cached(statement)?
            .execute(named_params! { ":hub": hub.0 })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(statement: &str, parameters: &[(&str, &dyn rusqlite::ToSql)]) -> String {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema.sql")).unwrap();
        let explained = format!("EXPLAIN QUERY PLAN {statement}");
        let plan = db.query_row(&explained, parameters, |row| row.get("detail"));
        plan.unwrap()
    }

    #[test]
    fn what_waits_behind_a_lock_is_not_read_for_those_before_it() {
        let holder = named_params! { ":entity": 1, ":now_us": 1, ":owner": 1 };
        let calls = plan(OF_HOLDER, holder);
        assert!(
            calls.contains("entity_inbox_call (entity=? AND caller=? AND at_us<?)"),
            "{calls}"
        );
        let request = named_params! { ":entity": 1, ":caller": 1, ":request": "s" };
        let granted = plan(DELETE_REQUEST, request);
        assert!(granted.contains("entity_inbox_lock (caller=?"), "{granted}");
    }
}
