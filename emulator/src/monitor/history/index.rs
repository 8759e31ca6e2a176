//! What a history has where: one small entry for each event, so that a page costs its own events
//! and not the whole history.
//!
//! Pure: indexing in steps gives what indexing at once gives.

use std::collections::HashMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor as proto;
use durascope_proto::monitor::read_history_request::Order;
use durascope_proto::runs::Run;
use durascope_proto::runs::Runs;

/// One event. Numbers are positions in the history, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Bytes up to and with this event.
    pub(super) cumulative: u64,
    /// The chunk that it is in, and its place there.
    pub(super) chunk: i64,
    pub(super) place: u32,
    pub(super) bytes: u32,
    pub(super) turn: u32,
    /// Number of what it answers or what answers it; 0 for none.
    pub(super) pair: u32,
    /// The event's own id.
    pub(super) id: i32,
    name: u32,
    kind: u8,
}

/// What an event waits for, or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Activity(i32),
    Child(i32),
    Timer(i32),
    Call(u64),
    Lock(u64),
}

/// How an event belongs to another.
enum Tie {
    None,
    Opens(Key),
    Closes(Key),
}

/// The index of one execution's history, as far as it has got.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    entries: Vec<Entry>,
    names: Vec<Box<str>>,
    by_name: HashMap<Box<str>, u32>,
    kinds: Vec<&'static str>,
    open: HashMap<Key, u32>,
    runs: Runs,
    turn: u32,
    replayed: u64,
}

impl Index {
    /// Takes in the next event, which has this size and stands there.
    pub(super) fn push(&mut self, event: &HistoryEvent, bytes: u32, chunk: i64, place: u32) {
        let number = u32::try_from(self.entries.len() + 1).unwrap_or(u32::MAX);
        let (kind, name, tie) = describe(event);
        if matches!(event.event_type, Some(EventType::OrchestratorStarted(_))) {
            self.turn += 1;
            self.replayed += self.entries.len() as u64;
        }
        let mut entry = Entry {
            cumulative: self.bytes() + u64::from(bytes),
            chunk,
            place,
            bytes,
            turn: self.turn.max(1),
            pair: 0,
            id: event.event_id,
            name: self.intern(name.unwrap_or_default()),
            kind: self.kind(kind),
        };
        match tie {
            Tie::None => {}
            Tie::Opens(key) => drop(self.open.insert(key, number)),
            Tie::Closes(key) => {
                if let Some(opened) = self.open.remove(&key)
                    && let Some(other) = self.entries.get_mut(opened as usize - 1)
                {
                    other.pair = number;
                    entry.pair = opened;
                    entry.name = other.name;
                }
            }
        }
        let before = self.entries.last();
        let goes_on = before.is_some_and(|it| (it.kind, it.name) == (entry.kind, entry.name));
        self.runs.push(goes_on);
        self.entries.push(entry);
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.by_name.insert(name.into(), number);
        number
    }

    fn kind(&mut self, kind: &'static str) -> u8 {
        let known = self.kinds.iter().position(|it| *it == kind);
        let place = known.unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        u8::try_from(place).unwrap_or(u8::MAX)
    }

