//! What a rewind reads and writes beyond what a turn does.

use durascope_engine::turn::TurnMessage;
use rusqlite::Connection;
use rusqlite::named_params;

use super::StoreError;
use super::load::message;
use crate::live::InstanceKey;

const RESULTS: &str = "\
SELECT at_us, seq, kind, scheduled, event FROM inbox
WHERE instance = :instance AND kind IN (2, 3)
ORDER BY at_us, seq";

/// Results of activities and children that no turn has consumed.
pub(crate) fn results(db: &Connection, key: InstanceKey) -> Result<Vec<TurnMessage>, StoreError> {
    let mut statement = db.prepare_cached(RESULTS)?;
    let rows = statement.query_map(named_params! { ":instance": key.0 }, message)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const CHILDREN: &str = "\
SELECT instance FROM instance WHERE parent = :parent AND parent_execution = :execution";

/// The children of one execution.
pub(crate) fn children(
    db: &Connection,
    parent: InstanceKey,
    execution: &str,
) -> Result<Vec<InstanceKey>, StoreError> {
    let mut statement = db.prepare_cached(CHILDREN)?;
    let rows = statement.query_map(
        named_params! { ":parent": parent.0, ":execution": execution },
        |row| row.get(0).map(InstanceKey),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const MOVE_CHILDREN: &str = "\
UPDATE instance SET parent_execution = :after
WHERE parent = :parent AND parent_execution = :before";

/// The children of one execution are of another one from now on.
pub(crate) fn move_children(
    db: &Connection,
    parent: InstanceKey,
    before: &str,
    after: &str,
) -> Result<(), StoreError> {
    db.prepare_cached(MOVE_CHILDREN)?
        .execute(named_params! { ":parent": parent.0, ":before": before, ":after": after })?;
    Ok(())
}
