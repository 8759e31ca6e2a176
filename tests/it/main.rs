//! What crosses the crates, by theme. Only the list is here.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

mod bad_input;
mod crash;
mod dashboard;
mod dashboard_actions;
mod dashboard_editor;
mod dashboard_groups;
mod dashboard_polled;
mod dashboard_progress;
mod dashboard_python;
mod dashboard_session;
#[cfg(unix)]
mod dashboard_sign_in;
mod dashboard_topics;
mod dashboard_verbs;
mod dashboard_why;
mod http;
mod interop;
mod monitor;
mod official;
mod patterns;
mod protocol;
mod sdk;
mod sdk_bad_input;
mod sdk_entities;
mod sdk_payloads;
mod sdk_trace;
mod sdk_versions;
mod sticky;
mod tidy;
mod transport;
