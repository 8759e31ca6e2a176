//! Sticky executions: orchestrations that stay in memory between their turns, so that a turn gets
//! only what is new.
//!
//! What is kept belongs to one stream of work items: its server knows what it has sent there, and
//! forgets it with the stream. A turn without its past is proof that the turn before it was
//! accepted, so an execution is kept from the moment at which its turn is made. Whatever else is
//! uncertain is dropped, and the server asked for the history.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::sticky;
use durascope_proto::sticky::Preceding;
use lru::LruCache;
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::metadata::MetadataValue;

use crate::orchestration::replay::Replay;

/// What a worker keeps: bounds, and what its current stream has.
pub(super) struct Sticky {
    executions_max: usize,
    bytes_max: usize,
    current: Mutex<Arc<Executions>>,
}

/// The executions of one stream.
pub(super) struct Executions {
    executions_max: usize,
    bytes_max: u64,
    held: Mutex<Held>,
}

struct Held {
    by_place: LruCache<Place, Kept>,
    bytes: u64,
    /// The stream has ended; what is still on its way here is not kept.
    closed: bool,
}

/// Which execution of which instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) instance_id: String,
    pub(super) execution_id: String,
}

/// An execution after a turn.
pub(super) struct Kept {
    pub(super) replay: Replay,
    /// Its history then; of what the turn decided the bytes are a guess.
    pub(super) history: Preceding,
}

/// How a turn begins.
pub(super) enum Begun {
    /// With its history.
    Whole,
    /// With the execution as its last turn left it.
    Kept(Box<Kept>),
    /// Not at all: it came without its history, and the execution is not here.
    Missing,
}

impl Sticky {
    /// At most so many executions with so many bytes of history in all.
    pub(super) fn new(executions_max: usize, bytes_max: usize) -> Self {
        Self {
            executions_max,
            bytes_max,
            current: Mutex::new(Arc::new(Executions::new(0, 0))),
        }
    }

    /// Tells the server how many executions this worker keeps.
    pub(super) fn announce(&self, metadata: &mut MetadataMap) {
        if self.executions_max > 0 && self.bytes_max > 0 {
            let number = u32::try_from(self.executions_max).unwrap_or(u32::MAX);
            metadata.insert(sticky::METADATA, MetadataValue::from(number));
        }
    }

    /// A stream begins; as many are kept as its server has said that it remembers.
    pub(super) fn open(&self, metadata: &MetadataMap) {
        let agreed = metadata.get(sticky::METADATA);
        let agreed = agreed.and_then(|value| value.to_str().ok()?.parse().ok());
        let executions_max = self.executions_max.min(agreed.unwrap_or(0));
        self.replace(Executions::new(executions_max, self.bytes_max as u64));
    }

    /// The stream has ended.
    pub(super) fn close(&self) {
        self.replace(Executions::new(0, 0));
    }

    /// What the current stream has.
    pub(super) fn current(&self) -> Arc<Executions> {
        Arc::clone(&self.lock())
    }

