//! The dashboard without a terminal and without a server: its core and its cells.

mod acts;
mod acts_screens;
mod fixtures;
mod hub;
mod idle;
mod inner_tabs;
mod keys;
mod list_fixtures;
mod lists;
mod monkey;
mod recording;
mod rows;
mod screens;
mod session;
mod text;
mod update;
mod verdict;
mod views;
mod views_data;
mod views_screens;
