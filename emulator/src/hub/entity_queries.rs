//! What clients may ask about entities: one of them, and pages of many.

use durascope_engine::entity::EntityId;
use durascope_proto::EntityMetadata;
use durascope_proto::EntityQuery;
use durascope_proto::GetEntityRequest;
use durascope_proto::QueryEntitiesResponse;
use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;
use prost::Message as _;

use super::Hub;
use super::HubError;
use super::queries::page_size;
use super::queries::unknown_token;
use crate::live::HubKey;
use crate::store::entity_pages;
use crate::store::entity_pages::EntityPage;
use crate::store::entity_pages::EntityRow;

/// Version of the continuation tokens; what follows is the last id of the page.
const TOKEN_VERSION: &str = "e1.";

/// What to do when a state is larger than a message.
const WITHOUT_STATE: &str = "ask without the state";

impl Hub {
    /// GetEntity: `None` for an entity without a state, whatever else it has.
    ///
    /// # Errors
    /// [`HubError::Invalid`] for what is no entity id.
    pub async fn entity(
        &self,
        hub: HubKey,
        request: GetEntityRequest,
    ) -> Result<Option<EntityMetadata>, HubError> {
        let id = EntityId::parse("instanceId", &request.instance_id)?;
        let read = self.store().read(move |connection| {
            entity_pages::existing(connection, hub, &id, request.include_state)
        });
        let Some(row) = read.await? else {
            return Ok(None);
        };
        let key = row.key;
        let backlog = self.look(move |core| core.backlogs(&[key])).await?;
        let backlog = backlog.first().copied().unwrap_or(0);
        let entity = metadata(row, backlog);
        let bytes = entity.encoded_len();
        self.limits.check_answer(bytes, WITHOUT_STATE)?;
        Ok(Some(entity))
    }

    /// QueryEntities: a page of entities in the order of their ids.
    ///
    /// # Errors
    /// [`HubError::Invalid`] when the continuation token is not one that this server gave.
    pub async fn query_entities(
        &self,
        hub: HubKey,
        query: EntityQuery,
    ) -> Result<QueryEntitiesResponse, HubError> {
        let size = page_size(query.page_size.unwrap_or(0));
        let prefix = query.instance_id_starts_with.unwrap_or_default();
        let page = EntityPage {
            hub,
            prefix: EntityId::prefix(&prefix),
            from_us: query
                .last_modified_from
                .as_ref()
                .map_or(i64::MIN, to_micros),
            to_us: query.last_modified_to.as_ref().map_or(i64::MAX, to_micros),
            with_state: query.include_state,
            transient: query.include_transient,
            after: after(query.continuation_token.as_deref())?,
            // One more than the page tells whether another page follows.
            limit: size + 1,
            bytes: self.limits.page_bytes_max(),
        };
        let read = self
            .store()
            .read(move |connection| entity_pages::page(connection, &page));
        let rows = read.await?;
        let keys: Vec<i64> = rows.iter().map(|row| row.key).collect();
        let backlogs = self.look(move |core| core.backlogs(&keys)).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let page = fill(rows, &backlogs, size, self.limits.page_bytes_max());
        self.limits
            .check_answer(page.encoded_len(), WITHOUT_STATE)?;
        Ok(page)
    }
}

/// Entities until the page is full by number or by bytes; a token only when more follow.
fn fill(
    rows: Vec<EntityRow>,
    backlogs: &[i32],
    size: usize,
    bytes_max: usize,
) -> QueryEntitiesResponse {
    let mut response = QueryEntitiesResponse::default();
    let mut bytes = 0;
    for (row, backlog) in rows.into_iter().zip(backlogs) {
        let entity = metadata(row, *backlog);
        bytes += entity.encoded_len();
        let full = response.entities.len() >= size || bytes > bytes_max;
        if full && let Some(last) = response.entities.last() {
            response.continuation_token = Some(format!("{TOKEN_VERSION}{}", last.instance_id));
            break;
        }
        response.entities.push(entity);
    }
    response
}

fn after(token: Option<&str>) -> Result<String, HubError> {
    match token {
        None | Some("") => Ok(String::new()),
        Some(token) => match token.strip_prefix(TOKEN_VERSION) {
            Some(id) => Ok(id.to_owned()),
            None => Err(unknown_token(token)),
        },
    }
}

fn metadata(row: EntityRow, backlog_queue_size: i32) -> EntityMetadata {
    EntityMetadata {
        instance_id: row.id,
        last_modified_time: Some(from_micros(row.modified_at_us)),
        backlog_queue_size,
        locked_by: row.locked_by,
        serialized_state: row.state,
    }
}
