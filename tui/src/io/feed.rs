//! The monitor feed: one stream each way, the window up and snapshots down.

use std::time::Duration;

use durascope_proto::monitor::WatchRequest;
use tokio::sync::watch;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;
use tonic::Code;

use crate::app::effect::WatchSpec;
use crate::app::event::Mode;
use crate::io::source::Ended;
use crate::io::source::Sink;
use crate::io::source::Source;
use crate::io::wire;
use crate::io::wire::Hub;

/// The server gives a sign of life every two seconds; without one for this long it is gone.
const SILENCE_MAX: Duration = Duration::from_secs(8);

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
        let requests = WatchStream::new(spec).map(|it| WatchRequest {
            window: Some(it.window),
            instance_id: it.instance_id,
        });
        let mut client = wire::monitor(self.hub.clone());
        let opened = client.watch(requests);
        let mut updates = match tokio::time::timeout(SILENCE_MAX, opened).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return ended(&status),
            Err(_) => return Ended::Failed(silence()),
        };
        loop {
            match tokio::time::timeout(SILENCE_MAX, updates.message()).await {
                Ok(Ok(Some(update))) => sink.data(update, Mode::Feed),
                Ok(Ok(None)) => return Ended::Failed("the server ended the feed".to_owned()),
                Ok(Err(status)) => return ended(&status),
                Err(_) => return Ended::Failed(silence()),
            }
        }
    }
}

fn silence() -> String {
    format!("no sign of life for {}s", SILENCE_MAX.as_secs())
}

fn ended(status: &tonic::Status) -> Ended {
    match status.code() {
        Code::Unimplemented => Ended::NotOffered,
        Code::NotFound => Ended::NoSuchHub(wire::words(status)),
        _ => Ended::Failed(wire::words(status)),
    }
}
