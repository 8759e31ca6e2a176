//! The terminal: entered and left in one place, read as events, drawn to when needed.

pub mod clipboard;
pub mod editor;
pub mod guard;
pub mod input;
pub mod mouse;
mod outside;
pub mod runtime;
