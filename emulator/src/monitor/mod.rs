//! The live feed for dashboards: what a watched window and a watched tree show, as it changes.
//!
//! It reads what is committed and what the hub publishes; nothing waits for it. A slow watcher
//! gets fewer updates, never a queue of old ones.

mod cost;
pub(crate) mod entities;
pub(crate) mod failures;
mod fold;
mod groups;
pub(crate) mod history;
mod limits;
mod pace;
mod rates;
mod reports;
mod rows;
mod task_reader;
mod task_watch;
mod tree;
mod waits;
mod watch;
mod window;
pub(crate) mod work;

use durascope_proto::monitor as proto;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::monitor::task_watch::TaskWatcher;
use crate::monitor::watch::Watcher;
use crate::tasks::Tasks;

/// What the feed says about the server itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The database file, for people; empty for one that goes with the process.
    pub(crate) database: String,
}

/// Updates for one dashboard; each request replaces what it watches. The stream ends when the
/// receiver is dropped, the emulator stops, or with the error of a read.
pub(crate) fn watch(
    hub: Hub,
    key: HubKey,
    about: About,
    requests: impl Stream<Item = proto::WatchRequest> + Send + 'static,
    tasks: &Tasks,
) -> ReceiverStream<Result<proto::WatchUpdate, HubError>> {
    // Room for one: it is made only when the one before has been taken.
    let (updates, receiver) = mpsc::channel(1);
    let watcher = Watcher::new(hub, key, about);
    tasks.spawn("watch", watcher.work(requests, updates, tasks.stopping()));
    ReceiverStream::new(receiver)
}

/// All tasks of an instance, then what changes of them; the stream ends as that of [`watch`].
pub(crate) fn watch_tasks(
    hub: Hub,
    key: HubKey,
    instance_id: String,
    tasks: &Tasks,
) -> ReceiverStream<Result<proto::TasksUpdate, HubError>> {
    let (updates, receiver) = mpsc::channel(1);
    let watcher = TaskWatcher::new(hub, key, instance_id);
    tasks.spawn("watch tasks", watcher.work(updates, tasks.stopping()));
    ReceiverStream::new(receiver)
}

#[cfg(test)]
mod tests;
