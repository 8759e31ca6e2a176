//! Instances with failures, the newest first, and what the failed ones failed with.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::named_params;

use crate::store::error::StoreError;
use crate::store::instances::InstanceRow;
use crate::store::instances::instance_columns;

const NEWEST: &str = concat!(
    "SELECT ",
    instance_columns!(),
    " FROM instance INDEXED BY instance_failures
      WHERE hub = :hub AND updated_at_us >= :since_us
        AND (status = 3 OR act_failed + sub_failed > 0)
      ORDER BY updated_at_us DESC LIMIT :limit"
);

const WAITING: &str = concat!(
    "SELECT ",
    instance_columns!(),
    " FROM instance INDEXED BY instance_open
      WHERE hub = :hub AND status IN (0, 6, 7) AND updated_at_us < :since_us
        AND messages_waiting > 0 AND act_failed + sub_failed > 0
      ORDER BY updated_at_us DESC LIMIT :limit"
);

/// Instances with a failure, of theirs or of what they scheduled, and changed since then, the
/// newest first; and behind them those that have not changed since, but have messages that may be
/// failures.
pub(crate) fn newest(
    connection: &Connection,
    hub: i64,
    since_us: i64,
    limit: i64,
) -> Result<Vec<InstanceRow>, StoreError> {
    let mut found = Vec::new();
    for sql in [NEWEST, WAITING] {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(
            named_params! { ":hub": hub, ":since_us": since_us, ":limit": limit },
            InstanceRow::read,
        )?;
        found.extend(rows.collect::<Result<Vec<_>, _>>()?);
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

const OWN: &str = "SELECT data FROM payload WHERE instance = :instance AND kind = 4";

/// What an instance failed with, an encoded TaskFailureDetails.
pub(crate) fn own(connection: &Connection, instance: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(OWN)?;
    let data = statement.query_row(named_params! { ":instance": instance }, |row| row.get(0));
    Ok(data.optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instances_with_failures_are_read() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema.sql")).unwrap();
        let plan = |statement: &str| {
            let explained = format!("EXPLAIN QUERY PLAN {statement}");
            let mut statement = db.prepare(&explained).unwrap();
            let parameters = named_params! { ":hub": 1, ":since_us": 0, ":limit": 1 };
            let steps = statement.query_map(parameters, |row| row.get::<_, String>("detail"));
            let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
            steps.join("; ")
        };
        assert_eq!(
            plan(NEWEST),
            "SEARCH instance USING INDEX instance_failures (hub=? AND updated_at_us>?)"
        );
        assert_eq!(
            plan(WAITING),
            "SEARCH instance USING INDEX instance_open (hub=? AND updated_at_us<?)"
        );
    }
}
