//! Totals and counters of the hubs, published after commits for dashboards. Nobody is ever
//! slowed down by it: publication is with the commit of a start or an end and after a pause, at most
//! every 5 ms otherwise, and only while somebody listens.

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::OrchestrationStatus;
use tokio::sync::watch;

use crate::dispatch::Dispatch;
use crate::dispatch::WorkKind;
use crate::live::HubKey;
use crate::live::HubLive;
use crate::live::LiveCounters;
use crate::live::LiveSnapshot;

/// Shortest time between two publications.
const EVERY_US: i64 = 5_000;

#[derive(Debug, Default)]
struct Tally {
    name: String,
    totals: BTreeMap<i32, u64>,
    counters: LiveCounters,
}

/// A change of the totals that is not durable yet.
#[derive(Debug)]
struct Move {
    hub: HubKey,
    from: Option<OrchestrationStatus>,
    to: Option<OrchestrationStatus>,
}

#[derive(Debug)]
pub(super) struct Publisher {
    tallies: BTreeMap<HubKey, Tally>,
    moves: Vec<Move>,
    counted: Vec<(HubKey, LiveCounters)>,
    sender: Option<watch::Sender<Arc<LiveSnapshot>>>,
    sequence: u64,
    /// Something changed since the last publication.
    changed: bool,
    /// Some of it is an instance that appeared, changed its status or disappeared: it is published
    /// with its commit, as the next group may take long.
    is_urgent: bool,
    published_us: i64,
}

impl Publisher {
    pub(super) fn new(sender: watch::Sender<Arc<LiveSnapshot>>) -> Self {
        Self {
            tallies: BTreeMap::new(),
            moves: Vec::new(),
            counted: Vec::new(),
            sender: Some(sender),
            sequence: 0,
            changed: true,
            is_urgent: false,
            published_us: 0,
        }
    }

    pub(super) fn add_hub(&mut self, hub: HubKey, name: &str) {
        self.tallies.entry(hub).or_default().name = name.to_owned();
        self.changed = true;
    }

    pub(super) fn remove_hub(&mut self, hub: HubKey) {
        self.tallies.remove(&hub);
        self.changed = true;
    }

    pub(super) fn knows(&self, hub: HubKey) -> bool {
        self.tallies.contains_key(&hub)
    }

    pub(super) fn name(&self, hub: HubKey) -> String {
        self.tallies
            .get(&hub)
            .map(|tally| tally.name.clone())
            .unwrap_or_default()
    }

    pub(super) fn set_total(&mut self, hub: HubKey, status: i32, count: u64) {
        self.tallies
            .entry(hub)
            .or_default()
            .totals
            .insert(status, count);
    }

    /// An instance changes its status, appears or disappears.
    pub(super) fn moved(
        &mut self,
        hub: HubKey,
        from: Option<OrchestrationStatus>,
        to: Option<OrchestrationStatus>,
    ) {
        self.moves.push(Move { hub, from, to });
    }

    pub(super) fn count(&mut self, hub: HubKey, add: impl FnOnce(&mut LiveCounters)) {
        if self.counted.last().is_none_or(|(last, _)| *last != hub) {
            self.counted.push((hub, LiveCounters::default()));
        }
        if let Some((_, counters)) = self.counted.last_mut() {
            add(counters);
        }
    }

    /// What was gathered is durable.
    pub(super) fn committed(&mut self) {
        self.changed = true;
        self.is_urgent |= !self.moves.is_empty();
        for Move { hub, from, to } in self.moves.drain(..) {
            let Some(tally) = self.tallies.get_mut(&hub) else {
                continue;
            };
            if let Some(from) = from
                && let Some(total) = tally.totals.get_mut(&(from as i32))
            {
                *total = total.saturating_sub(1);
            }
            if let Some(to) = to {
                *tally.totals.entry(to as i32).or_default() += 1;
            }
        }
        for (hub, more) in self.counted.drain(..) {
            let Some(tally) = self.tallies.get_mut(&hub) else {
                continue;
            };
            let all = &mut tally.counters;
            all.started += more.started;
            all.ended += more.ended;
            all.failed += more.failed;
            all.turns += more.turns;
            all.activities += more.activities;
            all.activities_failed += more.activities_failed;
            all.entity_operations += more.entity_operations;
            all.entity_operations_failed += more.entity_operations_failed;
            all.azure_findings += more.azure_findings;
        }
    }

    /// Queues and workers look different.
    pub(super) fn handed_out(&mut self) {
        self.changed = true;
    }

    /// What was gathered did not happen.
    pub(super) fn take_back(&mut self) {
        self.moves.clear();
        self.counted.clear();
    }

    /// When the next publication is due, if anything is to be published.
    pub(super) fn next_us(&self) -> Option<i64> {
        let pause_us = if self.is_urgent { 0 } else { EVERY_US };
        (self.changed && self.has_listeners()).then_some(self.published_us + pause_us)
    }

    pub(super) fn publish(&mut self, now_us: i64, dispatch: &mut Dispatch) {
        if self.next_us().is_none_or(|due_us| due_us > now_us) {
            return;
        }
        self.sequence += 1;
        let hubs = self.tallies.iter().map(|(hub, tally)| {
            let queues = dispatch.hub(*hub);
            let live = HubLive {
                name: tally.name.clone(),
                totals: tally.totals.clone(),
                counters: tally.counters,
                turns: queues.live_queue(WorkKind::Turn),
                activities: queues.live_queue(WorkKind::Activity),
                entities: queues.live_queue(WorkKind::Entity),
                workers: queues.live_workers(),
            };
            (*hub, Arc::new(live))
        });
        let snapshot = LiveSnapshot {
            sequence: self.sequence,
            hubs: hubs.collect(),
        };
        if let Some(sender) = &self.sender {
            sender.send_replace(Arc::new(snapshot));
        }
        self.changed = false;
        self.is_urgent = false;
        self.published_us = now_us;
    }

    /// Ends the feeds that listen.
    pub(super) fn close(&mut self) {
        self.sender = None;
    }

    /// The hub's own handle always listens.
    fn has_listeners(&self) -> bool {
        self.sender
            .as_ref()
            .is_some_and(|sender| sender.receiver_count() > 0)
    }
}
