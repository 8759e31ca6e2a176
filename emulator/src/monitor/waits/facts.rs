//! From a fold, the messages that wait and what the core knows, to the facts of the feed.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor as proto;
use durascope_proto::monitor::task_group;
use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;

use crate::live::HubLive;
use crate::live::InstanceLive;
use crate::live::LiveWorker;
use crate::live::OutItem;
use crate::monitor::fold::Kind;
use crate::monitor::waits::fold::OpenName;
use crate::monitor::waits::fold::Said;
use crate::monitor::waits::fold::WaitFold;
use crate::store::instances::InstanceRow;
use crate::store::waits::LockWait;

const OPEN_MAX: usize = 5;

/// What the store has of an instance besides its history.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// Messages that no turn has consumed.
    pub(super) waiting: Vec<HistoryEvent>,
    pub(super) locks: Vec<LockWait>,
    /// Children that have begun and not ended, by name; `None` where there are too many.
    pub(super) begun: Option<BTreeMap<String, u64>>,
}

/// What the messages that wait will change once a turn consumes them.
#[derive(Debug, Default)]
struct Ahead {
    answered: BTreeSet<(Kind, i32)>,
    calls: usize,
    event: Option<(String, i64)>,
    suspended: Option<Said>,
}

impl Ahead {
    fn of(fold: &WaitFold, waiting: &[HistoryEvent]) -> Self {
        let mut ahead = Self::default();
        for event in waiting {
            let at_us = event.timestamp.as_ref().map_or(0, to_micros);
            match &event.event_type {
                Some(EventType::TaskCompleted(it)) => {
                    ahead.answer(Kind::Activity, it.task_scheduled_id);
                }
                Some(EventType::TaskFailed(it)) => {
                    ahead.answer(Kind::Activity, it.task_scheduled_id);
                }
                Some(EventType::SubOrchestrationInstanceCompleted(it)) => {
                    ahead.answer(Kind::Child, it.task_scheduled_id);
                }
                Some(EventType::SubOrchestrationInstanceFailed(it)) => {
                    ahead.answer(Kind::Child, it.task_scheduled_id);
                }
                Some(EventType::EntityOperationCompleted(it)) => {
                    ahead.calls += usize::from(fold.waits_for_call(&it.request_id));
                }
                Some(EventType::EntityOperationFailed(it)) => {
                    ahead.calls += usize::from(fold.waits_for_call(&it.request_id));
                }
                Some(EventType::EventRaised(it)) => ahead.event = Some((it.name.clone(), at_us)),
                Some(EventType::ExecutionSuspended(it)) => {
                    ahead.suspended = Some((it.input.clone(), at_us));
                }
                _ => {}
            }
        }
        ahead
    }

    fn answer(&mut self, kind: Kind, id: i32) {
        self.answered.insert((kind, id));
    }
}

/// What the instance of `row` waits for.
pub(super) fn facts(
    row: &InstanceRow,
    fold: &WaitFold,
    stored: &Stored,
    live: &InstanceLive,
    hub: &HubLive,
) -> proto::WaitFacts {
    let ahead = Ahead::of(fold, &stored.waiting);
    let mut open = open(row, fold, &ahead, stored, live, hub);
    let all_open: u64 = open.iter().map(|it| it.queued + it.running).sum();
    open.truncate(OPEN_MAX);
    let timers = fold.timers();
    let calls = fold.calls().saturating_sub(ahead.calls);
    let alone = all_open == 0 && calls == 0 && stored.locks.is_empty() && timers.len() == 1;
    let retry = fold.retry().filter(|_| alone);
    let suspended = (row.status == OrchestrationStatus::Suspended as i32)
        .then(|| ahead.suspended.as_ref().or(fold.suspended()))
        .flatten();
    let event = ahead.event.as_ref().map(|(name, at)| (name.as_str(), *at));
    let event = event.or(fold.event());
    let turn = live.turn.as_ref();
    proto::WaitFacts {
        open,
        next_timer: timers.values().copied().min().map(from_micros),
        retries: retry.map_or_else(String::new, |it| it.name.clone()),
        failed_attempts: retry.map_or(0, |it| it.failed),
        suspended_reason: suspended.and_then(|it| it.0.clone()).unwrap_or_default(),
        suspended_at: suspended.map(|(_, at_us)| from_micros(*at_us)),
        turn_worker: turn.map_or_else(String::new, |it| it.worker_id.clone()),
        turn_since: turn.map(|it| from_micros(it.since_us)),
        turn_given_back: live.turn_given_back,
        turn_queued_since: live.turn_queued_us.map(from_micros),
        locks: stored.locks.iter().map(lock).collect(),
        last_turn: (row.turns > 0).then(|| from_micros(row.history_last_us)),
        entity_calls: u32::try_from(calls).unwrap_or(u32::MAX),
        last_event: event.map_or_else(String::new, |(name, _)| name.to_owned()),
        last_event_at: event.map(|(_, at_us)| from_micros(at_us)),
        oldest_child: oldest_child(fold, &ahead).unwrap_or_default(),
    }
}

