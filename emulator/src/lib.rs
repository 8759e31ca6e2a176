//! A durable local scheduler for the Durable Task SDKs, on SQLite.
//!
//! [`run`] is the whole of it: the program, the demo and the tests start the same way.

pub mod cli;
mod clock;
pub mod config;
mod dispatch;
pub mod hub;
pub mod live;
mod lock;
pub mod logging;
mod monitor;
mod service;
pub mod signals;
mod start;
mod start_error;
pub mod store;
mod tasks;
mod temporary;

pub use crate::config::Config;
pub use crate::config::Database;
pub use crate::lock::Holder;
pub use crate::lock::LockError;
pub use crate::start::Running;
pub use crate::start::run;
pub use crate::start_error::StartError;
