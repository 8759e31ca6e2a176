//! Queues and streams of one task hub, and who gets what next.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::Assignment;
use super::GroupKey;
use super::Queue;
use super::ReadyTurn;
use super::Stream;
use super::StreamId;
use super::Task;
use crate::live::InstanceKey;
use crate::live::LiveQueue;
use crate::live::LiveWorker;

/// Names listed as unserved at most.
const UNSERVED_MAX: usize = 20;

/// Shortest and longest time before abandoned work goes to the stream that gave it back.
const ABANDON_FIRST_US: i64 = 1_000_000;
const ABANDON_MAX_US: i64 = 30_000_000;

/// Work that a stream gave back: others may have it at once, that stream only later.
#[derive(Debug)]
struct Deferred<T> {
    item: T,
    not_for: StreamId,
    until_us: i64,
}

/// Queues and streams of one hub.
#[derive(Debug, Default)]
pub(crate) struct HubDispatch {
    pub(crate) turns: Queue<ReadyTurn>,
    pub(crate) activities: Queue<Task>,
    deferred_turns: Vec<Deferred<ReadyTurn>>,
    deferred_activities: Vec<Deferred<Task>>,
    pub(crate) streams: Vec<Stream>,
    next_stream: usize,
}

impl HubDispatch {
    /// The next item for a stream with room, streams taking turns.
    pub(crate) fn next(&mut self, now_us: i64) -> Option<Assignment> {
        for step in 0..self.streams.len() {
            let index = (self.next_stream + step) % self.streams.len();
            let stream = &self.streams[index];
            let id = stream.id;
            if stream.turns_out < stream.turns_max {
                let accepts = |group: &GroupKey| stream.accepts_turn(group);
                let turn = take_deferred(&mut self.deferred_turns, now_us, id, |turn| {
                    accepts(&turn.group)
                })
                .or_else(|| self.turns.pop(accepts));
                if let Some(turn) = turn {
                    self.next_stream = index + 1;
                    return Some(Assignment::Turn(id, turn));
                }
            }
            if stream.activities_out < stream.activities_max {
                let accepts = |group: &GroupKey| stream.accepts_activity(group);
                let task = take_deferred(&mut self.deferred_activities, now_us, id, |task| {
                    accepts(&task.group)
                })
                .or_else(|| self.activities.pop(accepts));
                if let Some(task) = task {
                    self.next_stream = index + 1;
                    return Some(Assignment::Activity(id, task));
                }
            }
        }
        None
    }

    /// Whether a stream could take anything at all.
    pub(crate) fn has_work(&self) -> bool {
        let idle = self.turns.is_empty()
            && self.activities.is_empty()
            && self.deferred_turns.is_empty()
            && self.deferred_activities.is_empty();
        !idle && !self.streams.is_empty()
    }

    pub(crate) fn stream(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.id == id)
    }

    pub(crate) fn defer_turn(&mut self, now_us: i64, from: StreamId, mut turn: ReadyTurn) {
        let until_us = now_us + abandon_pause_us(turn.abandoned);
        turn.abandoned += 1;
        self.deferred_turns.push(Deferred {
            item: turn,
            not_for: from,
            until_us,
        });
    }

    pub(crate) fn defer_activity(&mut self, now_us: i64, from: StreamId, mut task: Task) {
        let until_us = now_us + abandon_pause_us(task.abandoned);
        task.abandoned += 1;
        self.deferred_activities.push(Deferred {
            item: task,
            not_for: from,
            until_us,
        });
    }

    /// When deferred work becomes free for everybody again.
    pub(crate) fn next_deferred_us(&self) -> Option<i64> {
        let turns = self.deferred_turns.iter().map(|deferred| deferred.until_us);
        turns
            .chain(
                self.deferred_activities
                    .iter()
                    .map(|deferred| deferred.until_us),
            )
            .min()
    }

    /// Deferred work whose pause is over waits like any other again.
    pub(crate) fn ripen(&mut self, now_us: i64) {
        for deferred in self
            .deferred_turns
            .extract_if(.., |it| it.until_us <= now_us)
        {
            let group = Arc::clone(&deferred.item.group);
            self.turns.push_front(now_us, group, deferred.item);
        }
        for deferred in self
            .deferred_activities
            .extract_if(.., |it| it.until_us <= now_us)
        {
            let group = Arc::clone(&deferred.item.group);
            self.activities.push_front(now_us, group, deferred.item);
        }
    }

    /// Every activity that waits.
    pub(crate) fn all_activities(&mut self) -> impl Iterator<Item = &mut Task> {
        let deferred = self
            .deferred_activities
            .iter_mut()
            .map(|deferred| &mut deferred.item);
        self.activities.items().chain(deferred)
    }

    /// Forgets what waits of instances that are gone.
    pub(crate) fn forget(&mut self, keys: &HashSet<InstanceKey>) {
        self.turns.retain(|turn| !keys.contains(&turn.key));
        self.activities
            .retain(|task| !keys.contains(&task.origin.key));
        self.deferred_turns
            .retain(|deferred| !keys.contains(&deferred.item.key));
        self.deferred_activities
            .retain(|deferred| !keys.contains(&deferred.item.origin.key));
    }

    /// Forgets everything but the streams.
    pub(crate) fn clear(&mut self) {
        self.turns = Queue::default();
        self.activities = Queue::default();
        self.deferred_turns.clear();
        self.deferred_activities.clear();
    }

    pub(crate) fn live_turns(&self) -> LiveQueue {
        let out = self
            .streams
            .iter()
            .map(|stream| u64::from(stream.turns_out))
            .sum();
        let accepted = |group: &GroupKey| self.streams.iter().any(|it| it.accepts_turn(group));
        let deferred = self.deferred_turns.len() as u64;
        live_queue(&self.turns, out, deferred, accepted)
    }

    pub(crate) fn live_activities(&self) -> LiveQueue {
        let out = self
            .streams
            .iter()
            .map(|stream| u64::from(stream.activities_out))
            .sum();
        let accepted = |group: &GroupKey| self.streams.iter().any(|it| it.accepts_activity(group));
        let deferred = self.deferred_activities.len() as u64;
        live_queue(&self.activities, out, deferred, accepted)
    }

    pub(crate) fn live_workers(&self) -> Vec<LiveWorker> {
        self.streams.iter().map(Stream::live).collect()
    }
}

fn live_queue<T>(
    queue: &Queue<T>,
    out: u64,
    deferred: u64,
    accepted: impl Fn(&GroupKey) -> bool,
) -> LiveQueue {
    let names: BTreeMap<&str, bool> =
        queue
            .groups()
            .fold(BTreeMap::new(), |mut names, (group, _)| {
                *names.entry(&*group.name).or_default() |= accepted(group);
                names
            });
    LiveQueue {
        waiting: queue.len() as u64 + deferred,
        out,
        oldest_waiting_us: queue.oldest_us(),
        unserved: names
            .into_iter()
            .filter(|(_, served)| !served)
            .map(|(name, _)| name.to_owned())
            .take(UNSERVED_MAX)
            .collect(),
    }
}

fn take_deferred<T>(
    deferred: &mut Vec<Deferred<T>>,
    now_us: i64,
    stream: StreamId,
    accepts: impl Fn(&T) -> bool,
) -> Option<T> {
    let index = deferred
        .iter()
        .position(|it| (it.not_for != stream || it.until_us <= now_us) && accepts(&it.item))?;
    Some(deferred.remove(index).item)
}

fn abandon_pause_us(times: u32) -> i64 {
    ABANDON_FIRST_US
        .saturating_mul(1 << times.min(5))
        .min(ABANDON_MAX_US)
}
