//! Sticky executions: which worker has one in memory since its last turn, so that the next one
//! goes there and leaves out the past.
//!
//! It is only remembered, in memory, with the instance and its stream: a stream that has ended is
//! never found again, and whatever else changes the history changes the execution or the number of
//! its events.

use std::sync::Arc;

use durascope_engine::Instance;
use durascope_engine::Phase;
use durascope_proto::sticky::Preceding;

use super::cache::Live;
use super::core::Core;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::ReadyTurn;
use crate::dispatch::Stream;
use crate::dispatch::StreamId;
use crate::dispatch::WorkKind;
use crate::live::HubKey;
use crate::live::InstanceKey;

/// An execution that the worker of a stream has in memory.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    stream: StreamId,
    /// Its number among all that the worker keeps.
    number: u64,
    execution: Arc<str>,
    events: u64,
}

impl Kept {
    fn is_current(&self, state: &Instance, stream: &Stream) -> bool {
        self.stream == stream.id
            && stream.keeping.has(self.number)
            && self.execution == state.execution
            && self.events == state.counters.history_events
            // A rewind is answered with the history itself.
            && state.phase != Phase::Rewinding
    }
}

impl Live {
    /// The history that a turn for `stream` may leave out.
    pub(super) fn kept_by(&self, stream: &Stream) -> Option<Preceding> {
        let kept = self.kept.as_ref()?;
        let counters = &self.state.counters;
        kept.is_current(&self.state, stream).then_some(Preceding {
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
        let live = self.cache.peek(ready.key).map(|live| &*live);
        let Some((live, kept)) = live.and_then(|live| Some((live, live.kept.as_ref()?))) else {
            return assigned;
        };
        match self.dispatch.hub(hub).stream(kept.stream) {
            Some(keeper)
                if keeper.has_room(WorkKind::Turn)
                    && keeper.accepts(WorkKind::Turn, &ready.group)
                    && kept.is_current(&live.state, keeper) =>
            {
                keeper.id
            }
            Some(_) | None => assigned,
        }
    }

    /// The worker of `stream` has the execution after a turn, unless that began a new one or the
    /// history is about to be rewritten.
    pub(super) fn remember_kept(&mut self, key: InstanceKey, stream: StreamId) {
        let Some(live) = self.cache.peek(key) else {
            return;
        };
        let goes_on = matches!(live.state.phase, Phase::Running | Phase::Suspended);
        if goes_on && let Some(keeper) = self.dispatch.hub(live.hub).stream(stream) {
            live.kept = Some(Kept {
                stream,
                number: keeper.keeping.add(),
                execution: Arc::clone(&live.state.execution),
                events: live.state.counters.history_events,
            });
        }
    }

    /// Nobody has the execution, as far as is known.
    pub(super) fn forget_kept(&mut self, key: InstanceKey) {
        if let Some(live) = self.cache.peek(key)
            && let Some(kept) = live.kept.take()
            && let Some(keeper) = self.dispatch.hub(live.hub).stream(kept.stream)
        {
            keeper.keeping.remove(kept.number);
        }
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
        let key = lease.held.instance();
        self.give_back(lease);
        // A question for the history is an answer of a kind.
        if let Some(live) = key.and_then(|key| self.cache.peek(key)) {
            live.given_back = live.given_back.saturating_sub(1);
        }
    }
}
