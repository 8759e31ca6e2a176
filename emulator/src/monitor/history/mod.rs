//! Pages of one instance's history, by position or by size.
//!
//! A history is indexed once, and then only what is new; a page reads the chunks of its events.

mod cut;
mod index;
mod pages;

pub(super) use self::cut::details as cut_details;
pub(crate) use self::pages::Histories;
