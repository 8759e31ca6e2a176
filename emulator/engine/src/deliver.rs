//! A message arrives at an instance: external events, results, suspend, resume, terminate.

use std::sync::Arc;

use durascope_proto::EntityOperationCompletedEvent;
use durascope_proto::EntityOperationFailedEvent;
use durascope_proto::EventRaisedEvent;
use durascope_proto::ExecutionResumedEvent;
use durascope_proto::ExecutionSuspendedEvent;
use durascope_proto::ExecutionTerminatedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::SubOrchestrationInstanceCompletedEvent;
use durascope_proto::SubOrchestrationInstanceFailedEvent;
use durascope_proto::TaskCompletedEvent;
use durascope_proto::TaskFailedEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use prost::Message as _;
use prost::bytes::Bytes;

use crate::batch::Kind;
use crate::entity::granted;
use crate::failure::bounded;
use crate::history::event;
use crate::instance::Counters;
use crate::instance::Instance;
use crate::instance::Outcomes;
use crate::instance::Phase;

/// Everything that can arrive at an instance that exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// An external event; it goes to whatever execution is current.
    Raised {
        name: String,
        input: Option<String>,
    },
    /// An activity's result for the execution that scheduled it.
    ActivityResult {
        execution: Arc<str>,
        task_id: i32,
        result: TaskResult,
    },
    /// A sub-orchestration's result for the execution that started it.
    ChildResult {
        execution: Arc<str>,
        task_id: i32,
        result: TaskResult,
    },
    /// The result of a call to an entity, for the execution that made it.
    EntityReply {
        execution: Arc<str>,
        request: Arc<str>,
        result: TaskResult,
    },
    /// A critical section that this execution asked for begins.
    LockGranted {
        execution: Arc<str>,
        section: Arc<str>,
    },
    Suspend {
        reason: Option<String>,
    },
    Resume {
        reason: Option<String>,
    },
    Terminate {
        output: Option<String>,
        recurse: bool,
    },
}

/// How a task ended. Payloads are opaque.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskResult {
    Completed(Option<String>),
    Failed(TaskFailureDetails),
}

/// What a message does.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once and never kept: a box would only cost"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// Nothing: the instance has ended, moved on, or is in that state already.
    Ignored,
    /// It waits in the inbox, and the instance is now `after`.
    Accepted { after: Instance, entry: Entry },
    /// The instance has not started and is scheduled for later: it ends without a turn.
    EndsUnstarted {
        output: Option<String>,
        recurse: bool,
    },
}

/// A row for the inbox. Its place is the time of acceptance; `visible_us` is set for what
/// becomes visible at a time, which may be over already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    /// Belongs to the execution and goes with it.
    pub bound: bool,
    pub visible_us: Option<i64>,
    /// Encoded `HistoryEvent`.
    pub event: Bytes,
}

impl Entry {
    pub(crate) fn now(kind: Kind, bound: bool, event: &HistoryEvent) -> Self {
        Self {
            kind,
            bound,
            visible_us: None,
            event: event.encode_to_vec().into(),
        }
    }
}

impl Instance {
    /// Decides what `message` does, `now_us` being the moment of its acceptance.
    pub fn deliver(&self, now_us: i64, message: Message) -> Delivery {
        if self.is_terminal() {
            return Delivery::Ignored;
        }
        match message {
            Message::Raised { name, input } => {
                self.accept(Entry::now(Kind::Event, false, &raised(now_us, name, input)))
            }
            Message::ActivityResult {
                execution,
                task_id,
                result,
            } => {
                let failed = matches!(result, TaskResult::Failed(_));
                let event = event(-1, now_us, activity_ended(task_id, result));
                let entry = Entry::now(Kind::ActivityResult, true, &event);
                self.accept_result(&execution, task_id, failed, activities, entry)
            }
            Message::ChildResult {
                execution,
                task_id,
                result,
            } => {
                let failed = matches!(result, TaskResult::Failed(_));
                let event = event(-1, now_us, child_ended(task_id, result));
                let entry = Entry::now(Kind::ChildResult, true, &event);
                self.accept_result(&execution, task_id, failed, children, entry)
            }
            Message::EntityReply {
                execution,
                request,
                result,
            } => {
                let event = event(-1, now_us, entity_replied(&request, result));
                self.accept_for(&execution, Entry::now(Kind::EntityReply, true, &event))
            }
            Message::LockGranted { execution, section } => {
                let event = granted(now_us, section.to_string());
                self.accept_for(&execution, Entry::now(Kind::LockGranted, true, &event))
            }
            Message::Suspend { reason } => self.suspend(now_us, reason),
            Message::Resume { reason } => self.resume(now_us, reason),
            Message::Terminate { output, recurse } => self.terminate(now_us, output, recurse),
        }
    }

    fn accept(&self, entry: Entry) -> Delivery {
        let mut after = self.clone();
        after.counters.messages_waiting += 1;
        Delivery::Accepted { after, entry }
    }

    fn accept_for(&self, execution: &str, entry: Entry) -> Delivery {
        if *self.execution != *execution {
            return Delivery::Ignored;
        }
        self.accept(entry)
    }

