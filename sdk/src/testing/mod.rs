//! Tests without a server: stored histories against today's code, and orchestrations in memory.
//!
//! # A stored history
//! [`replay`] tells whether instances that run today would survive a deployment of the code: it
//! takes a [`History`] from a file and [`Functions`](crate::Functions), and finds the first
//! place where the code does something else than the history has. Record one with
//! [`Client::history`](crate::Client::history) and [`History::write`], keep it beside the tests,
//! and replay it in each of them.
//!
//! # In memory
//! A [`TestHost`] runs orchestrations on virtual time: a timer of a year fires at once, activities
//! are replaced by a [`Fake`] or run for real, events are raised when the test says so. It has
//! no server and does not sleep; the same test does the same each time, in a plain `#[test]`. An
//! instance that can never end is an error that says what it waits for.
//!
//! # Entities
//! Registered entities run in memory too, on the same clock: one operation at a time, state kept
//! between them, delayed signals at their time, critical sections in the order in which they are
//! asked for. A test signals them and reads their states:
//!
//! ```
//! use std::time::Duration;
//!
//! use durascope_sdk::testing::TestHost;
//! use durascope_sdk::{Entity, EntityContext, EntityState, Functions, Operation, OperationError};
//! use durascope_sdk::{Operations, Orchestration, OrchestrationContext, OrchestrationError};
//! use serde::{Deserialize, Serialize};
//!
//! const STOCK: Entity = Entity::named("Stock");
//! const STORE: Operation<u64, u64> = Operation::named("Store");
//! const TAKE: Operation<u64, u64> = Operation::named("Take");
//! const ORDER: Orchestration<u64, String> = Orchestration::named("Order");
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Stock(u64);
//!
//! impl EntityState for Stock {
//!     fn operations(operations: &mut Operations<Self>) {
//!         operations.on(&STORE, Self::store).on(&TAKE, Self::take);
//!     }
//! }
//!
//! impl Stock {
//!     fn store(&mut self, _: &EntityContext, pieces: u64) -> Result<u64, OperationError> {
//!         self.0 += pieces;
//!         Ok(self.0)
//!     }
//!
//!     fn take(&mut self, _: &EntityContext, pieces: u64) -> Result<u64, OperationError> {
//!         let rest = self.0.checked_sub(pieces);
//!         self.0 = rest.ok_or_else(|| OperationError::new("SoldOut", "too few left"))?;
//!         Ok(self.0)
//!     }
//! }
//!
//! async fn order(ctx: OrchestrationContext, pieces: u64) -> Result<String, OrchestrationError> {
//!     let tea = STOCK.id("tea");
//!     if let Ok(rest) = ctx.call_entity(&tea, &TAKE, pieces).await {
//!         return Ok(format!("{rest} left"));
//!     }
//!     // Tomorrow's delivery.
//!     let tomorrow = ctx.current_time() + Duration::from_secs(86_400);
//!     ctx.signal_entity_at(&tea, &STORE, 100, tomorrow)?;
//!     Ok("come back tomorrow".to_owned())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let functions = Functions::new().entity::<Stock>(&STOCK).orchestration(&ORDER, order);
//! let mut host = TestHost::new(functions);
//! let tea = STOCK.id("tea");
//! host.signal_entity(&tea, &STORE, 5)?;
//! assert_eq!(host.run(&ORDER, 3)?, "2 left");
//! assert_eq!(host.run(&ORDER, 3)?, "come back tomorrow");
//! assert_eq!(host.entity_state(&tea)?, Some(2));
//!
//! host.advance(Duration::from_secs(86_400))?;
//! assert_eq!(host.entity_state(&tea)?, Some(102));
//! assert_eq!(host.entity_inputs(&tea, &TAKE)?, [3, 3]);
//! # Ok(())
//! # }
//! ```
//!
//! An entity that a test does not want to run is registered under the same name with a function of
//! the test's, [`Functions::entity_fn`](crate::Functions::entity_fn).

mod history;
mod host;
mod json;
mod replay;
mod turns;

pub use history::History;
pub use history::HistoryError;
pub use host::After;
pub use host::Call;
pub use host::CallKind;
pub use host::Fake;
pub use host::HostError;
pub use host::Target;
pub use host::TestHost;
pub use replay::ReplayError;
pub use replay::replay;

pub use crate::orchestration::NonDeterminism;
