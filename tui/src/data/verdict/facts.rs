//! The facts of row, tree, hub and tasks put together: what rules ask.

use std::borrow::Cow;

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::QueueDepth;
use durascope_proto::monitor::RunningTask;
use durascope_proto::monitor::TaskGroup;
use durascope_proto::monitor::WaitFacts;
use durascope_proto::monitor::task_group::Kind;

use super::Facts;
use crate::data::status;
use crate::format::MILLI;
use crate::format::Micros;

/// Open activities or children of one name.
#[derive(Clone, Debug)]
pub(super) struct Open<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) queued: u64,
    pub(super) running: u64,
    pub(super) oldest_queued: Option<Micros>,
    pub(super) oldest_running: Option<&'a RunningTask>,
    /// Whether a connected worker takes the name, where that is known.
    pub(super) served: Option<bool>,
    /// Slots that serve it, taken and all, where that is known.
    pub(super) slots: Option<(u64, u64)>,
    pub(super) given_back: u32,
    pub(super) times: Times,
    /// Finished per second of late, where it is enough to tell.
    pub(super) rate: Option<f64>,
}

/// How long the finished ones of a name took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) done: u64,
    pub(super) median: Micros,
    /// What one in twenty takes, or else the slowest of all.
    pub(super) slow: Micros,
}

impl Open<'_> {
    pub(super) fn count(&self) -> u64 {
        self.queued.saturating_add(self.running)
    }

    pub(super) fn is_activity(&self) -> bool {
        self.kind == Kind::Activity
    }
}

/// What rules ask.
pub(super) struct Known<'a> {
    pub(super) row: &'a InstanceRow,
    pub(super) state: OrchestrationStatus,
    pub(super) now: Micros,
    pub(super) hub: Option<&'a HubSummary>,
    pub(super) waits: Cow<'a, WaitFacts>,
    /// The server tells of locks, entity calls and the present turn.
    pub(super) has_waits: bool,
    /// The server tells of queues and workers.
    pub(super) has_feed: bool,
    /// Counters are there; a polled list has none.
    pub(super) has_counters: bool,
    pub(super) open: Vec<Open<'a>>,
    pub(super) open_activities: u64,
    pub(super) open_children: u64,
    pub(super) timers: u64,
    pub(super) next_timer: Option<Micros>,
    /// Who holds the turn that is out, and since when.
    pub(super) turn: Option<(Cow<'a, str>, Option<Micros>)>,
    /// When anything last happened.
    pub(super) idle_since: Option<Micros>,
}

impl<'a> Known<'a> {
    pub(super) fn new(facts: &Facts<'a>) -> Self {
        let (row, tree) = (facts.row, facts.tree);
        // The tree's row is as old as the list's, and has counters on polled servers too.
        let row = tree
            .and_then(|it| it.instance.as_ref())
            .filter(|it| it.instance_id == row.instance_id)
            .unwrap_or(row);
        let told = row.waits.as_ref().or(facts.row.waits.as_ref());
        let hub = facts.hub;
        let has_feed = hub.is_some_and(|it| it.counters.is_some());
        let waits = told.map_or_else(|| Cow::Owned(WaitFacts::default()), Cow::Borrowed);
        let tree_timer = tree.and_then(|it| it.timers.first());
        let next_timer = status::micros(waits.next_timer.as_ref())
            .or_else(|| tree_timer.and_then(|it| status::micros(it.fire_at.as_ref())));
        let last_turn = status::micros(waits.last_turn.as_ref())
            .or_else(|| tree.and_then(|it| status::micros(it.last_turn_at.as_ref())));
        Self {
            row,
            state: status::of(row.status),
            now: facts.now,
            hub,
            has_waits: has_feed && told.is_some(),
            has_feed,
            has_counters: row.history_events > 0 || row.turns > 0 || told.is_some(),
            open: open(facts, told, has_feed),
            open_activities: status::open(row.activities.as_ref()),
            open_children: status::open(row.children.as_ref()),
            timers: u64::from(row.timers_pending),
            next_timer,
            turn: turn(facts, row, told),
            idle_since: last_turn.or_else(|| status::micros(row.updated_at.as_ref())),
            waits,
        }
    }

    pub(super) fn since(&self, at: Option<Micros>) -> Micros {
        at.map_or(0, |at| self.now.saturating_sub(at).max(0))
    }

    pub(super) fn has_ended(&self) -> bool {
        status::has_ended(self.state)
    }

    /// Whether a worker is connected, where that is known.
    pub(super) fn is_connected(&self, worker: &str) -> Option<bool> {
        let hub = self.hub.filter(|_| self.has_feed && !worker.is_empty())?;
        Some(hub.workers.iter().any(|it| it.worker_id == worker))
    }
}