    pub(super) fn events(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.cumulative)
    }

    pub(super) fn turns(&self) -> u64 {
        u64::from(self.turn)
    }

    /// Events that the turns have read again together.
    pub(super) fn replayed(&self) -> u64 {
        self.replayed
    }

    /// The entry with this number.
    pub(super) fn entry(&self, number: u64) -> Option<&Entry> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        self.entries.get(place)
    }

    pub(super) fn name(&self, entry: &Entry) -> &str {
        let name = self.names.get(entry.name as usize);
        name.map_or("", |name| name)
    }

    /// Where events of the same kind and name follow each other.
    pub(super) fn runs(&self) -> &Runs {
        &self.runs
    }

    /// What is known of a run.
    pub(super) fn run(&self, run: Run) -> proto::HistoryRun {
        let cumulative = |number| self.entry(number).map_or(0, |it| it.cumulative);
        proto::HistoryRun {
            first: run.first,
            events: run.last - run.first + 1,
            bytes: cumulative(run.last) - cumulative(run.first - 1),
            folded: run.folded,
            last_id: self.entry(run.last).map_or(0, |it| it.id),
        }
    }

    /// Numbers of the events whose kind or name has this text, without case, in this order; and
    /// how many there are.
    pub(super) fn select(
        &self,
        text: &str,
        order: Order,
        offset: usize,
        limit: usize,
    ) -> (Vec<u64>, u64) {
        let text = text.to_lowercase();
        let has = |it: &str| it.to_lowercase().contains(&text);
        let kinds: Vec<bool> = self.kinds.iter().map(|it| has(it)).collect();
        let names: Vec<bool> = self.names.iter().map(|it| has(it)).collect();
        let of = |all: &[bool], place: usize| all.get(place).copied().unwrap_or(false);
        let numbered = self.entries.iter().zip(1_u64..);
        let matching = numbered.filter(|(entry, _)| {
            text.is_empty()
                || of(&kinds, usize::from(entry.kind))
                || of(&names, entry.name as usize)
        });
        let mut found: Vec<(u32, u64)> = matching.map(|(it, number)| (it.bytes, number)).collect();
        match order {
            Order::OldestFirst => {}
            Order::NewestFirst => found.reverse(),
            Order::LargestFirst => {
                found.sort_unstable_by_key(|(bytes, number)| (std::cmp::Reverse(*bytes), *number));
            }
        }
        let page = found.iter().skip(offset).take(limit);
        (
            page.map(|(_, number)| *number).collect(),
            found.len() as u64,
        )
    }

    /// Events and bytes by kind, largest first.
    pub(super) fn sizes(&self) -> Vec<proto::KindSize> {
        let mut sizes: Vec<proto::KindSize> = self
            .kinds
            .iter()
            .map(|kind| proto::KindSize {
                kind: (*kind).to_owned(),
                ..proto::KindSize::default()
            })
            .collect();
        for entry in &self.entries {
            if let Some(size) = sizes.get_mut(usize::from(entry.kind)) {
                size.events += 1;
                size.bytes += u64::from(entry.bytes);
            }
        }
        sizes.sort_by_key(|size| std::cmp::Reverse(size.bytes));
        sizes
    }
}

/// Kind and name of an event, and what it belongs to.
fn describe(event: &HistoryEvent) -> (&'static str, Option<&str>, Tie) {
    let id = event.event_id;
    let Some(what) = &event.event_type else {
        return ("Nothing", None, Tie::None);
    };
    match what {
        EventType::ExecutionStarted(it) => ("ExecutionStarted", Some(&it.name), Tie::None),
        EventType::ExecutionCompleted(_) => ("ExecutionCompleted", None, Tie::None),
        EventType::ExecutionTerminated(_) => ("ExecutionTerminated", None, Tie::None),
        EventType::TaskScheduled(it) => {
            let tie = Tie::Opens(Key::Activity(id));
            ("TaskScheduled", Some(&it.name), tie)
        }
        EventType::TaskCompleted(it) => {
            let tie = Tie::Closes(Key::Activity(it.task_scheduled_id));
            ("TaskCompleted", None, tie)
        }
        EventType::TaskFailed(it) => {
            let tie = Tie::Closes(Key::Activity(it.task_scheduled_id));
            ("TaskFailed", None, tie)
        }
        EventType::SubOrchestrationInstanceCreated(it) => {
            let tie = Tie::Opens(Key::Child(id));
            ("SubOrchestrationInstanceCreated", Some(&it.name), tie)
        }
        EventType::SubOrchestrationInstanceCompleted(it) => {
            let tie = Tie::Closes(Key::Child(it.task_scheduled_id));
            ("SubOrchestrationInstanceCompleted", None, tie)
        }
        EventType::SubOrchestrationInstanceFailed(it) => {
            let tie = Tie::Closes(Key::Child(it.task_scheduled_id));
            ("SubOrchestrationInstanceFailed", None, tie)
        }
        EventType::TimerCreated(_) => ("TimerCreated", None, Tie::Opens(Key::Timer(id))),
        EventType::TimerFired(it) => {
            let tie = Tie::Closes(Key::Timer(it.timer_id));
            ("TimerFired", None, tie)
        }
        EventType::OrchestratorStarted(_) => ("OrchestratorStarted", None, Tie::None),
        EventType::OrchestratorCompleted(_) => ("OrchestratorCompleted", None, Tie::None),
        EventType::EventSent(it) => ("EventSent", Some(&it.name), Tie::None),
        EventType::EventRaised(it) => ("EventRaised", Some(&it.name), Tie::None),
        EventType::GenericEvent(_) => ("GenericEvent", None, Tie::None),
        EventType::HistoryState(_) => ("HistoryState", None, Tie::None),
        EventType::ContinueAsNew(_) => ("ContinueAsNew", None, Tie::None),
        EventType::ExecutionSuspended(_) => ("ExecutionSuspended", None, Tie::None),
        EventType::ExecutionResumed(_) => ("ExecutionResumed", None, Tie::None),
        EventType::EntityOperationSignaled(it) => {
            ("EntityOperationSignaled", Some(&it.operation), Tie::None)
        }
        EventType::EntityOperationCalled(it) => {
            let tie = Tie::Opens(Key::Call(hash(&it.request_id)));
            ("EntityOperationCalled", Some(&it.operation), tie)
        }
        EventType::EntityOperationCompleted(it) => {
            let tie = Tie::Closes(Key::Call(hash(&it.request_id)));
            ("EntityOperationCompleted", None, tie)
        }
        EventType::EntityOperationFailed(it) => {
            let tie = Tie::Closes(Key::Call(hash(&it.request_id)));
            ("EntityOperationFailed", None, tie)
        }
        EventType::EntityLockRequested(it) => {
            let tie = Tie::Opens(Key::Lock(hash(&it.critical_section_id)));
            ("EntityLockRequested", None, tie)
        }
        EventType::EntityLockGranted(it) => {
            let tie = Tie::Closes(Key::Lock(hash(&it.critical_section_id)));
            ("EntityLockGranted", None, tie)
        }
        EventType::EntityUnlockSent(_) => ("EntityUnlockSent", None, Tie::None),
        EventType::ExecutionRewound(it) => ("ExecutionRewound", it.name.as_deref(), Tie::None),
    }
}

