//! State and keys of the screens.

pub mod batches;
pub mod compare;
pub mod data;
pub mod entities;
pub mod failure_orders;
pub mod failure_targets;
pub mod failures;
pub mod family;
pub mod grid;
pub mod history;
mod history_acts;
mod history_runs;
pub mod instance;
pub mod listing;
pub mod overview;
pub mod schedules;
pub mod timeline;
pub mod work;
