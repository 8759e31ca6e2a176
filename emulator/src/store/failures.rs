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

/// Instances with a failure, of theirs or of what they scheduled, and changed since then.
pub(crate) fn newest(
    connection: &Connection,
    hub: i64,
    since_us: i64,
    limit: i64,
) -> Result<Vec<InstanceRow>, StoreError> {
    let mut statement = connection.prepare_cached(NEWEST)?;
    let rows = statement.query_map(
        named_params! { ":hub": hub, ":since_us": since_us, ":limit": limit },
        InstanceRow::read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
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
        let explained = format!("EXPLAIN QUERY PLAN {NEWEST}");
        let mut statement = db.prepare(&explained).unwrap();
        let parameters = named_params! { ":hub": 1, ":since_us": 0, ":limit": 1 };
        let steps = statement.query_map(parameters, |row| row.get::<_, String>("detail"));
        let plan: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
        let expected = "SEARCH instance USING INDEX instance_failures (hub=? AND updated_at_us>?)";
        assert_eq!(plan, [expected]);
    }
}