/// Only compared within this process.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use durascope_proto::OrchestratorStartedEvent;
    use durascope_proto::TaskCompletedEvent;
    use durascope_proto::TaskScheduledEvent;

    use super::*;

    fn event(id: i32, what: EventType) -> HistoryEvent {
        HistoryEvent {
            event_id: id,
            event_type: Some(what),
            ..HistoryEvent::default()
        }
    }

    #[test]
    fn numbers_turns_and_pairs_of_a_hundred_thousand_events() {
        let mut index = Index::default();
        let mut push = |event: HistoryEvent, bytes| index.push(&event, bytes, 0, 0);
        let tasks = 50_000;
        push(
            event(
                -1,
                EventType::OrchestratorStarted(OrchestratorStartedEvent {}),
            ),
            4,
        );
        for id in 0..tasks {
            let task = TaskScheduledEvent {
                name: format!("Work{}", id % 3),
                ..TaskScheduledEvent::default()
            };
            push(event(id, EventType::TaskScheduled(task)), 10);
        }
        push(
            event(
                -1,
                EventType::OrchestratorStarted(OrchestratorStartedEvent {}),
            ),
            4,
        );
        for id in (0..tasks).rev() {
            let done = TaskCompletedEvent {
                task_scheduled_id: id,
                result: None,
            };
            push(
                event(-1, EventType::TaskCompleted(done)),
                if id == 7 { 99 } else { 20 },
            );
        }
        assert_eq!(
            (index.events(), index.turns(), index.replayed()),
            (100_002, 2, 50_001)
        );
        let (largest, matching) = index.select("", Order::LargestFirst, 0, 2);
        assert_eq!(matching, 100_002);
        // The result of task 7, and then the first of its equals.
        assert_eq!(largest, [100_002 - 7, 50_003]);
        let done = index.entry(largest[0]).unwrap();
        assert_eq!((done.pair, index.name(done), done.turn), (9, "Work1", 2));
        assert_eq!(index.entry(9).unwrap().pair, 99_995);
        let (newest, matching) = index.select("WORK2", Order::NewestFirst, 1, 1);
        assert_eq!((newest, matching), (vec![99_997], 33_332));
        assert_eq!(index.entry(0), None);
    }
}
