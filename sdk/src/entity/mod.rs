//! Entities: small pieces of durable state, each of which runs one operation at a time.

mod batch;
mod context;
mod function;
mod operations;
mod options;

#[cfg(test)]
mod tests;

pub use context::EntityContext;
pub use function::EntityOperation;
pub use operations::Operations;
pub use options::EntityStartOptions;

pub(crate) use batch::Batch;
pub(crate) use batch::failed;
pub(crate) use batch::not_found;
pub(crate) use batch::run;
pub(crate) use function::function;
pub(crate) use operations::Mistake;
pub(crate) use operations::typed;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::FailureDetails;
use crate::names::EntityId;

/// The state of an entity, and the operations that read and change it.
///
/// The state is stored as JSON. Every entity of a kind begins with [`Self::initial`]; it exists
/// for others from the first operation on that changes that. An operation changes the state and
/// sends signals and starts as a whole: if it fails or panics, none of it has happened, and the
/// next one sees the state as it was before. The operation `delete`, unless an entity has one of
/// its own, removes the state.
///
/// ```
/// use durascope_sdk::Entity;
/// use durascope_sdk::EntityContext;
/// use durascope_sdk::EntityState;
/// use durascope_sdk::Operation;
/// use durascope_sdk::OperationError;
/// use durascope_sdk::Operations;
/// use serde::Deserialize;
/// use serde::Serialize;
///
/// const ACCOUNT: Entity = Entity::named("Account");
/// const DEPOSIT: Operation<u64, u64> = Operation::named("Deposit");
/// const WITHDRAW: Operation<u64, u64> = Operation::named("Withdraw");
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Account {
///     balance: u64,
/// }
///
/// impl EntityState for Account {
///     fn operations(operations: &mut Operations<Self>) {
///         operations.on(&DEPOSIT, Self::deposit).on(&WITHDRAW, Self::withdraw);
///     }
/// }
///
/// impl Account {
///     fn deposit(&mut self, _ctx: &EntityContext, amount: u64) -> Result<u64, OperationError> {
///         self.balance += amount;
///         Ok(self.balance)
///     }
///
///     fn withdraw(&mut self, _ctx: &EntityContext, amount: u64) -> Result<u64, OperationError> {
///         let rest = self.balance.checked_sub(amount);
///         self.balance = rest.ok_or_else(|| OperationError::new("Overdrawn", "too little left"))?;
///         Ok(self.balance)
///     }
/// }
///
/// # fn register(builder: durascope_sdk::worker::WorkerBuilder) -> durascope_sdk::worker::WorkerBuilder {
/// builder.entity::<Account>(&ACCOUNT)
/// # }
/// ```
pub trait EntityState: Serialize + DeserializeOwned + Default + Send + 'static {
    /// Names the operations. Called once, when the entity is registered.
    fn operations(operations: &mut Operations<Self>);

    /// The state of an entity that has none yet, or none any more.
    fn initial(_id: &EntityId) -> Self {
        Self::default()
    }
}

/// A registered kind of entity, its types erased: makes what runs one batch.
pub(crate) type EntityFn = Arc<dyn Fn() -> Box<dyn Loaded> + Send + Sync>;

/// An entity in the hands of a worker, for one batch of operations.
pub(crate) trait Loaded: Send {
    /// Runs one operation on `state`, the JSON that holds. What it failed to do leaves no trace.
    fn run<'a>(
        &'a mut self,
        state: Option<&'a str>,
        ctx: &'a EntityContext,
        input: Option<String>,
    ) -> BoxFuture<'a, Result<Ran, FailureDetails>>;
}

/// What an operation did.
pub(crate) struct Ran {
    /// Its result as JSON.
    pub(crate) output: Option<String>,
    pub(crate) state: StateChange,
}

/// What became of an entity's state.
#[derive(Debug, Default)]
pub(crate) enum StateChange {
    #[default]
    Unchanged,
    /// Its new JSON.
    Set(String),
    Deleted,
}
