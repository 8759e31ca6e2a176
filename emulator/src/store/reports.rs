//! Texts in which instances report their progress, read only when they are small.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::named_params;

use crate::store::error::StoreError;
use crate::store::pages::prefix_end;

// The length of a blob is known without reading it.
const CUSTOM_STATUS: &str = "\
SELECT CASE WHEN length(data) <= :bytes_max THEN data END FROM payload
WHERE instance = :instance AND kind = 3";

/// The custom status of an instance, if it has one of at most `bytes_max`. What is no text is
/// left out: this is for show.
pub(crate) fn custom_status(
    connection: &Connection,
    instance: i64,
    bytes_max: usize,
) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached(CUSTOM_STATUS)?;
    let data: Option<Option<Vec<u8>>> = statement
        .query_row(
            named_params! { ":instance": instance, ":bytes_max": limit(bytes_max) },
            |row| row.get(0),
        )
        .optional()?;
    Ok(data.flatten().and_then(|data| String::from_utf8(data).ok()))
}

const ENTITY_STATE: &str = "\
SELECT CASE WHEN length(state) <= :bytes_max THEN state END FROM entity
WHERE hub = :hub AND id = :id";

/// The state of an entity, as [`custom_status`].
pub(crate) fn entity_state(
    connection: &Connection,
    hub: i64,
    id: &str,
    bytes_max: usize,
) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached(ENTITY_STATE)?;
    let state: Option<Option<Vec<u8>>> = statement
        .query_row(
            named_params! { ":hub": hub, ":id": id, ":bytes_max": limit(bytes_max) },
            |row| row.get(0),
        )
        .optional()?;
    Ok(state
        .flatten()
        .and_then(|state| String::from_utf8(state).ok()))
}

const ANY_ENTITY: &str = "\
SELECT EXISTS (SELECT 1 FROM entity
WHERE hub = :hub AND id >= :prefix AND (:prefix_end IS NULL OR id < :prefix_end))";

/// Whether the id of any entity begins so.
pub(crate) fn has_entity(
    connection: &Connection,
    hub: i64,
    prefix: &str,
) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached(ANY_ENTITY)?.query_row(
        named_params! { ":hub": hub, ":prefix": prefix, ":prefix_end": prefix_end(prefix) },
        |row| row.get(0),
    )?)
}

fn limit(bytes_max: usize) -> i64 {
    i64::try_from(bytes_max).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema.sql")).unwrap();
        db.execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO payload VALUES (1, 3, CAST('{}' AS BLOB)), (2, 3, zeroblob(4097)), (3, 3, x'ff'),
                 (4, 1, CAST('{}' AS BLOB));
             INSERT INTO entity (hub, id, state, created_at_us, modified_at_us)
             VALUES (1, '@a@x', CAST('7' AS BLOB), 0, 0), (1, '@b@y', NULL, 0, 0);",
        )
        .unwrap();
        db
    }

    #[test]
    fn small_texts_are_read_and_nothing_else() {
        let db = database();
        for (instance, expected) in [(1, Some("{}")), (2, None), (3, None), (4, None), (5, None)] {
            let read = custom_status(&db, instance, 4_096).unwrap();
            assert_eq!(read.as_deref(), expected, "instance {instance}");
        }
        let state = |hub, id, max| entity_state(&db, hub, id, max).unwrap();
        assert_eq!(state(1, "@a@x", 1).as_deref(), Some("7"));
        assert_eq!(state(1, "@a@x", 0), None);
        assert_eq!(state(2, "@a@x", 1), None);
        assert_eq!(state(1, "@b@y", 1), None);
        let any = |hub, prefix| has_entity(&db, hub, prefix).unwrap();
        assert!(any(1, "@a@") && any(1, "@b@") && !any(1, "@c@") && !any(2, "@a@"));
    }

    #[test]
    fn every_read_is_one_step_into_an_index() {
        let db = database();
        let plan = |statement: &str, parameters: &[(&str, &dyn rusqlite::ToSql)]| {
            let explained = format!("EXPLAIN QUERY PLAN {statement}");
            let mut statement = db.prepare(&explained).unwrap();
            let steps = statement.query_map(parameters, |row| row.get::<_, String>("detail"));
            steps
                .unwrap()
                .collect::<Result<Vec<_>, _>>()
                .unwrap()
                .join("; ")
        };
        let status = plan(
            CUSTOM_STATUS,
            named_params! { ":instance": 1, ":bytes_max": 1 },
        );
        assert!(status.contains("(instance=? AND kind=?)"), "{status}");
        let state = plan(
            ENTITY_STATE,
            named_params! { ":hub": 1, ":id": "x", ":bytes_max": 1 },
        );
        assert!(state.contains("(hub=? AND id=?)"), "{state}");
        let any = plan(
            ANY_ENTITY,
            named_params! { ":hub": 1, ":prefix": "x", ":prefix_end": "y" },
        );
        assert!(any.contains("(hub=? AND id>?"), "{any}");
    }
}
