//! One connected worker: its limits, its filters, and the channel to its GetWorkItems stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use durascope_engine::ready::Filter;
use durascope_proto::EncodedWorkItem;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::WorkItemFilters;
use durascope_proto::WorkerCapability;
use futures_util::Stream as Streaming;
use tokio::sync::mpsc;

use super::GroupKey;
use super::Keeping;
use super::WorkKind;
use crate::live::LiveFilter;
use crate::live::LiveTakes;
use crate::live::LiveWorker;

/// Items of a kind that a worker gets at once when it states no limit.
const LIMIT_UNSTATED: u32 = 100;

/// Most items of a kind that a worker may ask for: they are held in memory.
const LIMIT_MAX: u32 = 10_000;

/// How often an idle stream shows that it lives. Workers give up after 120 s of silence.
pub(crate) const PING_EVERY_US: i64 = 30_000_000;

/// How the official client for JavaScript names itself. It has lifted its limit on the size of a
/// message, and cannot stream histories.
const UNLIMITED: &str = "durabletask-js";

/// Pings that may wait in the channel beside work items.
const PING_SLOTS: usize = 16;

/// Names one stream. A worker that reconnects has a new one, whatever it calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamId(pub(crate) u64);

/// Who asks for work items, and for which.
#[derive(Clone, Debug)]
pub struct WorkerProfile {
    pub worker_id: String,
    /// The address that it comes from.
    pub peer: String,
    pub user_agent: String,
    /// How many orchestrations it keeps in memory between their turns.
    pub sticky: u32,
    pub request: GetWorkItemsRequest,
}

/// The core's side of a stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    pub(crate) worker_id: String,
    pub(crate) peer: String,
    user_agent: String,
    connected_us: i64,
    /// What its filters list, for people.
    takes: Option<Arc<LiveTakes>>,
    answered: u64,
    answered_us: i64,
    sent_us: i64,
    turns: Share,
    activities: Share,
    entities: Share,
    pub(crate) history_streaming: bool,
    /// Its client has lifted the limit on the size of a message.
    pub(crate) reads_any_size: bool,
    /// What its worker keeps in memory between turns.
    pub(crate) keeping: Keeping,
    /// Its worker answers without tokens, as those of Go and of old versions of Java do: what it
    /// holds is then known by instance and task id alone.
    pub(crate) without_tokens: bool,
    pub(crate) next_ping_us: i64,
    sender: mpsc::Sender<EncodedWorkItem>,
}

/// What a worker takes of one kind of work.
#[derive(Debug)]
struct Share {
    max: u32,
    out: u32,
    filter: Option<Filter>,
}

impl Share {
    /// 0 and less mean that the worker states no limit, never that it wants nothing.
    fn new(asked: i32, filter: Option<Filter>) -> Self {
        let max = match u32::try_from(asked) {
            Ok(0) | Err(_) => LIMIT_UNSTATED,
            Ok(asked) => asked.min(LIMIT_MAX),
        };
        let out = 0;
        Self { max, out, filter }
    }
}

/// The gRPC side of a stream: yields work items, and gives back what is out when it is dropped.
#[derive(Debug)]
pub struct WorkerItems {
    receiver: mpsc::Receiver<EncodedWorkItem>,
    on_drop: Option<DropGuard>,
}

/// Tells the core that a stream has ended.
pub(crate) struct DropGuard(pub(crate) Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for DropGuard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DropGuard")
    }
}

/// Both sides of a new stream; the guard is set by [`WorkerItems::guarded`].
pub(crate) fn open(now_us: i64, id: StreamId, profile: WorkerProfile) -> (Stream, WorkerItems) {
    let request = profile.request;
    let takes = request.work_item_filters.as_ref().map(takes);
    let [turn_filter, activity_filter, entity_filter] = request
        .work_item_filters
        .map_or([None, None, None], filters);
    let turns = Share::new(request.max_concurrent_orchestration_work_items, turn_filter);
    let activities = Share::new(request.max_concurrent_activity_work_items, activity_filter);
    let entities = Share::new(request.max_concurrent_entity_work_items, entity_filter);
    // Never full: an item is sent only while fewer than the limit are out.
    let slots = (turns.max + activities.max + entities.max) as usize + PING_SLOTS;
    let (sender, receiver) = mpsc::channel(slots);
    let streaming = WorkerCapability::HistoryStreaming as i32;
    let reads_any_size = profile.user_agent.starts_with(UNLIMITED);
    let stream = Stream {
        id,
        worker_id: profile.worker_id,
        peer: profile.peer,
        user_agent: profile.user_agent,
        connected_us: now_us,
        takes: takes.map(Arc::new),
        answered: 0,
        answered_us: now_us,
        sent_us: now_us,
        turns,
        activities,
        entities,
        history_streaming: request.capabilities.contains(&streaming),
        reads_any_size,
        keeping: Keeping::of_at_most(profile.sticky),
        without_tokens: false,
        next_ping_us: now_us,
        sender,
    };
    (
        stream,
        WorkerItems {
            receiver,
            on_drop: None,
        },
    )
}

