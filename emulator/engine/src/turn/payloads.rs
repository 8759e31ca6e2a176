//! The payloads that a worker's answer brings, by place and size, for whoever limits them.

use std::fmt;

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::OrchestratorAction;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use prost::Message as _;

use super::Answer;

/// A text, or details, of which somebody chose the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The action that brings it.
    pub action: Option<i32>,
    pub field: &'static str,
    pub bytes: usize,
    /// A whole message around payloads, which is no payload itself.
    pub whole: bool,
}

impl Payload {
    /// A field of a message.
    pub fn field(field: &'static str, bytes: usize) -> Self {
        Self {
            action: None,
            field,
            bytes,
            whole: false,
        }
    }

    /// A message with all that is in it.
    pub fn whole(field: &'static str, bytes: usize) -> Self {
        Self {
            whole: true,
            ..Self::field(field, bytes)
        }
    }

    /// A field whose text may be absent.
    pub fn text(field: &'static str, text: Option<&String>) -> Self {
        Self::field(field, text.map_or(0, String::len))
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(action) = self.action {
            write!(formatter, "action {action}: ")?;
        }
        formatter.write_str(self.field)
    }
}

impl Answer {
    /// Every payload of the answer, in the order of its actions.
    pub fn payloads(&self) -> Vec<Payload> {
        let mut found = vec![Payload::text("customStatus", self.custom_status.as_ref())];
        for action in &self.actions {
            let first = found.len();
            payloads_of(action, &mut found);
            for payload in &mut found[first..] {
                payload.action = Some(action.id);
            }
        }
        found
    }
}

fn payloads_of(action: &OrchestratorAction, found: &mut Vec<Payload>) {
    match &action.orchestrator_action_type {
        Some(OrchestratorActionType::ScheduleTask(task)) => {
            found.push(Payload::text("input of scheduleTask", task.input.as_ref()));
            found.push(Payload::whole("scheduleTask", task.encoded_len()));
        }
        Some(OrchestratorActionType::CreateSubOrchestration(child)) => {
            let input = child.input.as_ref();
            found.push(Payload::text("input of createSubOrchestration", input));
            found.push(Payload::whole(
                "createSubOrchestration",
                child.encoded_len(),
            ));
        }
        Some(OrchestratorActionType::SendEvent(send)) => {
            found.push(Payload::text("data of sendEvent", send.data.as_ref()));
            found.push(Payload::whole("sendEvent", send.encoded_len()));
        }
        Some(OrchestratorActionType::TerminateOrchestration(terminate)) => {
            let reason = terminate.reason.as_ref();
            found.push(Payload::text("reason of terminateOrchestration", reason));
        }
        Some(OrchestratorActionType::SendEntityMessage(send)) => of_entity_message(send, found),
        Some(OrchestratorActionType::CompleteOrchestration(complete)) => {
            of_completion(complete, found);
        }
        Some(OrchestratorActionType::CreateTimer(_))
        | Some(OrchestratorActionType::RewindOrchestration(_))
        | None => {}
    }
}

fn of_entity_message(send: &SendEntityMessageAction, found: &mut Vec<Payload>) {
    let input = match &send.entity_message_type {
        Some(EntityMessageType::EntityOperationSignaled(signal)) => {
            Payload::text("input of entityOperationSignaled", signal.input.as_ref())
        }
        Some(EntityMessageType::EntityOperationCalled(call)) => {
            Payload::text("input of entityOperationCalled", call.input.as_ref())
        }
        Some(EntityMessageType::EntityLockRequested(_))
        | Some(EntityMessageType::EntityUnlockSent(_))
        | None => return,
    };
    found.push(input);
    found.push(Payload::whole("sendEntityMessage", send.encoded_len()));
}

/// What is carried over comes as messages of their own, so there is no sum of it.
fn of_completion(complete: &CompleteOrchestrationAction, found: &mut Vec<Payload>) {
    let result = complete.result.as_ref();
    found.push(Payload::text("result of completeOrchestration", result));
    if let Some(details) = &complete.failure_details {
        found.push(Payload::whole(
            "failureDetails of completeOrchestration",
            details.encoded_len(),
        ));
    }
    for carried in &complete.carryover_events {
        found.push(Payload::whole(
            "an event of carryoverEvents of completeOrchestration",
            carried.encoded_len(),
        ));
    }
}
