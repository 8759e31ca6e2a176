//! Histories in words: single events, runs of them, and the page that is shown.

mod file;
mod runs;
mod words;

pub use file::as_json;
pub use runs::folded_run;
pub use runs::run_note;
pub use runs::run_sections;
pub use words::Level;
pub use words::MESSAGE_BYTES_MAX;
pub(in crate::data) use words::failure;
pub use words::is_failure;
pub use words::kind;
pub use words::level;
pub use words::name;
pub use words::note;
pub(in crate::data) use words::payload;
pub use words::replay_cost;
pub use words::task_id;
