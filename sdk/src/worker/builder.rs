//! The worker's builder: functions, limits, times.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Worker;
use super::error::WorkerError;
use super::functions::Functions;
use super::session::Limits;
use crate::activity::ActivityContext;
use crate::client::Client;
use crate::entity::EntityOperation;
use crate::entity::EntityState;
use crate::failure::BoxError;
use crate::names::Activity;
use crate::names::Entity;
use crate::names::Orchestration;
use crate::orchestration::HistoryBudget;
use crate::orchestration::OrchestrationContext;
use crate::transport::Connection;
use crate::transport::Role;
use crate::versioning::Versioning;

/// Collects what a worker runs. Made by [`Worker::builder`].
#[must_use = "a builder does nothing until it is built"]
pub struct WorkerBuilder {
    client: Client,
    functions: Functions,
    limits: Limits,
}

impl WorkerBuilder {
    pub(super) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            functions: Functions::new(),
            limits: Limits::default(),
        }
    }

    /// Runs all of `functions`, which tests can run without a server.
    pub fn functions(mut self, functions: Functions) -> Self {
        self.functions = self.functions.and(functions);
        self
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
        self.functions = self.functions.orchestration(orchestration, function);
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
        self.functions = self.functions.activity(activity, function);
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
        self.functions = self.functions.blocking_activity(activity, function);
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
        self.functions = self
            .functions
            .orchestration_version(orchestration, version, function);
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
        self.functions = self.functions.activity_version(activity, version, function);
        self
    }

    /// Takes only orchestrations of the versions that `versioning` describes. Without, the
    /// worker takes all versions.
    pub fn versioning(mut self, versioning: Versioning) -> Self {
        self.functions = self.functions.versioning(versioning);
        self
    }

    /// Version of sub-orchestrations that are called without one; none unless told otherwise.
    pub fn default_version(mut self, version: impl Into<String>) -> Self {
        self.functions = self.functions.default_version(version);
        self
    }

    /// Runs entities of this name, whose state is an `S`.
    pub fn entity<S: EntityState>(mut self, entity: &Entity) -> Self {
        self.functions = self.functions.entity::<S>(entity);
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
        self.functions = self.functions.entity_fn(entity, function);
        self
    }

    /// Activities that run at a time; 1,000 unless told otherwise, at least 1.
    pub fn max_concurrent_activities(mut self, count: usize) -> Self {
        self.limits.activities = count.max(1);
        self
    }

    /// Orchestrations whose turns are made at a time; 100 unless told otherwise, at least 1.
    pub fn max_concurrent_orchestrations(mut self, count: usize) -> Self {
        self.limits.orchestrations = count.max(1);
        self
    }

    /// Orchestrations that are kept in memory between their turns, on servers that know of it
    /// (the Durascope emulator does); 1,000 unless told otherwise. Those whose last turn is
    /// longest ago are dropped first. 0 keeps none.
    ///
    /// One that is kept goes on where it was and gets only what is new; one that was dropped is
    /// replayed from its history. Nothing else differs, as long as the code is deterministic: code
    /// that is not is found out only by a replay. Set 0 in tests to have every turn checked.
    pub fn max_sticky_executions(mut self, count: usize) -> Self {
        self.limits.sticky_executions = count;
        self
    }

    /// Logs a warning with the name of an orchestration whose turn takes longer than this, while
    /// it is stuck and when it ends; 1 s unless told otherwise.
    pub fn slow_turn_after(mut self, time: Duration) -> Self {
        self.limits.slow_turn = time;
        self
    }

    /// Logs a warning when a history passes this size, once in the life of the execution; 10,000
    /// events or 10 MiB unless told otherwise. It ends nothing.
    pub fn history_budget(mut self, budget: HistoryBudget) -> Self {
        self.limits.history_budget = budget;
        self
    }

    /// Bytes of history, in all, of the orchestrations that are kept between their turns; 128 MiB
    /// unless told otherwise. What code itself holds in memory is not counted.
    pub fn max_sticky_bytes(mut self, bytes: usize) -> Self {
        self.limits.sticky_bytes = bytes;
        self
    }

    /// Entities that run at a time, each with a batch of operations; 100 unless told otherwise,
    /// at least 1.
    pub fn max_concurrent_entities(mut self, count: usize) -> Self {
        self.limits.entities = count.max(1);
        self
    }

    /// Asks only for orchestrations, activities and entities that are registered here, in the versions in
    /// which they are. Without, the worker takes all and fails those it does not know.
    ///
    /// With [`Versioning::strict`] it asks for that version of them alone. What no worker asks
    /// for waits on the server until one does.
    pub fn only_registered(mut self) -> Self {
        self.limits.only_registered = true;
        self
    }

    /// Takes a stream on which nothing came for this long for dead; 120 s unless told otherwise.
    pub fn silence_timeout(mut self, timeout: Duration) -> Self {
        self.limits.silence = timeout;
        self
    }

    /// Time for running work items to end when the worker is stopped; 30 s unless told otherwise.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.limits.stop = timeout;
        self
    }

    /// The worker, not yet started.
    ///
    /// # Errors
    /// A name was registered twice or is empty; the connection cannot be prepared.
    pub fn build(self) -> Result<Worker, WorkerError> {
        let mut registry = self.functions.into_registry();
        if let Some(mistake) = registry.take_mistake() {
            return Err(mistake);
        }
        let connection = Connection::open(self.client.options().clone(), Role::Worker)?;
        Ok(Worker {
            connection: Arc::new(connection),
            registry: Arc::new(registry),
            limits: self.limits,
        })
    }
}
