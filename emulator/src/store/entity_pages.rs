//! Entities as clients see them: one, or pages of many.

use std::collections::BTreeMap;

use durascope_engine::entity::EntityId;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::named_params;

use super::StoreError;
use super::pages::prefix_end;
use crate::live::HubKey;

const PAGE: &str = "\
SELECT entity, id, modified_at_us, owner_id, CASE WHEN :with_state THEN state END
FROM entity
WHERE hub = :hub AND id > :after AND id >= :prefix AND (:prefix_end IS NULL OR id < :prefix_end)
    AND modified_at_us >= :from_us AND modified_at_us < :to_us
    AND (:transient OR state IS NOT NULL)
ORDER BY id LIMIT :limit";

/// Which entities a page holds, in the order of their ids.
#[derive(Clone, Debug)]
pub(crate) struct EntityPage {
    pub(crate) hub: HubKey,
    pub(crate) prefix: String,
    /// Half-open: `from_us` counts and `to_us` does not.
    pub(crate) from_us: i64,
    pub(crate) to_us: i64,
    pub(crate) with_state: bool,
    /// Entities without a state as well.
    pub(crate) transient: bool,
    /// The id of the last entity of the page before; empty for the first page.
    pub(crate) after: String,
    pub(crate) limit: i64,
    /// States are read until there is more of them than this, which is more than a page takes.
    pub(crate) bytes: usize,
}

/// An entity as clients see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntityRow {
    pub(crate) key: i64,
    pub(crate) id: String,
    pub(crate) modified_at_us: i64,
    pub(crate) locked_by: Option<String>,
    pub(crate) state: Option<String>,
}

pub(crate) fn page(db: &Connection, page: &EntityPage) -> Result<Vec<EntityRow>, StoreError> {
    let mut statement = db.prepare_cached(PAGE)?;
    let mut rows = statement.query(named_params! {
        ":hub": page.hub.0,
        ":prefix": page.prefix,
        ":prefix_end": prefix_end(&page.prefix),
        ":from_us": page.from_us,
        ":to_us": page.to_us,
        ":with_state": page.with_state,
        ":transient": page.transient,
        ":after": page.after,
        ":limit": page.limit,
    })?;
    let mut entities = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let entity = entity_row(row)?;
        // The first is on the page however large it is.
        if !entities.is_empty() {
            bytes += entity.state.as_ref().map_or(0, String::len);
        }
        entities.push(entity);
        if bytes > page.bytes {
            break;
        }
    }
    Ok(entities)
}

const EXISTING: &str = "\
SELECT entity, id, modified_at_us, owner_id, CASE WHEN :with_state THEN state END
FROM entity WHERE hub = :hub AND id = :id AND state IS NOT NULL";

/// The entity with this id, if it has a state.
pub(crate) fn existing(
    db: &Connection,
    hub: HubKey,
    id: &EntityId,
    with_state: bool,
) -> Result<Option<EntityRow>, StoreError> {
    let mut statement = db.prepare_cached(EXISTING)?;
    let mut rows = statement.query(named_params! {
        ":hub": hub.0,
        ":id": &**id.text(),
        ":with_state": with_state,
    })?;
    rows.next()?.map(entity_row).transpose()
}

fn entity_row(row: &Row<'_>) -> Result<EntityRow, StoreError> {
    let state = row.get::<_, Option<Vec<u8>>>(4)?.map(String::from_utf8);
    Ok(EntityRow {
        key: row.get(0)?,
        id: row.get(1)?,
        modified_at_us: row.get(2)?,
        locked_by: row.get(3)?,
        state: state
            .transpose()
            .map_err(|error| StoreError::corrupt(format!("state of an entity: {error}")))?,
    })
}

const ID: &str = "SELECT id FROM entity WHERE entity = :entity";

/// The ids of these entities, as far as they exist.
pub(crate) fn ids(db: &Connection, keys: &[i64]) -> Result<BTreeMap<i64, String>, StoreError> {
    let mut statement = db.prepare_cached(ID)?;
    let mut ids = BTreeMap::new();
    for key in keys {
        let id = statement.query_row(named_params! { ":entity": key }, |row| row.get(0));
        if let Some(id) = id.optional()? {
            ids.insert(*key, id);
        }
    }
    Ok(ids)
}
