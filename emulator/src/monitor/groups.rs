//! From a fold to the lists of the feed: what runs, what is merged, what is cut.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use durascope_proto::monitor as proto;
use durascope_proto::monitor::task_group;
use durascope_proto::time::from_micros;

use crate::live::InstanceLive;
use crate::live::OutItem;
use crate::monitor::fold::Fold;
use crate::monitor::fold::Group;
use crate::monitor::fold::Kind;
use crate::monitor::fold::OTHERS;

const GROUPS_MAX: usize = 200;
/// Of these, so many are kept apart when older ones are merged.
const GROUPS_APART: usize = 150;
/// Batches of at most this size are put together when they follow each other.
const SMALL_MAX: u64 = 10;
const FAILURES_MAX: usize = 50;
const TIMERS_MAX: usize = 20;
const EVENTS_MAX: usize = 50;
const OLDEST_RUNNING_MAX: usize = 5;

/// How the open tasks of one group stand.
#[derive(Clone, Debug, Default)]
struct Open {
    queued: u64,
    running: u64,
    /// With a worker, by the time since when.
    out: Vec<proto::RunningTask>,
}

/// What goes on after the execution that asked for it has ended, by kind and task id.
pub(super) type Left = BTreeMap<(Kind, i32), u64>;

/// Groups of activities and children in order of scheduling.
///
/// `live` says which activities a worker holds, `begun` which children have begun, by task id.
/// The history of an ended instance takes no more results: what is not in `left` is over, in
/// whatever way.
pub(super) fn groups(
    fold: &Fold,
    live: &InstanceLive,
    begun: &BTreeMap<i32, u64>,
    mut left: Option<Left>,
) -> Vec<proto::TaskGroup> {
    let mut open: BTreeMap<usize, Open> = BTreeMap::new();
    let mut out: BTreeMap<i32, &OutItem> = live
        .activities
        .iter()
        .map(|item| (item.task_id, item))
        .collect();
    let mut begun = begun.clone();
    for (kind, id, task) in fold.open() {
        if let Some(left) = &mut left {
            match left.get_mut(&(kind, id)) {
                Some(count) if *count > 0 => *count -= 1,
                Some(_) | None => continue,
            }
        }
        let open = open.entry(task.group).or_default();
        let worker = match kind {
            // Of tasks that share an id only one can be out.
            Kind::Activity => out.remove(&id),
            Kind::Child => None,
        };
        let child_begun = kind == Kind::Child
            && begun.get_mut(&id).is_some_and(|left| {
                let any = *left > 0;
                *left = left.saturating_sub(1);
                any
            });
        if worker.is_some() || child_begun {
            open.running += 1;
        } else {
            open.queued += 1;
        }
        if let Some(item) = worker {
            open.out.push(proto::RunningTask {
                task_id: id,
                label: task.label.clone(),
                since: Some(from_micros(item.since_us)),
                worker_id: item.worker_id.clone(),
            });
        }
    }
    let mut runs: Vec<Run<'_>> = Vec::new();
    for (index, group) in fold.groups().iter().enumerate() {
        let open = open.remove(&index).unwrap_or_default();
        match runs.last_mut().filter(|run| run.goes_on_with(group)) {
            Some(run) => run.members.push((group, open)),
            None => runs.push(Run {
                members: vec![(group, open)],
            }),
        }
    }
    merged(runs)
}

/// Groups that are one line: a large one alone, or small ones of one name in a row, as a loop,
/// a sliding window or retries make them.
struct Run<'a> {
    members: Vec<(&'a Group, Open)>,
}

impl<'a> Run<'a> {
    fn goes_on_with(&self, group: &Group) -> bool {
        let small = |group: &Group| group.scheduled <= SMALL_MAX;
        self.members.last().is_some_and(|(last, _)| {
            last.kind == group.kind && last.name == group.name && small(last) && small(group)
        })
    }

    fn identity(&self) -> Option<(Kind, &'a str)> {
        self.members
            .first()
            .map(|(group, _)| (group.kind, group.name.as_str()))
    }
}