/// The filters of each kind. Where there are filters at all, what they do not list is not wanted.
fn filters(filters: WorkItemFilters) -> [Option<Filter>; 3] {
    let turns = filters.orchestrations.into_iter();
    let activities = filters.activities.into_iter();
    let entities = filters.entities.into_iter();
    [
        Some(Filter::new(turns.map(|it| (it.name, it.versions)))),
        Some(Filter::new(activities.map(|it| (it.name, it.versions)))),
        Some(Filter::new(entities.map(|it| (it.name, Vec::new())))),
    ]
}

/// The same as published.
fn takes(filters: &WorkItemFilters) -> LiveTakes {
    let [turns, activities, entities] = self::filters(filters.clone());
    let live = |filter: Option<Filter>, names: Vec<&String>| LiveFilter {
        names: names.into_iter().cloned().collect(),
        filter: filter.unwrap_or_else(|| Filter::new([])),
    };
    let orchestrations = filters.orchestrations.iter().map(|it| &it.name).collect();
    let listed = filters.activities.iter().map(|it| &it.name).collect();
    let named = filters.entities.iter().map(|it| &it.name).collect();
    LiveTakes {
        orchestrations: live(turns, orchestrations),
        activities: live(activities, listed),
        entities: live(entities, named),
    }
}

impl Stream {
    fn share(&self, kind: WorkKind) -> &Share {
        match kind {
            WorkKind::Turn => &self.turns,
            WorkKind::Activity => &self.activities,
            WorkKind::Entity => &self.entities,
        }
    }

    fn share_mut(&mut self, kind: WorkKind) -> &mut Share {
        match kind {
            WorkKind::Turn => &mut self.turns,
            WorkKind::Activity => &mut self.activities,
            WorkKind::Entity => &mut self.entities,
        }
    }

    pub(crate) fn accepts(&self, kind: WorkKind, group: &GroupKey) -> bool {
        let filter = self.share(kind).filter.as_ref();
        let reads = !group.large || self.reads_large();
        reads && filter.is_none_or(|filter| filter.accepts(&group.name, &group.versions()))
    }

    /// Whether its worker reads a history that fits no message of the common size.
    pub(crate) fn reads_large(&self) -> bool {
        self.history_streaming || self.reads_any_size
    }

    pub(crate) fn has_room(&self, kind: WorkKind) -> bool {
        let share = self.share(kind);
        share.out < share.max
    }

    /// Items of a kind that are with the worker.
    pub(crate) fn out(&self, kind: WorkKind) -> u32 {
        self.share(kind).out
    }

    /// An item that was out is done or given back.
    pub(crate) fn free(&mut self, kind: WorkKind) {
        let share = self.share_mut(kind);
        share.out = share.out.saturating_sub(1);
    }

    /// Sends an item that takes room. False when the stream has ended; its guard reports that.
    pub(crate) fn hand_out(&mut self, now_us: i64, kind: WorkKind, item: EncodedWorkItem) -> bool {
        self.share_mut(kind).out += 1;
        self.send(now_us, item)
    }

    /// It has answered an item.
    pub(crate) fn on_answer(&mut self, now_us: i64) {
        self.answered += 1;
        self.answered_us = now_us;
    }

    /// When it answered last, or when what it was sent last was sent, if it has taken all of it.
    fn heard_us(&self) -> i64 {
        let took_all = self.sender.capacity() == self.sender.max_capacity();
        let taken_us = if took_all { self.sent_us } else { 0 };
        self.answered_us.max(taken_us)
    }

    /// What its filters list, in a few words.
    pub(crate) fn takes_in_words(&self) -> String {
        self.takes.as_ref().map_or_else(
            || "takes everything".to_owned(),
            |it| {
                format!(
                    "takes {} orchestrations, {} activities, {} entities",
                    it.orchestrations.names.len(),
                    it.activities.names.len(),
                    it.entities.names.len()
                )
            },
        )
    }

    fn send(&mut self, now_us: i64, item: EncodedWorkItem) -> bool {
        self.next_ping_us = now_us + PING_EVERY_US;
        self.sent_us = now_us;
        self.sender.try_send(item).is_ok()
    }

    /// A sign of life, unless it would take the room of an item.
    pub(crate) fn ping(&mut self, now_us: i64, item: EncodedWorkItem) {
        let kinds = [&self.turns, &self.activities, &self.entities];
        let free: u32 = kinds.map(|share| share.max - share.out).iter().sum();
        if self.sender.capacity() > free as usize {
            self.send(now_us, item);
        } else {
            self.next_ping_us = now_us + PING_EVERY_US;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(crate) fn live(&self) -> LiveWorker {
        LiveWorker {
            worker_id: self.worker_id.clone(),
            user_agent: self.user_agent.clone(),
            connected_at_us: self.connected_us,
            turns_out: self.turns.out,
            turns_max: self.turns.max,
            activities_out: self.activities.out,
            activities_max: self.activities.max,
            entities_out: self.entities.out,
            entities_max: self.entities.max,
            peer: self.peer.clone(),
            takes: self.takes.clone(),
            answered: self.answered,
            heard_us: self.heard_us(),
        }
    }
}

impl WorkerItems {
    pub(crate) fn guarded(mut self, guard: DropGuard) -> Self {
        self.on_drop = Some(guard);
        self
    }
}

impl Streaming for WorkerItems {
    type Item = EncodedWorkItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.receiver.poll_recv(cx)
    }
}

impl Drop for WorkerItems {
    fn drop(&mut self) {
        if let Some(DropGuard(report)) = self.on_drop.take() {
            report();
        }
    }
}