fn turn<'a>(
    facts: &Facts<'a>,
    row: &'a InstanceRow,
    told: Option<&'a WaitFacts>,
) -> Option<(Cow<'a, str>, Option<Micros>)> {
    if !row.turn_out {
        return None;
    }
    let of_waits = told
        .filter(|it| it.turn_since.is_some())
        .map(|it| (it.turn_worker.as_str(), it.turn_since.as_ref()));
    let of_tree = facts
        .tree
        .map(|it| (it.turn_out_worker.as_str(), it.turn_out_since.as_ref()));
    let (worker, since) = of_waits.or(of_tree).unwrap_or_default();
    Some((Cow::Borrowed(worker), status::micros(since)))
}

fn open<'a>(facts: &Facts<'a>, told: Option<&'a WaitFacts>, has_feed: bool) -> Vec<Open<'a>> {
    let groups = facts.tree.map_or(&[][..], |it| &it.groups);
    let mut open: Vec<Open<'a>> = match told.filter(|it| !it.open.is_empty()) {
        Some(told) => {
            let told = told.open.iter();
            told.map(|it| of_told(it, has_feed)).collect()
        }
        None => of_groups(groups, facts.hub.filter(|_| has_feed)),
    };
    for it in &mut open {
        it.times = times(groups, it);
        if let Some(figure) = facts.figures.and_then(|all| all.of(it.kind, it.name)) {
            it.rate = figure.rate;
            // Without the time that the others queued.
            if let Some((median, slow)) = figure.ran {
                let done = figure.done;
                it.times = Times { done, median, slow };
            }
        }
    }
    open.sort_by_key(|it| std::cmp::Reverse(it.count()));
    open
}

/// Who serves a name is known to the feed alone.
fn of_told(told: &durascope_proto::monitor::OpenWork, has_feed: bool) -> Open<'_> {
    Open {
        kind: told.kind(),
        name: &told.name,
        queued: told.queued,
        running: told.running,
        oldest_queued: status::micros(told.oldest_queued.as_ref()),
        oldest_running: told.oldest_running.as_ref(),
        served: has_feed.then_some(told.served),
        slots: has_feed.then(|| (u64::from(told.slots_out), u64::from(told.slots))),
        given_back: told.given_back,
        times: Times::default(),
        rate: None,
    }
}

/// Without what the server knows of each name: only what holds for all workers together.
fn of_groups<'a>(groups: &'a [TaskGroup], hub: Option<&HubSummary>) -> Vec<Open<'a>> {
    let mut open: Vec<Open<'a>> = Vec::new();
    for group in groups.iter().filter(|it| it.queued + it.running > 0) {
        let kind = group.kind();
        let at = open
            .iter()
            .position(|it| it.kind == kind && it.name == group.name);
        let at = at.unwrap_or_else(|| {
            open.push(Open {
                kind,
                name: &group.name,
                queued: 0,
                running: 0,
                oldest_queued: None,
                oldest_running: None,
                served: hub.and_then(|it| served(it, kind, &group.name)),
                slots: hub.and_then(|it| all_taken(it, kind)),
                given_back: 0,
                times: Times::default(),
                rate: None,
            });
            open.len() - 1
        });
        let it = &mut open[at];
        it.queued += group.queued;
        it.running += group.running;
        let since = |it: &RunningTask| status::micros(it.since.as_ref()).unwrap_or(Micros::MAX);
        it.oldest_running = it
            .oldest_running
            .into_iter()
            .chain(&group.oldest_running)
            .min_by_key(|it| since(it));
        if group.queued > 0 && it.oldest_queued.is_none() {
            it.oldest_queued = status::micros(group.scheduled_at.as_ref());
        }
    }
    open
}

fn queue(hub: &HubSummary, kind: Kind) -> Option<&QueueDepth> {
    match kind {
        Kind::Activity => hub.activities.as_ref(),
        Kind::Child => hub.turns.as_ref(),
    }
}

/// False when the server says so; what it does not name may be served or not.
fn served(hub: &HubSummary, kind: Kind, name: &str) -> Option<bool> {
    let unserved = &queue(hub, kind)?.unserved;
    (hub.workers.is_empty() || unserved.iter().any(|it| it == name)).then_some(false)
}

/// Where every slot of every worker is taken, so is every slot that serves a name.
fn all_taken(hub: &HubSummary, kind: Kind) -> Option<(u64, u64)> {
    let slots = hub.workers.iter().map(|it| match kind {
        Kind::Activity => (u64::from(it.activities_out), u64::from(it.activities_max)),
        Kind::Child => (u64::from(it.turns_out), u64::from(it.turns_max)),
    });
    let (out, all) = slots.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    (all > 0 && out >= all).then_some((out, all))
}

fn times(groups: &[TaskGroup], open: &Open<'_>) -> Times {
    let mut times = Times::default();
    let mut largest = 0;
    let same = |it: &&TaskGroup| it.kind() == open.kind && it.name == open.name;
    for group in groups.iter().filter(same) {
        let done = status::group_finished(group);
        times.done += done;
        let micros =
            |ms: u64| Micros::try_from(ms).map_or(Micros::MAX, |it| it.saturating_mul(MILLI));
        times.slow = times.slow.max(micros(group.duration_max_ms));
        if done > largest {
            largest = done;
            times.median = micros(group.duration_p50_ms);
        }
    }
    times
}
