//! Folds history events into what an instance waits for: what is open, and what came last.
//!
//! Pure, and smaller than the fold of a tree: nothing of what is finished is kept. Many of them
//! are in memory at a time.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::tasks::label;
use durascope_proto::time::to_micros;

use crate::monitor::fold::Kind;

/// Attempts and calls that are told apart; beyond, what is shown is less exact.
const DISTINCT_MAX: usize = 10_000;

/// Kind, name and version of what is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::monitor) struct Named {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) version: Option<String>,
}

/// Something open under one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct OpenTask {
    pub(super) at_us: i64,
    /// How many have this id: one may be scheduled again.
    times: u32,
    /// Of kind, name and input.
    attempt: u64,
    /// Instance id of a child, or the start of an activity's input.
    pub(super) label: Box<str>,
}

/// What is open under one name, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct OpenName {
    pub(super) named: Named,
    pub(in crate::monitor) count: u64,
    pub(super) tasks: BTreeMap<i32, OpenTask>,
}

/// A failure that a turn has answered with a timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct Retry {
    pub(in crate::monitor) name: String,
    pub(in crate::monitor) failed: u32,
    pub(in crate::monitor) timer: i32,
}

/// Text of a control, and when it was.
pub(super) type Said = (Option<String>, i64);

/// The state after some events of one execution.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WaitFold {
    turn_at_us: i64,
    names: Vec<OpenName>,
    by_name: BTreeMap<Named, usize>,
    by_id: BTreeMap<(Kind, i32), usize>,
    timers: BTreeMap<i32, i64>,
    calls: BTreeSet<u64>,
    /// Failures so far of what was tried again and again, by attempt.
    failed: BTreeMap<u64, u32>,
    /// What failed as the present turn began, last one last.
    turn_failed: Option<(String, u32)>,
    retry: Option<Retry>,
    suspended: Option<Said>,
    event: Option<(String, i64)>,
}

impl WaitFold {
    /// Takes in the next event.
    pub(crate) fn apply(&mut self, event: &HistoryEvent) {
        let at_us = event.timestamp.as_ref().map_or(self.turn_at_us, to_micros);
        let Some(what) = &event.event_type else {
            return;
        };
        let id = event.event_id;
        match what {
            EventType::OrchestratorStarted(_) => {
                self.turn_at_us = at_us;
                self.turn_failed = None;
            }
            EventType::TaskScheduled(task) => {
                let named = Named {
                    kind: Kind::Activity,
                    name: task.name.clone(),
                    version: task.version.clone(),
                };
                let input = task.input.as_deref();
                let label = label(&task.tags, input);
                self.on_scheduled(named, id, input, at_us, &label);
            }
            EventType::SubOrchestrationInstanceCreated(child) => {
                let named = Named {
                    kind: Kind::Child,
                    name: child.name.clone(),
                    version: child.version.clone(),
                };
                let (input, label) = (child.input.as_deref(), &child.instance_id);
                self.on_scheduled(named, id, input, at_us, label);
            }
            EventType::TaskCompleted(done) => {
                self.on_completed(Kind::Activity, done.task_scheduled_id);
            }
            EventType::SubOrchestrationInstanceCompleted(done) => {
                self.on_completed(Kind::Child, done.task_scheduled_id);
            }
            EventType::TaskFailed(failed) => {
                self.on_failed(Kind::Activity, failed.task_scheduled_id);
            }
            EventType::SubOrchestrationInstanceFailed(failed) => {
                self.on_failed(Kind::Child, failed.task_scheduled_id);
            }
            EventType::TimerCreated(timer) => {
                let fire_at_us = timer.fire_at.as_ref().map_or(at_us, to_micros);
                self.timers.insert(id, fire_at_us);
                if let Some((name, failed)) = self.turn_failed.clone() {
                    let timer = id;
                    self.retry = Some(Retry {
                        name,
                        failed,
                        timer,
                    });
                }
            }
            EventType::TimerFired(timer) => {
                self.timers.remove(&timer.timer_id);
            }
            EventType::EntityOperationCalled(call) if self.calls.len() < DISTINCT_MAX => {
                self.calls.insert(hash(&call.request_id));
            }
            EventType::EntityOperationCompleted(done) => {
                self.calls.remove(&hash(&done.request_id));
            }
            EventType::EntityOperationFailed(failed) => {
                self.calls.remove(&hash(&failed.request_id));
            }
            EventType::EventRaised(raised) => self.event = Some((raised.name.clone(), at_us)),
            EventType::ExecutionSuspended(it) => self.suspended = Some((it.input.clone(), at_us)),
            EventType::ExecutionResumed(_) => self.suspended = None,
            // The rest opens and closes nothing.
            _ => {}
        }
    }

