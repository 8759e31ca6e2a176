//! Orchestrations: the context through which code makes durable calls, and their replay.

mod context;
mod entities;
pub(crate) mod events;
mod history_size;
mod options;
mod random;
pub(crate) mod replay;
mod schedule;
mod task;

pub use context::OrchestrationContext;
pub use entities::EntityError;
pub use entities::LockFuture;
pub use entities::LockGuard;
pub use history_size::HistoryBudget;
pub use history_size::HistorySize;
pub use options::CallOptions;
pub use options::ContinueOptions;
pub use options::SubOptions;
pub use random::Random;
pub use replay::NonDeterminism;
pub use replay::ParentInstance;
pub use replay::SectionError;
pub(crate) use task::payload_failure;

pub use task::DurableFuture;
pub use task::EventFuture;
pub use task::Timer;
