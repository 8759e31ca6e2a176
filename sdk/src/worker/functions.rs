//! Registered functions without a connection: for workers, for replays and for tests alike.

use std::fmt;
use std::future::Future;
use std::time::SystemTime;

use durascope_proto::ActivityRequest;
use durascope_proto::ActivityResponse;
use durascope_proto::EntityBatchResult;
use durascope_proto::EntityRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::entities;
use super::error::WorkerError;
use super::execute;
use super::mismatch::Mismatch;
use super::registry::Registry;
use crate::activity::ActivityContext;
use crate::entity::Batch;
use crate::entity::EntityOperation;
use crate::entity::EntityState;
use crate::failure::BoxError;
use crate::names::Activity;
use crate::names::Entity;
use crate::names::Orchestration;
use crate::orchestration::OrchestrationContext;
use crate::orchestration::replay::Lookup;
use crate::orchestration::replay::OrchestrationFn;
use crate::versioning::Versioning;

/// Orchestrations, activities and entities by name, without a connection.
///
/// One function for each name, or for each name and version: a function that is registered
/// without a version takes the versions that have none of their own. A name that is empty, or is
/// registered twice, is reported by whoever is to run the functions.
///
/// A worker takes them with [`WorkerBuilder::functions`](super::WorkerBuilder::functions);
/// [`testing`](crate::testing) replays histories against them and runs them in memory. So what
/// is tested is what is deployed.
///
/// ```
/// use durascope_sdk::{Activity, ActivityContext, ActivityError, Functions};
///
/// const DOUBLE: Activity<u64, u64> = Activity::named("Double");
///
/// async fn double(_: ActivityContext, number: u64) -> Result<u64, ActivityError> {
///     Ok(number * 2)
/// }
///
/// fn functions() -> Functions {
///     Functions::new().activity(&DOUBLE, double)
/// }
/// # functions();
/// ```
#[derive(Default)]
#[must_use = "functions that nobody runs do nothing"]
pub struct Functions {
    registry: Registry,
}

impl Functions {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `function` for orchestrations of this name.
    pub fn orchestration<I, O, F, Fut, E>(
        mut self,
        orchestration: &Orchestration<I, O>,
        function: F,
    ) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(OrchestrationContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.registry.add_orchestration(orchestration, "", function);
        self
    }

    /// Runs `function` for activities of this name.
    pub fn activity<I, O, F, Fut, E>(mut self, activity: &Activity<I, O>, function: F) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.registry.add_activity(activity, "", function);
        self
    }

    /// Runs `function`, which may block, on a thread of its own for activities of this name.
    pub fn blocking_activity<I, O, F, E>(mut self, activity: &Activity<I, O>, function: F) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(ActivityContext, I) -> Result<O, E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        self.registry.add_blocking_activity(activity, "", function);
        self
    }

    /// Runs `function` for orchestrations of this name and version. A function that is registered
    /// without a version takes the versions that have none of their own.
    pub fn orchestration_version<I, O, F, Fut, E>(
        mut self,
        orchestration: &Orchestration<I, O>,
        version: &str,
        function: F,
    ) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(OrchestrationContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.registry
            .add_orchestration(orchestration, version, function);
        self
    }

    /// Runs `function` for activities of this name and version, which is that of the call or else
    /// of the orchestration that calls. A function that is registered without a version takes
    /// the versions that have none of their own.
    pub fn activity_version<I, O, F, Fut, E>(
        mut self,
        activity: &Activity<I, O>,
        version: &str,
        function: F,
    ) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.registry.add_activity(activity, version, function);
        self
    }

    /// Takes only orchestrations of the versions that `versioning` describes. Without, all
    /// versions are taken.
    pub fn versioning(mut self, versioning: Versioning) -> Self {
        self.registry.set_versioning(versioning);
        self
    }

    /// Version of sub-orchestrations that are called without one; none unless told otherwise.
    pub fn default_version(mut self, version: impl Into<String>) -> Self {
        self.registry.set_default_version(version.into());
        self
    }

    /// Runs entities of this name, whose state is an `S`.
    pub fn entity<S: EntityState>(mut self, entity: &Entity) -> Self {
        self.registry.add_entity::<S>(entity);
        self
    }

    /// Runs entities of this name by a function, which gets every operation.
    pub fn entity_fn<O, E, F, Fut>(mut self, entity: &Entity, function: F) -> Self
    where
        O: Serialize,
        E: Into<BoxError>,
        F: Fn(EntityOperation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
    {
        self.registry.add_entity_fn(entity, function);
        self
    }

    /// Adds all of `other`. Of its versioning and its default version it adds what is not set here.
    pub fn and(mut self, other: Self) -> Self {
        self.registry.merge(other.registry);
        self
    }

    pub(super) fn into_registry(self) -> Registry {
        self.registry
    }

    /// The first mistake in registering, if one was made.
    pub(crate) fn mistake(&self) -> Option<&WorkerError> {
        self.registry.mistake()
    }

    pub(crate) fn find_orchestration(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Option<OrchestrationFn> {
        self.registry.orchestration(name, version)
    }

    /// Finds the orchestrations that are registered now.
    pub(crate) fn lookup(&self) -> Lookup {
        self.registry.lookup()
    }

    /// Version of sub-orchestrations that are called without one.
    pub(crate) fn sub_default_version(&self) -> Option<&str> {
        self.registry.default_version()
    }

    /// Why orchestrations of this version are not taken, if they are not.
    pub(crate) fn mismatch(&self, version: Option<&str>) -> Option<Mismatch> {
        Mismatch::of(self.registry.versioning(), version)
    }

    pub(crate) fn has_entity(&self, name: &str) -> bool {
        self.registry.entity(name).is_some()
    }

    /// Runs a batch of operations as a worker does, at a time that is not the clock's.
    pub(crate) async fn run_entity(
        &self,
        request: EntityRequest,
        now: SystemTime,
    ) -> EntityBatchResult {
        let batch = Batch::from(request).at(now);
        let never = CancellationToken::new();
        let done = entities::run_batch(&self.registry, batch, String::new(), &never).await;
        done.result
    }

    pub(crate) fn has_activity(&self, name: &str, version: Option<&str>) -> bool {
        self.registry.activity(name, version).is_some()
    }

    /// Runs an activity as a worker does.
    pub(crate) async fn run_activity(&self, request: ActivityRequest) -> ActivityResponse {
        execute::run_activity(&self.registry, request, String::new()).await
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut orchestrations, mut activities) = self.registry.names();
        orchestrations.sort_unstable();
        activities.sort_unstable();
        let mut entities: Vec<&str> = self.registry.entity_names().collect();
        entities.sort_unstable();
        f.debug_struct("Functions")
            .field("orchestrations", &orchestrations)
            .field("activities", &activities)
            .field("entities", &entities)
            .finish()
    }
}
