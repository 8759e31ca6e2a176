//! Rows of instances and their texts, as readers see them.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::named_params;

use crate::store::error::StoreError;

/// The columns of [`InstanceRow::read`], in its order.
macro_rules! instance_columns {
    () => {
        "instance, hub, id, execution, name, version, status, created_at_us, updated_at_us, \
         completed_at_us, scheduled_start_us, parent_id, parent_task, tags, failure_line, turns, \
         history_chunks, history_events, history_bytes, history_last_us, act_scheduled, \
         act_completed, act_failed, sub_scheduled, sub_completed, sub_failed, timers_pending, \
         messages_waiting, batch_turn, batch_scheduled, batch_completed, batch_failed"
    };
}
pub(crate) use instance_columns;

/// One instance without its texts. Times are microseconds since the Unix epoch, UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InstanceRow {
    pub(crate) instance: i64,
    pub(crate) hub: i64,
    pub(crate) id: String,
    pub(crate) execution: String,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// Number of the protocol's OrchestrationStatus.
    pub(crate) status: i32,
    pub(crate) created_at_us: i64,
    pub(crate) updated_at_us: i64,
    pub(crate) completed_at_us: Option<i64>,
    pub(crate) scheduled_start_us: Option<i64>,
    pub(crate) parent_id: Option<String>,
    pub(crate) parent_task: Option<i32>,
    pub(crate) tags: Option<String>,
    pub(crate) failure_line: Option<String>,
    pub(crate) turns: u64,
    pub(crate) history_chunks: i64,
    pub(crate) history_events: u64,
    pub(crate) history_bytes: u64,
    pub(crate) history_last_us: i64,
    pub(crate) activities: Counts,
    pub(crate) children: Counts,
    pub(crate) timers_pending: u64,
    pub(crate) messages_waiting: u64,
    pub(crate) batch_turn: u64,
    pub(crate) batch: Counts,
}

/// What became of what was scheduled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) scheduled: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
}

impl InstanceRow {
    /// Reads a row that was selected with `instance_columns!`.
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            instance: row.get(0)?,
            hub: row.get(1)?,
            id: row.get(2)?,
            execution: row.get(3)?,
            name: row.get(4)?,
            version: row.get(5)?,
            status: row.get(6)?,
            created_at_us: row.get(7)?,
            updated_at_us: row.get(8)?,
            completed_at_us: row.get(9)?,
            scheduled_start_us: row.get(10)?,
            parent_id: row.get(11)?,
            parent_task: row.get(12)?,
            tags: row.get(13)?,
            failure_line: row.get(14)?,
            turns: count(row, 15)?,
            history_chunks: row.get(16)?,
            history_events: count(row, 17)?,
            history_bytes: count(row, 18)?,
            history_last_us: row.get(19)?,
            activities: Counts::read(row, 20)?,
            children: Counts::read(row, 23)?,
            timers_pending: count(row, 26)?,
            messages_waiting: count(row, 27)?,
            batch_turn: count(row, 28)?,
            batch: Counts::read(row, 29)?,
        })
    }

    /// The tags as they were given.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the column is not a JSON object of strings.
    pub(crate) fn tags(&self) -> Result<BTreeMap<String, String>, StoreError> {
        match &self.tags {
            None => Ok(BTreeMap::new()),
            Some(text) => serde_json::from_str(text)
                .map_err(|error| StoreError::corrupt(format!("tags of '{}': {error}", self.id))),
        }
    }
}

impl Counts {
    fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            scheduled: count(row, first)?,
            completed: count(row, first + 1)?,
            failed: count(row, first + 2)?,
        })
    }
}

/// A counter that a bug drove below zero is shown as zero.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// Texts of one instance. What is absent was never given; empty text was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Payloads {
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) custom_status: Option<String>,
    /// An encoded TaskFailureDetails.
    pub(crate) failure: Option<Vec<u8>>,
}

const INSTANCE_BY_ID: &str = concat!(
    "SELECT ",
    instance_columns!(),
    " FROM instance WHERE hub = :hub AND id = :id"
);

/// The instance with this id.
pub(crate) fn by_id(
    connection: &Connection,
    hub: i64,
    id: &str,
) -> Result<Option<InstanceRow>, StoreError> {
    Ok(connection
        .prepare_cached(INSTANCE_BY_ID)?
        .query_row(named_params! { ":hub": hub, ":id": id }, InstanceRow::read)
        .optional()?)
}

const PAYLOADS: &str = "SELECT kind, data FROM payload WHERE instance = :instance";

/// All texts of an instance.
pub(crate) fn payloads(connection: &Connection, instance: i64) -> Result<Payloads, StoreError> {
    let mut statement = connection.prepare_cached(PAYLOADS)?;
    let mut rows = statement.query(named_params! { ":instance": instance })?;
    let mut payloads = Payloads::default();
    while let Some(row) = rows.next()? {
        let data: Vec<u8> = row.get(1)?;
        match row.get::<_, i64>(0)? {
            1 => payloads.input = Some(text(instance, data)?),
            2 => payloads.output = Some(text(instance, data)?),
            3 => payloads.custom_status = Some(text(instance, data)?),
            4 => payloads.failure = Some(data),
            kind => {
                return Err(StoreError::corrupt(format!(
                    "payload kind {kind} of instance {instance}"
                )));
            }
        }
    }
    Ok(payloads)
}

fn text(instance: i64, data: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(data)
        .map_err(|error| StoreError::corrupt(format!("text of instance {instance}: {error}")))
}

const HUB_NAME: &str = "SELECT name FROM task_hub WHERE hub = :hub";

/// The name of a task hub; `None` when it was deleted.
pub(crate) fn hub_name(connection: &Connection, hub: i64) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached(HUB_NAME)?
        .query_row(named_params! { ":hub": hub }, |row| row.get(0))
        .optional()?)
}

const HUB_NAMES: &str = "SELECT name FROM task_hub ORDER BY name";

/// The names of all task hubs.
pub(crate) fn hub_names(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(HUB_NAMES)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
