//! Entities by trait: a typed state and operations dispatched by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::ready;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::EntityFn;
use super::EntityState;
use super::Loaded;
use super::Ran;
use super::StateChange;
use super::context::EntityContext;
use crate::data;
use crate::data::PayloadError;
use crate::failure::BoxError;
use crate::failure::FailureDetails;
use crate::names::Operation;
use crate::orchestration::payload_failure;

/// Operation that every entity has, unless it has one of its own.
const DELETE: &str = "delete";

type Output = Result<Option<String>, FailureDetails>;
type OperationFn<S> = Box<
    dyn for<'a> Fn(&'a mut S, &'a EntityContext, Option<String>) -> BoxFuture<'a, Output>
        + Send
        + Sync,
>;

/// Collects the operations of an entity, see [`EntityState::operations`].
pub struct Operations<S> {
    /// By name in lower case.
    table: BTreeMap<String, Registered<S>>,
    mistake: Option<Mistake>,
}

struct Registered<S> {
    name: &'static str,
    code: OperationFn<S>,
}

/// What is wrong with a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Empty,
    Twice(String),
}

impl<S: Send + 'static> Operations<S> {
    fn new() -> Self {
        Self {
            table: BTreeMap::new(),
            mistake: None,
        }
    }

    /// Runs `code` for operations of this name, whatever their case.
    ///
    /// It runs in between other work of the runtime: what waits, or computes for long, is better
    /// off in [`Self::on_async`].
    pub fn on<I, O, E, F>(&mut self, operation: &Operation<I, O>, code: F) -> &mut Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<BoxError>,
        F: Fn(&mut S, &EntityContext, I) -> Result<O, E> + Send + Sync + 'static,
    {
        let name = operation.name();
        self.add(
            name,
            Box::new(move |state, ctx, input| {
                let run = || finish(name, code(state, ctx, input_of(ctx, input)?));
                ready(run()).boxed()
            }),
        )
    }

    /// Runs `code`, which may wait, for operations of this name. No other operation of the same
    /// entity runs meanwhile.
    ///
    /// ```
    /// # use durascope_sdk::Operation;
    /// # use durascope_sdk::OperationError;
    /// # use durascope_sdk::Operations;
    /// const REFRESH: Operation<String, usize> = Operation::named("Refresh");
    ///
    /// # async fn fetch(address: &str) -> std::io::Result<Vec<u8>> { Ok(address.into()) }
    /// fn operations(operations: &mut Operations<Vec<u8>>) {
    ///     operations.on_async(&REFRESH, |state, _ctx, address| {
    ///         Box::pin(async move {
    ///             *state = fetch(&address).await?;
    ///             Ok::<_, OperationError>(state.len())
    ///         })
    ///     });
    /// }
    /// ```
    pub fn on_async<I, O, E, F>(&mut self, operation: &Operation<I, O>, code: F) -> &mut Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<BoxError> + 'static,
        F: for<'a> Fn(&'a mut S, &'a EntityContext, I) -> BoxFuture<'a, Result<O, E>>
            + Send
            + Sync
            + 'static,
    {
        let name = operation.name();
        self.add(
            name,
            Box::new(move |state, ctx, input| match input_of(ctx, input) {
                Ok(input) => {
                    let running = code(state, ctx, input);
                    async move { finish(name, running.await) }.boxed()
                }
                Err(details) => ready(Err(details)).boxed(),
            }),
        )
    }

    fn add(&mut self, name: &'static str, code: OperationFn<S>) -> &mut Self {
        if name.is_empty() {
            self.mistake.get_or_insert(Mistake::Empty);
        }
        let registered = Registered { name, code };
        if self.table.insert(name.to_lowercase(), registered).is_some() {
            self.mistake.get_or_insert(Mistake::Twice(name.to_owned()));
        }
        self
    }

    fn unknown(&self, ctx: &EntityContext) -> FailureDetails {
        let mut known: Vec<&str> = self.table.values().map(|it| it.name).collect();
        known.push(DELETE);
        unknown(ctx, &known)
    }
}

/// The failure of an operation that an entity does not have.
pub(super) fn unknown(ctx: &EntityContext, known: &[&str]) -> FailureDetails {
    FailureDetails::non_retriable(
        "OperationNotFound",
        format!(
            "entity {:?} has no operation {:?}; it has {}",
            ctx.id(),
            ctx.operation(),
            known.join(", ")
        ),
    )
}

