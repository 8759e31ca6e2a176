//! What the hub reads to decide: instances, waiting messages, history chunks, what is due.

use std::sync::Arc;

use durascope_engine::Counters;
use durascope_engine::Instance;
use durascope_engine::Kind;
use durascope_engine::Parent;
use durascope_engine::Phase;
use durascope_engine::batch::Forming;
use durascope_engine::batch::Offer;
use durascope_engine::instance::Outcomes;
use durascope_engine::turn::TurnMessage;
use durascope_proto::ActivityRequest;
use durascope_proto::OrchestrationStatus;
use prost::Message as _;
use prost::bytes::Bytes;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::named_params;

use super::StoreError;
use super::writer::payload;
use crate::live::HubKey;
use crate::live::InstanceKey;

/// An instance as it was loaded.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) key: InstanceKey,
    pub(crate) hub: HubKey,
    pub(crate) instance: Instance,
}

macro_rules! select_instance {
    ($tail:literal) => {
        concat!(
            "SELECT instance, hub, id, execution, name, version, status, phase, created_at_us,
                updated_at_us, completed_at_us, scheduled_start_us, parent, parent_id,
                parent_execution, parent_task, failure_line, turns, history_chunks,
                history_events, history_bytes, history_last_us, act_scheduled, act_completed,
                act_failed, sub_scheduled, sub_completed, sub_failed, timers_pending,
                messages_waiting, batch_turn, batch_first_task, batch_scheduled,
                batch_completed, batch_failed,
                (SELECT data FROM payload
                 WHERE payload.instance = instance.instance AND kind = 3) AS custom_status
            FROM instance ",
            $tail
        )
    };
}

const BY_ID: &str = select_instance!("WHERE hub = :hub AND id = :id");
const BY_KEY: &str = select_instance!("WHERE instance = :instance");
const CHILDREN: &str = select_instance!("WHERE parent = :parent ORDER BY instance");

pub(crate) fn by_id(db: &Connection, hub: HubKey, id: &str) -> Result<Option<Loaded>, StoreError> {
    let mut statement = db.prepare_cached(BY_ID)?;
    Ok(statement
        .query_row(named_params! { ":hub": hub.0, ":id": id }, loaded)
        .optional()?)
}

pub(crate) fn by_key(db: &Connection, key: InstanceKey) -> Result<Option<Loaded>, StoreError> {
    let mut statement = db.prepare_cached(BY_KEY)?;
    Ok(statement
        .query_row(named_params! { ":instance": key.0 }, loaded)
        .optional()?)
}

