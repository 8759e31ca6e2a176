//! What crosses the crates, by theme. Only the list is here.

mod bad_input;
mod crash;
mod protocol;
mod python;
mod tidy;
