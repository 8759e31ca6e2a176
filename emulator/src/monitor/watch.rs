//! One dashboard's stream: what it watches, and updates at the pace that it and the store bear.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use durascope_proto::monitor as proto;
use durascope_proto::time::from_micros;
use futures_util::Stream;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::clock;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::live::HubLive;
use crate::live::LiveQueue;
use crate::live::LiveSnapshot;
use crate::live::LiveWorker;
use crate::monitor::About;
use crate::monitor::pace::Pace;
use crate::monitor::rates::RateWindow;
use crate::monitor::rows;
use crate::monitor::tree::TreeReader;
use crate::monitor::window::PageReader;

/// Where updates go. There is room for one: a slow watcher gets fewer and newer ones.
pub(super) type Updates = mpsc::Sender<Result<proto::WatchUpdate, HubError>>;

/// What one watcher sees, and what was read for it last.
pub(super) struct Watcher {
    hub: Hub,
    key: HubKey,
    about: About,
    live: watch::Receiver<Arc<LiveSnapshot>>,
    asked: proto::WatchRequest,
    pace: Pace,
    started: Instant,
    rates: RateWindow,
    reader: PageReader,
    tree: TreeReader,
    last: proto::WatchUpdate,
    /// The hub was there once; one that was just made is published a moment later.
    was_there: bool,
}

impl Watcher {
    pub(super) fn new(hub: Hub, key: HubKey, about: About) -> Self {
        Self {
            live: hub.live(),
            hub,
            key,
            about,
            asked: proto::WatchRequest::default(),
            pace: Pace::new(),
            started: Instant::now(),
            rates: RateWindow::default(),
            reader: PageReader::default(),
            tree: TreeReader::default(),
            last: proto::WatchUpdate::default(),
            was_there: false,
        }
    }

    /// Sends updates until the watcher leaves, the emulator stops or the database fails.
    pub(super) async fn work(
        mut self,
        requests: impl Stream<Item = proto::WatchRequest>,
        updates: Updates,
        stopping: impl Future<Output = ()>,
    ) {
        let mut requests = std::pin::pin!(requests.fuse());
        let mut stopping = std::pin::pin!(stopping);
        loop {
            let due = self.pace.due(Instant::now());
            tokio::select! {
                // A stop and what the watcher wants come before the next update.
                biased;
                () = &mut stopping => return,
                () = updates.closed() => return,
                Some(request) = requests.next() => self.on_request(request),
                Ok(()) = self.live.changed() => self.pace.on_change(),
                permit = due_permit(due, &updates) => {
                    let Some(permit) = permit else { return };
                    match self.update().await {
                        Ok(update) => permit.send(Ok(update)),
                        Err(error) => {
                            permit.send(Err(error));
                            return;
                        }
                    }
                }
                else => return,
            }
        }
    }

    fn on_request(&mut self, request: proto::WatchRequest) {
        self.asked = request;
        self.pace.on_request();
    }

    /// A hub that was deleted never comes back under its key: who watches it must ask anew.
    fn of_hub(&mut self, snapshot: &LiveSnapshot) -> Result<Arc<HubLive>, HubError> {
        match snapshot.hubs.get(&self.key) {
            Some(live) => {
                self.was_there = true;
                Ok(Arc::clone(live))
            }
            None if self.was_there => Err(HubError::UnknownTaskHub {
                name: "it was deleted".to_owned(),
            }),
            None => Ok(Arc::default()),
        }
    }

    /// Reads what moved, and puts the update together.
    async fn update(&mut self) -> Result<proto::WatchUpdate, HubError> {
        let begun = Instant::now();
        let must_read = self.pace.begin(begun);
        let snapshot = Arc::clone(&self.live.borrow_and_update());
        let live = self.of_hub(&snapshot)?;
        let now_us = clock::wall_us();
        if must_read {
            let window = self.asked.window.clone().unwrap_or_default();
            let reader = &mut self.reader;
            let page = reader.read(&self.hub, self.key, &live, &window, now_us);
            self.last.instances = Some(page.await?);
            self.last.tree = match self.asked.instance_id.as_str() {
                "" => {
                    self.tree = TreeReader::default();
                    None
                }
                id => Some(self.tree.read(&self.hub, self.key, &live, id).await?),
            };
        }
        let elapsed = self.started.elapsed();
        self.last.sequence += 1;
        self.last.server_time = Some(from_micros(now_us));
        self.last.hub = Some(summary(&live, &mut self.rates, elapsed, &self.about));
        let update = self.last.clone();
        let cost = must_read.then(|| begun.elapsed());
        self.pace.end(Instant::now(), cost);
        if self.reader.is_behind() {
            self.pace.on_change();
        }
        Ok(update)
    }
}

/// Room for an update once one is due; `None` when the watcher has left.
async fn due_permit(
    due: Option<Instant>,
    updates: &Updates,
) -> Option<mpsc::Permit<'_, Result<proto::WatchUpdate, HubError>>> {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
    updates.reserve().await.ok()
}

fn summary(
    live: &HubLive,
    rates: &mut RateWindow,
    elapsed: Duration,
    about: &About,
) -> proto::HubSummary {
    let counters = live.counters;
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    proto::HubSummary {
        task_hub: live.name.clone(),
        totals: live
            .totals
            .iter()
            .map(|(status, count)| rows::status_count((*status, *count)))
            .collect(),
        counters: Some(proto::Counters {
            started: counters.started,
            ended: counters.ended,
            failed: counters.failed,
            turns: counters.turns,
            activities: counters.activities,
            activities_failed: counters.activities_failed,
            entity_operations: counters.entity_operations,
            entity_operations_failed: counters.entity_operations_failed,
            azure_findings: counters.azure_findings,
        }),
        rates: Some(rates.push(elapsed_ms, counters)),
        turns: Some(queue(&live.turns)),
        activities: Some(queue(&live.activities)),
        entities: Some(queue(&live.entities)),
        workers: live.workers.iter().map(connected).collect(),
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        database: about.database.clone(),
    }
}

fn queue(queue: &LiveQueue) -> proto::QueueDepth {
    proto::QueueDepth {
        waiting: queue.waiting,
        out: queue.out,
        oldest_waiting: queue.oldest_waiting_us.map(from_micros),
        unserved: queue.unserved.clone(),
    }
}

pub(super) fn connected(worker: &LiveWorker) -> proto::ConnectedWorker {
    proto::ConnectedWorker {
        worker_id: worker.worker_id.clone(),
        user_agent: worker.user_agent.clone(),
        connected_at: rows::timestamp(worker.connected_at_us),
        turns_out: worker.turns_out,
        turns_max: worker.turns_max,
        activities_out: worker.activities_out,
        activities_max: worker.activities_max,
        entities_out: worker.entities_out,
        entities_max: worker.entities_max,
    }
}
