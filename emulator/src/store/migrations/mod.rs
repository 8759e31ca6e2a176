//! Steps from every older version of the database to the current one, forward only.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::TransactionBehavior;

use crate::store::error::StoreError;

/// One step per version: the first leads from an empty file to version 1.
const STEPS: &[&str] = &[
    include_str!("0001_initial.sql"),
    include_str!("0002_entities.sql"),
    include_str!("0003_since.sql"),
    include_str!("0004_rare.sql"),
];

/// Marks a SQLite file as ours ("Dura").
const APPLICATION_ID: i64 = 0x4475_7261;

/// The version that this program writes.
pub(super) fn known_version() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Checks that the file may be written by this program: it is empty, or ours and not newer.
///
/// # Errors
/// [`StoreError::NotOurs`] and [`StoreError::Newer`].
pub(super) fn check(connection: &Connection) -> Result<i64, StoreError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if application != APPLICATION_ID {
        let used = connection
            .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
            .optional()?
            .is_some();
        if used || application != 0 || version != 0 {
            return Err(StoreError::NotOurs);
        }
    }
    if version > known_version() {
        return Err(StoreError::Newer {
            found: version,
            known: known_version(),
        });
    }
    if version < 0 {
        return Err(StoreError::NotOurs);
    }
    Ok(version)
}

/// Brings the database to the current version, each step in a transaction of its own.
///
/// A crash in between leaves a database of a whole version, from which the next start goes on.
pub(super) fn apply(connection: &mut Connection) -> Result<(), StoreError> {
    let mut version = check(connection)?;
    while let Some(step) = usize::try_from(version).ok().and_then(|at| STEPS.get(at)) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        version += 1;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Every object of the schema by name, without comments and with one space where any is.
    fn objects(connection: &Connection) -> BTreeMap<String, String> {
        let mut statement = connection
            .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
            .unwrap();
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .unwrap();
        rows.map(|row| {
            let (name, sql) = row.unwrap();
            let code: Vec<&str> = sql
                .lines()
                .map(|line| line.split("--").next().unwrap_or_default())
                .flat_map(str::split_whitespace)
                .collect();
            (name, code.join(" "))
        })
        .collect()
    }

    #[test]
    fn migrations_lead_to_the_documented_schema() {
        let mut migrated = Connection::open_in_memory().unwrap();
        apply(&mut migrated).unwrap();
        let documented = Connection::open_in_memory().unwrap();
        documented
            .execute_batch(include_str!("../schema.sql"))
            .unwrap();
        assert_eq!(objects(&migrated), objects(&documented));
        assert_eq!(check(&migrated).unwrap(), known_version());
    }

    #[test]
    fn applying_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection).unwrap();
        let before = objects(&connection);
        apply(&mut connection).unwrap();
        assert_eq!(objects(&connection), before);
    }
}