fn lock(wait: &LockWait) -> proto::LockWait {
    proto::LockWait {
        entity_id: wait.entity_id.clone(),
        held_by: wait.held_by.clone().unwrap_or_default(),
        held_since: wait.held_since_us.map(from_micros),
    }
}

fn oldest_child(fold: &WaitFold, ahead: &Ahead) -> Option<String> {
    let children = fold
        .names()
        .iter()
        .filter(|it| it.named.kind == Kind::Child);
    // Ids rise with time, so the first of each name that has no result is its oldest.
    let oldest = children.filter_map(|name| first_open(name, |id| is_open(ahead, name, id)));
    let (_, task) = oldest.min_by_key(|(id, task)| (task.at_us, *id))?;
    Some(task.label.to_string())
}

fn is_open(ahead: &Ahead, name: &OpenName, id: i32) -> bool {
    !ahead.answered.contains(&(name.named.kind, id))
}

fn first_open(
    name: &OpenName,
    open: impl Fn(i32) -> bool,
) -> Option<(i32, &super::fold::OpenTask)> {
    let mut tasks = name.tasks.iter().map(|(id, task)| (*id, task));
    tasks.find(|(id, _)| open(*id))
}

/// What is open by kind and name, most first. Versions of one name are one line.
fn open(
    row: &InstanceRow,
    fold: &WaitFold,
    ahead: &Ahead,
    stored: &Stored,
    live: &InstanceLive,
    hub: &HubLive,
) -> Vec<proto::OpenWork> {
    let mut counts: Vec<u64> = fold.names().iter().map(|it| it.count).collect();
    for (kind, id) in &ahead.answered {
        if let Some(count) = fold.name_of(*kind, *id).and_then(|at| counts.get_mut(at)) {
            *count = count.saturating_sub(1);
        }
    }
    let out: BTreeMap<i32, &OutItem> = live
        .activities
        .iter()
        .filter(|it| !ahead.answered.contains(&(Kind::Activity, it.task_id)))
        .map(|it| (it.task_id, it))
        .collect();
    let came_back: BTreeMap<i32, u32> = live.came_back.iter().copied().collect();
    let mut lines: BTreeMap<(Kind, &str), proto::OpenWork> = BTreeMap::new();
    let mut takers: BTreeMap<(Kind, &str), Vec<bool>> = BTreeMap::new();
    for (name, count) in fold.names().iter().zip(counts) {
        if count == 0 {
            continue;
        }
        let named = &name.named;
        let key = (named.kind, named.name.as_str());
        let takes: Vec<bool> = takes(row, name, &hub.workers);
        let line = lines.entry(key).or_insert_with(|| proto::OpenWork {
            kind: match named.kind {
                Kind::Activity => task_group::Kind::Activity.into(),
                Kind::Child => task_group::Kind::Child.into(),
            },
            name: named.name.clone(),
            served: true,
            ..proto::OpenWork::default()
        });
        // Where a version is open that nobody takes, the name is not served.
        line.served &= takes.contains(&true);
        let all = takers
            .entry(key)
            .or_insert_with(|| vec![false; takes.len()]);
        all.iter_mut()
            .zip(takes)
            .for_each(|(all, takes)| *all |= takes);
        match named.kind {
            Kind::Activity => add_activities(line, name, count, ahead, &out, &came_back),
            Kind::Child => add_children(line, name, count, ahead, stored),
        }
    }
    for (key, line) in &mut lines {
        let workers = hub.workers.iter().zip(&takers[key]);
        for worker in workers.filter(|(_, takes)| **takes).map(|it| it.0) {
            let (slots, slots_out) = match key.0 {
                Kind::Activity => (worker.activities_max, worker.activities_out),
                Kind::Child => (worker.turns_max, worker.turns_out),
            };
            line.slots = line.slots.saturating_add(slots);
            line.slots_out = line.slots_out.saturating_add(slots_out);
        }
    }
    let mut lines: Vec<proto::OpenWork> = lines.into_values().collect();
    lines.sort_by_key(|it| Reverse(it.queued + it.running));
    lines
}

