//! Entities from outside: signals, states, queries, and tidying up.

use std::time::SystemTime;

use durascope_proto as proto;
use durascope_proto::purge_instances_request::Request;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::Client;
use super::ClientError;
use super::options::Purged;
use crate::clock::system_time;
use crate::clock::timestamp;
use crate::data;
use crate::data::PayloadError;
use crate::names::Entity;
use crate::names::EntityId;
use crate::names::Operation;
use crate::trace;
use crate::trace::TraceContext;
use crate::transport::Repeat;

/// What the server knows of an entity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EntityMetadata {
    /// Which entity.
    pub id: EntityId,
    /// When its last batch of operations ended.
    pub last_modified: SystemTime,
    /// Operations that wait to be run.
    pub backlog: u32,
    /// Instance id of the orchestration that has locked it, if one has.
    pub locked_by: Option<String>,
    /// Its state as JSON, if it has one and it was asked for.
    pub raw_state: Option<String>,
}

impl EntityMetadata {
    /// The state; `None` if there is none, or it was not asked for.
    ///
    /// # Errors
    /// It is of another type.
    pub fn state<S: DeserializeOwned>(&self) -> Result<Option<S>, PayloadError> {
        let present = self.raw_state.as_deref();
        present
            .map(|text| data::decode(Some(text)))
            .transpose()
            .map_err(|misfit| {
                PayloadError::decoding("state", format_args!("entity {:?}", self.id), misfit)
            })
    }

    fn from_proto(metadata: proto::EntityMetadata) -> Result<Self, ClientError> {
        let Some(id) = EntityId::received(&metadata.instance_id) else {
            let message = format!(
                "the server names {:?}, which is not the id of an entity",
                metadata.instance_id
            );
            return Err(ClientError::Other { code: 2, message });
        };
        let last_modified = metadata.last_modified_time.as_ref();
        Ok(Self {
            id,
            last_modified: last_modified.map_or(SystemTime::UNIX_EPOCH, system_time),
            backlog: u32::try_from(metadata.backlog_queue_size).unwrap_or(0),
            locked_by: metadata.locked_by.filter(|owner| !owner.is_empty()),
            raw_state: metadata.serialized_state.filter(|state| !state.is_empty()),
        })
    }
}

/// Which entities to look for. All conditions must hold.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EntityQuery {
    /// Whose id begins so, see [`Self::id_prefix`].
    pub id_prefix: Option<String>,
    /// Changed at this time or later.
    pub modified_from: Option<SystemTime>,
    /// Changed before this time.
    pub modified_to: Option<SystemTime>,
    /// Entities on a page; the server's choice if 0.
    pub page_size: u32,
    /// Whether the states come along.
    pub with_state: bool,
    /// Whether those without a state are found too, while they are locked or have operations.
    pub with_transient: bool,
}

impl EntityQuery {
    /// All entities that have a state, without it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only entities of one kind.
    #[must_use]
    pub fn of(self, entity: &Entity) -> Self {
        self.id_prefix(entity.id("").as_str())
    }

    /// Only those whose id, `@name@key`, begins with `prefix`. The leading `@` may be left out,
    /// and the case of the name does not matter.
    #[must_use]
    pub fn id_prefix(mut self, prefix: &str) -> Self {
        let bare = prefix.strip_prefix('@').unwrap_or(prefix);
        self.id_prefix = Some(match bare.split_once('@') {
            Some((name, key)) => format!("@{}@{key}", name.to_lowercase()),
            None => format!("@{}", bare.to_lowercase()),
        });
        self
    }

    /// Only those that changed at `time` or later.
    #[must_use]
    pub fn modified_from(mut self, time: SystemTime) -> Self {
        self.modified_from = Some(time);
        self
    }

    /// Only those that changed before `time`.
    #[must_use]
    pub fn modified_to(mut self, time: SystemTime) -> Self {
        self.modified_to = Some(time);
        self
    }

    /// Entities on a page.
    #[must_use]
    pub fn page_size(mut self, count: u32) -> Self {
        self.page_size = count;
        self
    }

    /// Asks for the states too.
    #[must_use]
    pub fn with_state(mut self) -> Self {
        self.with_state = true;
        self
    }