    fn replace(&self, next: Executions) {
        let last = std::mem::replace(&mut *self.lock(), Arc::new(next));
        last.close();
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Executions>> {
        // Every change is a single call, so it is valid after any panic.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executions {
    fn new(executions_max: usize, bytes_max: u64) -> Self {
        Self {
            executions_max,
            bytes_max,
            held: Mutex::new(Held {
                by_place: LruCache::unbounded(),
                bytes: 0,
                closed: false,
            }),
        }
    }

    /// Whether anything is kept at all.
    pub(super) fn keeps(&self) -> bool {
        self.executions_max > 0
    }

    /// How a turn begins; what it begins with is not here any more.
    pub(super) fn begin(&self, request: &OrchestratorRequest) -> Begun {
        let kept = self.lock().take(&Place::of(request));
        let Some(preceding) = Preceding::of(&request.properties) else {
            return Begun::Whole;
        };
        match kept {
            Some(kept) if kept.history.events == preceding.events && kept.replay.is_still() => {
                let history = preceding;
                Begun::Kept(Box::new(Kept { history, ..kept }))
            }
            Some(_) | None => Begun::Missing,
        }
    }

    /// Keeps an execution, and drops those that were used longest ago beyond the bounds.
    pub(super) fn keep(&self, place: Place, kept: Kept) {
        let mut dropped = Vec::new();
        let mut held = self.lock();
        if held.closed {
            dropped.push(kept);
        } else {
            dropped.extend(held.take(&place));
            held.bytes = held.bytes.saturating_add(kept.history.bytes);
            held.by_place.put(place, kept);
            while held.by_place.len() > self.executions_max || held.bytes > self.bytes_max {
                match held.pop_oldest() {
                    Some(kept) => dropped.push(kept),
                    None => break,
                }
            }
        }
        drop(held);
        // Only now: the destructors of what code holds are user code.
        drop(dropped);
    }

    /// The last turn was not accepted: what it left is worth nothing.
    pub(super) fn forget(&self, place: &Place) {
        let dropped = self.lock().take(place);
        drop(dropped);
    }

    /// Events and bytes of a history; nothing is counted if nothing is kept.
    pub(super) fn count(&self, events: &[HistoryEvent]) -> Preceding {
        if self.keeps() {
            Preceding::counted(events)
        } else {
            Preceding::default()
        }
    }

    fn close(&self) {
        let mut held = self.lock();
        held.closed = true;
        let dropped = std::mem::replace(&mut held.by_place, LruCache::unbounded());
        held.bytes = 0;
        drop(held);
        if !dropped.is_empty() {
            // There may be much of it, and this is the task that reads the stream.
            tokio::task::spawn_blocking(move || drop(dropped));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // No user code runs under the lock, so poison means nothing.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn take(&mut self, place: &Place) -> Option<Kept> {
        let kept = self.by_place.pop(place)?;
        self.bytes = self.bytes.saturating_sub(kept.history.bytes);
        Some(kept)
    }

    fn pop_oldest(&mut self) -> Option<Kept> {
        let (_, kept) = self.by_place.pop_lru()?;
        self.bytes = self.bytes.saturating_sub(kept.history.bytes);
        Some(kept)
    }
}

impl Place {
    pub(super) fn of(request: &OrchestratorRequest) -> Self {
        Self {
            instance_id: request.instance_id.clone(),
            execution_id: request.execution_id.clone().unwrap_or_default(),
        }
    }
}

/// What the actions of a turn that does not end its execution add to the history: an event each,
/// but for the termination of another instance, which leaves none.
pub(super) fn decided(response: &OrchestratorResponse) -> Preceding {
    let mut decided = Preceding::default();
    for action in &response.actions {
        if let Some(OrchestratorActionType::TerminateOrchestration(_)) =
            action.orchestrator_action_type
        {
            continue;
        }
        decided.events += 1;
        decided.bytes += action.encoded_len() as u64;
    }
    decided
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use durascope_proto::ExecutionStartedEvent;
    use durascope_proto::OrchestratorStartedEvent;
    use durascope_proto::history_event::EventType;
    use futures_util::FutureExt;

    use super::*;
    use crate::orchestration::replay::OrchestrationFn;

    /// Code that waits for an event for ever, and does `at_end` when it is dropped.
    fn waiting(at_end: impl Fn() + Clone + Send + Sync + 'static) -> Replay {
        struct AtEnd<F: Fn()>(F);
        impl<F: Fn()> Drop for AtEnd<F> {
            fn drop(&mut self) {
                (self.0)();
            }
        }
        let function: OrchestrationFn = Arc::new(move |ctx, _input| {
            let at_end = AtEnd(at_end.clone());
            async move {
                let _at_end = at_end;
                drop(ctx.wait_for_event_by_name::<u64>("Go").await);
                Ok(None)
            }
            .boxed()
        });
        let lookup = Arc::new(move |_: &str, _: Option<&str>| Some(Arc::clone(&function)));
        let mut replay = Replay::new("i".into(), "e".into(), lookup);
        let event = |event_type| HistoryEvent {
            event_id: -1,
            timestamp: None,
            event_type: Some(event_type),
        };
        let started = [
            EventType::OrchestratorStarted(OrchestratorStartedEvent {}),
            EventType::ExecutionStarted(ExecutionStartedEvent::default()),
        ];
        replay.turn(vec![], started.into_iter().map(event).collect());
        assert!(replay.keep());
        replay
    }

    fn kept(bytes: u64) -> Kept {
        let history = Preceding { events: 2, bytes };
        let replay = waiting(|| {});
        Kept { replay, history }
    }

    fn place(id: &str) -> Place {
        Place {
            instance_id: id.to_owned(),
            execution_id: "e".to_owned(),
        }
    }

    /// The next turn of an instance, whose past has so many events and does not come with it.
    fn bare(id: &str, events: u64) -> OrchestratorRequest {
        OrchestratorRequest {
            instance_id: id.to_owned(),
            execution_id: Some("e".to_owned()),
            properties: Preceding { events, bytes: 10 }.properties(),
            ..OrchestratorRequest::default()
        }
    }

    fn found(executions: &Executions, id: &str) -> bool {
        matches!(executions.begin(&bare(id, 2)), Begun::Kept(_))
    }

    #[test]
    fn those_that_were_used_longest_ago_go_first() {
        let executions = Executions::new(2, 1_000);
        executions.keep(place("a"), kept(10));
        executions.keep(place("b"), kept(10));
        let Begun::Kept(a) = executions.begin(&bare("a", 2)) else {
            panic!("a is kept");
        };
        executions.keep(place("a"), *a);
        executions.keep(place("c"), kept(10));
        assert!(!found(&executions, "b"));
        assert!(found(&executions, "a"));
        assert!(!found(&executions, "a"), "its turn has it");
        assert!(found(&executions, "c"));
        assert_eq!(executions.lock().bytes, 0);
    }

    #[test]
    fn histories_have_a_bound_in_bytes() {
        let executions = Executions::new(100, 1_000);
        executions.keep(place("a"), kept(600));
        executions.keep(place("b"), kept(300));
        executions.keep(place("c"), kept(300));
        assert!(!found(&executions, "a"));
        executions.keep(place("huge"), kept(5_000));
        for id in ["b", "c", "huge"] {
            assert!(!found(&executions, id), "{id}");
        }
        executions.keep(place("b"), kept(u64::MAX));
        executions.keep(place("c"), kept(u64::MAX));
        assert_eq!(executions.lock().bytes, 0);
    }

    #[test]
    fn execution_with_another_history_is_missing_and_not_there_any_more() {
        let executions = Executions::new(2, 1_000);
        for events in [0, 1, 3] {
            executions.keep(place("a"), kept(10));
            let begun = executions.begin(&bare("a", events));
            assert!(matches!(begun, Begun::Missing), "{events}");
            assert!(!found(&executions, "a"), "{events}");
        }
        executions.keep(place("a"), kept(10));
        let whole = OrchestratorRequest {
            properties: BTreeMap::new(),
            ..bare("a", 2)
        };
        assert!(matches!(executions.begin(&whole), Begun::Whole));
        assert!(!found(&executions, "a"), "its history is made anew");
        executions.keep(place("a"), kept(10));
        executions.forget(&place("a"));
        assert!(!found(&executions, "a"));
    }

    #[tokio::test]
    async fn destructors_of_code_run_while_nothing_is_locked() {
        let (dropped, mut drops) = tokio::sync::mpsc::unbounded_channel();
        let executions = Arc::new(Executions::new(1, 1_000));
        let kept = || {
            let (executions, dropped) = (Arc::clone(&executions), dropped.clone());
            let replay = waiting(move || {
                executions.forget(&place("nobody"));
                // The test may have ended.
                dropped.send(()).ok();
            });
            let history = Preceding::default();
            Kept { replay, history }
        };
        executions.keep(place("a"), kept());
        executions.keep(place("b"), kept());
        drops.recv().await.unwrap();
        executions.forget(&place("b"));
        drops.recv().await.unwrap();
        executions.keep(place("c"), kept());
        assert!(matches!(executions.begin(&bare("c", 9)), Begun::Missing));
        drops.recv().await.unwrap();
        executions.keep(place("d"), kept());
        executions.close();
        drops.recv().await.unwrap();
        executions.keep(place("e"), kept());
        drops.recv().await.unwrap();
    }

    #[test]
    fn nothing_is_kept_for_servers_that_do_not_know_of_it() {
        let sticky = Sticky::new(10, 1_000);
        let mut metadata = MetadataMap::new();
        sticky.open(&metadata);
        assert!(!sticky.current().keeps());
        sticky.announce(&mut metadata);
        sticky.open(&metadata);
        assert!(sticky.current().keeps());

        let none = Sticky::new(0, 1_000);
        let mut metadata = MetadataMap::new();
        none.announce(&mut metadata);
        assert!(metadata.is_empty());
    }
}
