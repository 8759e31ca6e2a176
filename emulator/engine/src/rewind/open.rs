//! Folds a history into what it leaves open, and counts it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use prost::Message as _;
use prost::bytes::Bytes;
use prost_types::Timestamp;

use super::OpenChild;
use crate::instance::Counters;
use crate::instance::Instance;
use crate::instance::Outcomes;
use crate::open::OpenActivities;
use crate::turn::TurnMessage;

/// What a history leaves open.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) activities: OpenActivities,
    children: BTreeMap<i32, VecDeque<OpenChild>>,
    /// By id, with when they are due.
    pub(super) timers: BTreeMap<i32, Timestamp>,
    /// Requests of calls to entities.
    pub(super) calls: BTreeSet<String>,
    /// The code was told that it is suspended, and not that it goes on.
    pub(super) suspended: bool,
}

impl Open {
    /// Nothing yet; what is counted from a history begins anew in `after`.
    pub(super) fn counting_in(after: &mut Instance) -> Self {
        after.counters = Counters {
            history_chunks: after.counters.history_chunks,
            history_events: after.counters.history_events,
            history_bytes: after.counters.history_bytes,
            history_last_us: after.counters.history_last_us,
            messages_waiting: after.counters.messages_waiting,
            ..Counters::default()
        };
        Self::default()
    }

    /// Takes in the next event and counts it; `encoded` is the same one as bytes.
    pub(super) fn see(&mut self, after: &mut Instance, event: &HistoryEvent, encoded: &Bytes) {
        if let Some(result) = TaskResult::of(event) {
            self.close(result, event, encoded);
            result.record(after);
            return;
        }
        let id = event.event_id;
        match &event.event_type {
            Some(EventType::OrchestratorStarted(_)) => after.counters.turns += 1,
            Some(EventType::TaskScheduled(_)) => {
                self.activities.see(event, encoded);
                after.counters.activities.scheduled += 1;
                count_in_batch(&mut after.counters, id);
            }
            Some(EventType::SubOrchestrationInstanceCreated(created)) => {
                after.counters.children.scheduled += 1;
                count_in_batch(&mut after.counters, id);
                let child = OpenChild {
                    task_id: id,
                    created: created.clone(),
                };
                self.children.entry(id).or_default().push_back(child);
            }
            Some(EventType::TimerCreated(created)) => {
                self.timers.insert(id, created.fire_at.unwrap_or_default());
            }
            Some(EventType::TimerFired(fired)) => {
                self.timers.remove(&fired.timer_id);
            }
            Some(EventType::EntityOperationCalled(called)) => {
                self.calls.insert(called.request_id.clone());
            }
            Some(EventType::EntityOperationCompleted(completed)) => {
                self.calls.remove(&completed.request_id);
            }
            Some(EventType::EntityOperationFailed(failed)) => {
                self.calls.remove(&failed.request_id);
            }
            Some(EventType::ExecutionSuspended(_)) => self.suspended = true,
            Some(EventType::ExecutionResumed(_)) => self.suspended = false,
            _ => {}
        }
    }

    /// Takes in a result that waits in the inbox. False: nothing waits for it, or it is of a
    /// child that will have another one.
    pub(super) fn take_result(&mut self, after: &mut Instance, message: &TurnMessage) -> bool {
        let Ok(event) = HistoryEvent::decode(message.event.clone()) else {
            return false;
        };
        let Some(result) = TaskResult::of(&event) else {
            return false;
        };
        let again = result.of_child && result.failed;
        let waited_for = !again && self.close(result, &event, &message.event);
        if waited_for {
            result.record(after);
        }
        waited_for
    }

    /// False: no such task is open.
    fn close(&mut self, result: TaskResult, event: &HistoryEvent, encoded: &Bytes) -> bool {
        if !result.of_child {
            return self.activities.see(event, encoded);
        }
        if result.failed {
            let same_id = self.children.get_mut(&result.task_id);
            return same_id.and_then(VecDeque::pop_front).is_some();
        }
        // Earlier attempts under the same id have lost their failures.
        let same_id = self.children.remove(&result.task_id);
        same_id.is_some_and(|children| !children.is_empty())
    }

    /// The children that have not completed, each instance once: one that was asked for in
    /// several attempts belongs to the last of them.
    pub(super) fn take_children(&mut self) -> Vec<OpenChild> {
        let mut of_id: BTreeMap<String, OpenChild> = BTreeMap::new();
        for child in std::mem::take(&mut self.children).into_values().flatten() {
            of_id.insert(child.created.instance_id.clone(), child);
        }
        let mut children: Vec<OpenChild> = of_id.into_values().collect();
        children.sort_by_key(|child| child.task_id);
        children
    }
}

/// What an event says of a task that has ended.
#[derive(Clone, Copy, Debug)]
struct TaskResult {
    of_child: bool,
    task_id: i32,
    failed: bool,
}

impl TaskResult {
    fn of(event: &HistoryEvent) -> Option<Self> {
        let (of_child, task_id, failed) = match &event.event_type {
            Some(EventType::TaskCompleted(it)) => (false, it.task_scheduled_id, false),
            Some(EventType::TaskFailed(it)) => (false, it.task_scheduled_id, true),
            Some(EventType::SubOrchestrationInstanceCompleted(it)) => {
                (true, it.task_scheduled_id, false)
            }
            Some(EventType::SubOrchestrationInstanceFailed(it)) => {
                (true, it.task_scheduled_id, true)
            }
            _ => return None,
        };
        Some(Self {
            of_child,
            task_id,
            failed,
        })
    }

    fn record(self, after: &mut Instance) {
        if self.of_child {
            after.record_child(self.task_id, self.failed);
        } else {
            after.record_activity(self.task_id, self.failed);
        }
    }
}

fn count_in_batch(counters: &mut Counters, id: i32) {
    if counters.batch_turn != counters.turns {
        counters.batch_turn = counters.turns;
        counters.batch_first_task = id;
        counters.batch = Outcomes::default();
    }
    counters.batch_first_task = counters.batch_first_task.min(id);
    counters.batch.scheduled += 1;
}
