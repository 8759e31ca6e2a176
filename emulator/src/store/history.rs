//! Committed history in steps, as stored: no event is decoded here.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::named_params;

use crate::store::error::StoreError;

/// Consecutive chunks of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HistoryChunks {
    /// Encoded HistoryChunk messages.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// Number of the chunk after the last one here.
    pub(crate) next: i64,
}

const CHUNKS: &str = "
    SELECT chunk, data FROM history
    WHERE instance = :instance AND chunk >= :first AND chunk < :end
    ORDER BY chunk";

/// Chunks from `first` and before `end`: at least one if there is any, and no more when they
/// have reached `bytes`.
pub(crate) fn chunks(
    connection: &Connection,
    instance: i64,
    first: i64,
    end: i64,
    bytes: usize,
) -> Result<HistoryChunks, StoreError> {
    let mut statement = connection.prepare_cached(CHUNKS)?;
    let mut rows = statement.query(named_params! {
        ":instance": instance,
        ":first": first,
        ":end": end,
    })?;
    let mut read = HistoryChunks {
        next: first,
        ..HistoryChunks::default()
    };
    let mut total = 0;
    while total < bytes
        && let Some(row) = rows.next()?
    {
        let chunk: i64 = row.get(0)?;
        let data: Vec<u8> = row.get(1)?;
        total += data.len();
        read.next = chunk.saturating_add(1);
        read.chunks.push(data);
    }
    Ok(read)
}

const CHUNK: &str = "SELECT data FROM history WHERE instance = :instance AND chunk = :chunk";

/// One chunk, an encoded HistoryChunk message.
pub(crate) fn chunk(
    connection: &Connection,
    instance: i64,
    chunk: i64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(CHUNK)?;
    let parameters = named_params! { ":instance": instance, ":chunk": chunk };
    let data = statement.query_row(parameters, |row| row.get(0));
    Ok(data.optional()?)
}

const EXECUTION: &str = "SELECT execution FROM instance WHERE instance = :instance";

/// The current execution; `None` when the instance is gone.
pub(crate) fn execution(
    connection: &Connection,
    instance: i64,
) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached(EXECUTION)?
        .query_row(named_params! { ":instance": instance }, |row| row.get(0))
        .optional()?)
}

const END: &str = "SELECT coalesce(max(chunk) + 1, 0) FROM history WHERE instance = :instance";

/// Number of the chunk that would come next.
pub(crate) fn end(connection: &Connection, instance: i64) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached(END)?
        .query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}
