//! The pure core: no IO, no clock of its own, no terminal.
//!
//! Reading order: [`event`] and [`effect`] are the closed lists of inputs and wishes,
//! [`model`] the state, [`update`] the only place that changes it, [`action`] the table from
//! which keys, footer and help come.

pub mod action;
pub(crate) mod acts;
pub mod command;
pub mod cursor;
pub mod deed;
pub mod dialogs;
pub mod effect;
pub mod event;
pub mod field;
pub mod filter;
pub mod geometry;
pub mod keymap;
pub mod marks;
pub mod memory;
pub mod model;
pub mod nav;
pub mod place;
pub mod run;
pub mod screens;
pub mod toast;
pub mod topic;
pub mod update;
pub mod window;