    /// A result counts for the execution that asked for it; an older one has moved on.
    fn accept_result(
        &self,
        execution: &str,
        task_id: i32,
        failed: bool,
        outcomes: fn(&mut Counters) -> &mut Outcomes,
        entry: Entry,
    ) -> Delivery {
        if *self.execution != *execution {
            return Delivery::Ignored;
        }
        let mut after = self.clone();
        after.record(task_id, failed, outcomes);
        after.counters.messages_waiting += 1;
        Delivery::Accepted { after, entry }
    }

    pub(crate) fn record_activity(&mut self, task_id: i32, failed: bool) {
        self.record(task_id, failed, activities);
    }

    pub(crate) fn record_child(&mut self, task_id: i32, failed: bool) {
        self.record(task_id, failed, children);
    }

    fn record(&mut self, task_id: i32, failed: bool, outcomes: fn(&mut Counters) -> &mut Outcomes) {
        outcomes(&mut self.counters).record(failed);
        self.record_in_batch(task_id, failed);
    }

    /// Ids rise in the order of scheduling, so an id tells whether a task is of the batch.
    fn record_in_batch(&mut self, task_id: i32, failed: bool) {
        let counters = &mut self.counters;
        if counters.batch_turn > 0
            && task_id >= counters.batch_first_task
            && counters.batch.open() > 0
        {
            counters.batch.record(failed);
        }
    }

    /// The status changes at once; the code learns of it in a turn of its own, so that no
    /// action of the same turn is left unconfirmed behind the suspend event.
    fn suspend(&self, now_us: i64, reason: Option<String>) -> Delivery {
        if self.status == OrchestrationStatus::Suspended {
            return Delivery::Ignored;
        }
        let mut after = self.clone();
        after.status = OrchestrationStatus::Suspended;
        after.updated_us = now_us;
        after.counters.messages_waiting += 1;
        let suspended = suspended(now_us, reason);
        Delivery::Accepted {
            after,
            entry: Entry::now(Kind::Suspend, false, &suspended),
        }
    }

    fn resume(&self, now_us: i64, reason: Option<String>) -> Delivery {
        if self.status != OrchestrationStatus::Suspended {
            return Delivery::Ignored;
        }
        let mut after = self.clone();
        after.status = match self.phase {
            Phase::New => OrchestrationStatus::Pending,
            Phase::Running | Phase::Suspended | Phase::Renewed | Phase::Rewinding => {
                OrchestrationStatus::Running
            }
        };
        after.updated_us = now_us;
        after.counters.messages_waiting += 1;
        let resumed = event(
            -1,
            now_us,
            EventType::ExecutionResumed(ExecutionResumedEvent { input: reason }),
        );
        Delivery::Accepted {
            after,
            entry: Entry::now(Kind::Resume, false, &resumed),
        }
    }

    fn terminate(&self, now_us: i64, output: Option<String>, recurse: bool) -> Delivery {
        let later = self
            .scheduled_start_us
            .is_some_and(|start_us| start_us > now_us);
        if self.phase == Phase::New && later {
            return Delivery::EndsUnstarted { output, recurse };
        }
        self.accept(Entry::now(
            Kind::Terminate,
            false,
            &terminated(now_us, output, recurse),
        ))
    }
}

fn activities(counters: &mut Counters) -> &mut Outcomes {
    &mut counters.activities
}

fn children(counters: &mut Counters) -> &mut Outcomes {
    &mut counters.children
}

fn activity_ended(task_scheduled_id: i32, result: TaskResult) -> EventType {
    match result {
        TaskResult::Completed(result) => EventType::TaskCompleted(TaskCompletedEvent {
            task_scheduled_id,
            result,
        }),
        TaskResult::Failed(details) => EventType::TaskFailed(TaskFailedEvent {
            task_scheduled_id,
            failure_details: Some(bounded(details)),
        }),
    }
}

fn entity_replied(request: &str, result: TaskResult) -> EventType {
    let request_id = request.to_owned();
    match result {
        TaskResult::Completed(output) => {
            EventType::EntityOperationCompleted(EntityOperationCompletedEvent {
                request_id,
                output,
            })
        }
        TaskResult::Failed(details) => {
            EventType::EntityOperationFailed(EntityOperationFailedEvent {
                request_id,
                failure_details: Some(details),
            })
        }
    }
}

/// A child's details were bounded when it ended.
fn child_ended(task_scheduled_id: i32, result: TaskResult) -> EventType {
    match result {
        TaskResult::Completed(result) => {
            EventType::SubOrchestrationInstanceCompleted(SubOrchestrationInstanceCompletedEvent {
                task_scheduled_id,
                result,
            })
        }
        TaskResult::Failed(details) => {
            EventType::SubOrchestrationInstanceFailed(SubOrchestrationInstanceFailedEvent {
                task_scheduled_id,
                failure_details: Some(details),
            })
        }
    }
}

pub(crate) fn raised(now_us: i64, name: String, input: Option<String>) -> HistoryEvent {
    event(
        -1,
        now_us,
        EventType::EventRaised(EventRaisedEvent { name, input }),
    )
}

pub(crate) fn suspended(now_us: i64, reason: Option<String>) -> HistoryEvent {
    event(
        -1,
        now_us,
        EventType::ExecutionSuspended(ExecutionSuspendedEvent { input: reason }),
    )
}

pub(crate) fn terminated(now_us: i64, output: Option<String>, recurse: bool) -> HistoryEvent {
    let terminated = ExecutionTerminatedEvent {
        input: output,
        recurse,
    };
    event(-1, now_us, EventType::ExecutionTerminated(terminated))
}
