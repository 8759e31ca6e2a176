//! Turns that take too long: told while they are still stuck, and when they end.
//!
//! An orchestration makes its turn on a thread of the worker's and must never block it. The watch
//! has a thread of its own, as one that blocks may hold all of the runtime's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;
use std::time::Duration;
use std::time::Instant;

/// Watches the turns of one worker.
pub(super) struct SlowTurns {
    after: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next: u64,
    running: BTreeMap<u64, Running>,
    has_thread: bool,
}

struct Running {
    since: Instant,
    told: bool,
    instance: String,
    name: String,
    events: usize,
}

/// A turn under watch, until it is dropped.
pub(super) struct Watched {
    turns: Arc<SlowTurns>,
    number: u64,
}

impl SlowTurns {
    pub(super) fn after(after: Duration) -> Arc<Self> {
        Arc::new(Self {
            after,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Watches a turn over so many events from now on.
    pub(super) fn watch(self: &Arc<Self>, instance: &str, name: &str, events: usize) -> Watched {
        let mut state = self.lock();
        state.next += 1;
        let number = state.next;
        let running = Running {
            since: Instant::now(),
            told: false,
            instance: instance.to_owned(),
            name: name.to_owned(),
            events,
        };
        state.running.insert(number, running);
        if !state.has_thread {
            let turns = Arc::downgrade(self);
            let thread = std::thread::Builder::new().name("durascope-watch".to_owned());
            // Without it slow turns are told only when they end.
            state.has_thread = thread.spawn(move || look(&turns)).is_ok();
        }
        drop(state);
        self.changed.notify_one();
        Watched {
            turns: Arc::clone(self),
            number,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let ended = self.turns.lock().running.remove(&self.number);
        if let Some(turn) = ended.filter(|turn| turn.since.elapsed() >= self.turns.after) {
            turn.tell("a turn took long: orchestrations must not block, activities may");
        }
    }
}

impl Running {
    fn tell(&self, what: &str) {
        let milliseconds = self.since.elapsed().as_millis();
        let (name, instance, events) = (&self.name, &self.instance, self.events);
        tracing::warn!(?name, ?instance, milliseconds, events, "{what}");
    }
}

/// Looks at what runs until the worker is gone.
fn look(turns: &Weak<SlowTurns>) {
    while let Some(turns) = turns.upgrade() {
        let mut state = turns.lock();
        let now = Instant::now();
        let mut next = turns.after.max(Duration::from_millis(10));
        for turn in state.running.values_mut().filter(|turn| !turn.told) {
            let age = now.saturating_duration_since(turn.since);
            if age >= turns.after {
                turn.told = true;
                turn.tell("a turn is stuck: its orchestration blocks");
            } else {
                next = next.min(turns.after - age);
            }
        }
        // Wakes up now and then in any case, to see whether the worker is still there.
        let waited = turns.changed.wait_timeout(state, next);
        drop(waited);
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_turn_that_took_long_is_told_with_its_name_and_a_quick_one_is_not() {
        let written = Written::default();
        let sink = written.clone();
        let layer = fmt::layer()
            .with_ansi(false)
            .with_writer(move || sink.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            drop(SlowTurns::after(Duration::from_secs(3_600)).watch("quick-1", "Quick", 3));
            drop(SlowTurns::after(Duration::ZERO).watch("slow-1", "Slow", 7));
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("Quick"), "{text}");
        for part in [
            "name=\"Slow\"",
            "instance=\"slow-1\"",
            "events=7",
            "took long",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_turn_that_is_stuck_is_seen_while_it_is() {
        let turns = SlowTurns::after(Duration::from_millis(20));
        let stuck = turns.watch("slow-1", "Slow", 7);
        let begun = Instant::now();
        while !turns.lock().running.values().all(|turn| turn.told) {
            assert!(begun.elapsed() < Duration::from_secs(30));
            std::thread::yield_now();
        }
        drop(stuck);
        assert!(turns.lock().running.is_empty());
    }
}
