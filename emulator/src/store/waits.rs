//! What an unfinished instance waits for, as far as it is in rows: messages, locks and children.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::named_params;

use crate::store::error::StoreError;

// External events, results of activities, children and entities, and suspensions that no turn
// has consumed.
const WAITING: &str = "
    SELECT event FROM inbox
    WHERE instance = :instance AND scheduled = 0 AND kind IN (1, 2, 3, 5, 8)
    ORDER BY at_us, seq LIMIT :limit";

/// Messages that wait, each an encoded HistoryEvent, in order of acceptance.
pub(crate) fn waiting(
    connection: &Connection,
    instance: i64,
    limit: i64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(WAITING)?;
    let parameters = named_params! { ":instance": instance, ":limit": limit };
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A lock that was asked for and not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockWait {
    pub(crate) entity_id: String,
    /// Instance id of the holder; none when the entity is free, or only busy.
    pub(crate) held_by: Option<String>,
    pub(crate) held_since_us: Option<i64>,
}

const LOCKS: &str = "
    SELECT held.id, held.owner_id, held.locked_at_us
    FROM entity_inbox AS asked JOIN entity AS held USING (entity)
    WHERE asked.caller = :instance AND asked.kind = 2 AND asked.caller_execution = :execution
    ORDER BY held.owner IS NULL, held.id LIMIT :limit";

/// Locks that an execution has asked for and not been granted, the held ones first.
pub(crate) fn locks(
    connection: &Connection,
    instance: i64,
    execution: &str,
    limit: i64,
) -> Result<Vec<LockWait>, StoreError> {
    let mut statement = connection.prepare_cached(LOCKS)?;
    let rows = statement.query_map(
        named_params! { ":instance": instance, ":execution": execution, ":limit": limit },
        |row| {
            Ok(LockWait {
                entity_id: row.get(0)?,
                held_by: row.get(1)?,
                held_since_us: row.get(2)?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const BEGUN: &str = "
    SELECT name, count(*) FROM instance
    WHERE parent = :parent AND parent_execution = :execution AND status IN (0, 7)
    GROUP BY name";

/// Children of an execution that have begun and not ended, by name.
pub(crate) fn begun(
    connection: &Connection,
    parent: i64,
    execution: &str,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut statement = connection.prepare_cached(BEGUN)?;
    let rows = statement.query_map(
        named_params! { ":parent": parent, ":execution": execution },
        |row| {
            let count: i64 = row.get(1)?;
            Ok((row.get(0)?, u64::try_from(count).unwrap_or(0)))
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(statement: &str, parameters: &[(&str, &dyn rusqlite::ToSql)]) -> String {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema.sql")).unwrap();
        let mut statement = db
            .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
            .unwrap();
        let steps = statement.query_map(parameters, |row| row.get::<_, String>("detail"));
        let steps = steps.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        steps.join("; ")
    }

    #[test]
    fn every_read_begins_at_the_instance() {
        let execution = "x";
        let waiting = plan(WAITING, named_params! { ":instance": 1, ":limit": 1 });
        assert!(waiting.contains("(instance=?)"), "{waiting}");
        let locks = named_params! { ":instance": 1, ":execution": execution, ":limit": 1 };
        let locks = plan(LOCKS, locks);
        assert!(locks.contains("entity_inbox_lock (caller=?)"), "{locks}");
        let begun = named_params! { ":parent": 1, ":execution": execution };
        let begun = plan(BEGUN, begun);
        assert!(begun.contains("instance_parent (parent=?)"), "{begun}");
    }
}
