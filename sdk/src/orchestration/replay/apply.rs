//! One history event applied to an execution; the code runs if the event woke it.

use std::sync::Arc;
use std::task::Waker;

use durascope_proto::ExecutionStartedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::ParentInstanceInfo;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::time::to_micros;

use super::Code;
use super::Ending;
use super::Identity;
use super::ParentInstance;
use super::Replay;
use super::matcher::Confirmation;
use super::matcher::NonDeterminism;
use super::pending::Call;
use super::pending::Outcome;
use super::poll::CodeResult;
use super::poll::Driver;
use crate::error::CONTINUED_AS_NEW;
use crate::failure::FailureDetails;
use crate::orchestration::OrchestrationContext;
use crate::orchestration::random::ticks;

impl Replay {
    pub(super) fn on_event(&mut self, event: HistoryEvent) {
        self.event_id_max = self.event_id_max.max(event.event_id);
        let Some(event_type) = &event.event_type else {
            // A kind that this contract does not know yet.
            return;
        };
        if self.suspended && is_held(event_type) {
            self.held.push_back(event);
            return;
        }
        match event_type {
            EventType::OrchestratorStarted(_) => self.on_turn_started(&event),
            EventType::ExecutionSuspended(_) => self.suspended = true,
            EventType::ExecutionResumed(_) => self.on_resumed(),
            EventType::TaskScheduled(it) => {
                self.confirm(event.event_id, &Confirmation::Activity { name: &it.name });
            }
            EventType::TimerCreated(_) => self.confirm(event.event_id, &Confirmation::Timer),
            EventType::SubOrchestrationInstanceCreated(it) => {
                self.confirm(
                    event.event_id,
                    &Confirmation::SubOrchestration { name: &it.name },
                );
            }
            EventType::EventSent(it) => self.confirm(
                event.event_id,
                &Confirmation::SendEvent {
                    target: &it.instance_id,
                    name: &it.name,
                },
            ),
            EventType::ExecutionStarted(_)
            | EventType::ExecutionTerminated(_)
            | EventType::TaskCompleted(_)
            | EventType::TaskFailed(_)
            | EventType::SubOrchestrationInstanceCompleted(_)
            | EventType::SubOrchestrationInstanceFailed(_)
            | EventType::TimerFired(_)
            | EventType::EventRaised(_)
            | EventType::EntityOperationCompleted(_)
            | EventType::EntityOperationFailed(_)
            | EventType::EntityLockGranted(_) => self.on_message(event),
            EventType::EntityOperationCalled(_)
            | EventType::EntityOperationSignaled(_)
            | EventType::EntityLockRequested(_)
            | EventType::EntityUnlockSent(_) => self.on_entity_message_sent(&event),
            EventType::ExecutionRewound(_) => self.rewound = true,
            // Of other kinds the code needs nothing.
            EventType::ExecutionCompleted(_)
            | EventType::OrchestratorCompleted(_)
            | EventType::GenericEvent(_)
            | EventType::HistoryState(_)
            | EventType::ContinueAsNew(_) => {}
        }
    }

    /// A message reached the instance: it starts, ends or wakes the code.
    fn on_message(&mut self, event: HistoryEvent) {
        if matches!(self.code, Code::Over(_)) {
            if matches!(event.event_type, Some(EventType::EventRaised(_))) {
                self.late.push(event);
            }
            return;
        }
        let waker = match event.event_type {
            Some(EventType::ExecutionStarted(it)) => {
                self.on_execution_started(it);
                None
            }
            Some(EventType::ExecutionTerminated(it)) => {
                self.end(Ending::Terminated(it.input));
                None
            }
            Some(EventType::TaskCompleted(it)) => self.complete(
                it.task_scheduled_id,
                is_activity,
                Outcome::Completed(it.result),
            ),
            Some(EventType::TaskFailed(it)) => self.complete(
                it.task_scheduled_id,
                is_activity,
                failed(it.failure_details),
            ),
            Some(EventType::SubOrchestrationInstanceCompleted(it)) => self.complete(
                it.task_scheduled_id,
                is_child,
                Outcome::Completed(it.result),
            ),
            Some(EventType::SubOrchestrationInstanceFailed(it)) => {
                self.complete(it.task_scheduled_id, is_child, failed(it.failure_details))
            }
            Some(EventType::TimerFired(it)) => {
                self.complete(it.timer_id, |call| *call == Call::Timer, Outcome::Fired)
            }
            Some(EventType::EventRaised(ref it)) => {
                let name = it.name.clone();
                self.shared.lock().mailboxes.on_raised(&name, event)
            }
            Some(EventType::EntityOperationCompleted(it)) => {
                let outcome = Outcome::Completed(it.output);
                self.shared.lock().on_answer(&it.request_id, outcome)
            }
            Some(EventType::EntityOperationFailed(it)) => {
                let outcome = failed(it.failure_details);
                self.shared.lock().on_answer(&it.request_id, outcome)
            }
            Some(EventType::EntityLockGranted(it)) => {
                self.shared.lock().on_granted(&it.critical_section_id)
            }
            Some(_) | None => None,
        };
        // Woken only now that the state is free: a waker may be anything.
        if let Some(waker) = waker {
            waker.wake();
        }
        self.drive();
    }

