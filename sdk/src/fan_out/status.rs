//! Progress for whoever looks: as custom status, and in a tracker entity.

use serde::Deserialize;
use serde::Serialize;

use crate::names::EntityId;
use crate::orchestration::OrchestrationContext;
use crate::progress::Increment;
use crate::progress::ProgressTracker;

/// Where the progress of a fan-out is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub(super) in_status: bool,
    pub(super) tracker: Option<EntityId>,
    pub(super) label: Option<String>,
}

impl Progress {
    /// As the orchestration's custom status, a [`FanOutStatus`].
    ///
    /// An orchestration has one custom status, and each piece of news replaces it. Of fan-outs that
    /// follow each other it shows the current one. Of several that run at a time it would show
    /// whichever had the last news: let one of them show its progress here, and the others in
    /// trackers of their own.
    pub fn in_status() -> Self {
        Self {
            in_status: true,
            ..Self::default()
        }
    }

    /// In a [`ProgressTracker`](crate::progress::ProgressTracker), by signals: one to begin with,
    /// then one for about each percent of the items, and one at the end. Each is an event of the
    /// history; nothing is waited for. In the custom status as well if [`Self::and_status`] says so.
    pub fn in_tracker(tracker: &EntityId) -> Self {
        Self {
            tracker: Some(tracker.clone()),
            ..Self::default()
        }
    }

    /// As custom status too.
    #[must_use]
    pub fn and_status(mut self) -> Self {
        self.in_status = true;
        self
    }

    /// Names the work for who reads it; without, the name of what is called.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// The custom status of an orchestration that shows the progress of a fan-out. As JSON
/// `{"progress":{"label":"ResizeImage","finished":30,"failed":1,"total":100,"batch":3,"batches":10}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FanOutStatus {
    /// How far it is.
    pub progress: Counts,
}

/// How far a fan-out is, in items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// What is done.
    pub label: String,
    /// Items with an outcome, failures included.
    pub finished: usize,
    /// Items that failed.
    pub failed: usize,
    /// All items.
    pub total: usize,
    /// Number of the current batch, from 1, if there are batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// How many batches there are, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<usize>,
}

/// What a tracker entity has been told, and when it is told more.
pub(super) struct Tracker {
    entity: EntityId,
    step: usize,
    untold: Increment,
}

/// Signals that a tracker gets in the life of a fan-out, about.
const SIGNALS: usize = 100;

impl Tracker {
    /// Tells the entity how many items there are.
    pub(super) fn begin(ctx: &OrchestrationContext, entity: EntityId, total: usize) -> Self {
        let tracker = Self {
            entity,
            step: total.div_ceil(SIGNALS),
            untold: Increment::default(),
        };
        let told = ctx.signal_entity(&tracker.entity, &ProgressTracker::INITIALIZE, total as u64);
        note(told);
        tracker
    }

    /// An item has ended; it was the last one if `is_last`.
    pub(super) fn on_end(&mut self, ctx: &OrchestrationContext, failed: bool, is_last: bool) {
        self.untold.processed += 1;
        self.untold.failed += u64::from(failed);
        if is_last || self.untold.processed >= self.step as u64 {
            self.flush(ctx);
        }
    }

    /// Tells all that is known.
    pub(super) fn flush(&mut self, ctx: &OrchestrationContext) {
        let increment = std::mem::take(&mut self.untold);
        if increment.processed > 0 {
            note(ctx.signal_entity(&self.entity, &ProgressTracker::INCREMENT, increment));
        }
    }
}

/// Progress that cannot be told is no reason to stop: a lock on the tracker, for one.
fn note(told: Result<(), impl std::fmt::Display>) {
    if let Err(error) = told {
        tracing::warn!(%error, "the tracker cannot be told");
    }
}
