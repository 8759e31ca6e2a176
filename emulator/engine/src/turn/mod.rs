//! A worker answers a turn: its actions are checked and become one commit.
//!
//! Nothing here reads or writes; what the commit needs beyond the answer (the execution's first
//! event, what waits in the inbox) is an argument.

mod actions;
mod complete;

pub use complete::end_unstarted;
pub use complete::started_event;

use std::sync::Arc;

use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::ExecutionTerminatedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorStartedEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateOrchestrationAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use prost::Message as _;
use prost::bytes::Bytes;

use crate::batch::Kind;
use crate::deliver::Entry;
use crate::deliver::TaskResult;
use crate::history::Chunk;
use crate::history::ChunkWriter;
use crate::history::event;
use crate::instance::Instance;
use crate::instance::Phase;

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

/// The text or details of an instance that changed; `None` removes it.
#[derive(Clone, Debug, PartialEq)]
pub enum PayloadChange {
    Input(Option<String>),
    Output(Option<String>),
    CustomStatus(Option<String>),
    Failure(Option<TaskFailureDetails>),
}

/// An activity that may run once the commit is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledActivity {
    pub task_id: i32,
    pub name: Arc<str>,
    pub version: Option<Arc<str>>,
    /// Encoded TaskScheduled event, shared with the history chunk.
    pub event: Bytes,
}

/// A sub-orchestration to create.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildRequest {
    pub task_id: i32,
    pub action: CreateSubOrchestrationAction,
}

/// An external event for another instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentEvent {
    pub instance_id: String,
    pub name: String,
    pub input: Option<String>,
}

/// How the instance ended in this turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// What the parent is told.
    pub result: TaskResult,
    /// A recursive terminate ended it: the children get the same output.
    pub terminate_children: Option<Option<String>>,
}

/// Everything that one turn changes, to be written in one transaction or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    pub after: Instance,
    /// Continue-as-new: the old history goes, and so does every bound inbox row.
    pub renews: bool,
    /// Appended history; numbered on from the instance's counters before the turn, or from 0.
    pub chunks: Vec<Chunk>,
    /// How many of the turn's messages leave the inbox, from the front.
    pub consumed: usize,
    /// Inbox rows that come before whatever waits.
    pub first_entries: Vec<Entry>,
    /// Inbox rows in order of acceptance.
    pub entries: Vec<Entry>,
    pub payloads: Vec<PayloadChange>,
    pub trace: Option<OrchestrationTraceContext>,
    pub activities: Vec<ScheduledActivity>,
    pub children: Vec<ChildRequest>,
    pub sent: Vec<SentEvent>,
    pub terminations: Vec<TerminateOrchestrationAction>,
    pub ended: Option<Ended>,
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

/// A commit under construction.
struct Building {
    now_us: i64,
    commit: Commit,
    writer: ChunkWriter,
    placed: Vec<(ScheduledActivity, crate::history::Place)>,
    batch_first_task: Option<i32>,
    batch_scheduled: u64,
}

impl Building {
    fn new(now_us: i64, instance: &Instance, turn: &Turn, answer: &Answer) -> Self {
        let consumed = match answer.events_processed {
            Some(count) if count > 0 => usize::try_from(count - 1)
                .map_or(turn.messages.len(), |count| count.min(turn.messages.len())),
            _ => turn.messages.len(),
        };
        let taken = &turn.messages[..consumed];
        let mut writer = ChunkWriter::default();
        writer.push_encoded(&turn.started);
        for message in taken {
            writer.push_encoded(&message.event);
        }
        let mut after = instance.clone();
        after.updated_us = now_us;
        after.phase = phase_after(instance.phase, taken);
        if after.status == OrchestrationStatus::Pending {
            after.status = OrchestrationStatus::Running;
        }
        let counters = &mut after.counters;
        counters.turns += 1;
        counters.history_last_us = turn.started_us;
        for message in taken {
            if message.kind == Kind::Timer {
                counters.timers_pending = counters.timers_pending.saturating_sub(1);
            }
            if !message.scheduled {
                counters.messages_waiting = counters.messages_waiting.saturating_sub(1);
            }
        }
        let mut commit = Commit {
            after,
            renews: false,
            chunks: Vec::new(),
            consumed,
            first_entries: Vec::new(),
            entries: Vec::new(),
            payloads: Vec::new(),
            trace: answer.trace.clone(),
            activities: Vec::new(),
            children: Vec::new(),
            sent: Vec::new(),
            terminations: Vec::new(),
            ended: None,
        };
        // Each turn says the whole custom status anew; empty means none.
        let custom_status = answer
            .custom_status
            .as_deref()
            .filter(|text| !text.is_empty());
        if custom_status != commit.after.custom_status.as_deref() {
            commit.after.custom_status = custom_status.map(Into::into);
            commit.payloads.push(PayloadChange::CustomStatus(
                custom_status.map(str::to_owned),
            ));
        }
        Self {
            now_us,
            commit,
            writer,
            placed: Vec::new(),
            batch_first_task: None,
            batch_scheduled: 0,
        }
    }

    fn finish(self) -> Commit {
        let mut commit = self.commit;
        let (events, bytes) = self.writer.totals();
        let chunks = self.writer.finish();
        if !commit.renews {
            let counters = &mut commit.after.counters;
            counters.history_events += events;
            counters.history_bytes += bytes;
            counters.history_chunks += chunks.len() as u64;
            if let Some(first) = self.batch_first_task {
                counters.batch_turn = counters.turns;
                counters.batch_first_task = first;
                counters.batch = crate::instance::Outcomes {
                    scheduled: self.batch_scheduled,
                    ..Default::default()
                };
            }
        }
        commit.activities = self
            .placed
            .into_iter()
            .filter_map(|(activity, place)| {
                let event = crate::history::slice(&chunks, place)?;
                Some(ScheduledActivity { event, ..activity })
            })
            .collect();
        commit.chunks = if commit.renews { Vec::new() } else { chunks };
        commit
    }
}

/// What the code knows after a turn with these messages.
fn phase_after(before: Phase, messages: &[TurnMessage]) -> Phase {
    messages
        .iter()
        .fold(before, |phase, message| match message.kind {
            Kind::Start | Kind::Resume => Phase::Running,
            Kind::Suspend => Phase::Suspended,
            Kind::Event
            | Kind::ActivityResult
            | Kind::ChildResult
            | Kind::Timer
            | Kind::Terminate => phase,
        })
}

/// The terminate request in the turn, if there is one.
fn terminated(turn: &Turn) -> Option<ExecutionTerminatedEvent> {
    let message = turn
        .messages
        .iter()
        .find(|message| message.kind == Kind::Terminate)?;
    let decoded = HistoryEvent::decode(message.event.clone()).ok()?;
    let EventType::ExecutionTerminated(terminated) = decoded.event_type? else {
        return None;
    };
    Some(terminated)
}

/// The commit for an answer that breaks the protocol: the turn's events stay, the instance fails.
fn malformed(now_us: i64, instance: &Instance, turn: &Turn, problem: &str) -> Commit {
    let mut building = Building::new(now_us, instance, turn, &Answer::default());
    let details = TaskFailureDetails {
        error_type: "MalformedOrchestratorResponse".to_owned(),
        error_message: problem.to_owned(),
        is_non_retriable: true,
        ..Default::default()
    };
    let status = OrchestrationStatus::Failed;
    building.end(-1, status, None, Some(details), terminated(turn));
    building.finish()
}
