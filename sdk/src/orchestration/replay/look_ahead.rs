//! What a history says before it is applied: which calls of the code it confirms.

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;

use super::Replay;

impl Replay {
    /// Learns which calls of the code need no encoding, and whether a rewind cut the history.
    pub(super) fn look_ahead(&mut self, past: &[HistoryEvent]) {
        let mut known = vec![false; past.len() + 1];
        for event in past {
            match &event.event_type {
                Some(it) if is_confirmation(it) && !is_unlock(it) => {
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
}

/// Whether an event says that a call of the code is on its way.
pub(super) fn is_confirmation(event_type: &EventType) -> bool {
    matches!(
        event_type,
        EventType::TaskScheduled(_)
            | EventType::TimerCreated(_)
            | EventType::SubOrchestrationInstanceCreated(_)
            | EventType::EventSent(_)
            | EventType::EntityOperationCalled(_)
            | EventType::EntityOperationSignaled(_)
            | EventType::EntityLockRequested(_)
            | EventType::EntityUnlockSent(_)
    )
}

/// An unlock has nothing to encode.
fn is_unlock(event_type: &EventType) -> bool {
    matches!(event_type, EventType::EntityUnlockSent(_))
}
