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
