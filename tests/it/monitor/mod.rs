//! The monitor feed against the real emulator: each question, and each fact of a situation that a
//! raw client and a raw worker make.

mod entities;
mod failures;
mod history;
mod waits;
mod window;
mod work;

use std::time::Duration;

use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestratorAction;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::WaitFacts;
use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::monitor::monitor_client::MonitorClient;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::IntoRequest;
use tonic::Request;
use tonic::Streaming;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

/// A real emulator, with a client and a dashboard connected.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) client: RawClient,
    pub(crate) monitor: MonitorClient<Channel>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let client = RawClient::connect(emulator.endpoint()).await.unwrap();
        let monitor = MonitorClient::new(client.channel());
        Self {
            emulator,
            client,
            monitor,
        }
    }

    pub(crate) async fn worker(&self) -> RawWorker {
        RawWorker::open(&self.client).await.unwrap()
    }

    /// A worker of this name.
    pub(crate) async fn named(&self, id: &'static str, request: GetWorkItemsRequest) -> RawWorker {
        let mut request = request.into_request();
        let id = MetadataValue::from_static(id);
        request.metadata_mut().insert("workerid", id);
        RawWorker::open_with(&self.client, request).await.unwrap()
    }

    /// A feed of this window and the tree of this instance.
    pub(crate) async fn feed(&self, window: InstanceWindow, instance_id: &str) -> Feed {
        let (requests, receiver) = mpsc::channel(4);
        let request = WatchRequest {
            window: Some(window),
            instance_id: instance_id.to_owned(),
        };
        requests.send(request).await.unwrap();
        let mut monitor = self.monitor.clone();
        let updates = monitor.watch(ReceiverStream::new(receiver)).await.unwrap();
        Feed {
            updates: updates.into_inner(),
            requests,
        }
    }

    /// What this instance waits for, once it is as expected, in the list and in the tree alike.
    pub(crate) async fn facts(&self, id: &str, expected: impl Fn(&WaitFacts) -> bool) -> WaitFacts {
        let mut feed = self.feed(InstanceWindow::default(), id).await;
        let update = feed.until(|update| {
            let listed = row(update, id).and_then(|it| it.waits.as_ref());
            let in_tree = update.tree.as_ref().and_then(|it| it.instance.as_ref());
            let in_tree = in_tree.and_then(|it| it.waits.as_ref());
            listed.is_some_and(&expected) && in_tree.is_some_and(&expected)
        });
        let update = update.await;
        row(&update, id).unwrap().waits.clone().unwrap()
    }
}

/// Answers turns until the one of this instance, which gets these actions; others get none.
pub(crate) async fn answer_of(
    client: &RawClient,
    worker: &mut RawWorker,
    id: &str,
    actions: Vec<OrchestratorAction>,
) {
    loop {
        let turn = worker.turn().await.unwrap();
        if turn.request.instance_id == id {
            return client.complete_turn(&turn, actions).await.unwrap();
        }
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
}

/// The row of an instance, if the window has it.
pub(crate) fn row<'u>(update: &'u WatchUpdate, id: &str) -> Option<&'u InstanceRow> {
    let rows = &update.instances.as_ref()?.rows;
    rows.iter().find(|row| row.instance_id == id)
}

/// An open feed; what is watched can be changed.
pub(crate) struct Feed {
    updates: Streaming<WatchUpdate>,
    pub(crate) requests: mpsc::Sender<WatchRequest>,
}

impl Feed {
    /// Updates until one is as expected.
    pub(crate) async fn until(&mut self, expected: impl Fn(&WatchUpdate) -> bool) -> WatchUpdate {
        let mut last = WatchUpdate::default();
        let wait = async {
            loop {
                let update = self.updates.message().await.unwrap().unwrap();
                if expected(&update) {
                    return update;
                }
                last = update;
            }
        };
        let found = tokio::time::timeout(DEADLINE, wait).await;
        found.unwrap_or_else(|_| panic!("not before the deadline; last {last:#?}"))
    }
}

/// The call with a deadline.
pub(crate) fn asked<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(30));
    request
}
