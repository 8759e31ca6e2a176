//! Where live data comes from: a trait with two implementations, the feed and polling.

use std::sync::Arc;

use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::WatchUpdate;
use tokio::sync::watch;

use crate::app::effect::WatchSpec;
use crate::app::event::Data;
use crate::app::event::Feed;
use crate::app::event::Link;
use crate::app::event::Mode;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::topic::TopicData;
use crate::io::clock::Clock;
use crate::io::recording::write::Recorder;

/// Why a source ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The server does not offer this source.
    NotOffered,
    /// The connection or the server failed, in words.
    Failed(String),
    /// The task hub does not exist, in the server's words.
    NoSuchHub(String),
    /// The dashboard is closing.
    Closing,
}

/// Brings what is watched, until it fails.
pub trait Source {
    /// Runs until the connection fails. The newest value of `spec` is what is watched.
    fn run(
        &mut self,
        spec: watch::Receiver<WatchSpec>,
        sink: &Sink,
    ) -> impl Future<Output = Ended> + Send;
}

/// Takes what sources bring; the newest wins.
#[derive(Clone, Debug)]
pub struct Sink {
    feed: watch::Sender<Feed>,
    clock: Clock,
    recorder: Option<Recorder>,
}

impl Sink {
    /// A sink over `feed`.
    pub fn new(feed: watch::Sender<Feed>, clock: Clock) -> Self {
        Self {
            feed,
            clock,
            recorder: None,
        }
    }

    /// Records what comes, too.
    #[must_use]
    pub fn recording(self, recorder: Option<Recorder>) -> Self {
        Self { recorder, ..self }
    }

    /// The local clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The connection has changed; the last data stays.
    pub fn link(&self, link: Link) {
        if let Some(it) = &self.recorder {
            it.link(self.clock.now(), &link);
        }
        self.feed.send_modify(|it| it.link = link);
    }

    /// New data, which also says that the connection lives.
    pub fn data(&self, update: WatchUpdate, mode: Mode) {
        let received_at = self.clock.now();
        if let Some(it) = &self.recorder {
            it.update(received_at, &Link::Live(mode), &update);
        }
        let data = Data {
            update: Arc::new(update),
            received_at,
        };
        self.feed.send_modify(|it| {
            it.link = Link::Live(mode);
            it.data = Some(data);
        });
    }

    /// What a stream of tasks has brought, before it is put together.
    pub fn tasks(&self, instance_id: &str, update: &TasksUpdate) {
        if let Some(it) = &self.recorder {
            it.tasks(self.clock.now(), instance_id, update);
        }
    }

    /// The newest answer to what the screen asks beside that.
    pub fn topic(&self, topic: Topic, told: Told) {
        let received_at = self.clock.now();
        if let Some(it) = &self.recorder {
            it.topic(received_at, &topic, &told);
        }
        let data = TopicData {
            topic,
            told,
            received_at,
        };
        self.feed.send_modify(|it| it.topic = Some(Arc::new(data)));
    }

    /// What the feed told of the hub last, less what changes by itself.
    pub fn hub(&self) -> Option<HubSummary> {
        hub_of(&self.feed.borrow())
    }

    /// Waits until the feed tells something else of the hub than `before`; not where nothing was
    /// told.
    pub async fn hub_moves(&self, before: Option<&HubSummary>) {
        if before.is_none() {
            return;
        }
        let mut feed = self.feed.subscribe();
        // The sender is ours, so it does not go meanwhile.
        feed.wait_for(|it| hub_of(it).as_ref() != before).await.ok();
    }

    /// True while data is coming.
    pub fn is_live(&self) -> bool {
        matches!(self.feed.borrow().link, Link::Live(_))
    }
}

fn hub_of(feed: &Feed) -> Option<HubSummary> {
    let hub = feed.data.as_ref()?.update.hub.as_ref()?;
    Some(HubSummary {
        rates: None,
        ..hub.clone()
    })
}
