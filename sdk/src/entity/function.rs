//! Entities by function: one function gets every operation and matches its name itself.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::EntityFn;
use super::Loaded;
use super::Ran;
use super::StateChange;
use super::context::EntityContext;
use super::operations::unfit_input;
use super::operations::unfit_state;
use super::operations::unknown;
use crate::data;
use crate::data::PayloadError;
use crate::error::OperationError;
use crate::failure::BoxError;
use crate::failure::FailureDetails;
use crate::orchestration::payload_failure;

/// One operation, in the hands of a function that runs all operations of an entity.
///
/// The state may have any type at any time; nothing is stored unless it is set. There is no
/// operation that the function does not see: `delete` is its own business too.
///
/// ```
/// use durascope_sdk::Entity;
/// use durascope_sdk::EntityOperation;
/// use durascope_sdk::OperationError;
///
/// const COUNTER: Entity = Entity::named("Counter");
///
/// async fn counter(operation: EntityOperation) -> Result<i64, OperationError> {
///     let mut count: i64 = operation.state()?.unwrap_or_default();
///     match operation.name() {
///         "add" => count += operation.input::<i64>()?,
///         "reset" => count = 0,
///         "get" => return Ok(count),
///         _ => return Err(operation.unknown(&["Add", "Reset", "Get"])),
///     }
///     operation.set_state(&count)?;
///     Ok(count)
/// }
///
/// # fn register(builder: durascope_sdk::worker::WorkerBuilder) -> durascope_sdk::worker::WorkerBuilder {
/// builder.entity_fn(&COUNTER, counter)
/// # }
/// ```
#[derive(Debug)]
pub struct EntityOperation {
    ctx: EntityContext,
    /// In lower case.
    name: String,
    input: Option<String>,
    /// As it was before.
    state: Option<String>,
}

impl EntityOperation {
    /// Name of the operation in lower case, as names compare without regard to case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What else is known of the call, and what may be set going.
    pub fn context(&self) -> &EntityContext {
        &self.ctx
    }

    /// The input.
    ///
    /// # Errors
    /// It does not fit the type.
    pub fn input<I: DeserializeOwned>(&self) -> Result<I, PayloadError> {
        data::decode(self.input.as_deref()).map_err(|misfit| unfit_input(&self.ctx, misfit))
    }

    /// The state as it was set last; `None` if there is none.
    ///
    /// # Errors
    /// It does not fit the type.
    pub fn state<S: DeserializeOwned>(&self) -> Result<Option<S>, PayloadError> {
        let set = match &self.ctx.effects().state {
            StateChange::Unchanged => None,
            StateChange::Set(text) => Some(text.clone()),
            StateChange::Deleted => return Ok(None),
        };
        let text = set.as_deref().or(self.state.as_deref());
        text.map(|text| data::decode(Some(text)))
            .transpose()
            .map_err(|misfit| unfit_state(&self.ctx, misfit))
    }

    /// Stores `state` when the operation has succeeded; `null` deletes it.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn set_state<S: Serialize + ?Sized>(&self, state: &S) -> Result<(), PayloadError> {
        let text = data::encode(state)
            .map_err(|error| PayloadError::encoding("state", self.ctx.id().as_str(), error))?;
        self.ctx.effects().state = match text {
            Some(text) => StateChange::Set(text),
            None => StateChange::Deleted,
        };
        Ok(())
    }

    /// Deletes the state when the operation has succeeded.
    pub fn delete_state(&self) {
        self.ctx.delete_state();
    }

    /// The error for an operation that is not one of `known`.
    pub fn unknown(&self, known: &[&str]) -> OperationError {
        OperationError::from_details(unknown(&self.ctx, known))
    }
}

/// The entity of a function.
pub(crate) fn function<O, E, F, Fut>(name: &'static str, code: F) -> EntityFn
where
    O: Serialize,
    E: Into<BoxError>,
    F: Fn(EntityOperation) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
{
    let run = move |operation: EntityOperation| {
        let ctx = operation.ctx.clone();
        let running = code(operation);
        async move {
            let output = running.await.map_err(FailureDetails::of)?;
            let output = data::encode(&output)
                .map_err(|error| payload_failure(&PayloadError::encoding("output", name, error)))?;
            let state = std::mem::take(&mut ctx.effects().state);
            Ok(Ran { output, state })
        }
        .boxed()
    };
    let run: RunFn = Arc::new(run);
    Arc::new(move || {
        let loaded: Box<dyn Loaded> = Box::new(ByFunction(Arc::clone(&run)));
        loaded
    })
}

type RunFn =
    Arc<dyn Fn(EntityOperation) -> BoxFuture<'static, Result<Ran, FailureDetails>> + Send + Sync>;

struct ByFunction(RunFn);

impl Loaded for ByFunction {
    fn run<'a>(
        &'a mut self,
        state: Option<&'a str>,
        ctx: &'a EntityContext,
        input: Option<String>,
    ) -> BoxFuture<'a, Result<Ran, FailureDetails>> {
        let operation = EntityOperation {
            ctx: ctx.clone(),
            name: ctx.operation().to_lowercase(),
            input,
            state: state.map(ToOwned::to_owned),
        };
        // Also the function's own first steps run within the future, where a panic is caught.
        async move { (self.0)(operation).await }.boxed()
    }
}
