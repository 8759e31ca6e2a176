//! The only place that spawns: every task is named, told to stop, and waited for.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The tasks of one emulator. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Runs `task` until it ends; it watches [`Tasks::stopping`] itself.
    pub(crate) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let span = tracing::debug_span!("task", name);
        drop(self.tracker.spawn(task.instrument(span)));
    }

    /// Resolves when the emulator stops.
    pub(crate) fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stopping.clone().cancelled_owned()
    }

    /// Tells every task to stop.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Waits until every task has ended. False when some had not within `limit`.
    pub(crate) async fn ended(&self, limit: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait())
            .await
            .is_ok()
    }
}
