//! Durable orchestrations in Rust: client and worker for the Durable Task Scheduler.
//!
//! An *orchestration* is an async function whose progress survives crashes. It calls
//! *activities*, ordinary async functions that do the I/O. The scheduler (the Durascope
//! emulator, or any server that speaks the same contract) keeps the history; a worker of this
//! crate replays it to find out what comes next.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use durascope_sdk::Activity;
//! use durascope_sdk::ActivityContext;
//! use durascope_sdk::Client;
//! use durascope_sdk::Orchestration;
//! use durascope_sdk::OrchestrationContext;
//! use durascope_sdk::RetryPolicy;
//! use durascope_sdk::TaskFailed;
//! use durascope_sdk::Worker;
//! use futures_util::future::try_join_all;
//!
//! // Names bind both ends at compile time: what is called is what is registered.
//! const PRICE: Activity<String, u64> = Activity::named("Price");
//! const TOTAL: Orchestration<Vec<String>, u64> = Orchestration::named("Total");
//!
//! async fn price(_ctx: ActivityContext, article: String) -> anyhow::Result<u64> {
//!     anyhow::ensure!(!article.is_empty(), "an article needs a name");
//!     Ok(article.len() as u64)
//! }
//!
//! async fn total(ctx: OrchestrationContext, articles: Vec<String>) -> Result<u64, TaskFailed> {
//!     let retry = RetryPolicy::new(3, Duration::from_secs(1)).backoff_coefficient(2.0);
//!     let prices = articles.into_iter().map(|article| ctx.call_with(&PRICE, article, retry.clone()));
//!     Ok(try_join_all(prices).await?.into_iter().sum())
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> anyhow::Result<()> {
//! let client = Client::connect("Endpoint=http://localhost:8080;TaskHub=default;Authentication=None")?;
//! let worker =
//!     Worker::builder(&client).orchestration(&TOTAL, total).activity(&PRICE, price).build()?.start();
//!
//! let id = client.start(&TOTAL, vec!["tea".into(), "bread".into()]).await?;
//! let state = client.wait_for_completion(&id, Duration::from_secs(30)).await?;
//! assert_eq!(state.output::<u64>()?, 8);
//! worker.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//! - [`OrchestrationContext`]: all an orchestration may do: calls, timers, events,
//!   sub-orchestrations, continue-as-new, and time and ids that are safe to use.
//! - [`Client`]: start, wait, raise events, suspend, terminate, purge, query, history.
//! - [`worker::WorkerBuilder`]: what a worker runs, and its limits.
//! - [`EntityState`]: entities, small pieces of durable state; [`OrchestrationContext::lock`]:
//!   critical sections over them; [`progress`]: one that is ready made.
//! - [`schedules`]: orchestrations that are started again and again.
//! - [`ReplayFilter`]: keeps `tracing` events of replayed code silent.
//! - [`ConnectOptions`]: connection strings, environment variables, bearer tokens.
//!
//! # Determinism
//! An orchestration must make the same durable calls in the same order whenever it is replayed.
//! Durable futures are scheduled when they are made and woken one by one in the order of the
//! history, so the combinators of `futures` (`join_all`, `select`, `FuturesUnordered`,
//! `buffer_unordered`) are safe. Clocks, randomness, I/O and tasks of a runtime are not: take
//! time and ids from the context, do the rest in activities. Code that differs from its history
//! fails with a `NonDeterminism` error that names the event, what was expected and what was
//! found. `try_join_all` over more than 30 futures reports failures in the order of its futures,
//! not of time; `FuturesUnordered` reports them as they come.
//!
//! # Errors
//! Activities and orchestrations may return any error: their own types, [`anyhow`][1] errors,
//! strings, or [`ActivityError`] and [`OrchestrationError`], which add a kind, properties and
//! the wish not to be retried. Who awaits them sees [`TaskFailed`] with [`FailureDetails`].
//! A panic is a failure of type `Panic` with its text and place, and the worker goes on. It is
//! logged as an error; only if no `tracing` subscriber takes errors does the panic hook that was
//! installed before tell of it too.
//!
//! [1]: https://docs.rs/anyhow

mod activity;
pub mod client;
mod clock;
mod data;
pub mod entity;
mod error;
mod failure;
pub mod fan_out;
mod names;
pub mod orchestration;
mod panics;
pub mod payloads;
pub mod progress;
mod replay_filter;
mod retry;
pub mod schedules;
pub mod testing;
pub mod transport;
mod versioning;
pub mod worker;

pub use activity::ActivityContext;
pub use client::Client;
pub use client::ClientError;
pub use client::EntityMetadata;
pub use client::EntityQuery;
pub use client::OrchestrationState;
pub use client::OrchestrationStatus;
pub use client::StartOptions;
pub use data::PayloadError;
pub use entity::EntityContext;
pub use entity::EntityOperation;
pub use entity::EntityStartOptions;
pub use entity::EntityState;
pub use entity::Operations;
pub use error::ActivityError;
pub use error::OperationError;
pub use error::OrchestrationError;
pub use error::TaskFailed;
pub use error::TaskKind;
pub use failure::BoxError;
pub use failure::FailureDetails;
pub use fan_out::FanOutError;
pub use fan_out::Outcomes;
pub use fan_out::Progress;
pub use fan_out::Tolerance;
pub use names::Activity;
pub use names::Entity;
pub use names::EntityId;
pub use names::EntityIdError;
pub use names::ExternalEvent;
pub use names::Operation;
pub use names::Orchestration;
pub use orchestration::CallOptions;
pub use orchestration::ContinueOptions;
pub use orchestration::EntityError;
pub use orchestration::HistoryBudget;
pub use orchestration::HistorySize;
pub use orchestration::LockFuture;
pub use orchestration::LockGuard;
pub use orchestration::OrchestrationContext;
pub use orchestration::Random;
pub use orchestration::SectionError;
pub use orchestration::SubOptions;
pub use replay_filter::ReplayFilter;
pub use retry::RetryPolicy;
pub use transport::ConnectOptions;
pub use transport::ConnectionString;
pub use versioning::Versioning;
pub use versioning::compare_versions;
pub use worker::Functions;
pub use worker::Worker;
pub use worker::WorkerError;

pub use durascope_proto as proto;
