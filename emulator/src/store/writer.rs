//! The statements that change an instance: each writes one thing, the transaction is the hub's.

use std::collections::BTreeMap;

use durascope_engine::Instance;
use durascope_engine::Phase;
use durascope_engine::deliver::Entry;
use durascope_engine::history::Chunk;
use durascope_engine::start::NewInstance;
use durascope_engine::turn::PayloadChange;
use durascope_proto::OrchestrationTraceContext;
use prost::Message as _;
use rusqlite::Connection;
use rusqlite::named_params;

use super::StoreError;
use crate::live::HubKey;
use crate::live::InstanceKey;

/// Text kinds of the `payload` table.
pub(crate) mod payload {
    pub(crate) const INPUT: i64 = 1;
    pub(crate) const OUTPUT: i64 = 2;
    pub(crate) const CUSTOM_STATUS: i64 = 3;
    pub(crate) const FAILURE: i64 = 4;
}

/// The stored number of a phase.
pub(crate) fn phase_number(phase: Phase) -> i64 {
    match phase {
        Phase::New => 0,
        Phase::Running => 1,
        Phase::Suspended => 2,
        Phase::Renewed => 3,
        Phase::Rewinding => 4,
    }
}

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";

pub(crate) fn begin(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached(BEGIN)?.execute([])?;
    Ok(())
}

pub(crate) fn commit(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached(COMMIT)?.execute([])?;
    Ok(())
}

/// Undoes the open transaction, if SQLite has not done so itself.
pub(crate) fn rollback(db: &Connection) -> Result<(), StoreError> {
    if !db.is_autocommit() {
        db.execute_batch(ROLLBACK)?;
    }
    Ok(())
}

/// Folds the log into the database file, so that it stands alone.
pub(crate) fn fold_log(db: &Connection) -> Result<(), StoreError> {
    Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()))?)
}

const INSERT_HUB: &str =
    "INSERT INTO task_hub (name, created_at_us) VALUES (:name, :created_at_us)";

pub(crate) fn insert_hub(db: &Connection, name: &str, now_us: i64) -> Result<HubKey, StoreError> {
    db.prepare_cached(INSERT_HUB)?
        .execute(named_params! { ":name": name, ":created_at_us": now_us })?;
    Ok(HubKey(db.last_insert_rowid()))
}

const DELETE_HUB: &str = "DELETE FROM task_hub WHERE hub = :hub";

pub(crate) fn delete_hub(db: &Connection, hub: HubKey) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_HUB)?
        .execute(named_params! { ":hub": hub.0 })?;
    Ok(())
}

const INSERT_INSTANCE: &str = "\
INSERT INTO instance (hub, id, execution, name, version, status, phase, created_at_us,
    updated_at_us, scheduled_start_us, parent, parent_id, parent_execution, parent_task, tags,
    messages_waiting)
VALUES (:hub, :id, :execution, :name, :version, :status, :phase, :created_at_us,
    :updated_at_us, :scheduled_start_us, :parent, :parent_id, :parent_execution, :parent_task,
    :tags, :messages_waiting)";

/// Writes the row and the input; the first inbox entry is [`insert_inbox`]'s.
pub(crate) fn insert_instance(
    db: &Connection,
    hub: HubKey,
    new: &NewInstance,
) -> Result<InstanceKey, StoreError> {
    let instance = &new.instance;
    let parent = instance.parent.as_ref();
    let tags = tags_text(&new.tags)?;
    db.prepare_cached(INSERT_INSTANCE)?.execute(named_params! {
        ":hub": hub.0,
        ":id": &*instance.id,
        ":execution": &*instance.execution,
        ":name": &*instance.name,
        ":version": instance.version.as_deref(),
        ":status": instance.status as i32,
        ":phase": phase_number(instance.phase),
        ":created_at_us": instance.created_us,
        ":updated_at_us": instance.updated_us,
        ":scheduled_start_us": instance.scheduled_start_us,
        ":parent": parent.map(|parent| parent.key),
        ":parent_id": parent.map(|parent| &*parent.id),
        ":parent_execution": parent.map(|parent| &*parent.execution),
        ":parent_task": parent.map(|parent| parent.task_id),
        ":tags": tags,
        ":messages_waiting": instance.counters.messages_waiting,
    })?;
    let key = InstanceKey(db.last_insert_rowid());
    if let Some(input) = &new.input {
        set_payload(db, key, payload::INPUT, Some(input.as_bytes()))?;
    }
    Ok(key)
}

const UPDATE_INSTANCE: &str = "\
UPDATE instance SET execution = :execution, version = :version, status = :status,
    phase = :phase, updated_at_us = :updated_at_us, completed_at_us = :completed_at_us,
    failure_line = :failure_line, turns = :turns, history_chunks = :history_chunks,
    history_events = :history_events, history_bytes = :history_bytes,
    history_last_us = :history_last_us, act_scheduled = :act_scheduled,
    act_completed = :act_completed, act_failed = :act_failed, sub_scheduled = :sub_scheduled,
    sub_completed = :sub_completed, sub_failed = :sub_failed, timers_pending = :timers_pending,
    messages_waiting = :messages_waiting, batch_turn = :batch_turn,
    batch_first_task = :batch_first_task, batch_scheduled = :batch_scheduled,
    batch_completed = :batch_completed, batch_failed = :batch_failed
