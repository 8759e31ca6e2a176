//! What a test may ask of a host: time, states, histories, calls.

use std::time::Duration;
use std::time::SystemTime;

use durascope_proto::HistoryEvent;
use serde::de::DeserializeOwned;

use super::Call;
use super::CallKind;
use super::Target;
use super::TestHost;
use super::entities::Waiting;
use crate::client::EntityMetadata;
use crate::client::OrchestrationState;
use crate::clock::system_time_of_micros;
use crate::data::PayloadError;
use crate::names::EntityId;
use crate::names::Operation;
use crate::testing::History;

impl TestHost {
    /// The virtual time.
    pub fn now(&self) -> SystemTime {
        system_time_of_micros(self.now_micros)
    }

    /// How much virtual time has gone by since the host was made.
    pub fn elapsed(&self) -> Duration {
        let micros = self.now_micros.saturating_sub(self.began_micros);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The state of an instance, as a client would see it now; `None` if there is no such
    /// instance. Children are instances too, unless they are faked.
    pub fn get(&self, instance_id: &str) -> Option<OrchestrationState> {
        self.instances
            .get(instance_id)
            .map(|instance| instance.state())
    }

    /// Ids of all instances, children included, in their order.
    pub fn instance_ids(&self) -> impl Iterator<Item = &str> {
        self.instances.keys().map(String::as_str)
    }

    /// How many turns were made of an instance, over all its generations.
    pub fn turns(&self, instance_id: &str) -> usize {
        self.instances
            .get(instance_id)
            .map_or(0, |instance| instance.turns)
    }

    /// The history of the current execution; `None` before the first turn, or if there is no
    /// such instance. It can be written to a file and replayed against later code.
    pub fn history(&self, instance_id: &str) -> Option<History> {
        let instance = self.instances.get(instance_id)?;
        History::of(instance.history.iter().cloned()).ok()
    }

    /// The histories of all executions of an instance, oldest first. Those that continued as new
    /// end by saying so.
    pub fn generations(&self, instance_id: &str) -> Vec<History> {
        let Some(instance) = self.instances.get(instance_id) else {
            return Vec::new();
        };
        let all = instance.generations.iter().chain([&instance.history]);
        let history = |events: &Vec<HistoryEvent>| History::of(events.iter().cloned()).ok();
        all.filter_map(history).collect()
    }

    /// An entity with its state; `None` if it has none. An operation that has not run yet, as its
    /// time has not come or the host was not told to run, has not changed it.
    pub fn entity(&self, entity: &EntityId) -> Option<EntityMetadata> {
        let found = self.entities.by_id.get(entity)?;
        let raw_state = Some(found.state.clone()?);
        let is_operation = |it: &&Waiting| matches!(it, Waiting::Operation(_));
        let backlog = found.queue.iter().filter(is_operation).count();
        let holder = found.locked_by.as_ref();
        let holder = holder.and_then(|section| self.entities.sections.get(section));
        Some(EntityMetadata {
            id: entity.clone(),
            last_modified: system_time_of_micros(found.modified_micros),
            backlog: u32::try_from(backlog).unwrap_or(u32::MAX),
            locked_by: holder.map(|section| section.owner.clone()),
            raw_state,
        })
    }

    /// The state of an entity; `None` if it has none.
    ///
    /// # Errors
    /// It is of another type.
    pub fn entity_state<S: DeserializeOwned>(
        &self,
        entity: &EntityId,
    ) -> Result<Option<S>, PayloadError> {
        let found = self.entity(entity);
        found.map_or(Ok(None), |found| found.state())
    }

    /// Ids of all entities that have a state, in their order.
    pub fn entity_ids(&self) -> impl Iterator<Item = &EntityId> {
        let entities = self.entities.by_id.iter();
        entities.filter_map(|(id, entity)| entity.state.as_ref().map(|_| id))
    }

    /// All calls of all instances and entities, in the order in which they were made.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The inputs with which an activity or a sub-orchestration was called, in that order.
    ///
    /// # Errors
    /// An input is of another type, as it was called by its name alone.
    pub fn inputs<T: Target>(&self, target: &T) -> Result<Vec<T::Input>, PayloadError>
    where
        T::Input: DeserializeOwned,
    {
        let (kind, name) = (target.kind(), target.target_name());
        let calls = self.calls.iter();
        let calls = calls.filter(|call| call.kind == kind && call.name == name);
        calls.map(Call::input).collect()
    }

    /// The inputs with which an operation was called at an entity, or sent to it, by
    /// orchestrations and entities, in that order.
    ///
    /// # Errors
    /// As [`Self::inputs`].
    pub fn entity_inputs<I: DeserializeOwned, O>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
    ) -> Result<Vec<I>, PayloadError> {
        let name = operation.name().to_lowercase();
        let is_it = |call: &&Call| {
            matches!(call.kind, CallKind::Entity | CallKind::Signal)
                && call.target.as_deref() == Some(entity.as_str())
                && call.name.to_lowercase() == name
        };
        self.calls.iter().filter(is_it).map(Call::input).collect()
    }
}
