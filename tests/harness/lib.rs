//! What the cross-crate tests stand on: real processes, raw clients and workers, a real terminal.
//!
//! Nothing here imitates our own programs. Waiting is by event or long poll, with a deadline.

pub mod actions;
pub mod binaries;
pub mod client;
pub mod dump;
pub mod emulator;
pub mod entities;
pub mod events;
pub mod feedless;
pub mod front;
pub mod official;
pub mod terminal;
pub mod worker;

use std::time::Duration;

pub use binaries::Binary;
pub use client::RawClient;
pub use emulator::Emulator;
pub use front::Front;
pub use terminal::Terminal;
pub use worker::RawWorker;

/// Longer than any single step takes on a busy machine; who waits that long has failed.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// The README's Rust compiles as it stands.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
