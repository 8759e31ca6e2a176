//! A history in turns: what the code was told in each, and what it decided.

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;

/// One turn of a history.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Its start and its messages.
    pub(super) told: Vec<HistoryEvent>,
    /// What the code decided, as the history confirms it.
    pub(super) decided: Vec<HistoryEvent>,
}

/// The turns of a history, in order.
pub(super) fn turns(events: &[HistoryEvent]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for event in events {
        let begins = matches!(event.event_type, Some(EventType::OrchestratorStarted(_)));
        if begins || turns.is_empty() {
            turns.push(Turn::default());
        }
        if let Some(turn) = turns.last_mut() {
            if is_decision(event) {
                turn.decided.push(event.clone());
            } else {
                turn.told.push(event.clone());
            }
        }
    }
    turns
}

impl Turn {
    /// Whether the history was rewritten in this turn, so that earlier turns are not whole.
    pub(super) fn rewinds(&self) -> bool {
        let rewound =
            |event: &HistoryEvent| matches!(event.event_type, Some(EventType::ExecutionRewound(_)));
        self.told.iter().any(rewound)
    }

    /// All its events, in order.
    pub(super) fn into_events(self) -> impl Iterator<Item = HistoryEvent> {
        self.told.into_iter().chain(self.decided)
    }
}

/// Whether the event says what the code decided, and not what it was told.
fn is_decision(event: &HistoryEvent) -> bool {
    match &event.event_type {
        Some(
            EventType::ExecutionCompleted(_)
            | EventType::TaskScheduled(_)
            | EventType::TimerCreated(_)
            | EventType::SubOrchestrationInstanceCreated(_)
            | EventType::EventSent(_)
            | EventType::ContinueAsNew(_)
            | EventType::EntityOperationSignaled(_)
            | EventType::EntityOperationCalled(_)
            | EventType::EntityLockRequested(_)
            | EventType::EntityUnlockSent(_),
        ) => true,
        Some(
            EventType::ExecutionStarted(_)
            | EventType::ExecutionTerminated(_)
            | EventType::TaskCompleted(_)
            | EventType::TaskFailed(_)
            | EventType::SubOrchestrationInstanceCompleted(_)
            | EventType::SubOrchestrationInstanceFailed(_)
            | EventType::TimerFired(_)
            | EventType::OrchestratorStarted(_)
            | EventType::OrchestratorCompleted(_)
            | EventType::EventRaised(_)
            | EventType::GenericEvent(_)
            | EventType::HistoryState(_)
            | EventType::ExecutionSuspended(_)
            | EventType::ExecutionResumed(_)
            | EventType::EntityOperationCompleted(_)
            | EventType::EntityOperationFailed(_)
            | EventType::EntityLockGranted(_)
            | EventType::ExecutionRewound(_),
        )
        | None => false,
    }
}
