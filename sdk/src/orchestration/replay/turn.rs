//! The end of a turn: what is sent to the server.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;

use super::Call;
use super::Code;
use super::Ending;
use super::NextGeneration;
use super::Replay;
use super::Turn;
use crate::failure::FailureDetails;

impl Replay {
    /// Code that awaits something no event can bring would hang for ever, in silence.
    pub(super) fn refuse_if_stuck(&mut self) {
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

    pub(super) fn take_turn(&mut self) -> Turn {
        let mut actions;
        let mut carryover = Vec::new();
        if let Code::Over(ending) = &self.code {
            let mut state = self.shared.lock();
            state.release_all();
            // What entities were told, and were locked for, holds however the code ended. Of code
            // that differs from its history only the release of its locks can be trusted.
            actions = match ending {
                Ending::Returned(_) | Ending::ContinuedAsNew(_) => state.pending.take_actions(),
                Ending::Terminated(_) => state.pending.take_actions_of(Call::is_entity_message),
                Ending::Refused(_) => state
                    .pending
                    .take_actions_of(|call| matches!(call, Call::Unlock { .. })),
            };
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
