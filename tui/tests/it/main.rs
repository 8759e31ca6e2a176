//! The dashboard without a terminal and without a server: its core and its cells.

mod fixtures;
mod idle;
mod keys;
mod monkey;
mod recording;
mod screens;
mod session;
mod text;
mod update;
