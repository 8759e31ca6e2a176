//! Tests without a server: stored histories against today's code, and orchestrations in memory.
//!
//! # A stored history
//! [`replay`] tells whether instances that run today would survive a deployment of the code: it
//! takes a [`History`] from a file and [`Functions`](crate::Functions), and finds the first
//! place where the code does something else than the history has. Record one with
//! [`Client::history`](crate::Client::history) and [`History::write`], keep it beside the tests,
//! and replay it in each of them.

mod history;
mod json;
mod replay;
mod turns;

pub use history::History;
pub use history::HistoryError;
pub use replay::ReplayError;
pub use replay::replay;

pub use crate::orchestration::NonDeterminism;
