//! A history folded into the instance tree, for servers without the monitor feed.
//!
//! A history does not tell when an activity left the queue, so all open ones count as
//! queued; the screen says that it cannot know.

use std::collections::BTreeMap;

use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor::FailureGroup;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::OpenWork;
use durascope_proto::monitor::PendingTimer;
use durascope_proto::monitor::Progress;
use durascope_proto::monitor::ReceivedEvent;
use durascope_proto::monitor::TaskGroup;
use durascope_proto::monitor::WaitFacts;
use durascope_proto::monitor::task_group::Kind;
use prost::Message;
use prost_types::Timestamp;

use crate::data::status;
use crate::format::MILLI;

/// Children listed at most, as by the feed.
const CHILDREN_MAX: usize = 200;
/// Batches of at most this size are put together when they follow each other.
const SMALL_MAX: u64 = 10;
/// Names of open work at most, as by the feed.
const OPEN_MAX: usize = 5;

struct Open {
    group: usize,
    child: Option<usize>,
    since: Option<Timestamp>,
}

#[derive(Default)]
struct Fold {
    turn: u64,
    groups: Vec<TaskGroup>,
    durations: Vec<Vec<u64>>,
    open: BTreeMap<i32, Open>,
    children: Vec<InstanceRow>,
    failures: Vec<FailureGroup>,
    timers: BTreeMap<i32, Option<Timestamp>>,
    events: Vec<ReceivedEvent>,
    bytes: u64,
    last_turn: Option<Timestamp>,
    /// The last task that failed, and the turn that saw it.
    failed: Option<(String, u64)>,
    /// What is probably retried when this timer fires.
    retry: Option<(String, i32)>,
    suspended: Option<(String, Option<Timestamp>)>,
}

/// The tree of `row`, whose history is `events`; fills the row's counters too.
pub fn tree(row: InstanceRow, events: &[HistoryEvent]) -> InstanceTree {
    let mut fold = Fold::default();
    for event in events {
        fold.bytes += u64::try_from(event.encoded_len()).unwrap_or(0);
        fold.on_event(event);
    }
    fold.finish(row, events.len())
}

impl Fold {
    fn on_event(&mut self, event: &HistoryEvent) {
        let at = event.timestamp;
        match event.event_type.as_ref() {
            Some(EventType::OrchestratorStarted(_)) => {
                self.turn += 1;
                self.last_turn = at;
            }
            Some(EventType::TaskScheduled(it)) => {
                let group = self.group(Kind::Activity, &it.name, at);
                self.open.insert(
                    event.event_id,
                    Open {
                        group,
                        child: None,
                        since: at,
                    },
                );
            }
            Some(EventType::SubOrchestrationInstanceCreated(it)) => {
                let group = self.group(Kind::Child, &it.name, at);
                self.children.push(InstanceRow {
                    instance_id: it.instance_id.clone(),
                    name: it.name.clone(),
                    created_at: at,
                    updated_at: at,
                    ..InstanceRow::default()
                });
                let child = Some(self.children.len() - 1);
                self.open.insert(
                    event.event_id,
                    Open {
                        group,
                        child,
                        since: at,
                    },
                );
            }
            Some(EventType::TaskCompleted(it)) => self.ended(it.task_scheduled_id, at, None),
            Some(EventType::SubOrchestrationInstanceCompleted(it)) => {
                self.ended(it.task_scheduled_id, at, None);
            }
            Some(EventType::TaskFailed(it)) => {
                self.failed(it.task_scheduled_id, at, it.failure_details.as_ref());
            }
            Some(EventType::SubOrchestrationInstanceFailed(it)) => {
                self.failed(it.task_scheduled_id, at, it.failure_details.as_ref());
            }
            Some(EventType::TimerCreated(it)) => {
                self.timers.insert(event.event_id, it.fire_at);
                let seen_now = self.failed.as_ref().filter(|(_, turn)| *turn == self.turn);
                self.retry = seen_now.map(|(name, _)| (name.clone(), event.event_id));
            }
            Some(EventType::TimerFired(it)) => {
                self.timers.remove(&it.timer_id);
            }
            Some(EventType::EventRaised(it)) => self.received(&it.name, at),
            Some(EventType::ExecutionSuspended(it)) => {
                self.suspended = Some((it.input.clone().unwrap_or_default(), at));
            }
            Some(EventType::ExecutionResumed(_)) => self.suspended = None,
            _ => {}
        }
    }

