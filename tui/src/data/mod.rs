//! Read models, pure: what the screens show, made from feed messages or history events.

pub mod detail;
pub mod export;
pub mod fold;
pub mod json;
pub mod progress;
pub mod series;
pub mod status;
pub mod tasks;
pub mod tree;
