//! A ready-made entity that keeps how far something is, for whoever wants to look.

use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;

use crate::clock::rfc3339;
use crate::entity::EntityContext;
use crate::entity::EntityState;
use crate::entity::Operations;
use crate::error::OperationError;
use crate::names::Entity;
use crate::names::Operation;

/// Trackers of progress. The tracker of an instance has that instance's id as its key, by which
/// the dashboard finds it.
///
/// ```
/// use durascope_sdk::OrchestrationContext;
/// use durascope_sdk::OrchestrationError;
/// use durascope_sdk::progress::Increment;
/// use durascope_sdk::progress::PROGRESS_TRACKER;
/// use durascope_sdk::progress::ProgressTracker;
///
/// async fn pages(ctx: OrchestrationContext, pages: u64) -> Result<(), OrchestrationError> {
///     let tracker = PROGRESS_TRACKER.id(ctx.instance_id());
///     ctx.signal_entity(&tracker, &ProgressTracker::INITIALIZE, pages)?;
///     for _page in 0..pages {
///         // … and when a page is done:
///         ctx.signal_entity(&tracker, &ProgressTracker::INCREMENT, Increment::done(1))?;
///     }
///     Ok(())
/// }
///
/// # fn register(builder: durascope_sdk::worker::WorkerBuilder) -> durascope_sdk::worker::WorkerBuilder {
/// builder.entity::<ProgressTracker>(&PROGRESS_TRACKER)
/// # }
/// ```
pub const PROGRESS_TRACKER: Entity = Entity::named("ProgressTracker");

/// The state of a tracker, as JSON a [`Progress`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgressTracker(Progress);

/// How far something is, in items. As JSON
/// `{"total":100,"processed":30,"failed":1,"startedAt":"2026-11-24T08:00:00Z","updatedAt":"…"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Progress {
    /// All items.
    pub total: u64,
    /// Items with an outcome, failures included.
    pub processed: u64,
    /// Items that failed.
    pub failed: u64,
    /// When the tracker was first told of the work, by the clock of its worker.
    #[serde(with = "rfc3339")]
    pub started_at: Option<SystemTime>,
    /// When it was last told of it.
    #[serde(with = "rfc3339")]
    pub updated_at: Option<SystemTime>,
}

/// What is to be added to a progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Increment {
    /// Items with an outcome, failures included.
    pub processed: u64,
    /// Items that failed, of those.
    pub failed: u64,
}

impl Increment {
    /// So many items are done, and none of them failed.
    pub fn done(processed: u64) -> Self {
        Self {
            processed,
            failed: 0,
        }
    }
}

impl ProgressTracker {
    /// Begins anew with so many items, none of which is done.
    pub const INITIALIZE: Operation<u64, ()> = Operation::named("Initialize");
    /// Adds to what is done.
    pub const INCREMENT: Operation<Increment, ()> = Operation::named("Increment");
    /// How far it is.
    pub const GET: Operation<(), Progress> = Operation::named("Get");

    fn initialize(&mut self, ctx: &EntityContext, total: u64) -> Result<(), OperationError> {
        let now = Some(ctx.started());
        self.0 = Progress {
            total,
            processed: 0,
            failed: 0,
            started_at: now,
            updated_at: now,
        };
        Ok(())
    }

    fn increment(&mut self, ctx: &EntityContext, more: Increment) -> Result<(), OperationError> {
        let progress = &mut self.0;
        let now = ctx.started();
        progress.processed = progress.processed.saturating_add(more.processed);
        progress.failed = progress.failed.saturating_add(more.failed);
        progress.started_at.get_or_insert(now);
        progress.updated_at = Some(now);
        Ok(())
    }
}

impl EntityState for ProgressTracker {
    fn operations(operations: &mut Operations<Self>) {
        operations
            .on(&Self::INITIALIZE, Self::initialize)
            .on(&Self::INCREMENT, Self::increment)
            .on(&Self::GET, |state, _ctx, ()| {
                Ok::<_, OperationError>(state.0.clone())
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_as_it_is_written_and_may_lack_all_but_its_name() {
        let text = concat!(
            r#"{"total":100,"processed":30,"failed":1,"#,
            r#""startedAt":"2026-11-24T08:00:00Z","updatedAt":"2026-11-24T08:00:01.5Z"}"#
        );
        let tracker: ProgressTracker = serde_json::from_str(text).unwrap();
        assert_eq!(tracker.0.total, 100);
        let elapsed = tracker.0.updated_at.unwrap();
        let elapsed = elapsed.duration_since(tracker.0.started_at.unwrap());
        assert_eq!(elapsed.unwrap().as_millis(), 1_500);
        assert_eq!(serde_json::to_string(&tracker).unwrap(), text);
        let bare: Progress = serde_json::from_str("{}").unwrap();
        assert_eq!(bare, Progress::default());
    }
}
