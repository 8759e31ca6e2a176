//! Schedules from outside: created, read and changed.

use std::time::Duration;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::future::ready;
use serde::Serialize;

use super::CREATE;
use super::DELETE;
use super::EXECUTE;
use super::Execute;
use super::PAUSE;
use super::RESUME;
use super::SCHEDULE;
use super::Schedule;
use super::ScheduleOptions;
use super::ScheduleQuery;
use super::ScheduleUpdate;
use super::UPDATE;
use super::error::ScheduleError;
use super::options::json;
use super::stored::Stored;
use crate::client::Client;
use crate::client::EntityMetadata;
use crate::client::EntityQuery;
use crate::client::OrchestrationStatus;
use crate::names::EntityId;
use crate::names::Operation;
use crate::names::Orchestration;

const TIMEOUT: Duration = Duration::from_secs(60);

/// The schedules of a task hub.
///
/// What changes a schedule waits until a worker that has [`functions`](super::functions), or one
/// of another language that has schedules, has carried it out; what reads needs no worker.
#[derive(Clone, Debug)]
pub struct Schedules {
    client: Client,
    timeout: Duration,
}

impl Schedules {
    /// Those of the client's task hub.
    pub fn of(client: &Client) -> Self {
        Self {
            client: client.clone(),
            timeout: TIMEOUT,
        }
    }

    /// Waits so long for a change to be carried out; 60 s unless told otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Creates a schedule that starts `orchestration`. One of this id that exists gets the new
    /// configuration, and stays paused if it is.
    ///
    /// # Errors
    /// An id, an interval or a time that cannot be; nothing was sent. Or the change was refused
    /// or not carried out in time.
    pub async fn create<I: Serialize, O>(
        &self,
        id: &str,
        orchestration: &Orchestration<I, O>,
        input: I,
        options: ScheduleOptions,
    ) -> Result<(), ScheduleError> {
        self.create_by_name(id, orchestration.name(), input, options)
            .await
    }

    /// As [`Self::create`], of an orchestration whose name is not known at compile time.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn create_by_name(
        &self,
        id: &str,
        orchestration: &str,
        input: impl Serialize,
        options: ScheduleOptions,
    ) -> Result<(), ScheduleError> {
        let input = json(&input, orchestration)?;
        let input = options.into_input(id, orchestration, input)?;
        self.execute(id, &CREATE, input).await
    }

    /// Changes a schedule. What holds from then on is planned anew, unless nothing changes.
    ///
    /// # Errors
    /// [`ScheduleError::Refused`]: there is no such schedule, or it cannot be as it should.
    pub async fn update(&self, id: &str, update: ScheduleUpdate) -> Result<(), ScheduleError> {
        self.execute(id, &UPDATE, update.into_input()?).await
    }

    /// Lets a schedule rest. Runs that have begun go on.
    ///
    /// # Errors
    /// [`ScheduleError::Refused`]: there is no such schedule, or it is paused.
    pub async fn pause(&self, id: &str) -> Result<(), ScheduleError> {
        self.execute(id, &PAUSE, ()).await
    }

    /// Lets a paused schedule run again, from its next whole interval on.
    ///
    /// # Errors
    /// [`ScheduleError::Refused`]: there is no such schedule, or it is not paused.
    pub async fn resume(&self, id: &str) -> Result<(), ScheduleError> {
        self.execute(id, &RESUME, ()).await
    }

    /// Deletes a schedule; one that does not exist stays so. Runs that have begun go on.
    ///
    /// # Errors
    /// It was not carried out in time.
    pub async fn delete(&self, id: &str) -> Result<(), ScheduleError> {
        self.execute(id, &DELETE, ()).await
    }

    /// A schedule; `None` if there is none of this id.
    ///
    /// # Errors
    /// What is stored of it cannot be read, or the call failed.
    pub async fn get(&self, id: &str) -> Result<Option<Schedule>, ScheduleError> {
        let metadata = self.client.get_entity(&entity(id)?).await?;
        match metadata {
            Some(metadata) => schedule(&metadata),
            None => Ok(None),
        }
    }

    /// All schedules that `query` describes, in the order of their ids, page by page as they are
    /// consumed.
    ///
    /// State and times are compared on this side: a page may bring fewer schedules than it has.
    pub fn list(
        &self,
        query: ScheduleQuery,
    ) -> impl Stream<Item = Result<Schedule, ScheduleError>> + Send + Unpin + 'static {
        let entities = EntityQuery::new()
            .id_prefix(SCHEDULE.id(&query.id_prefix).as_str())
            .page_size(query.page_size)
            .with_state();
        let found = self.client.query_entities(entities);
        found
            .filter_map(move |found| {
                let read = found
                    .map_err(ScheduleError::from)
                    .and_then(|metadata| schedule(&metadata));
                ready(match read {
                    Ok(found) => found.filter(|it| is_wanted(it, &query)).map(Ok),
                    Err(error) => Some(Err(error)),
                })
            })
            .boxed()
    }

    async fn execute<I: Serialize>(
        &self,
        id: &str,
        operation: &Operation<I, ()>,
        input: I,
    ) -> Result<(), ScheduleError> {
        let request = Execute {
            entity_id: entity(id)?,
            operation_name: operation.name().to_owned(),
            input: json(&input, operation.name())?,
        };
        let (id, operation) = (id.to_owned(), operation.name());
        let instance = self.client.start(&EXECUTE, request).await?;
        let ended = self.client.wait_for_completion(&instance, self.timeout);
        let state = ended.await?;
        match state.status {
            OrchestrationStatus::Completed => Ok(()),
            OrchestrationStatus::Failed => {
                let details = state.failure.unwrap_or_default();
                // What the schedule said lies within what its caller made of it.
                let details = match details.inner {
                    Some(inner) => inner,
                    None => Box::new(details),
                };
                Err(ScheduleError::Refused {
                    id,
                    operation,
                    details,
                })
            }
            status => Err(ScheduleError::NotCarriedOut {
                id,
                operation,
                status,
            }),
        }
    }
}

fn entity(id: &str) -> Result<EntityId, ScheduleError> {
    if id.is_empty() {
        return Err(ScheduleError::EmptyId);
    }
    let entity = SCHEDULE.id(id);
    entity.check().map_err(ScheduleError::Id)?;
    Ok(entity)
}

fn schedule(metadata: &EntityMetadata) -> Result<Option<Schedule>, ScheduleError> {
    Ok(metadata.state::<Stored>()?.and_then(Stored::into_schedule))
}

fn is_wanted(schedule: &Schedule, query: &ScheduleQuery) -> bool {
    let created = schedule.created_at;
    query.status.is_none_or(|status| schedule.status == status)
        && query
            .created_from
            .is_none_or(|from| created.is_some_and(|it| it >= from))
        && query
            .created_to
            .is_none_or(|to| created.is_some_and(|it| it < to))
}
