//! One dashboard's stream: what it watches, and updates at the pace that it and the store bear.
//!
//! Rows are cheap and follow each change within a frame; what needs a history or the inbox of an
//! instance, trees and facts of waiting, is read less often, and stands as it was in between.

use std::collections::BTreeMap;
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
use crate::monitor::pace::SIGN_OF_LIFE;
use crate::monitor::rates::RateWindow;
use crate::monitor::rows;
use crate::monitor::tree::TreeReader;
use crate::monitor::window::PageReader;

/// Where updates go. There is room for one: a slow watcher gets fewer and newer ones.
pub(super) type Updates = mpsc::Sender<Result<proto::WatchUpdate, HubError>>;

/// Rows: at most ten reads a second, soon after an instance has appeared or changed its status,
/// and a fiftieth of a processor.
const ROWS: Pace = Pace::new(Duration::from_millis(100), 50).hurrying(Duration::from_millis(10));

/// Trees and facts: at most ten reads a second, and a fortieth of a processor.
const DEPTH: Pace = Pace::new(Duration::from_millis(100), 40);

/// What one watcher sees, and what was read for it last.
pub(super) struct Watcher {
    hub: Hub,
    key: HubKey,
    about: About,
    live: watch::Receiver<Arc<LiveSnapshot>>,
    /// Instances by status when something changed last.
    totals: Option<BTreeMap<i32, u64>>,
    asked: proto::WatchRequest,
    rows: Pace,
    depth: Pace,
    sent: Option<Instant>,
    started: Instant,
    rates: RateWindow,
    reader: PageReader,
    tree: TreeReader,
    page: Option<proto::InstancePage>,
    sequence: u64,
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
            totals: None,
            asked: proto::WatchRequest::default(),
            rows: ROWS,
            depth: DEPTH,
            sent: None,
            started: Instant::now(),
            rates: RateWindow::default(),
            reader: PageReader::default(),
            tree: TreeReader::default(),
            page: None,
            sequence: 0,
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
            let due = self.due(Instant::now());
            tokio::select! {
                // A stop and what the watcher wants come before the next update.
                biased;
                () = &mut stopping => return,
                () = updates.closed() => return,
                Some(request) = requests.next() => self.on_request(request),
                Ok(()) = self.live.changed() => self.on_change(),
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
        self.rows.on_request();
        self.depth.on_request();
    }

    fn on_change(&mut self) {
        let snapshot = Arc::clone(&self.live.borrow_and_update());
        let totals = snapshot.hubs.get(&self.key).map(|it| &it.totals);
        if totals == self.totals.as_ref() {
            self.rows.on_change();
        } else {
            self.totals = totals.cloned();
            self.rows.on_urgent_change();
        }
        self.depth.on_change();
    }

    /// When the next update is due; `None` before the first request.
    fn due(&self, now: Instant) -> Option<Instant> {
        // However dear reads are, the watcher must not take the server for gone.
        let alive = self.sent.map(|it| it + SIGN_OF_LIFE);
        let reads = [self.rows.due(now), self.depth.due(now)];
        reads.into_iter().chain([alive]).flatten().min()
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
        let is_deep = self.depth.begin(begun);
        let must_read = self.rows.begin(begun) || is_deep;
        let snapshot = Arc::clone(&self.live.borrow_and_update());
        let live = self.of_hub(&snapshot)?;
        let now_us = clock::wall_us();
        if must_read {
            self.read_rows(&live, now_us, is_deep).await?;
        }
        let tree = match self.asked.instance_id.as_str() {
            "" => {
                self.tree = TreeReader::default();
                None
            }
            id if is_deep => Some(self.tree.read(&self.hub, self.key, &live, id).await?),
            _ => None,
        };
        if is_deep {
            let cost = self.reader.facts_cost().sum(self.tree.cost());
            self.depth.end(Instant::now(), cost.spent());
        }
        if self.reader.is_behind() {
            self.depth.on_change();
        }
        let elapsed = self.started.elapsed();
        self.sequence += 1;
        self.sent = Some(Instant::now());
        Ok(proto::WatchUpdate {
            sequence: self.sequence,
            server_time: Some(from_micros(now_us)),
            hub: Some(summary(&live, &mut self.rates, elapsed, &self.about)),
            instances: self.page.clone(),
            tree_unchanged: tree.is_none() && !self.asked.instance_id.is_empty(),
            tree,
        })
    }

    async fn read_rows(
        &mut self,
        live: &HubLive,
        now_us: i64,
        is_deep: bool,
    ) -> Result<(), HubError> {
        let window = self.asked.window.clone().unwrap_or_default();
        let reader = &mut self.reader;
        let page = reader.read(&self.hub, self.key, live, &window, now_us, is_deep);
        self.page = Some(page.await?);
        self.rows
            .end(Instant::now(), self.reader.rows_cost().spent());
        Ok(())
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
