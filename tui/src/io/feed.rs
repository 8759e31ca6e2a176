//! The monitor feed: one stream each way, the window up and snapshots down.

use std::time::Duration;

use durascope_proto::monitor::WatchRequest;
use durascope_sdk::transport::Repeat;
use tokio::sync::watch;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;
use tonic::Code;

use crate::app::effect::WatchSpec;
use crate::app::event::Mode;
use crate::io::source::Ended;
use crate::io::source::Sink;
use crate::io::source::Source;
use crate::io::wire::Hub;

/// The server gives a sign of life every two seconds; without one for this long it is gone.
const SILENCE_MAX: Duration = Duration::from_secs(8);

/// A token may have to be fetched before the feed opens.
const OPEN_MAX: Duration = Duration::from_secs(20);

/// Durascope's own feed.
pub struct MonitorFeed {
    hub: Hub,
}

impl MonitorFeed {
    /// The feed over `hub`.
    pub fn new(hub: Hub) -> Self {
        Self { hub }
    }
}

impl Source for MonitorFeed {
    async fn run(&mut self, spec: watch::Receiver<WatchSpec>, sink: &Sink) -> Ended {
        let hub = &self.hub;
        let opened = hub.call(OPEN_MAX, Repeat::Safe, || {
            let requests = WatchStream::new(spec.clone()).map(|it| WatchRequest {
                window: Some(it.window),
                instance_id: it.instance_id,
            });
            let mut client = hub.monitor();
            async move { client.watch(requests).await }
        });
        let mut updates = match opened.await {
            Ok(updates) => updates,
            Err(status) => return ended(hub, &status),
        };
        let mut tree = None;
        loop {
            match tokio::time::timeout(SILENCE_MAX, updates.message()).await {
                Ok(Ok(Some(mut update))) => {
                    if !std::mem::take(&mut update.tree_unchanged) {
                        tree.clone_from(&update.tree);
                    }
                    update.tree.clone_from(&tree);
                    sink.data(update, Mode::Feed);
                }
                Ok(Ok(None)) => return Ended::Failed("the server ended the feed".to_owned()),
                Ok(Err(status)) => return ended(hub, &status),
                Err(_) => return Ended::Failed(silence()),
            }
        }
    }
}

fn silence() -> String {
    format!("no sign of life for {}s", SILENCE_MAX.as_secs())
}

fn ended(hub: &Hub, status: &tonic::Status) -> Ended {
    match status.code() {
        // What stands before a server may refuse services that it has not heard of. If it
        // refuses the identity, it refuses the official service too.
        Code::Unimplemented | Code::PermissionDenied => Ended::NotOffered,
        Code::NotFound => Ended::NoSuchHub(hub.words(status)),
        _ => Ended::Failed(hub.words(status)),
    }
}
