//! The test kit as its users see it. Only the list is here.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

mod entities;
mod fan_outs;
mod host;
mod host_errors;
mod replay;
mod sections;
mod stored;
mod versions;
