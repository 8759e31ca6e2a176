//! State and keys of each screen.

pub mod instance;
pub mod overview;