    fn on_scheduled(
        &mut self,
        named: Named,
        id: i32,
        input: Option<&str>,
        at_us: i64,
        label: &str,
    ) {
        let attempt = hash(&(named.kind as u8, &named.name, input));
        let kind = named.kind;
        let index = match self.by_name.get(&named) {
            Some(index) => *index,
            None => {
                self.by_name.insert(named.clone(), self.names.len());
                self.names.push(OpenName {
                    named,
                    count: 0,
                    tasks: BTreeMap::new(),
                });
                self.names.len() - 1
            }
        };
        self.by_id.insert((kind, id), index);
        let Some(open) = self.names.get_mut(index) else {
            return;
        };
        open.count += 1;
        let task = open.tasks.entry(id).or_insert(OpenTask {
            at_us,
            times: 0,
            attempt,
            label: label.into(),
        });
        task.times += 1;
    }

    fn on_completed(&mut self, kind: Kind, id: i32) {
        if let Some((_, attempt)) = self.close(kind, id) {
            self.failed.remove(&attempt);
        }
    }

    fn on_failed(&mut self, kind: Kind, id: i32) {
        let Some((index, attempt)) = self.close(kind, id) else {
            return;
        };
        let known = self.failed.contains_key(&attempt);
        let mut failed = 1;
        if known || self.failed.len() < DISTINCT_MAX {
            let count = self.failed.entry(attempt).or_default();
            *count += 1;
            failed = *count;
        }
        let name = self.names.get(index).map(|it| it.named.name.clone());
        self.turn_failed = name.map(|name| (name, failed));
    }

    /// Ends what is open under this id; the place of its name, and its attempt.
    fn close(&mut self, kind: Kind, id: i32) -> Option<(usize, u64)> {
        let index = *self.by_id.get(&(kind, id))?;
        let open = self.names.get_mut(index)?;
        let task = open.tasks.get_mut(&id)?;
        let attempt = task.attempt;
        open.count = open.count.saturating_sub(1);
        task.times = task.times.saturating_sub(1);
        if task.times == 0 {
            open.tasks.remove(&id);
            self.by_id.remove(&(kind, id));
        }
        Some((index, attempt))
    }

    /// Names under which something was ever scheduled, with what is open now.
    pub(in crate::monitor) fn names(&self) -> &[OpenName] {
        &self.names
    }

    /// The name of what is open under this id.
    pub(super) fn name_of(&self, kind: Kind, id: i32) -> Option<usize> {
        self.by_id.get(&(kind, id)).copied()
    }

    /// Due times of pending timers, by id.
    pub(super) fn timers(&self) -> &BTreeMap<i32, i64> {
        &self.timers
    }

    /// Calls of entities without an answer.
    pub(super) fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether this call has no answer.
    pub(super) fn waits_for_call(&self, request: &str) -> bool {
        self.calls.contains(&hash(&request))
    }

    /// The last failure that was answered with a timer which is pending.
    pub(in crate::monitor) fn retry(&self) -> Option<&Retry> {
        let retry = self.retry.as_ref()?;
        self.timers.contains_key(&retry.timer).then_some(retry)
    }

    /// Why it was suspended, unless it was resumed since.
    pub(super) fn suspended(&self) -> Option<&Said> {
        self.suspended.as_ref()
    }

    /// The last external event.
    pub(in crate::monitor) fn event(&self) -> Option<(&str, i64)> {
        let (name, at_us) = self.event.as_ref()?;
        Some((name, *at_us))
    }

    /// What it takes of the memory, about, in entries.
    pub(super) fn weight(&self) -> usize {
        16 + self.by_id.len() + self.timers.len() + self.calls.len() + self.failed.len()
    }
}

/// Only compared within this process.
fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
