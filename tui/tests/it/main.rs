//! The dashboard without a terminal and without a server: its core and its cells.

mod acts;
mod acts_screens;
mod fixtures;
mod idle;
mod monkey;
mod screens;
mod text;
mod update;
mod views;
mod views_data;
mod views_screens;