/// Direct sub-orchestrations of all executions, oldest first.
pub(crate) fn children(db: &Connection, key: InstanceKey) -> Result<Vec<Loaded>, StoreError> {
    let mut statement = db.prepare_cached(CHILDREN)?;
    let rows = statement.query_map(named_params! { ":parent": key.0 }, loaded)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const STATUS: &str = "SELECT status FROM instance WHERE hub = :hub AND id = :id";

/// The status alone, for who waits for it to change.
pub(crate) fn status(
    db: &Connection,
    hub: HubKey,
    id: &str,
) -> Result<Option<OrchestrationStatus>, StoreError> {
    let mut statement = db.prepare_cached(STATUS)?;
    let number: Option<i32> = statement
        .query_row(named_params! { ":hub": hub.0, ":id": id }, |row| row.get(0))
        .optional()?;
    Ok(number
        .map(|number| OrchestrationStatus::try_from(number).unwrap_or(OrchestrationStatus::Failed)))
}

fn loaded(row: &Row<'_>) -> rusqlite::Result<Loaded> {
    let text = |name: &str| -> rusqlite::Result<Arc<str>> { row.get(name) };
    let maybe = |name: &str| -> rusqlite::Result<Option<Arc<str>>> { row.get(name) };
    let count = |name: &str| -> rusqlite::Result<u64> {
        row.get::<_, i64>(name)
            .map(|count| u64::try_from(count).unwrap_or(0))
    };
    let parent = match row.get::<_, Option<i64>>("parent")? {
        Some(key) => Some(Parent {
            key,
            id: text("parent_id")?,
            execution: text("parent_execution")?,
            task_id: row.get("parent_task")?,
        }),
        None => None,
    };
    let custom_status: Option<Vec<u8>> = row.get("custom_status")?;
    let outcomes = |scheduled: &str, completed: &str, failed: &str| {
        Ok::<_, rusqlite::Error>(Outcomes {
            scheduled: count(scheduled)?,
            completed: count(completed)?,
            failed: count(failed)?,
        })
    };
    let counters = Counters {
        turns: count("turns")?,
        history_chunks: count("history_chunks")?,
        history_events: count("history_events")?,
        history_bytes: count("history_bytes")?,
        history_last_us: row.get("history_last_us")?,
        activities: outcomes("act_scheduled", "act_completed", "act_failed")?,
        children: outcomes("sub_scheduled", "sub_completed", "sub_failed")?,
        timers_pending: row.get("timers_pending")?,
        messages_waiting: row.get("messages_waiting")?,
        batch_turn: count("batch_turn")?,
        batch_first_task: row.get("batch_first_task")?,
        batch: outcomes("batch_scheduled", "batch_completed", "batch_failed")?,
    };
    Ok(Loaded {
        key: InstanceKey(row.get("instance")?),
        hub: HubKey(row.get("hub")?),
        instance: Instance {
            id: text("id")?,
            execution: text("execution")?,
            name: text("name")?,
            version: maybe("version")?,
            status: OrchestrationStatus::try_from(row.get::<_, i32>("status")?)
                .unwrap_or(OrchestrationStatus::Failed),
            phase: phase(row.get("phase")?),
            created_us: row.get("created_at_us")?,
            updated_us: row.get("updated_at_us")?,
            completed_us: row.get("completed_at_us")?,
            scheduled_start_us: row.get("scheduled_start_us")?,
            parent,
            failure_line: maybe("failure_line")?,
            custom_status: custom_status
                .map(|bytes| String::from_utf8_lossy(&bytes).as_ref().into()),
            counters,
        },
    })
}

fn phase(number: i64) -> Phase {
    match number {
        0 => Phase::New,
        2 => Phase::Suspended,
        3 => Phase::Renewed,
        4 => Phase::Rewinding,
        _ => Phase::Running,
    }
}

const LEAD: &str = "\
SELECT at_us, seq, kind, scheduled, event FROM inbox
WHERE instance = :instance AND at_us <= :now_us AND kind IN (:first, :second)
ORDER BY at_us, seq LIMIT 1";
const VISIBLE: &str = "\
SELECT at_us, seq, kind, scheduled, event FROM inbox
WHERE instance = :instance AND at_us <= :now_us
ORDER BY at_us, seq";

/// The messages of the next turn, in the order in which the worker sees them, and whether they
/// are a prefix of what is visible. Empty: there is no turn now.
pub(crate) fn next_turn(
    db: &Connection,
    key: InstanceKey,
    phase: Phase,
    now_us: i64,
    bytes_max: usize,
) -> Result<(Vec<TurnMessage>, bool, bool), StoreError> {
    let mut taken = Vec::new();
    let mut more = false;
    let kinds = Forming::lead_kinds(phase);
    let mut forming = match (kinds.first(), kinds.last()) {
        (Some(first), Some(last)) => {
            let lead = db
                .prepare_cached(LEAD)?
                .query_row(
                    named_params! {
                        ":instance": key.0,
                        ":now_us": now_us,
                        ":first": *first as i64,
                        ":second": *last as i64,
                    },
                    message,
                )
                .optional()?;
            let Some(lead) = lead else {
                return Ok((taken, false, false));
            };
            let forming = Forming::with_lead(lead.kind, lead.event.len()).within(bytes_max);
            taken.push(lead);
            forming
        }
        _ => Forming::open().within(bytes_max),
    };
    let lead_place = taken.first().map(|lead| (lead.at_us, lead.seq));
    let mut prefix = true;
    let mut statement = db.prepare_cached(VISIBLE)?;
    let mut rows = statement.query(named_params! { ":instance": key.0, ":now_us": now_us })?;
    while !forming.is_complete()
        && let Some(row) = rows.next()?
    {
        let message = message(row)?;
        if lead_place == Some((message.at_us, message.seq)) {
            continue;
        }
        match forming.offer(message.kind, message.event.len()) {
            Offer::Take => taken.push(message),
            Offer::TakeLast => {
                taken.push(message);
                more = rows.next()?.is_some();
                break;
            }
            Offer::Skip => prefix = false,
            Offer::Stop => {
                more = true;
                break;
            }
        }
    }
    // The lead may stand behind what was left out: then the taken ones are no prefix.
    prefix &= lead_place.is_none();
    Ok((taken, prefix, more))
}

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<TurnMessage> {
    Ok(TurnMessage {
        at_us: row.get(0)?,
        seq: row.get(1)?,
        kind: Kind::from_number(row.get(2)?).unwrap_or(Kind::Event),
        scheduled: row.get(3)?,
        event: row.get::<_, Vec<u8>>(4)?.into(),
    })
}

const FIRST_PLACE: &str = "SELECT min(at_us) FROM inbox WHERE instance = :instance";

/// The earliest place in the inbox.
pub(crate) fn first_place(db: &Connection, key: InstanceKey) -> Result<Option<i64>, StoreError> {
    let mut statement = db.prepare_cached(FIRST_PLACE)?;
    Ok(statement.query_row(named_params! { ":instance": key.0 }, |row| row.get(0))?)
}

const FIRST_OF_KIND: &str = "\
SELECT event FROM inbox WHERE instance = :instance AND kind = :kind
ORDER BY at_us, seq LIMIT 1";

/// The first waiting message of a kind, due or not.
pub(crate) fn first_of_kind(
    db: &Connection,
    key: InstanceKey,
    kind: Kind,
) -> Result<Option<Bytes>, StoreError> {
    let event: Option<Vec<u8>> = db
        .prepare_cached(FIRST_OF_KIND)?
        .query_row(
            named_params! { ":instance": key.0, ":kind": kind as i64 },
            |row| row.get(0),
        )
        .optional()?;
    Ok(event.map(Into::into))
}

const UNBOUND_WAITING: &str = "SELECT count(*) FROM inbox WHERE instance = :instance AND bound = 0";

/// External events and controls in the inbox, those of a turn that is out included.
pub(crate) fn unbound_waiting(db: &Connection, key: InstanceKey) -> Result<u32, StoreError> {
    let mut statement = db.prepare_cached(UNBOUND_WAITING)?;
    Ok(statement.query_row(named_params! { ":instance": key.0 }, |row| row.get(0))?)
}

const RESULTS_WAITING: &str = "\
SELECT event FROM inbox WHERE instance = :instance AND kind = 2 ORDER BY at_us, seq";

/// Accepted activity results that no turn has consumed.
pub(crate) fn results_waiting(db: &Connection, key: InstanceKey) -> Result<Vec<Bytes>, StoreError> {
    let mut statement = db.prepare_cached(RESULTS_WAITING)?;
    let rows = statement.query_map(named_params! { ":instance": key.0 }, |row| {
        row.get::<_, Vec<u8>>(0).map(Bytes::from)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const CHUNKS: &str = "SELECT data FROM history WHERE instance = :instance ORDER BY chunk";

/// The committed history of the current execution.
pub(crate) fn chunks(db: &Connection, key: InstanceKey) -> Result<Vec<Bytes>, StoreError> {
    let mut statement = db.prepare_cached(CHUNKS)?;
    let rows = statement.query_map(named_params! { ":instance": key.0 }, |row| {
        row.get::<_, Vec<u8>>(0).map(Bytes::from)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What `find` finds first in the history, which is read no further. A large ExecutionStarted
/// event stands in the second chunk.
pub(crate) fn find_chunk<T>(
    db: &Connection,
    key: InstanceKey,
    find: impl Fn(&Bytes) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let mut statement = db.prepare_cached(CHUNKS)?;
    let mut rows = statement.query(named_params! { ":instance": key.0 })?;
    while let Some(row) = rows.next()? {
        if let Some(found) = find(&row.get::<_, Vec<u8>>(0)?.into()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

const TRACE: &str = "SELECT trace FROM instance WHERE instance = :instance";

pub(crate) fn trace(db: &Connection, key: InstanceKey) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = db.prepare_cached(TRACE)?;
    Ok(statement.query_row(named_params! { ":instance": key.0 }, |row| row.get(0))?)
}

const HUBS: &str = "SELECT hub, name FROM task_hub ORDER BY hub";

pub(crate) fn hubs(db: &Connection) -> Result<Vec<(HubKey, String)>, StoreError> {
    let mut statement = db.prepare_cached(HUBS)?;
    let rows = statement.query_map([], |row| Ok((HubKey(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const TOTALS: &str = "SELECT status, count(*) FROM instance WHERE hub = :hub GROUP BY status";

/// Instances of a hub by status number.
pub(crate) fn totals(db: &Connection, hub: HubKey) -> Result<Vec<(i32, u64)>, StoreError> {
    let mut statement = db.prepare_cached(TOTALS)?;
    let rows = statement.query_map(named_params! { ":hub": hub.0 }, |row| {
        Ok((
            row.get(0)?,
            row.get::<_, i64>(1)
                .map(|count| u64::try_from(count).unwrap_or(0))?,
        ))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const LAST_MOMENT: &str = "\
SELECT max(coalesce((SELECT max(updated_at_us) FROM instance), 0),
           coalesce((SELECT max(history_last_us) FROM instance), 0),
           coalesce((SELECT max(seq) FROM inbox), 0),
           coalesce((SELECT max(modified_at_us) FROM entity), 0),
           coalesce((SELECT max(seq) FROM entity_inbox), 0))";

/// The newest moment in the database: the clock goes on from there.
pub(crate) fn last_moment(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row(LAST_MOMENT, [], |row| row.get(0))?)
}

const SCHEDULED: &str = "SELECT at_us, instance FROM inbox WHERE scheduled = 1 ORDER BY at_us";
const WAITING: &str = "SELECT DISTINCT instance FROM inbox WHERE scheduled = 0";
const UNFINISHED: &str = "\
SELECT instance FROM instance
WHERE hub = :hub AND status IN (0, 6, 7) AND phase <> 4
    AND act_scheduled > act_completed + act_failed
ORDER BY instance";

/// Durable timers and scheduled starts, next first.
pub(crate) fn scheduled(db: &Connection) -> Result<Vec<(i64, InstanceKey)>, StoreError> {
    let mut statement = db.prepare(SCHEDULED)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, InstanceKey(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Instances that have messages.
pub(crate) fn waiting(db: &Connection) -> Result<Vec<InstanceKey>, StoreError> {
    let mut statement = db.prepare(WAITING)?;
    let rows = statement.query_map([], |row| row.get(0).map(InstanceKey))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Unfinished instances whose history holds activities without a result. Those of one that is
/// to be rewound have rows of their own since it failed.
pub(crate) fn with_open_activities(
    db: &Connection,
    hub: HubKey,
) -> Result<Vec<InstanceKey>, StoreError> {
    let mut statement = db.prepare(UNFINISHED)?;
    let rows = statement.query_map(named_params! { ":hub": hub.0 }, |row| {
        row.get(0).map(InstanceKey)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An activity that outlived its execution.
#[derive(Clone, Debug)]
pub(crate) struct Orphan {
    pub(crate) row: i64,
    pub(crate) hub: HubKey,
    pub(crate) key: InstanceKey,
    /// Of the orchestration, for activities that have none.
    pub(crate) version: Option<Arc<str>>,
    pub(crate) request: ActivityRequest,
}

const ORPHANS: &str = "\
SELECT activity, activity.hub, activity.instance, request, version
FROM activity JOIN instance USING (instance) ORDER BY activity";

pub(crate) fn orphans(db: &Connection) -> Result<Vec<Orphan>, StoreError> {
    let mut statement = db.prepare(ORPHANS)?;
    let mut rows = statement.query([])?;
    let mut orphans = Vec::new();
    while let Some(row) = rows.next()? {
        let request: Vec<u8> = row.get(3)?;
        orphans.push(Orphan {
            row: row.get(0)?,
            hub: HubKey(row.get(1)?),
            key: InstanceKey(row.get(2)?),
            version: row.get(4)?,
            request: ActivityRequest::decode(&*request).map_err(|error| StoreError::Corrupt {
                what: format!("activity row does not decode: {error}"),
            })?,
        });
    }
    Ok(orphans)
}

const PURGEABLE: &str = "\
SELECT instance FROM instance
WHERE hub = :hub AND created_at_us >= :from_us AND created_at_us < :to_us
    AND completed_at_us IS NOT NULL AND id NOT LIKE '@%'
    AND (:statuses = 0 OR (:statuses & (1 << status)) <> 0)
ORDER BY created_at_us, instance LIMIT :limit";

/// Ended instances created in `[from_us, to_us)`; `statuses` is a set of status numbers as
/// bits, 0 for any.
pub(crate) fn purgeable(
    db: &Connection,
    hub: HubKey,
    from_us: i64,
    to_us: i64,
    statuses: i64,
    limit: u32,
) -> Result<Vec<InstanceKey>, StoreError> {
    let mut statement = db.prepare_cached(PURGEABLE)?;
    let rows = statement.query_map(
        named_params! {
            ":hub": hub.0,
            ":from_us": from_us,
            ":to_us": to_us,
            ":statuses": statuses,
            ":limit": limit,
        },
        |row| row.get(0).map(InstanceKey),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const OF_HUB: &str = "SELECT instance FROM instance WHERE hub = :hub";

/// Every instance of a hub.
pub(crate) fn of_hub(db: &Connection, hub: HubKey) -> Result<Vec<InstanceKey>, StoreError> {
    let mut statement = db.prepare(OF_HUB)?;
    let rows = statement.query_map(named_params! { ":hub": hub.0 }, |row| {
        row.get(0).map(InstanceKey)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The custom status kind must match the literal in `select_instance!`.
const _: () = assert!(payload::CUSTOM_STATUS == 3);