    fn group(&mut self, kind: Kind, name: &str, at: Option<Timestamp>) -> usize {
        let turn = self.turn;
        let found = self
            .groups
            .iter()
            .rposition(|it| it.kind == kind as i32 && it.name == name && it.turn_first == turn);
        let index = found.unwrap_or_else(|| {
            self.groups.push(TaskGroup {
                kind: kind as i32,
                name: name.to_owned(),
                turn_first: turn,
                turn_last: turn,
                scheduled_at: at,
                ..TaskGroup::default()
            });
            self.durations.push(Vec::new());
            self.groups.len() - 1
        });
        self.groups[index].scheduled += 1;
        self.groups[index].queued += 1;
        index
    }

    fn failed(&mut self, id: i32, at: Option<Timestamp>, details: Option<&TaskFailureDetails>) {
        let fallback = TaskFailureDetails::default();
        self.ended(id, at, Some(details.unwrap_or(&fallback)));
    }

    /// A second result for the same task, or one for a task that is not there, changes nothing.
    fn ended(&mut self, id: i32, at: Option<Timestamp>, failure: Option<&TaskFailureDetails>) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        let group = &mut self.groups[open.group];
        group.queued = group.queued.saturating_sub(1);
        let mut ended_as = OrchestrationStatus::Completed;
        if let Some(failure) = failure {
            group.failed += 1;
            ended_as = OrchestrationStatus::Failed;
            let name = group.name.clone();
            self.failed = Some((name.clone(), self.turn));
            self.count_failure(name, id, at, failure);
        } else {
            group.completed += 1;
        }
        let times = status::micros(open.since.as_ref()).zip(status::micros(at.as_ref()));
        if let Some((from, to)) = times {
            let ms = to.saturating_sub(from).max(0) / MILLI;
            self.durations[open.group].push(u64::try_from(ms).unwrap_or(0));
        }
        if let Some(child) = open.child {
            let row = &mut self.children[child];
            row.status = ended_as as i32;
            row.updated_at = at;
            row.completed_at = at;
            row.failure = failure.map_or_else(String::new, |it| it.error_message.clone());
        }
    }

    fn count_failure(
        &mut self,
        name: String,
        id: i32,
        at: Option<Timestamp>,
        failure: &TaskFailureDetails,
    ) {
        let known = self
            .failures
            .iter_mut()
            .find(|it| it.name == name && it.error_type == failure.error_type);
        if let Some(group) = known {
            group.count += 1;
            group.last_at = at;
            return;
        }
        self.failures.push(FailureGroup {
            name,
            error_type: failure.error_type.clone(),
            count: 1,
            last_at: at,
            sample_task_id: id,
            sample: Some(failure.clone()),
        });
    }

    fn received(&mut self, name: &str, at: Option<Timestamp>) {
        if let Some(known) = self.events.iter_mut().find(|it| it.name == name) {
            known.count += 1;
            known.last_at = at;
            return;
        }
        self.events.push(ReceivedEvent {
            name: name.to_owned(),
            count: 1,
            last_at: at,
        });
    }

    /// What is open by name, most of it first; whether it runs is not told.
    fn open_work(&self) -> Vec<OpenWork> {
        let mut open: Vec<OpenWork> = Vec::new();
        for group in self.groups.iter().filter(|it| it.queued > 0) {
            match open
                .iter_mut()
                .find(|it| it.kind == group.kind && it.name == group.name)
            {
                Some(it) => it.queued += group.queued,
                None => open.push(OpenWork {
                    kind: group.kind,
                    name: group.name.clone(),
                    queued: group.queued,
                    oldest_queued: group.scheduled_at,
                    ..OpenWork::default()
                }),
            }
        }
        open.sort_by_key(|it| std::cmp::Reverse(it.queued));
        open.truncate(OPEN_MAX);
        open
    }

    /// What a history tells of it; queues, locks and workers it does not.
    fn waits(&self) -> WaitFacts {
        let retry = self.retry.as_ref().filter(|(_, timer)| {
            self.timers.len() == 1 && self.timers.contains_key(timer) && self.open.is_empty()
        });
        let attempts = |name: &str| {
            let of_name = self.failures.iter().filter(|it| it.name == name);
            let failed = of_name.map(|it| it.count).sum::<u64>();
            u32::try_from(failed).unwrap_or(u32::MAX)
        };
        let last_event = self
            .events
            .iter()
            .max_by_key(|it| status::micros(it.last_at.as_ref()));
        let (suspended_reason, suspended_at) = self.suspended.clone().unwrap_or_default();
        WaitFacts {
            open: self.open_work(),
            next_timer: self
                .timers
                .values()
                .flatten()
                .min_by_key(|it| status::micros(Some(it)))
                .copied(),
            retries: retry.map_or_else(String::new, |it| it.0.clone()),
            failed_attempts: retry.map_or(0, |it| attempts(&it.0)),
            suspended_reason,
            suspended_at,
            last_turn: self.last_turn,
            last_event: last_event.map_or_else(String::new, |it| it.name.clone()),
            last_event_at: last_event.and_then(|it| it.last_at),
            ..WaitFacts::default()
        }
    }

    fn finish(mut self, mut row: InstanceRow, event_count: usize) -> InstanceTree {
        let sum = |wanted: &dyn Fn(&TaskGroup) -> bool| {
            let mut progress = Progress::default();
            for group in self.groups.iter().filter(|it| wanted(it)) {
                progress.scheduled += group.scheduled;
                progress.completed += group.completed;
                progress.failed += group.failed;
            }
            Some(progress)
        };
        let batch_turn = self.groups.last().map_or(0, |it| it.turn_first);
        row.activities = sum(&|it| it.kind == Kind::Activity as i32);
        row.children = sum(&|it| it.kind == Kind::Child as i32);
        row.batch = sum(&|it| it.turn_first == batch_turn);
        row.batch_turn = batch_turn;
        row.timers_pending = u32::try_from(self.timers.len()).unwrap_or(u32::MAX);
        row.history_events = u64::try_from(event_count).unwrap_or(u64::MAX);
        row.history_bytes = self.bytes;
        row.turns = self.turn;
        row.waits = Some(self.waits());
        self.failures.sort_by_key(|it| std::cmp::Reverse(it.count));
        let mut timers: Vec<_> = self
            .timers
            .into_iter()
            .map(|(timer_id, fire_at)| PendingTimer { timer_id, fire_at })
            .collect();
        timers.sort_by_key(|it| status::micros(it.fire_at.as_ref()));
        let children_total = u64::try_from(self.children.len()).unwrap_or(u64::MAX);
        self.children.truncate(CHILDREN_MAX);
        InstanceTree {
            found: true,
            instance_id: row.instance_id.clone(),
            instance: Some(row),
            groups: lines(self.groups, self.durations),
            children: self.children,
            children_total,
            failures: self.failures,
            timers,
            events: self.events,
            last_turn_at: self.last_turn,
            ..InstanceTree::default()
        }
    }
}