/// One entry per run; above the limit the oldest are merged by name.
fn merged(runs: Vec<Run<'_>>) -> Vec<proto::TaskGroup> {
    let apart_from = match runs.len() {
        0..=GROUPS_MAX => 0,
        count => count - GROUPS_APART,
    };
    let names_max = GROUPS_MAX - GROUPS_APART - 2;
    let mut merged: Vec<Merge<'_>> = Vec::new();
    let mut by_name: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
    for (index, run) in runs.into_iter().enumerate() {
        let Some(mut key) = run.identity() else {
            continue;
        };
        let at = if index >= apart_from {
            merged.push(Merge::of(key));
            merged.len() - 1
        } else {
            if by_name.len() >= names_max && !by_name.contains_key(&key) {
                key.1 = OTHERS;
            }
            *by_name.entry(key).or_insert_with(|| {
                merged.push(Merge::of(key));
                merged.len() - 1
            })
        };
        for (group, open) in run.members {
            merged[at].add(group, open);
        }
    }
    merged.into_iter().map(Merge::finish).collect()
}

/// One entry that is being put together.
struct Merge<'a> {
    entry: proto::TaskGroup,
    durations_ms: Vec<&'a [u64]>,
}

impl<'a> Merge<'a> {
    fn of((kind, name): (Kind, &str)) -> Self {
        let kind = match kind {
            Kind::Activity => task_group::Kind::Activity,
            Kind::Child => task_group::Kind::Child,
        };
        let entry = proto::TaskGroup {
            kind: kind.into(),
            name: name.to_owned(),
            ..proto::TaskGroup::default()
        };
        Self {
            entry,
            durations_ms: Vec::new(),
        }
    }

    fn add(&mut self, group: &'a Group, open: Open) {
        let entry = &mut self.entry;
        if self.durations_ms.is_empty() {
            entry.turn_first = group.turn;
            entry.scheduled_at = Some(from_micros(group.scheduled_at_us));
        }
        entry.turn_last = group.turn;
        entry.scheduled += group.scheduled;
        entry.completed += group.completed;
        entry.failed += group.failed;
        entry.queued += open.queued;
        entry.running += open.running;
        entry.oldest_running.extend(open.out);
        self.durations_ms.push(&group.durations_ms);
    }

    fn finish(self) -> proto::TaskGroup {
        let mut entry = self.entry;
        let mut durations: Vec<u64> = self.durations_ms.concat();
        entry.duration_max_ms = durations.iter().copied().max().unwrap_or(0);
        entry.duration_p50_ms = median(&mut durations);
        entry.oldest_running.sort_by_key(|task| {
            let since = task.since.unwrap_or_default();
            (since.seconds, since.nanos, task.task_id)
        });
        entry.oldest_running.truncate(OLDEST_RUNNING_MAX);
        entry
    }
}

fn median(values: &mut [u64]) -> u64 {
    if values.is_empty() {
        return 0;
    }
    let middle = (values.len() - 1) / 2;
    *values.select_nth_unstable(middle).1
}

/// Failures, most frequent first.
pub(super) fn failures(fold: &Fold) -> Vec<proto::FailureGroup> {
    let mut groups: Vec<proto::FailureGroup> = fold
        .failures()
        .iter()
        .map(|((name, error_type), failures)| proto::FailureGroup {
            name: name.clone(),
            error_type: error_type.clone(),
            count: failures.count,
            last_at: Some(from_micros(failures.last_at_us)),
            sample_task_id: failures.sample_task_id,
            sample: Some(failures.sample.clone()),
        })
        .collect();
    groups.sort_by_key(|group| Reverse(group.count));
    groups.truncate(FAILURES_MAX);
    groups
}

/// Pending timers, next first.
pub(super) fn timers(fold: &Fold) -> Vec<proto::PendingTimer> {
    let mut timers: Vec<(i64, i32)> = fold.timers().iter().map(|(id, at)| (*at, *id)).collect();
    timers.sort_unstable();
    timers
        .into_iter()
        .take(TIMERS_MAX)
        .map(|(fire_at_us, timer_id)| proto::PendingTimer {
            timer_id,
            fire_at: Some(from_micros(fire_at_us)),
        })
        .collect()
}

/// Received events, the latest first.
pub(super) fn events(fold: &Fold) -> Vec<proto::ReceivedEvent> {
    let mut events: Vec<_> = fold.events().iter().collect();
    events.sort_by_key(|(_, received)| Reverse(received.last_at_us));
    events
        .into_iter()
        .take(EVENTS_MAX)
        .map(|(name, received)| proto::ReceivedEvent {
            name: name.clone(),
            count: received.count,
            last_at: Some(from_micros(received.last_at_us)),
        })
        .collect()
}