WHERE instance = :instance";

pub(crate) fn update_instance(
    db: &Connection,
    key: InstanceKey,
    instance: &Instance,
) -> Result<(), StoreError> {
    let counters = &instance.counters;
    db.prepare_cached(UPDATE_INSTANCE)?.execute(named_params! {
        ":instance": key.0,
        ":execution": &*instance.execution,
        ":version": instance.version.as_deref(),
        ":status": instance.status as i32,
        ":phase": phase_number(instance.phase),
        ":updated_at_us": instance.updated_us,
        ":completed_at_us": instance.completed_us,
        ":failure_line": instance.failure_line.as_deref(),
        ":turns": signed(counters.turns),
        ":history_chunks": signed(counters.history_chunks),
        ":history_events": signed(counters.history_events),
        ":history_bytes": signed(counters.history_bytes),
        ":history_last_us": counters.history_last_us,
        ":act_scheduled": signed(counters.activities.scheduled),
        ":act_completed": signed(counters.activities.completed),
        ":act_failed": signed(counters.activities.failed),
        ":sub_scheduled": signed(counters.children.scheduled),
        ":sub_completed": signed(counters.children.completed),
        ":sub_failed": signed(counters.children.failed),
        ":timers_pending": counters.timers_pending,
        ":messages_waiting": counters.messages_waiting,
        ":batch_turn": signed(counters.batch_turn),
        ":batch_first_task": counters.batch_first_task,
        ":batch_scheduled": signed(counters.batch.scheduled),
        ":batch_completed": signed(counters.batch.completed),
        ":batch_failed": signed(counters.batch.failed),
    })?;
    Ok(())
}

/// SQLite's integers are signed; counters never come near the limit.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const SET_TAGS: &str = "UPDATE instance SET tags = :tags WHERE instance = :instance";

pub(crate) fn set_tags(
    db: &Connection,
    key: InstanceKey,
    tags: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    db.prepare_cached(SET_TAGS)?
        .execute(named_params! { ":instance": key.0, ":tags": tags_text(tags)? })?;
    Ok(())
}

/// Tags as stored: a JSON object, or nothing.
fn tags_text(tags: &BTreeMap<String, String>) -> Result<Option<String>, StoreError> {
    let text = (!tags.is_empty())
        .then(|| serde_json::to_string(tags))
        .transpose();
    text.map_err(|error| StoreError::Corrupt {
        what: format!("tags do not encode: {error}"),
    })
}

const SET_TRACE: &str = "UPDATE instance SET trace = :trace WHERE instance = :instance";

pub(crate) fn set_trace(
    db: &Connection,
    key: InstanceKey,
    trace: Option<&OrchestrationTraceContext>,
) -> Result<(), StoreError> {
    db.prepare_cached(SET_TRACE)?.execute(named_params! {
        ":instance": key.0,
        ":trace": trace.map(prost::Message::encode_to_vec),
    })?;
    Ok(())
}

const UPSERT_PAYLOAD: &str = "\
INSERT INTO payload (instance, kind, data) VALUES (:instance, :kind, :data)
ON CONFLICT (instance, kind) DO UPDATE SET data = excluded.data";
const DELETE_PAYLOAD: &str = "DELETE FROM payload WHERE instance = :instance AND kind = :kind";

fn set_payload(
    db: &Connection,
    key: InstanceKey,
    kind: i64,
    data: Option<&[u8]>,
) -> Result<(), StoreError> {
    match data {
        Some(data) => db
            .prepare_cached(UPSERT_PAYLOAD)?
            .execute(named_params! { ":instance": key.0, ":kind": kind, ":data": data })?,
        None => db
            .prepare_cached(DELETE_PAYLOAD)?
            .execute(named_params! { ":instance": key.0, ":kind": kind })?,
    };
    Ok(())
}

pub(crate) fn change_payload(
    db: &Connection,
    key: InstanceKey,
    change: &PayloadChange,
) -> Result<(), StoreError> {
    let bytes = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    let (kind, data) = match change {
        PayloadChange::Input(text) => (payload::INPUT, bytes(text)),
        PayloadChange::Output(text) => (payload::OUTPUT, bytes(text)),
        PayloadChange::CustomStatus(text) => (payload::CUSTOM_STATUS, bytes(text)),
        PayloadChange::Failure(details) => (
            payload::FAILURE,
            details.as_ref().map(prost::Message::encode_to_vec),
        ),
    };
    set_payload(db, key, kind, data.as_deref())
}

const INSERT_INBOX: &str = "\
INSERT INTO inbox (instance, at_us, seq, kind, bound, scheduled, event)
VALUES (:instance, :at_us, :seq, :kind, :bound, :scheduled, :event)";

