//! Read models, pure: what the screens show, made from feed messages or history events.

pub mod axis;
pub mod batches;
pub mod compare;
pub mod detail;
pub mod eta;
pub mod fold;
pub mod grid;
pub mod items;
pub mod json;
pub mod pick;
pub mod progress;
pub mod series;
pub mod siblings;
pub mod status;
pub mod tasks;
pub mod timeline;
pub mod tree;
