//! Read models, pure: what the screens show, made from feed messages or history events.

pub mod detail;
pub mod document;
pub mod entities;
pub mod fold;
pub mod history;
pub mod json;
pub mod outline;
pub mod progress;
pub mod schedules;
pub mod series;
pub mod status;
pub mod tasks;
pub mod tree;
pub mod work;
