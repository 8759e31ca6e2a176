//! Failures of a hub's activities, sub-orchestrations and instances, grouped.
//!
//! Histories are folded once for each instance with failures, and then only what is new; a call
//! folds a bounded part, and says when there is more.

mod fold;
mod list;
mod reader;

pub(crate) use self::reader::FailureReader;
