//! A commit under construction: what is common to every answer.

use durascope_proto::ExecutionTerminatedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use prost::Message as _;

use super::Answer;
use super::Commit;
use super::PayloadChange;
use super::ScheduledActivity;
use super::Turn;
use super::TurnMessage;
use crate::batch::Kind;
use crate::history::ChunkWriter;
use crate::history::Place;
use crate::history::slice;
use crate::instance::Instance;
use crate::instance::Outcomes;
use crate::instance::Phase;

/// A commit under construction.
pub(super) struct Building {
    pub(super) now_us: i64,
    pub(super) commit: Commit,
    pub(super) writer: ChunkWriter,
    pub(super) placed: Vec<(ScheduledActivity, Place)>,
    pub(super) batch_first_task: Option<i32>,
    pub(super) batch_scheduled: u64,
}

impl Building {
    pub(super) fn new(now_us: i64, instance: &Instance, turn: &Turn, answer: &Answer) -> Self {
        let consumed = turn.consumed(answer);
        let taken = &turn.messages[..consumed];
        let mut writer = ChunkWriter::default();
        writer.push_encoded(&turn.started);
        for message in taken {
            // A replay has no event.
            if message.kind != Kind::Replay {
                writer.push_encoded(&message.event);
            }
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
            tags: None,
            trace: answer.trace.clone(),
            activities: Vec::new(),
            children: Vec::new(),
            sent: Vec::new(),
            entities: Vec::new(),
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

    pub(super) fn finish(self) -> Commit {
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
                counters.batch = Outcomes {
                    scheduled: self.batch_scheduled,
                    ..Default::default()
                };
            }
        }
        commit.activities = self
            .placed
            .into_iter()
            .filter_map(|(activity, place)| {
                let event = slice(&chunks, place)?;
                Some(ScheduledActivity { event, ..activity })
            })
            .collect();
        // Timers that are overdue already fire in the order of their times, not of their ids.
        commit.entries.sort_by_key(|entry| entry.visible_us);
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
            | Kind::Terminate
            | Kind::EntityReply
            | Kind::LockGranted
            | Kind::Rewind
            | Kind::Replay => phase,
        })
}

/// The terminate request in the turn, if there is one.
pub(super) fn terminated(turn: &Turn) -> Option<ExecutionTerminatedEvent> {
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
pub(super) fn malformed(now_us: i64, instance: &Instance, turn: &Turn, problem: &str) -> Commit {
    let details = TaskFailureDetails {
        error_type: "MalformedOrchestratorResponse".to_owned(),
        error_message: problem.to_owned(),
        is_non_retriable: true,
        ..Default::default()
    };
    failed(now_us, instance, turn, details, terminated(turn))
}

/// Ends an instance as failed for a reason of the server's own, its turn's events being the last
/// that happened to it. A termination in the turn needs no worker and is carried out instead.
pub fn fail(now_us: i64, instance: &Instance, turn: &Turn, details: TaskFailureDetails) -> Commit {
    let Some(terminate) = terminated(turn) else {
        return failed(now_us, instance, turn, details, None);
    };
    let mut building = Building::new(now_us, instance, turn, &Answer::default());
    let status = OrchestrationStatus::Terminated;
    building.end(-1, status, terminate.input.clone(), None, Some(terminate));
    building.finish()
}

fn failed(
    now_us: i64,
    instance: &Instance,
    turn: &Turn,
    details: TaskFailureDetails,
    terminate: Option<ExecutionTerminatedEvent>,
) -> Commit {
    let mut building = Building::new(now_us, instance, turn, &Answer::default());
    let status = OrchestrationStatus::Failed;
    building.end(-1, status, None, Some(details), terminate);
    building.finish()
}
