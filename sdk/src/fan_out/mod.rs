//! Fan-out, fan-in: many calls at a time, and the ways to bring their results together.
//!
//! [`fan_out`](crate::OrchestrationContext::fan_out) names what is called and with what; setters say how
//! (retries, a time limit for each item, batches, a window, progress, cancellation), and the
//! last word says what becomes of the results and of failures:
//!
//! | last word | waits for | returns |
//! |---|---|---|
//! | [`FanOut::all`] | everything | the results in input order, or an error that counts the failures |
//! | [`FanOut::fail_fast`] | the first failure | as `all`, but does not wait for the rest |
//! | [`FanOut::outcomes`] | everything | each item with its result or failure; never an error |
//! | [`FanOut::tolerate`] | until it is decided | what is finished, or an error that says k of n |
//! | [`FanOut::stream`] | nothing | outcomes as they come |
//! | [`FanOut::fold`], [`FanOut::sum`] | everything | one value |
//!
//! ```
//! # use durascope_sdk::*;
//! # use std::time::Duration;
//! const RESIZE: Activity<String, u64> = Activity::named("Resize");
//!
//! async fn gallery(ctx: OrchestrationContext, images: Vec<String>) -> Result<u64, OrchestrationError> {
//!     let sizes = ctx
//!         .fan_out(&RESIZE, images)
//!         .retry(RetryPolicy::new(3, Duration::from_secs(1)))
//!         .timeout(Duration::from_secs(60))
//!         .concurrency(20)
//!         .all()
//!         .await?;
//!     Ok(sizes.into_iter().sum())
//! }
//! ```
//!
//! # Determinism
//! Items start in input order and finish in the order of the history, whatever the setters say:
//! a window that refills does so on the events of the history, so that a replay does the same.
//!
//! # History
//! Every item leaves two events in the history of its instance, batches or not: batches and
//! windows bound what is in flight, not what is recorded. To keep a history short, give the work
//! to sub-orchestrations ([`ChunkPlan`]) or continue as new ([`crate::HistorySize`]).

mod admission;
mod builder;
mod callable;
mod chunks;
mod error;
mod flight;
mod ids;
mod modes;
mod outcome;
mod reduce;
mod status;
mod stream;
mod sum;
mod tolerance;
mod tuple;

pub use builder::FanOut;
pub use callable::Callable;
pub use chunks::ChunkError;
pub use chunks::ChunkPlan;
pub use error::FanOutError;
pub use ids::INSTANCE_ID_CHARS_MAX;
pub use ids::IdError;
pub use ids::child_id;
pub use outcome::Outcome;
pub use outcome::Outcomes;
pub use outcome::Partial;
pub use reduce::Reduce;
pub use status::Counts;
pub use status::FanOutStatus;
pub use status::Progress;
pub use stream::FanOutStream;
pub use sum::SumError;
pub use sum::checked_sum;
pub use tolerance::Tolerance;
pub use tuple::Tasks;
pub use tuple::all;
pub use tuple::fail_fast;
