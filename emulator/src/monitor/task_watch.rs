//! One dashboard's stream of an instance's tasks: first all of them, then what changes.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use durascope_proto::monitor as proto;
use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::live::LiveSnapshot;
use crate::monitor::pace::Pace;
use crate::monitor::pace::SIGN_OF_LIFE;
use crate::monitor::task_reader::TaskReader;

/// At most ten reads a second, and a fortieth of a processor.
const PACE: Pace = Pace::new(Duration::from_millis(100), 40);

/// Where updates go. There is room for one: the next is made when that one was taken, and has
/// then all that has changed meanwhile.
pub(super) type TaskUpdates = mpsc::Sender<Result<proto::TasksUpdate, HubError>>;

/// Who watches one instance, and what was told.
pub(super) struct TaskWatcher {
    hub: Hub,
    key: HubKey,
    id: String,
    live: watch::Receiver<Arc<LiveSnapshot>>,
    pace: Pace,
    reader: TaskReader,
    told: Option<Told>,
    /// The hub was there once; one that was just made is published a moment later.
    was_there: bool,
}

/// What an update says beside tasks.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Instant,
    found: bool,
    slots: u32,
}

impl TaskWatcher {
    pub(super) fn new(hub: Hub, key: HubKey, id: String) -> Self {
        Self {
            live: hub.live(),
            hub,
            key,
            id,
            pace: PACE,
            reader: TaskReader::default(),
            told: None,
            was_there: false,
        }
    }

    /// Sends updates until the watcher leaves, the emulator stops or the database fails.
    pub(super) async fn work(mut self, updates: TaskUpdates, stopping: impl Future<Output = ()>) {
        let mut stopping = std::pin::pin!(stopping);
        self.pace.on_request();
        loop {
            let due = self.due(Instant::now());
            tokio::select! {
                biased;
                () = &mut stopping => return,
                () = updates.closed() => return,
                Ok(()) = self.live.changed() => self.pace.on_change(),
                () = tokio::time::sleep_until(due.into()) => {
                    let sent = tokio::select! {
                        biased;
                        () = &mut stopping => return,
                        sent = self.update(&updates) => sent,
                    };
                    if !sent {
                        return;
                    }
                }
            }
        }
    }

    fn due(&self, now: Instant) -> Instant {
        let alive = self.told.map_or(now, |told| told.at + SIGN_OF_LIFE);
        self.pace.due(now).map_or(alive, |due| due.min(alive))
    }

    /// Reads what moved and sends what is new of it. False when that was the last.
    async fn update(&mut self, updates: &TaskUpdates) -> bool {
        // Not read before there is room: what waits would be old.
        let Ok(mut permit) = updates.reserve().await else {
            return false;
        };
        let slots = match self.read().await {
            Ok(slots) => slots,
            Err(error) => {
                permit.send(Err(error));
                return false;
            }
        };
        let found = self.reader.found();
        let is_known = self.told.is_some_and(|told| {
            told.found == found && told.slots == slots && told.at.elapsed() < SIGN_OF_LIFE
        });
        if is_known && !self.reader.has_news() {
            return true;
        }
        loop {
            let update = proto::TasksUpdate {
                slots,
                ..self.reader.part()
            };
            let more = update.more;
            permit.send(Ok(update));
            if !more {
                break;
            }
            permit = match updates.reserve().await {
                Ok(permit) => permit,
                Err(_) => return false,
            };
        }
        self.told = Some(Told {
            at: Instant::now(),
            found,
            slots,
        });
        true
    }

    /// Reads anew if it is time to; the activity slots of the connected workers.
    async fn read(&mut self) -> Result<u32, HubError> {
        // Waiting for room, nobody listened.
        if self.live.has_changed().unwrap_or(false) {
            self.pace.on_change();
        }
        let must_read = self.pace.begin(Instant::now());
        let snapshot = Arc::clone(&self.live.borrow_and_update());
        let slots = match snapshot.hubs.get(&self.key) {
            Some(live) => {
                self.was_there = true;
                live.workers.iter().map(|it| it.activities_max).sum()
            }
            // It never comes back under its key: who watches it must ask anew.
            None if self.was_there => {
                return Err(HubError::UnknownTaskHub {
                    name: "it was deleted".to_owned(),
                });
            }
            None => 0,
        };
        if must_read {
            let cost = self.reader.read(&self.hub, self.key, &self.id).await?;
            self.pace.end(Instant::now(), cost.spent());
        }
        Ok(slots)
    }
}
