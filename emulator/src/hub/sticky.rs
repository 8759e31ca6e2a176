//! Sticky executions: which worker has one in memory since its last turn, so that the next one
//! goes there and leaves out the past.
//!
//! It is only remembered, in memory, with the instance: a stream that has ended is never found
//! again, and whatever else changes the history changes the execution or the number of its events.

use std::sync::Arc;

use durascope_engine::Instance;
use durascope_engine::Phase;
use durascope_proto::sticky::Preceding;

use super::cache::Live;
use super::core::Core;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::ReadyTurn;
use crate::dispatch::StreamId;
use crate::dispatch::WorkKind;
use crate::live::HubKey;

/// An execution that the worker of a stream has in memory.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    stream: StreamId,
    execution: Arc<str>,
    events: u64,
}

impl Kept {
    /// What a worker that keeps executions has after a turn that left `state`.
    pub(super) fn after_turn(stream: StreamId, state: &Instance) -> Option<Self> {
        match state.phase {
            Phase::Running | Phase::Suspended => Some(Self {
                stream,
                execution: Arc::clone(&state.execution),
                events: state.counters.history_events,
            }),
            // A new execution, or one whose history is about to be rewritten.
            Phase::New | Phase::Renewed | Phase::Rewinding => None,
        }
    }

    fn is_current(&self, state: &Instance) -> bool {
        self.execution == state.execution
            && self.events == state.counters.history_events
            // A rewind is answered with the history itself.
            && state.phase != Phase::Rewinding
    }
}

impl Live {
    /// The history that a turn for `stream` may leave out.
    pub(super) fn kept_by(&self, stream: StreamId) -> Option<Preceding> {
        let kept = self.kept.as_ref()?;
        let counters = &self.state.counters;
        (kept.stream == stream && kept.is_current(&self.state)).then_some(Preceding {
            events: counters.history_events,
            bytes: counters.history_bytes,
        })
    }
}

impl Core {
    /// The stream for a turn that was about to go to `assigned`: the one whose worker has the
    /// execution, unless it is busy or gone.
    pub(super) fn keeper(
        &mut self,
        hub: HubKey,
        assigned: StreamId,
        ready: &ReadyTurn,
    ) -> StreamId {
        let live = self.cache.peek(ready.key);
        let kept = live.and_then(|live| live.kept.as_ref().filter(|it| it.is_current(&live.state)));
        let Some(stream) = kept.map(|kept| kept.stream) else {
            return assigned;
        };
        let keeper = self.dispatch.hub(hub).stream(stream);
        let takes = keeper.is_some_and(|keeper| {
            keeper.has_room(WorkKind::Turn) && keeper.accepts(WorkKind::Turn, &ready.group)
        });
        if takes { stream } else { assigned }
    }

    /// A worker has no history for a turn: it comes again at once, and whole. Who had the whole of
    /// it and asks all the same is asked again after a pause.
    pub(super) fn send_whole(&mut self, mut lease: Lease) {
        if let Held::Turn {
            without_past: false,
            abandoned,
            ..
        } = &mut lease.held
        {
            if *abandoned > 0 {
                return self.put_aside(lease);
            }
            *abandoned += 1;
        }
        self.give_back(lease);
    }
}
