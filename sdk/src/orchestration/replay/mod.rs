//! Replay: history and new events in, actions and custom status out.
//!
//! Pure and synchronous: no transport, no runtime, no clock. Events are applied one at a time
//! in history order, and the code runs to quiescence after each, so that every replay wakes
//! the same futures in the same order.

mod apply;
mod matcher;
mod pending;
mod poll;
mod rewind;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use pending::Call;
pub(crate) use pending::Outcome;
pub(crate) use poll::CodeResult;
pub(crate) use poll::is_replaying_here;
pub(crate) use rewind::is_rewind;
pub(crate) use rewind::rewind;
pub(crate) use state::Identity;
pub(crate) use state::NextGeneration;
pub use state::ParentInstance;
pub(crate) use state::Shared;

use std::collections::VecDeque;
use std::sync::Arc;

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use futures_util::future::BoxFuture;

use crate::failure::FailureDetails;
use crate::orchestration::OrchestrationContext;
use poll::Driver;

/// A registered orchestration function, its types erased.
pub(crate) type OrchestrationFn = Arc<
    dyn Fn(OrchestrationContext, Option<String>) -> BoxFuture<'static, CodeResult> + Send + Sync,
>;

/// Finds the function of a name.
pub(crate) type Lookup<'a> = &'a (dyn Fn(&str) -> Option<OrchestrationFn> + 'a);

/// What one turn decided.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Turn {
    pub(crate) actions: Vec<OrchestratorAction>,
    pub(crate) custom_status: Option<String>,
}

/// One execution of an orchestration, between its turns or rebuilt for one.
pub(crate) struct Replay<'a> {
    lookup: Lookup<'a>,
    instance_id: String,
    execution_id: String,
    shared: Shared,
    code: Code,
    suspended: bool,
    held: VecDeque<HistoryEvent>,
    /// The history was rewritten by a rewind, so calls may lack their confirmation.
    rewound: bool,
    event_id_max: i32,
    /// Events raised after the end, for the next generation.
    late: Vec<HistoryEvent>,
}

enum Code {
    NotStarted,
    Running(Driver),
    Over(Ending),
}

#[derive(Debug)]
enum Ending {
    /// The code returned, or panicked.
    Returned(CodeResult),
    ContinuedAsNew(NextGeneration),
    Terminated(Option<String>),
    /// The code must not go on: non-determinism, unknown name.
    Refused(FailureDetails),
}

impl<'a> Replay<'a> {
    pub(crate) fn new(instance_id: String, execution_id: String, lookup: Lookup<'a>) -> Self {
        Self {
            lookup,
            instance_id,
            execution_id,
            shared: Shared::default(),
            code: Code::NotStarted,
            suspended: false,
            held: VecDeque::new(),
            rewound: false,
            event_id_max: 0,
            late: Vec::new(),
        }
    }

    /// Applies what the history already holds, then the events of this turn.
    pub(crate) fn turn(&mut self, past: Vec<HistoryEvent>, new: Vec<HistoryEvent>) -> Turn {
        self.look_ahead(&past);
        self.shared.lock().replaying = true;
        for event in past {
            self.on_event(event);
        }
        self.shared.lock().replaying = false;
        for event in new {
            self.on_event(event);
        }
        self.refuse_if_stuck();
        self.take_turn()
    }

    /// Learns which calls of the code need no encoding, and whether a rewind cut the history.
    fn look_ahead(&mut self, past: &[HistoryEvent]) {
        let mut known = vec![false; past.len() + 1];
        for event in past {
            match &event.event_type {
                Some(
                    EventType::TaskScheduled(_)
                    | EventType::TimerCreated(_)
                    | EventType::SubOrchestrationInstanceCreated(_)
                    | EventType::EventSent(_),
                ) => {
                    let id = usize::try_from(event.event_id).ok();
                    if let Some(known) = id.and_then(|id| known.get_mut(id)) {
                        *known = true;
                    }
                }
                Some(EventType::ExecutionRewound(_)) => self.rewound = true,
                Some(_) | None => {}
            }
        }
        self.shared.lock().pending.set_known(known);
    }

    /// Code that awaits something no event can bring would hang for ever, in silence.
    fn refuse_if_stuck(&mut self) {
        if self.suspended || !matches!(self.code, Code::Running(_)) {
            return;
        }
        let state = self.shared.lock();
        let stuck = !state.pending.is_waiting() && !state.mailboxes.has_waiters();
        drop(state);
        if stuck {
            self.code = Code::Over(Ending::Refused(FailureDetails::non_retriable(
                "NotDurable",
                "the orchestration awaits something that is not a durable operation of its \
                 context; sleeps, I/O and channels to other tasks belong into activities",
            )));
        }
    }

    fn take_turn(&mut self) -> Turn {
        let mut actions = Vec::new();
        let mut carryover = Vec::new();
        if let Code::Over(ending) = &self.code {
            let mut state = self.shared.lock();
            if matches!(ending, Ending::Returned(_) | Ending::ContinuedAsNew(_)) {
                actions = state.pending.take_actions();
            }
            if let Ending::ContinuedAsNew(NextGeneration {
                keeps_events: true, ..
            }) = ending
            {
                carryover = state.mailboxes.take_unprocessed();
                carryover.append(&mut self.late);
            }
            let id = state
                .pending
                .next_id()
                .max(self.event_id_max.saturating_add(1));
            drop(state);
            let action = completion(ending, carryover);
            actions.push(OrchestratorAction {
                id,
                orchestrator_action_type: Some(OrchestratorActionType::CompleteOrchestration(
                    action,
                )),
            });
        } else {
            actions = self.shared.lock().pending.take_actions();
        }
        Turn {
            actions,
            custom_status: self.shared.lock().custom_status.clone(),
        }
    }
}

fn completion(ending: &Ending, carryover: Vec<HistoryEvent>) -> CompleteOrchestrationAction {
    let (status, result, failure) = match ending {
        Ending::Returned(Ok(output)) => (OrchestrationStatus::Completed, output.clone(), None),
        Ending::Returned(Err(details)) | Ending::Refused(details) => (
            OrchestrationStatus::Failed,
            None,
            Some(details.clone().into_proto()),
        ),
        Ending::Terminated(output) => (OrchestrationStatus::Terminated, output.clone(), None),
        Ending::ContinuedAsNew(next) => {
            return CompleteOrchestrationAction {
                orchestration_status: OrchestrationStatus::ContinuedAsNew.into(),
                result: next.input.clone(),
                new_version: next.version.clone(),
                tags: next.tags.clone(),
                carryover_events: carryover,
                ..CompleteOrchestrationAction::default()
            };
        }
    };
    CompleteOrchestrationAction {
        orchestration_status: status.into(),
        result,
        failure_details: failure,
        ..CompleteOrchestrationAction::default()
    }
}