/// The failure of an operation whose input is another.
pub(super) fn unfit_input(ctx: &EntityContext, misfit: data::Misfit) -> PayloadError {
    let owner = format!("operation {:?} of entity {:?}", ctx.operation(), ctx.id());
    PayloadError::decoding("input", owner, misfit)
}

/// The failure of an operation on a state that is not of its type.
pub(super) fn unfit_state(ctx: &EntityContext, misfit: data::Misfit) -> PayloadError {
    PayloadError::decoding("state", format!("entity {:?}", ctx.id()), misfit)
}

fn input_of<I: DeserializeOwned>(
    ctx: &EntityContext,
    input: Option<String>,
) -> Result<I, FailureDetails> {
    data::decode(input.as_deref()).map_err(|misfit| payload_failure(&unfit_input(ctx, misfit)))
}

fn finish<O: Serialize, E: Into<BoxError>>(name: &str, result: Result<O, E>) -> Output {
    let output = result.map_err(FailureDetails::of)?;
    data::encode(&output)
        .map_err(|error| payload_failure(&PayloadError::encoding("output", name, error)))
}

/// The entity of a state, and what is wrong with the names of its operations.
pub(crate) fn typed<S: EntityState>() -> (EntityFn, Option<Mistake>) {
    let mut operations = Operations::new();
    S::operations(&mut operations);
    let mistake = operations.mistake.take();
    let operations = Arc::new(operations);
    let load = move || {
        let loaded: Box<dyn Loaded> = Box::new(Typed::<S> {
            operations: Arc::clone(&operations),
            value: None,
        });
        loaded
    };
    (Arc::new(load), mistake)
}

struct Typed<S> {
    operations: Arc<Operations<S>>,
    /// The state as the last operation left it, and its JSON; `None` after a failure, which may
    /// have left anything.
    value: Option<(S, Option<String>)>,
}

impl<S: EntityState> Loaded for Typed<S> {
    fn run<'a>(
        &'a mut self,
        state: Option<&'a str>,
        ctx: &'a EntityContext,
        input: Option<String>,
    ) -> BoxFuture<'a, Result<Ran, FailureDetails>> {
        self.run_typed(state, ctx, input).boxed()
    }
}

impl<S: EntityState> Typed<S> {
    async fn run_typed(
        &mut self,
        state: Option<&str>,
        ctx: &EntityContext,
        input: Option<String>,
    ) -> Result<Ran, FailureDetails> {
        let name = ctx.operation().to_lowercase();
        let Some(operation) = self.operations.table.get(&name) else {
            if name == DELETE {
                // Works on a state that cannot be read, too.
                self.value = None;
                return Ok(Ran {
                    output: None,
                    state: StateChange::Deleted,
                });
            }
            return Err(self.operations.unknown(ctx));
        };
        let (mut value, json) = match self.value.take() {
            Some(loaded) => loaded,
            None => load(state, ctx)?,
        };
        let output = (operation.code)(&mut value, ctx, input).await?;
        if matches!(ctx.effects().state, StateChange::Deleted) {
            let state = StateChange::Deleted;
            return Ok(Ran { output, state });
        }
        let new = written(&value, ctx)?;
        // A state that was only read stays as it is stored, or absent.
        let state = match &new {
            new if *new == json => StateChange::Unchanged,
            Some(new) => StateChange::Set(new.clone()),
            None => StateChange::Deleted,
        };
        self.value = Some((value, new));
        Ok(Ran { output, state })
    }
}

/// The value of a stored state, and how this side writes it.
fn load<S: EntityState>(
    state: Option<&str>,
    ctx: &EntityContext,
) -> Result<(S, Option<String>), FailureDetails> {
    let value = match state {
        Some(text) => {
            data::decode(Some(text)).map_err(|misfit| payload_failure(&unfit_state(ctx, misfit)))?
        }
        None => S::initial(ctx.id()),
    };
    let json = written(&value, ctx)?;
    Ok((value, json))
}

fn written<S: Serialize>(value: &S, ctx: &EntityContext) -> Result<Option<String>, FailureDetails> {
    data::encode(value).map_err(|error| {
        payload_failure(&PayloadError::encoding("state", ctx.id().as_str(), error))
    })
}
