//! A worker answers a turn: its actions are checked and become one commit.
//!
//! Nothing here reads or writes; what the commit needs beyond the answer (the execution's first
//! event, what waits in the inbox) is an argument.

mod actions;
mod building;
mod commit;
mod complete;
mod payloads;

pub use actions::derived_child_id;
pub(crate) use actions::timer_entry;
pub use building::fail;
pub use commit::ChildRequest;
pub use commit::Commit;
pub use commit::Ended;
pub use commit::EntityMessage;
pub use commit::PayloadChange;
pub use commit::ScheduledActivity;
pub use commit::SentEvent;
pub use complete::end_now;
pub use complete::end_unstarted;
pub use complete::started_event;
pub use payloads::Payload;

use building::Building;
use building::malformed;

use durascope_proto::ExecutionStartedEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorStartedEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use prost::Message as _;
use prost::bytes::Bytes;

use crate::batch::Kind;
use crate::history::event;
use crate::instance::Instance;

/// A message that a turn was given, with its place in the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnMessage {
    pub at_us: i64,
    pub seq: i64,
    pub kind: Kind,
    /// It was stored ahead of its time, and so is not counted among the waiting ones.
    pub scheduled: bool,
    /// Encoded `HistoryEvent`.
    pub event: Bytes,
}

/// A turn that is with a worker. What was sent is what will be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub started_us: i64,
    /// Encoded OrchestratorStarted event.
    pub started: Bytes,
    pub messages: Vec<TurnMessage>,
}

impl Turn {
    /// The turn of `instance` with these messages, its time being later than the last turn's and
    /// than every timer that fires in it: orchestrator code compares the two.
    pub fn new(now_us: i64, instance: &Instance, messages: Vec<TurnMessage>) -> Self {
        let due_us = messages
            .iter()
            .filter(|it| it.kind == Kind::Timer)
            .map(|it| it.at_us)
            .max();
        let started_us = now_us
            .max(instance.counters.history_last_us + 1)
            .max(due_us.map_or(i64::MIN, |due_us| due_us + 1));
        let started = event(
            -1,
            started_us,
            EventType::OrchestratorStarted(OrchestratorStartedEvent {}),
        );
        Self {
            started_us,
            started: started.encode_to_vec().into(),
            messages,
        }
    }

    /// How many of the messages `answer` consumes, from the front. OrchestratorStarted counts as
    /// one event of the turn.
    pub fn consumed(&self, answer: &Answer) -> usize {
        let all = self.messages.len();
        match answer.events_processed {
            Some(count) if count > 0 => {
                usize::try_from(count - 1).map_or(all, |count| count.min(all))
            }
            _ => all,
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.messages.iter().any(|message| message.kind == kind)
    }
}

/// A worker's answer, its chunks put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub actions: Vec<OrchestratorAction>,
    pub custom_status: Option<String>,
    /// How many of the turn's events, OrchestratorStarted included, were consumed; all if absent.
    pub events_processed: Option<i32>,
    pub trace: Option<OrchestrationTraceContext>,
}

impl Answer {
    /// Whether applying it needs [`Surroundings`].
    pub fn continues_as_new(&self) -> bool {
        self.actions
            .iter()
            .any(|action| match &action.orchestrator_action_type {
                Some(OrchestratorActionType::CompleteOrchestration(complete)) => {
                    complete.orchestration_status == OrchestrationStatus::ContinuedAsNew as i32
                }
                _ => false,
            })
    }
}

/// What continue-as-new needs to know beyond the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// The ExecutionStarted event of the execution; absent when it is in the turn itself.
    pub started: Option<ExecutionStartedEvent>,
    /// Accepted external events and controls that stay in the inbox after the turn.
    pub unbound_waiting: u32,
}

/// The commit for an answer that breaks the protocol in the way that `problem` says.
pub fn refuse(now_us: i64, instance: &Instance, turn: &Turn, problem: &str) -> Commit {
    malformed(now_us, instance, turn, problem)
}

/// Applies a worker's answer. `fresh_execution` becomes the execution id of a new generation.
///
/// A malformed answer is not refused: the instance fails with details that say what is wrong,
/// since offering the same work again would only repeat it.
pub fn apply(
    now_us: i64,
    instance: &Instance,
    turn: &Turn,
    answer: Answer,
    surroundings: Surroundings,
    fresh_execution: &str,
) -> Commit {
    let mut building = Building::new(now_us, instance, turn, &answer);
    let (others, completion) = actions::sort(answer.actions, turn);
    for action in others {
        if let Err(problem) = building.action(action) {
            return malformed(now_us, instance, turn, &problem);
        }
    }
    let outcome = match completion {
        Some((id, complete)) => {
            building.complete(turn, id, complete, surroundings, fresh_execution)
        }
        None => Ok(()),
    };
    match outcome {
        Ok(()) => building.finish(),
        Err(problem) => malformed(now_us, instance, turn, &problem),
    }
}
