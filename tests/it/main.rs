//! What crosses the crates, by theme. Only the list is here.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

mod bad_input;
mod crash;
mod dashboard;
mod official;
mod protocol;
mod sdk;
mod sticky;
mod tidy;