/// One line per batch; small batches of one name in a row are one line, as the feed has it.
fn lines(groups: Vec<TaskGroup>, durations: Vec<Vec<u64>>) -> Vec<TaskGroup> {
    let mut lines: Vec<(TaskGroup, Vec<u64>, bool)> = Vec::new();
    for (group, durations) in groups.into_iter().zip(durations) {
        let small = group.scheduled <= SMALL_MAX;
        match lines.last_mut() {
            Some((line, all, true))
                if small && line.kind == group.kind && line.name == group.name =>
            {
                line.turn_last = group.turn_last;
                line.scheduled += group.scheduled;
                line.queued += group.queued;
                line.completed += group.completed;
                line.failed += group.failed;
                all.extend(durations);
            }
            _ => lines.push((group, durations, small)),
        }
    }
    let finished = lines.into_iter().map(|(mut line, mut durations, _small)| {
        durations.sort_unstable();
        line.duration_p50_ms = durations.get(durations.len() / 2).copied().unwrap_or(0);
        line.duration_max_ms = durations.last().copied().unwrap_or(0);
        line
    });
    finished.collect()
}

#[cfg(test)]
mod tests {
    use durascope_proto::TaskCompletedEvent;
    use durascope_proto::TaskFailedEvent;
    use durascope_proto::TaskScheduledEvent;

