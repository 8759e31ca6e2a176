//! The fan-out/fan-in patterns as programs: read one, run one, copy one.
//!
//! Each module is a whole example: names, orchestration, activities. [`CATALOG`] lists them with
//! an input to try; the demo runs them all, and `docs/patterns` explains them one by one.
//!
//! ```text
//! cargo run -p durascope-emulator -- --ephemeral &
//! cargo run -p durascope-patterns -- batches
//! ```

pub mod aggregate;
pub mod batches;
pub mod catalog;
pub mod chunks;
pub mod collect_all;
pub mod composed;
pub mod dynamic_batches;
pub mod fail_fast;
pub mod history_budget;
pub mod list;
pub mod logging;
pub mod map_reduce;
pub mod pace;
pub mod parallel;
pub mod progress;
pub mod sub_orchestrations;
pub mod sum;
pub mod threshold;
pub mod types;
pub mod window;

pub use catalog::CATALOG;
pub use catalog::Pattern;
pub use catalog::register;