    /// Finds those without a state too, while they are locked or have operations.
    #[must_use]
    pub fn with_transient(mut self) -> Self {
        self.with_transient = true;
        self
    }

    fn to_proto(&self, token: Option<String>) -> proto::EntityQuery {
        let page_size = i32::try_from(self.page_size).unwrap_or(i32::MAX);
        proto::EntityQuery {
            instance_id_starts_with: self.id_prefix.clone(),
            last_modified_from: self.modified_from.map(timestamp),
            last_modified_to: self.modified_to.map(timestamp),
            include_state: self.with_state,
            include_transient: self.with_transient,
            page_size: Some(page_size).filter(|size| *size > 0),
            continuation_token: token,
        }
    }
}

/// One page of entities.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EntityPage {
    /// The entities, in the order of their ids.
    pub entities: Vec<EntityMetadata>,
    /// Where the next page begins; `None` on the last one.
    pub continuation_token: Option<String>,
}

/// What was tidied up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntitiesCleaned {
    /// Entities without a state, an operation or a lock, which are gone now.
    pub empty_removed: u32,
    /// Locks whose orchestration had ended.
    pub locks_released: u32,
}

impl Client {
    /// Sends an operation to an entity. Nobody gets its result, or its failure.
    ///
    /// # Errors
    /// The id is too long, the input cannot be written as JSON, or the call failed.
    pub async fn signal_entity<I: Serialize, O>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
    ) -> Result<(), ClientError> {
        self.signal_entity_by_name(entity, operation.name(), input, None)
            .await
    }

    /// As [`Self::signal_entity`]; the entity gets it at `time`, at once if that is past.
    ///
    /// # Errors
    /// As [`Self::signal_entity`].
    pub async fn signal_entity_at<I: Serialize, O>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
        time: SystemTime,
    ) -> Result<(), ClientError> {
        self.signal_entity_by_name(entity, operation.name(), input, time)
            .await
    }

    /// Sends an operation whose name is not known at compile time; at `time`, if there is one.
    ///
    /// # Errors
    /// As [`Self::signal_entity`].
    pub async fn signal_entity_by_name(
        &self,
        entity: &EntityId,
        operation: &str,
        input: impl Serialize,
        time: impl Into<Option<SystemTime>>,
    ) -> Result<(), ClientError> {
        checked(entity)?;
        let input = data::encode(&input)
            .map_err(|error| PayloadError::encoding("input", operation, error))?;
        let request = proto::SignalEntityRequest {
            instance_id: entity.as_str().to_owned(),
            name: operation.to_owned(),
            input,
            request_id: Uuid::new_v4().to_string(),
            scheduled_time: time.into().map(timestamp),
            parent_trace_context: trace::context_of(&tracing::Span::current())
                .as_ref()
                .map(TraceContext::to_proto),
            request_time: Some(timestamp(SystemTime::now())),
        };
        self.connection()
            .unary(Repeat::IfUnsent, request, |mut stub, request| async move {
                stub.signal_entity(request).await
            })
            .await?;
        Ok(())
    }

    /// An entity with its state; `None` if it has none.
    ///
    /// # Errors
    /// The id is too long, or the call failed.
    pub async fn get_entity(
        &self,
        entity: &EntityId,
    ) -> Result<Option<EntityMetadata>, ClientError> {
        self.get_entity_request(entity, true).await
    }

    /// As [`Self::get_entity`], but the state does not come along.
    ///
    /// # Errors
    /// As [`Self::get_entity`].
    pub async fn get_entity_without_state(
        &self,
        entity: &EntityId,
    ) -> Result<Option<EntityMetadata>, ClientError> {
        self.get_entity_request(entity, false).await
    }

    async fn get_entity_request(
        &self,
        entity: &EntityId,
        include_state: bool,
    ) -> Result<Option<EntityMetadata>, ClientError> {
        checked(entity)?;
        let request = proto::GetEntityRequest {
            instance_id: entity.as_str().to_owned(),
            include_state,
        };
        let response = self
            .connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.get_entity(request).await
            })
            .await?;
        let metadata = response.entity.filter(|_| response.exists);
        metadata.map(EntityMetadata::from_proto).transpose()
    }

    /// One page of the entities that `query` describes, from `token` on.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`]: the token is none of this server's.
    pub async fn query_entities_page(
        &self,
        query: &EntityQuery,
        token: Option<String>,
    ) -> Result<EntityPage, ClientError> {
        let request = proto::QueryEntitiesRequest {
            query: Some(query.to_proto(token)),
        };
        let response = self
            .connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.query_entities(request).await
            })
            .await?;
        let entities = response.entities.into_iter();
        Ok(EntityPage {
            entities: entities
                .map(EntityMetadata::from_proto)
                .collect::<Result<_, _>>()?,
            continuation_token: told(response.continuation_token),
        })
    }

    /// All entities that `query` describes, page by page as they are consumed.
    pub fn query_entities(
        &self,
        query: EntityQuery,
    ) -> impl Stream<Item = Result<EntityMetadata, ClientError>> + Send + Unpin + 'static {
        let client = self.clone();
        stream::try_unfold(Some(None), move |next: Option<Option<String>>| {
            let (client, query) = (client.clone(), query.clone());
            async move {
                let Some(token) = next else {
                    return Ok::<_, ClientError>(None);
                };
                let page = client.query_entities_page(&query, token.clone()).await?;
                // A token that does not move would repeat the page for ever.
                let moved = page
                    .continuation_token
                    .filter(|next| Some(next) != token.as_ref());
                let entities = stream::iter(page.entities.into_iter().map(Ok));
                Ok(Some((entities, moved.map(Some))))
            }
        })
        .try_flatten()
        .boxed()
    }

    /// Deletes an entity with its state, its waiting operations and its lock. The count is 0 for
    /// one that does not exist, or was deleted by this call before its answer was lost and it
    /// was repeated.
    ///
    /// # Errors
    /// The id is too long, or the call failed.
    pub async fn purge_entity(&self, entity: &EntityId) -> Result<Purged, ClientError> {
        checked(entity)?;
        let request = proto::PurgeInstancesRequest {
            request: Some(Request::InstanceId(entity.as_str().to_owned())),
            recursive: false,
            is_orchestration: false,
        };
        let response = self
            .connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.purge_instances(request).await
            })
            .await?;
        Ok(Purged {
            count: count(response.deleted_instance_count),
            is_complete: response.is_complete.unwrap_or(true),
        })
    }

    /// Removes entities that hold nothing, and releases locks whose orchestration has ended.
    ///
    /// Servers may do both by themselves, and then count nothing here.
    ///
    /// # Errors
    /// The call failed; what was done before stays done.
    pub async fn clean_entity_storage(&self) -> Result<EntitiesCleaned, ClientError> {
        let mut cleaned = EntitiesCleaned::default();
        let mut token: Option<String> = None;
        loop {
            let request = proto::CleanEntityStorageRequest {
                continuation_token: token.clone(),
                remove_empty_entities: true,
                release_orphaned_locks: true,
            };
            let response = self
                .connection()
                .unary(Repeat::Safe, request, |mut stub, request| async move {
                    stub.clean_entity_storage(request).await
                })
                .await?;
            cleaned.empty_removed += count(response.empty_entities_removed);
            cleaned.locks_released += count(response.orphaned_locks_released);
            let next = told(response.continuation_token);
            if next.is_none() || next == token {
                return Ok(cleaned);
            }
            token = next;
        }
    }
}

fn checked(entity: &EntityId) -> Result<(), ClientError> {
    let refused = |error: crate::names::EntityIdError| ClientError::InvalidArgument {
        message: error.to_string(),
    };
    entity.check().map_err(refused)
}

/// Some servers end with an empty token, others with none.
fn told(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_told_as_the_server_keeps_ids() {
        let rows = [
            ("Count", "@count"),
            ("@Count", "@count"),
            ("Counter@Tea_1", "@counter@Tea_1"),
            ("@Counter@a@B", "@counter@a@B"),
            ("", "@"),
        ];
        for (prefix, expected) in rows {
            let query = EntityQuery::new().id_prefix(prefix);
            assert_eq!(query.id_prefix.as_deref(), Some(expected), "{prefix}");
        }
        const COUNTER: Entity = Entity::named("Counter");
        let query = EntityQuery::new().of(&COUNTER);
        assert_eq!(query.id_prefix.as_deref(), Some("@counter@"));
        assert_eq!(query.to_proto(None).page_size, None);
    }
}