/// Of each worker, whether it takes this.
fn takes(row: &InstanceRow, name: &OpenName, workers: &[LiveWorker]) -> Vec<bool> {
    let (kind, version) = (name.named.kind, name.named.version.as_deref());
    let workers = workers.iter();
    match kind {
        // An activity without a version also counts under its orchestration's.
        Kind::Activity => {
            let versions = [version, version.or(row.version.as_deref())];
            let takes = |it: &LiveWorker| it.takes_activity(&name.named.name, &versions);
            workers.map(takes).collect()
        }
        Kind::Child => {
            let takes = |it: &LiveWorker| it.takes_turn(&name.named.name, &[version]);
            workers.map(takes).collect()
        }
    }
}

fn add_activities(
    line: &mut proto::OpenWork,
    name: &OpenName,
    count: u64,
    ahead: &Ahead,
    out: &BTreeMap<i32, &OutItem>,
    came_back: &BTreeMap<i32, u32>,
) {
    let running: Vec<&OutItem> = match out.len() <= name.tasks.len() {
        true => {
            let out = out
                .values()
                .filter(|it| name.tasks.contains_key(&it.task_id));
            out.copied().collect()
        }
        false => name
            .tasks
            .keys()
            .filter_map(|id| out.get(id).copied())
            .collect(),
    };
    let running_count = (running.len() as u64).min(count);
    line.running += running_count;
    line.queued += count - running_count;
    let waits = |id| is_open(ahead, name, id) && !out.contains_key(&id);
    if let Some((_, task)) = first_open(name, waits) {
        line.oldest_queued = earlier(line.oldest_queued, task.at_us);
    }
    let oldest = running.iter().min_by_key(|it| (it.since_us, it.task_id));
    if let Some(oldest) = oldest {
        let label = name.tasks.get(&oldest.task_id);
        let since = line
            .oldest_running
            .as_ref()
            .and_then(|it| it.since.as_ref());
        if since.is_none_or(|since| to_micros(since) > oldest.since_us) {
            line.oldest_running = Some(proto::RunningTask {
                task_id: oldest.task_id,
                label: label.map_or_else(String::new, |it| it.label.to_string()),
                since: Some(from_micros(oldest.since_us)),
                worker_id: oldest.worker_id.clone(),
            });
        }
    }
    let running = running.iter().map(|it| it.given_back);
    let queued = came_back
        .iter()
        .filter(|(id, _)| name.tasks.contains_key(id));
    let most = running.chain(queued.map(|(_, times)| *times)).max();
    line.given_back = line.given_back.max(most.unwrap_or(0));
}

fn add_children(
    line: &mut proto::OpenWork,
    name: &OpenName,
    count: u64,
    ahead: &Ahead,
    stored: &Stored,
) {
    let begun = match &stored.begun {
        None => count,
        Some(begun) => begun.get(&name.named.name).copied().unwrap_or(0),
    };
    // The number is of all versions of the name.
    let running = begun.saturating_sub(line.running).min(count);
    line.running += running;
    line.queued += count - running;
    if running < count
        && let Some((_, task)) = first_open(name, |id| is_open(ahead, name, id))
    {
        line.oldest_queued = earlier(line.oldest_queued, task.at_us);
    }
}

fn earlier(known: Option<prost_types::Timestamp>, at_us: i64) -> Option<prost_types::Timestamp> {
    let at_us = known.as_ref().map_or(at_us, |it| to_micros(it).min(at_us));
    Some(from_micros(at_us))
}
