//! Durable orchestrations in Rust: client and worker for the Durable Task Scheduler.

mod activity;
pub mod client;
mod clock;
mod data;
mod error;
mod failure;
mod names;
pub mod orchestration;
mod replay_filter;
mod retry;
pub mod transport;
pub mod worker;

pub use activity::ActivityContext;
pub use client::Client;
pub use client::ClientError;
pub use client::OrchestrationState;
pub use client::OrchestrationStatus;
pub use client::StartOptions;
pub use data::PayloadError;
pub use error::ActivityError;
pub use error::OrchestrationError;
pub use error::TaskFailed;
pub use error::TaskKind;
pub use error::WorkerError;
pub use failure::BoxError;
pub use failure::FailureDetails;
pub use names::Activity;
pub use names::ExternalEvent;
pub use names::Orchestration;
pub use orchestration::CallOptions;
pub use orchestration::ContinueOptions;
pub use orchestration::OrchestrationContext;
pub use orchestration::SubOptions;
pub use replay_filter::ReplayFilter;
pub use retry::RetryPolicy;
pub use transport::ConnectOptions;
pub use transport::ConnectionString;
pub use worker::Worker;

pub use durascope_proto as proto;
