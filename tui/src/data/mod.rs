//! Read models, pure: what the screens show, made from feed messages or history events.

pub mod axis;
pub mod batches;
pub mod compare;
pub mod detail;
pub mod document;
pub mod entities;
pub mod eta;
pub mod fold;
pub mod glob;
pub mod grid;
pub mod history;
pub mod items;
pub mod json;
pub mod outline;
pub mod pick;
pub mod polled;
pub mod progress;
pub mod schedules;
pub mod series;
pub mod siblings;
pub mod status;
pub mod tasks;
pub mod timeline;
pub mod tree;
pub mod verdict;
pub mod work;
