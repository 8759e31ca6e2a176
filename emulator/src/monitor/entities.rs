//! Entities with their queues, lock holders and who waits for the lock.

use durascope_engine::entity::EntityId;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor as proto;
use durascope_proto::monitor::EntitySort;
use durascope_proto::time::from_micros;
use prost::Message;

use crate::clock;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::EntityLive;
use crate::live::HubKey;
use crate::monitor::limits;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::entity_list;
use crate::store::entity_list::EntityHead;
use crate::store::entity_list::EntityList;
use crate::store::entity_list::EntityOrder;
use crate::store::entity_list::WaitingOperation;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;
const WAITERS_MAX: i64 = 20;
const OPERATIONS_MAX: usize = 20;

/// Of a state in a list: unless asked otherwise, and at most; and in full.
const LISTED_BYTES: u32 = 200;
const LISTED_BYTES_MAX: u32 = 4 * 1024;
const FULL_BYTES: i64 = 64 * 1024;

/// Larger operations are not decoded for their name in a list.
const EVENT_BYTES: i64 = 4 * 1024;

/// An entity as the store has it, and what workers hold of it.
struct Read {
    waiting: u64,
    head: EntityHead,
    operations: Vec<WaitingOperation>,
    waiters: Vec<String>,
    live: EntityLive,
}

/// The key of an entity, and how many operations wait for it.
type Of = (i64, u64);

/// Answers ListEntities: which ones, what the core knows of them, and then what they are.
pub(crate) async fn list(
    hub: &Hub,
    key: HubKey,
    asked: proto::ListEntitiesRequest,
) -> Result<proto::EntityPage, HubError> {
    limits::text("text", &asked.text)?;
    limits::text("entity_id", &asked.entity_id)?;
    let list = parse(key, &asked);
    let listed_bytes = limits::page(asked.state_bytes, LISTED_BYTES, LISTED_BYTES_MAX);
    let listed_bytes = i64::from(listed_bytes);
    let now_us = list.now_us;
    // As it is stored: the name of an entity has no case.
    let detail = EntityId::parse("entity_id", &asked.entity_id);
    let detail = detail.map_or(asked.entity_id.clone(), |id| id.text().to_string());
    let locate = asked.locate;
    let pick = move |connection: &Db| {
        let matching = entity_list::matching(connection, &list)?;
        let page = entity_list::page(connection, &list)?;
        let detail = entity_list::key(connection, list.hub, &detail, now_us)?;
        let place = match detail.filter(|_| locate) {
            Some((key, _)) => entity_list::place(connection, &list, key)?,
            None => None,
        };
        Ok((matching, page, detail, place))
    };
    let (matching, page, detail, place) = hub.store().read(pick).await?;
    let keys = page.iter().chain(&detail).map(|(key, _)| *key).collect();
    let live = hub.observe_entities(key, keys).await?;
    let read_all = move |connection: &Db| {
        let mut live = live.into_iter();
        let mut rows = Vec::with_capacity(page.len());
        for (of, live) in page.into_iter().zip(live.by_ref()) {
            let row = read(connection, of, live, now_us, (listed_bytes, EVENT_BYTES))?;
            rows.extend(row.map(row_of));
        }
        let detail = detail.zip(live.next()).map(|(of, live)| {
            let row = read(connection, of, live, now_us, (FULL_BYTES, i64::MAX))?;
            Ok::<_, StoreError>(row.map(row_of))
        });
        Ok((rows, detail.transpose()?.flatten()))
    };
    let (rows, detail) = hub.store().read(read_all).await?;
    Ok(proto::EntityPage {
        matching,
        offset: asked.offset,
        rows,
        detail,
        detail_at: place.unwrap_or(0),
    })
}

fn parse(key: HubKey, asked: &proto::ListEntitiesRequest) -> EntityList {
    EntityList {
        hub: key.0,
        // SQLite's lower() knows ASCII only; both sides must agree.
        text: asked.text.to_ascii_lowercase(),
        order: match asked.sort() {
            EntitySort::Queue => EntityOrder::Queue,
            EntitySort::Name => EntityOrder::Name,
            EntitySort::Modified => EntityOrder::Modified,
            EntitySort::StateSize => EntityOrder::StateSize,
        },
        reverse: asked.reverse,
        offset: i64::from(asked.offset),
        limit: i64::from(limits::page(asked.limit, LIMIT_DEFAULT, LIMIT_MAX)),
        now_us: clock::wall_us(),
    }
}

fn read(
    connection: &Db,
    (key, waiting): Of,
    live: EntityLive,
    now_us: i64,
    (state_bytes, event_bytes): (i64, i64),
) -> Result<Option<Read>, StoreError> {
    let Some(head) = entity_list::head(connection, key, state_bytes)? else {
        return Ok(None);
    };
    // What a worker holds stays in the inbox until it is done.
    let scanned = live.operations.len() + OPERATIONS_MAX;
    let mut operations = match waiting {
        0 => Vec::new(),
        _ => {
            let limit = i64::try_from(scanned).unwrap_or(i64::MAX);
            entity_list::operations(connection, key, now_us, event_bytes, limit)?
        }
    };
    operations.retain(|it| !live.operations.contains(&it.request));
    Ok(Some(Read {
        waiting,
        head,
        operations,
        waiters: entity_list::lock_waiters(connection, key, WAITERS_MAX)?,
        live,
    }))
}

fn row_of(read: Read) -> proto::EntityRow {
    let Read {
        waiting,
        head,
        operations,
        waiters,
        live,
    } = read;
    let names = operations.iter().filter_map(name);
    let batch = live.batch.as_ref();
    proto::EntityRow {
        entity_id: head.id,
        modified_at: Some(from_micros(head.modified_at_us)),
        queue: waiting.saturating_sub(live.operations.len() as u64),
        oldest_waiting: operations.first().map(|it| from_micros(it.at_us)),
        locked_by: head.locked_by.unwrap_or_default(),
        locked_since: head.locked_at_us.map(from_micros),
        lock_waiters: waiters,
        state: head.state.map(|(bytes, total_bytes)| proto::Payload {
            text: Some(text(bytes)),
            total_bytes,
        }),
        batch_worker: batch.map_or_else(String::new, |it| it.worker_id.clone()),
        batch_since: batch.map(|it| from_micros(it.since_us)),
        operations: names.take(OPERATIONS_MAX).collect(),
    }
}

/// The text that these bytes begin with: they may have been cut within a character.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let whole = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default()).into_owned()
    })
}

/// The name of an operation. What does not decode has none; it is the worker's to refuse it.
fn name(operation: &WaitingOperation) -> Option<String> {
    let event = HistoryEvent::decode(operation.event.as_deref()?).ok()?;
    match event.event_type? {
        EventType::EntityOperationSignaled(it) => Some(it.operation),
        EventType::EntityOperationCalled(it) => Some(it.operation),
        _ => None,
    }
}
