//! The scheduler's decisions, pure: the state of one instance and what happens to it go in, and
//! what must be written comes out. No IO, no clock, no randomness, no runtime.
//!
//! The hub loads state, calls one of these functions, writes the result in one transaction and
//! only then wakes anybody:
//!
//! - [`start::request`] and [`start::child`]: a new instance.
//! - [`Instance::deliver`]: a message arrives.
//! - [`batch::Forming`]: which waiting messages make the next turn.
//! - [`turn::apply`]: a worker's answer becomes a [`turn::Commit`].
//! - [`rewind`]: a failed instance goes on without its failures.
//! - [`entity`]: batches of entities, their results, critical sections.
//! - [`ready`]: when a turn should run; which work a worker accepts.
//!
//! Same arguments, same result, byte for byte. Times are microseconds since the Unix epoch, UTC.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod batch;
pub mod deliver;
pub mod entity;
pub mod error;
pub mod failure;
pub mod history;
pub mod instance;
pub mod open;
pub mod ready;
pub mod rewind;
pub mod start;
pub mod status;
pub mod turn;

#[cfg(test)]
mod tests;

pub use batch::Kind;
pub use error::Rejected;
pub use instance::Counters;
pub use instance::Instance;
pub use instance::Parent;
pub use instance::Phase;