    use super::*;

    fn event(event_id: i32, seconds: i64, event_type: EventType) -> HistoryEvent {
        let timestamp = Some(Timestamp { seconds, nanos: 0 });
        HistoryEvent {
            event_id,
            timestamp,
            event_type: Some(event_type),
        }
    }

    #[test]
    fn a_fan_out_folds_into_one_group_with_its_failures() {
        let scheduled = |id| {
            let it = TaskScheduledEvent {
                name: "ProcessItem".to_owned(),
                ..Default::default()
            };
            event(id, 1, EventType::TaskScheduled(it))
        };
        let done = |id, at| {
            let it = TaskCompletedEvent {
                task_scheduled_id: id,
                ..Default::default()
            };
            event(-1, at, EventType::TaskCompleted(it))
        };
        let failed = TaskFailedEvent {
            task_scheduled_id: 3,
            failure_details: Some(TaskFailureDetails {
                error_type: "Timeout".to_owned(),
                ..Default::default()
            }),
        };
        let history = [
            event(-1, 0, EventType::OrchestratorStarted(Default::default())),
            scheduled(1),
            scheduled(2),
            scheduled(3),
            scheduled(4),
            done(1, 2),
            done(1, 9),
            done(2, 5),
            event(-1, 6, EventType::TaskFailed(failed)),
        ];
        let tree = tree(InstanceRow::default(), &history);
        let group = &tree.groups[0];
        assert_eq!(
            (
                group.scheduled,
                group.completed,
                group.failed,
                group.queued,
                group.turn_first
            ),
            (4, 2, 1, 1, 1)
        );
        assert_eq!(
            (group.duration_p50_ms, group.duration_max_ms),
            (4_000, 5_000)
        );
        assert_eq!(
            (tree.failures[0].count, tree.failures[0].sample_task_id),
            (1, 3)
        );
        assert_eq!(tree.instance.unwrap().batch.unwrap().scheduled, 4);
    }

    #[test]
    fn a_timer_made_when_a_failure_was_seen_is_probably_a_retry() {
        let scheduled = TaskScheduledEvent {
            name: "Charge".to_owned(),
            ..Default::default()
        };
        let failed = TaskFailedEvent {
            task_scheduled_id: 1,
            failure_details: None,
        };
        let timer = durascope_proto::TimerCreatedEvent {
            fire_at: Some(Timestamp {
                seconds: 90,
                nanos: 0,
            }),
        };
        let history = [
            event(-1, 0, EventType::OrchestratorStarted(Default::default())),
            event(1, 0, EventType::TaskScheduled(scheduled)),
            event(-1, 5, EventType::OrchestratorStarted(Default::default())),
            event(-1, 5, EventType::TaskFailed(failed)),
            event(2, 5, EventType::TimerCreated(timer)),
        ];
        let waits = |events: &[HistoryEvent]| {
            let row = tree(InstanceRow::default(), events).instance.unwrap();
            row.waits.unwrap()
        };
        let told = waits(&history);
        assert_eq!((told.retries.as_str(), told.failed_attempts), ("Charge", 1));
        assert_eq!(told.next_timer.unwrap().seconds, 90);
        // A timer of another turn is just a timer.
        let mut later = history.to_vec();
        later.insert(
            4,
            event(-1, 6, EventType::OrchestratorStarted(Default::default())),
        );
        assert_eq!(waits(&later).retries, "");
    }
}
