//! Folds history events, one after the other, into what the dashboard shows of an instance.
//!
//! Pure: folding a history in steps gives what folding it at once gives.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use durascope_proto::HistoryEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::tasks::label;
use durascope_proto::time::to_micros;

/// Kinds of what a turn schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Activity,
    Child,
}

/// What one turn scheduled under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Number of the turn, from 1.
    pub(super) turn: u64,
    pub(super) scheduled_at_us: i64,
    pub(super) scheduled: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    /// Of the finished ones, from scheduled to finished.
    pub(super) durations_ms: Vec<u64>,
}

/// Something scheduled that has no result yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenTask {
    /// Index of its group.
    pub(super) group: usize,
    pub(super) scheduled_at_us: i64,
    /// The start of its input.
    pub(super) label: String,
}

/// Failures of one name with one error type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failures {
    pub(super) count: u64,
    pub(super) last_at_us: i64,
    pub(super) sample_task_id: i32,
    pub(super) sample: TaskFailureDetails,
}

/// Events of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) count: u64,
    pub(super) last_at_us: i64,
}

/// Different failures and event names that are told apart; more come from names that are data.
const DISTINCT_MAX: usize = 500;

/// Under this name goes what is not told apart.
pub(super) const OTHERS: &str = "(others)";

/// The state after some events of one execution.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fold {
    turn: u64,
    turn_at_us: i64,
    groups: Vec<Group>,
    /// Groups of the current turn by kind and name.
    turn_groups: BTreeMap<(Kind, String), usize>,
    /// By kind and task id; one id may be scheduled again, so the oldest is the first.
    open: BTreeMap<(Kind, i32), VecDeque<OpenTask>>,
    failures: BTreeMap<(String, String), Failures>,
    timers: BTreeMap<i32, i64>,
    events: BTreeMap<String, Received>,
}

impl Fold {
    /// Takes in the next event.
    pub(super) fn apply(&mut self, event: &HistoryEvent) {
        let at_us = event.timestamp.as_ref().map_or(self.turn_at_us, to_micros);
        let Some(what) = &event.event_type else {
            return;
        };
        match what {
            EventType::OrchestratorStarted(_) => self.on_turn(at_us),
            EventType::TaskScheduled(task) => {
                let label = label(&task.tags, task.input.as_deref());
                self.on_scheduled(Kind::Activity, event.event_id, &task.name, label, at_us);
            }
            EventType::SubOrchestrationInstanceCreated(child) => {
                let id = child.instance_id.clone();
                self.on_scheduled(Kind::Child, event.event_id, &child.name, id, at_us);
            }
            EventType::TaskCompleted(done) => {
                self.on_completed(Kind::Activity, done.task_scheduled_id, at_us);
            }
            EventType::SubOrchestrationInstanceCompleted(done) => {
                self.on_completed(Kind::Child, done.task_scheduled_id, at_us);
            }
            EventType::TaskFailed(failed) => {
                let details = failed.failure_details.as_ref();
                self.on_failed(Kind::Activity, failed.task_scheduled_id, details, at_us);
            }
            EventType::SubOrchestrationInstanceFailed(failed) => {
                let details = failed.failure_details.as_ref();
                self.on_failed(Kind::Child, failed.task_scheduled_id, details, at_us);
            }
            EventType::TimerCreated(timer) => {
                let fire_at_us = timer.fire_at.as_ref().map_or(at_us, to_micros);
                self.timers.insert(event.event_id, fire_at_us);
            }
            EventType::TimerFired(timer) => {
                self.timers.remove(&timer.timer_id);
            }
            EventType::EventRaised(raised) => self.on_event(&raised.name, at_us),
            EventType::ExecutionCompleted(_) => self.timers.clear(),
            // The rest changes nothing that is shown here.
            _ => {}
        }
    }

    fn on_turn(&mut self, at_us: i64) {
        self.turn += 1;
        self.turn_at_us = at_us;
        self.turn_groups.clear();
    }

    fn on_scheduled(&mut self, kind: Kind, id: i32, name: &str, label: String, at_us: i64) {
        let group = *self
            .turn_groups
            .entry((kind, name.to_owned()))
            .or_insert_with(|| {
                self.groups.push(Group {
                    kind,
                    name: name.to_owned(),
                    turn: self.turn,
                    scheduled_at_us: at_us,
                    scheduled: 0,
                    completed: 0,
                    failed: 0,
                    durations_ms: Vec::new(),
                });
                self.groups.len() - 1
            });
        if let Some(group) = self.groups.get_mut(group) {
            group.scheduled += 1;
        }
        self.open
            .entry((kind, id))
            .or_default()
            .push_back(OpenTask {
                group,
                scheduled_at_us: at_us,
                label,
            });
    }

    fn on_completed(&mut self, kind: Kind, id: i32, at_us: i64) {
        if let Some(group) = self.close(kind, id, at_us) {
            group.completed += 1;
        }
    }

    fn on_failed(&mut self, kind: Kind, id: i32, details: Option<&TaskFailureDetails>, at_us: i64) {
        let Some(group) = self.close(kind, id, at_us) else {
            return;
        };
        group.failed += 1;
        let name = group.name.clone();
        let details = details.cloned().unwrap_or_default();
        let mut key = (name, details.error_type.clone());
        if self.failures.len() >= DISTINCT_MAX && !self.failures.contains_key(&key) {
            OTHERS.clone_into(&mut key.1);
        }
        let failures = self.failures.entry(key).or_insert_with(|| Failures {
            count: 0,
            last_at_us: at_us,
            sample_task_id: id,
            sample: details,
        });
        failures.count += 1;
        failures.last_at_us = failures.last_at_us.max(at_us);
    }

    /// Ends the oldest open task with this id; its group is told how long it took.
    fn close(&mut self, kind: Kind, id: i32, at_us: i64) -> Option<&mut Group> {
        let tasks = self.open.get_mut(&(kind, id))?;
        let task = tasks.pop_front()?;
        if tasks.is_empty() {
            self.open.remove(&(kind, id));
        }
        let group = self.groups.get_mut(task.group)?;
        let took_us = at_us.saturating_sub(task.scheduled_at_us);
        group
            .durations_ms
            .push(u64::try_from(took_us / 1_000).unwrap_or(0));
        Some(group)
    }

    fn on_event(&mut self, name: &str, at_us: i64) {
        let known = self.events.len() < DISTINCT_MAX || self.events.contains_key(name);
        let name = if known { name } else { OTHERS };
        let received = self.events.entry(name.to_owned()).or_default();
        received.count += 1;
        received.last_at_us = received.last_at_us.max(at_us);
    }

    /// Groups in order of scheduling.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What has no result yet, by kind and task id.
    pub(super) fn open(&self) -> impl Iterator<Item = (Kind, i32, &OpenTask)> {
        self.open
            .iter()
            .flat_map(|((kind, id), tasks)| tasks.iter().map(|task| (*kind, *id, task)))
    }

    /// By name and error type.
    pub(super) fn failures(&self) -> &BTreeMap<(String, String), Failures> {
        &self.failures
    }

    /// Due times of pending timers, by id.
    pub(super) fn timers(&self) -> &BTreeMap<i32, i64> {
        &self.timers
    }

    /// External events by name.
    pub(super) fn events(&self) -> &BTreeMap<String, Received> {
        &self.events
    }
}