/// Puts a message in its place: `at_us` is when it becomes visible, `seq` orders equal times.
pub(crate) fn insert_inbox(
    db: &Connection,
    key: InstanceKey,
    at_us: i64,
    seq: i64,
    entry: &Entry,
) -> Result<(), StoreError> {
    db.prepare_cached(INSERT_INBOX)?.execute(named_params! {
        ":instance": key.0,
        ":at_us": at_us,
        ":seq": seq,
        ":kind": entry.kind as i64,
        ":bound": entry.bound,
        ":scheduled": entry.visible_us.is_some(),
        ":event": &*entry.event,
    })?;
    Ok(())
}

const DELETE_INBOX_ROW: &str =
    "DELETE FROM inbox WHERE instance = :instance AND at_us = :at_us AND seq = :seq";
const DELETE_INBOX_PREFIX: &str = "\
DELETE FROM inbox WHERE instance = :instance AND (at_us, seq) <= (:at_us, :seq)";

pub(crate) fn delete_inbox_row(
    db: &Connection,
    key: InstanceKey,
    at_us: i64,
    seq: i64,
) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_INBOX_ROW)?
        .execute(named_params! { ":instance": key.0, ":at_us": at_us, ":seq": seq })?;
    Ok(())
}

/// Deletes everything up to and including one place.
pub(crate) fn delete_inbox_prefix(
    db: &Connection,
    key: InstanceKey,
    at_us: i64,
    seq: i64,
) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_INBOX_PREFIX)?
        .execute(named_params! { ":instance": key.0, ":at_us": at_us, ":seq": seq })?;
    Ok(())
}

const DELETE_INBOX_BOUND: &str = "DELETE FROM inbox WHERE instance = :instance AND bound = 1";
const DELETE_INBOX: &str = "DELETE FROM inbox WHERE instance = :instance";

/// Deletes what belongs to an execution that is over.
pub(crate) fn delete_inbox_bound(db: &Connection, key: InstanceKey) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_INBOX_BOUND)?
        .execute(named_params! { ":instance": key.0 })?;
    Ok(())
}

pub(crate) fn delete_inbox(db: &Connection, key: InstanceKey) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_INBOX)?
        .execute(named_params! { ":instance": key.0 })?;
    Ok(())
}

const INSERT_CHUNK: &str = "\
INSERT INTO history (instance, chunk, first_event, events, data)
VALUES (:instance, :chunk, :first_event, :events, :data)";

/// Appends chunks after `first_chunk` existing ones that hold `first_event` events.
pub(crate) fn append_history(
    db: &Connection,
    key: InstanceKey,
    first_chunk: u64,
    first_event: u64,
    chunks: &[Chunk],
) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(INSERT_CHUNK)?;
    let mut event = first_event;
    for (chunk, number) in chunks.iter().zip(first_chunk..) {
        statement.execute(named_params! {
            ":instance": key.0,
            ":chunk": signed(number),
            ":first_event": signed(event),
            ":events": chunk.events,
            ":data": &*chunk.data,
        })?;
        event += u64::from(chunk.events);
    }
    Ok(())
}

const DELETE_HISTORY: &str = "DELETE FROM history WHERE instance = :instance";

pub(crate) fn delete_history(db: &Connection, key: InstanceKey) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_HISTORY)?
        .execute(named_params! { ":instance": key.0 })?;
    Ok(())
}

const INSERT_ACTIVITY: &str =
    "INSERT INTO activity (hub, instance, request) VALUES (:hub, :instance, :request)";
const DELETE_ACTIVITY: &str = "DELETE FROM activity WHERE activity = :activity";

/// Keeps an activity whose execution is over; see `schema.sql`.
pub(crate) fn insert_activity(
    db: &Connection,
    hub: HubKey,
    key: InstanceKey,
    request: &durascope_proto::ActivityRequest,
) -> Result<i64, StoreError> {
    db.prepare_cached(INSERT_ACTIVITY)?.execute(named_params! {
        ":hub": hub.0,
        ":instance": key.0,
        ":request": request.encode_to_vec(),
    })?;
    Ok(db.last_insert_rowid())
}

pub(crate) fn delete_activity(db: &Connection, row: i64) -> Result<(), StoreError> {
    db.prepare_cached(DELETE_ACTIVITY)?
        .execute(named_params! { ":activity": row })?;
    Ok(())
}

/// Every table that holds rows of an instance, the instance itself last. A test compares this
/// with the schema, so that a purge leaves nothing behind.
pub(crate) const DELETE_INSTANCE: [&str; 5] = [
    "DELETE FROM payload WHERE instance = :instance",
    DELETE_HISTORY,
    DELETE_INBOX,
    "DELETE FROM activity WHERE instance = :instance",
    "DELETE FROM instance WHERE instance = :instance",
];

pub(crate) fn delete_instance(db: &Connection, key: InstanceKey) -> Result<(), StoreError> {
    for statement in DELETE_INSTANCE {
        db.prepare_cached(statement)?
            .execute(named_params! { ":instance": key.0 })?;
    }
    Ok(())
}