    fn on_turn_started(&mut self, event: &HistoryEvent) {
        let mut state = self.shared.lock();
        if let Some(timestamp) = &event.timestamp {
            state.now_micros = to_micros(timestamp);
            state.now_ticks = ticks(timestamp);
        }
        if self.rewound {
            return;
        }
        let difference = match &self.code {
            Code::Over(Ending::Returned(_) | Ending::ContinuedAsNew(_)) => Some(
                NonDeterminism::ended_early(state.pending.next_id(), "another turn"),
            ),
            Code::NotStarted | Code::Running(_) => state
                .pending
                .first_unconfirmed()
                .map(|(id, call)| NonDeterminism::not_in_history(id, call)),
            Code::Over(Ending::Terminated(_) | Ending::Refused(_)) => None,
        };
        drop(state);
        if let Some(difference) = difference {
            self.refuse(&difference);
        }
    }

    fn on_resumed(&mut self) {
        self.suspended = false;
        // A held event cannot be another suspension: those are never held.
        while let Some(event) = self.held.pop_front() {
            self.on_event(event);
        }
    }

    fn on_execution_started(&mut self, started: ExecutionStartedEvent) {
        if !matches!(self.code, Code::NotStarted) {
            return;
        }
        let Some(function) = (self.lookup)(&started.name, started.version.as_deref()) else {
            self.end(Ending::Refused(FailureDetails::non_retriable(
                "OrchestratorTaskNotFound",
                unregistered("orchestration", &started.name, started.version.as_deref()),
            )));
            return;
        };
        self.name.clone_from(&started.name);
        let instance = started.orchestration_instance.unwrap_or_default();
        let identity = Identity {
            instance_id: std::mem::take(&mut self.instance_id),
            execution_id: instance
                .execution_id
                .unwrap_or_else(|| std::mem::take(&mut self.execution_id)),
            name: started.name,
            version: started.version,
            tags: started.tags,
            parent: started.parent_instance.map(parent),
        };
        let context = OrchestrationContext::new(Arc::new(identity), self.shared.clone());
        let replaying = self.shared.lock().replaying;
        match Driver::new(replaying, move || function(context, started.input)) {
            Ok(driver) => self.code = Code::Running(driver),
            Err(details) => self.on_returned(Err(details)),
        }
    }

    pub(super) fn confirm(&mut self, id: i32, confirmation: &Confirmation<'_>) {
        if matches!(
            self.code,
            Code::Over(Ending::Terminated(_) | Ending::Refused(_))
        ) {
            return;
        }
        let confirmed = self.shared.lock().pending.confirm(id, confirmation);
        if let Err(difference) = confirmed {
            self.refuse(&difference);
        }
    }

    fn complete(&self, id: i32, fits: fn(&Call) -> bool, outcome: Outcome) -> Option<Waker> {
        self.shared.lock().pending.complete(id, fits, outcome)
    }

    fn drive(&mut self) {
        let replaying = self.shared.lock().replaying;
        if let Code::Running(driver) = &mut self.code
            && let Some(result) = driver.drive(replaying)
        {
            self.on_returned(result);
        }
    }

    fn on_returned(&mut self, result: CodeResult) {
        let next = self.shared.lock().next_generation.take();
        let wanted = match &result {
            Ok(_) => true,
            Err(details) => says_continued_as_new(details),
        };
        match next.filter(|_| wanted) {
            Some(next) => self.end(Ending::ContinuedAsNew(next)),
            None => self.end(Ending::Returned(result)),
        }
    }

    fn refuse(&mut self, difference: &NonDeterminism) {
        self.difference = Some(difference.clone());
        self.end(Ending::Refused(FailureDetails::non_retriable(
            "NonDeterminism",
            difference.to_string(),
        )));
    }

    fn end(&mut self, ending: Ending) {
        self.code = Code::Over(ending);
    }
}

/// Text of the failure of a name that this worker does not know.
pub(crate) fn unregistered(kind: &str, name: &str, version: Option<&str>) -> String {
    match version.filter(|version| !version.is_empty()) {
        Some(version) => format!(
            "no {kind} named {name:?} is registered with this worker in version {version:?}"
        ),
        None => format!("no {kind} named {name:?} is registered with this worker"),
    }
}

/// Whether it is the error of continue-as-new, also when the code has put words around it.
fn says_continued_as_new(details: &FailureDetails) -> bool {
    let mut next = Some(details);
    while let Some(level) = next {
        if level.message == CONTINUED_AS_NEW {
            return true;
        }
        next = level.inner.as_deref();
    }
    false
}

/// Confirmations and the time of a turn are facts of the history; messages wait for a resume.
fn is_held(event_type: &EventType) -> bool {
    matches!(
        event_type,
        EventType::ExecutionStarted(_)
            | EventType::TaskCompleted(_)
            | EventType::TaskFailed(_)
            | EventType::SubOrchestrationInstanceCompleted(_)
            | EventType::SubOrchestrationInstanceFailed(_)
            | EventType::TimerFired(_)
            | EventType::EventRaised(_)
            | EventType::EntityOperationCompleted(_)
            | EventType::EntityOperationFailed(_)
            | EventType::EntityLockGranted(_)
    )
}

fn is_activity(call: &Call) -> bool {
    matches!(call, Call::Activity { .. })
}

fn is_child(call: &Call) -> bool {
    matches!(call, Call::SubOrchestration { .. })
}

fn failed(details: Option<TaskFailureDetails>) -> Outcome {
    Outcome::Failed(Box::new(details.unwrap_or_default()))
}

fn parent(info: ParentInstanceInfo) -> ParentInstance {
    ParentInstance {
        instance_id: info.orchestration_instance.unwrap_or_default().instance_id,
        name: info.name,
        version: info.version,
        task_id: info.task_scheduled_id,
    }
}
