//! Children, descendants and waiting messages of one instance.

use rusqlite::Connection;
use rusqlite::named_params;

use crate::store::error::StoreError;
use crate::store::instances::InstanceRow;
use crate::store::instances::instance_columns;

/// The walk down a tree stops after so many.
pub(crate) const DESCENDANTS_MAX: i64 = 100_000;

const CHILDREN: &str = concat!(
    "SELECT ",
    instance_columns!(),
    " FROM instance
      WHERE parent = :parent AND parent_execution = :execution
      ORDER BY CASE WHEN status = 3 THEN 0 WHEN status IN (0, 6, 7) THEN 1 ELSE 2 END,
               created_at_us DESC, instance DESC
      LIMIT :limit"
);

/// Children of an execution: failed, then unfinished, then the newest.
pub(crate) fn children(
    connection: &Connection,
    parent: i64,
    execution: &str,
    limit: i64,
) -> Result<Vec<InstanceRow>, StoreError> {
    let mut statement = connection.prepare_cached(CHILDREN)?;
    let rows = statement.query_map(
        named_params! { ":parent": parent, ":execution": execution, ":limit": limit },
        InstanceRow::read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const CHILD_STATUSES: &str = "
    SELECT parent_task, status FROM instance
    WHERE parent = :parent AND parent_execution = :execution";

/// Task id and status of every child of an execution.
pub(crate) fn child_statuses(
    connection: &Connection,
    parent: i64,
    execution: &str,
) -> Result<Vec<(i32, i32)>, StoreError> {
    let mut statement = connection.prepare_cached(CHILD_STATUSES)?;
    let rows = statement.query_map(
        named_params! { ":parent": parent, ":execution": execution },
        |row| Ok((row.get::<_, Option<i32>>(0)?.unwrap_or(0), row.get(1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const DESCENDANTS: &str = "
    WITH RECURSIVE descendant (instance, status) AS (
      SELECT instance, status FROM instance WHERE parent = :instance
      UNION
      SELECT child.instance, child.status
      FROM descendant JOIN instance AS child ON child.parent = descendant.instance
      LIMIT :limit)
    SELECT instance, status FROM descendant";

/// Key and status of the direct and indirect children, of all executions.
pub(crate) fn descendants(
    connection: &Connection,
    instance: i64,
) -> Result<Vec<(i64, i32)>, StoreError> {
    let mut statement = connection.prepare_cached(DESCENDANTS)?;
    let rows = statement.query_map(
        named_params! { ":instance": instance, ":limit": DESCENDANTS_MAX },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

// External events, activity results and child results that no turn has consumed.
const WAITING: &str = "
    SELECT event FROM inbox
    WHERE instance = :instance AND scheduled = 0 AND kind IN (1, 2, 3)
    ORDER BY at_us, seq";

/// Messages that wait, each an encoded HistoryEvent, in order of acceptance.
pub(crate) fn waiting(connection: &Connection, instance: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(WAITING)?;
    let rows = statement.query_map(named_params! { ":instance": instance }, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A place in the inbox of an instance, in order of acceptance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InboxPlace {
    at_us: i64,
    seq: i64,
}

const ACCEPTED: &str = "
    SELECT at_us, seq, event FROM inbox
    WHERE instance = :instance AND (at_us, seq) > (:at_us, :seq) AND scheduled = 0
      AND kind IN (2, 3)
    ORDER BY at_us, seq";

/// Results of activities and children that wait, and that were accepted after `after`: each an
/// encoded HistoryEvent with its place.
pub(crate) fn accepted(
    connection: &Connection,
    instance: i64,
    after: InboxPlace,
) -> Result<Vec<(InboxPlace, Vec<u8>)>, StoreError> {
    let mut statement = connection.prepare_cached(ACCEPTED)?;
    let rows = statement.query_map(
        named_params! { ":instance": instance, ":at_us": after.at_us, ":seq": after.seq },
        |row| {
            let place = InboxPlace {
                at_us: row.get(0)?,
                seq: row.get(1)?,
            };
            Ok((place, row.get(2)?))
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const OUTLIVING: &str = "SELECT request FROM activity WHERE instance = :instance";

/// Activities that outlived the execution that asked for them, each an encoded ActivityRequest.
pub(crate) fn outliving(
    connection: &Connection,
    instance: i64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(OUTLIVING)?;
    let rows = statement.query_map(named_params! { ":instance": instance }, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
