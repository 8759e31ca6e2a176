//! The answer to a rewind turn becomes the new history.

use durascope_proto::ExecutionRewoundEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use prost::Message as _;
use prost::bytes::Bytes;

use super::Rewound;
use super::history::execution_of;
use super::history::without_failures;
use super::open::Open;
use crate::batch::Kind;
use crate::deliver::Entry;
use crate::history::ChunkWriter;
use crate::instance::Instance;
use crate::instance::Phase;
use crate::turn::Answer;
use crate::turn::Turn;
use crate::turn::TurnMessage;
use crate::turn::timer_entry;

/// Whether the worker made the new history itself; otherwise [`apply`] needs the past.
pub fn is_answered(answer: &Answer) -> bool {
    answer.actions.iter().any(|action| {
        matches!(
            action.orchestrator_action_type,
            Some(OrchestratorActionType::RewindOrchestration(_))
        )
    })
}

/// Applies the answer to a rewind turn. `past` is the history if the worker did not make the new
/// one, `results` are those of activities and children that wait in the inbox. `fresh_execution`
/// is the id of the execution if it is not the worker that names it.
///
/// # Errors
/// What is wrong with the worker's history, in words for the developer.
pub fn apply(
    now_us: i64,
    instance: &Instance,
    turn: &Turn,
    answer: Answer,
    past: Vec<HistoryEvent>,
    results: &[TurnMessage],
    fresh_execution: &str,
) -> Result<Rewound, String> {
    let asked = asked(turn);
    let trace = answer.trace;
    let made =
        answer
            .actions
            .into_iter()
            .find_map(|action| match action.orchestrator_action_type {
                Some(OrchestratorActionType::RewindOrchestration(rewind)) => {
                    Some(rewind.new_history)
                }
                _ => None,
            });
    let history = made.unwrap_or_else(|| {
        let parent_execution = asked.parent_execution_id.as_deref();
        without_failures(past, turn, fresh_execution, parent_execution)
    });
    let execution = execution_of(&history).ok_or(
        "rewindOrchestration: the newHistory has no ExecutionStarted event with an executionId",
    )?;

    let mut after = instance.clone();
    after.execution = execution.into();
    after.updated_us = now_us;
    let mut open = Open::counting_in(&mut after);
    let mut writer = ChunkWriter::default();
    for event in &history {
        let encoded: Bytes = event.encode_to_vec().into();
        writer.push_encoded(&encoded);
        open.see(&mut after, event, &encoded);
    }
    let stale: Vec<_> = results
        .iter()
        .filter(|result| !open.take_result(&mut after, result))
        .map(|result| (result.at_us, result.seq))
        .collect();

    let (events, bytes) = writer.totals();
    let chunks = writer.finish();
    let children = open.take_children();
    let counters = &mut after.counters;
    counters.timers_pending = u32::try_from(open.timers.len()).unwrap_or(u32::MAX);
    counters.history_events = events;
    counters.history_bytes = bytes;
    counters.history_chunks = chunks.len() as u64;
    counters.history_last_us = counters.history_last_us.max(turn.started_us);
    // The message that asked for the rewind makes room for the one that replays.
    let gone = u32::try_from(stale.len()).unwrap_or(u32::MAX);
    counters.messages_waiting = counters.messages_waiting.saturating_sub(gone).max(1);
    if open.suspended {
        // It failed in the very turn that suspended it, and only a resume reaches the code.
        after.phase = Phase::Suspended;
        after.status = OrchestrationStatus::Suspended;
    } else {
        after.phase = Phase::Running;
    }
    let timers = open.timers.into_iter();
    let mut timers: Vec<Entry> = timers
        .map(|(id, fire_at)| timer_entry(now_us, id, fire_at))
        .collect();
    // Overdue ones fire in the order of their times, not of their ids.
    timers.sort_by_key(|timer| timer.visible_us);
    Ok(Rewound {
        after,
        chunks,
        first: Entry {
            kind: Kind::Replay,
            bound: true,
            visible_us: None,
            event: Bytes::new(),
        },
        timers,
        activities: open.activities.into_activities().collect(),
        children,
        calls: open.calls.into_iter().map(Into::into).collect(),
        stale,
        trace,
        reason: asked.reason,
    })
}

/// The event of the turn.
fn asked(turn: &Turn) -> ExecutionRewoundEvent {
    let decoded = turn.messages.iter().find_map(|message| {
        let event = HistoryEvent::decode(message.event.clone()).ok()?;
        match event.event_type {
            Some(EventType::ExecutionRewound(rewound)) => Some(rewound),
            _ => None,
        }
    });
    decoded.unwrap_or_default()
}
