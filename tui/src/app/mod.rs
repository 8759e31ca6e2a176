//! The pure core: no IO, no clock of its own, no terminal.
//!
//! Reading order: [`event`] and [`effect`] are the closed lists of inputs and wishes,
//! [`model`] the state, [`update`] the only place that changes it, [`action`] the table from
//! which keys, footer and help come.

pub mod action;
pub(crate) mod acts;
pub mod choices;
pub mod command;
pub mod commands;
pub mod cursor;
pub mod deed;
pub mod dialogs;
pub mod effect;
pub mod event;
pub mod export;
pub mod field;
pub mod filter;
pub mod flow;
pub mod geometry;
pub mod hit;
pub mod hubs;
pub mod keymap;
pub mod look;
pub mod marks;
pub mod memory;
pub mod model;
pub mod nav;
pub mod outline;
pub mod panes;
pub mod place;
pub mod purge_query;
pub mod run;
pub mod saved;
pub mod screens;
pub(crate) mod session;
pub mod toast;
pub mod topic;
pub mod typing;
pub mod update;
pub mod verdict;
pub mod window;
