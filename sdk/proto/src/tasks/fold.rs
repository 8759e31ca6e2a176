//! The fold: tasks in order of scheduling, small, with a list of those that have changed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use super::label;
use crate::HistoryEvent;
use crate::TaskFailureDetails;
use crate::history_event::EventType;
use crate::monitor::Task;
use crate::monitor::task::State;
use crate::monitor::task_group::Kind;
use crate::time::to_micros;

/// Longest line of a failure, in characters.
const FAILURE_CHARS_MAX: usize = 200;

/// Tasks of one id that are told apart where only the id is given.
const SAME_ID_MAX: usize = 16;

/// One task. There may be 100,000 of them, so what few have is behind a pointer.
#[derive(Clone, Debug)]
struct Entry {
    scheduled_ms: i64,
    started_ms: i64,
    finished_ms: i64,
    /// Hash of kind, name and input.
    likeness: u64,
    label: Box<str>,
    rest: Option<Box<Rest>>,
    id: i32,
    name: u32,
    turn: u32,
    /// Index into the workers plus one.
    worker: u32,
    attempt: u16,
    is_changed: bool,
    kind: Kind,
    state: State,
    input_bytes: u32,
    result_bytes: u32,
}

/// What only children and failed tasks have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rest {
    child_id: Box<str>,
    failure: Box<str>,
}

/// What became of a task.
struct Outcome<'e> {
    kind: Kind,
    id: i32,
    at_ms: i64,
    /// Bytes of the result, or the failure.
    result: Result<usize, Option<&'e TaskFailureDetails>>,
}

/// Texts by number, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) texts: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Table {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = narrow(self.texts.len());
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// The tasks of one execution after some of its events; another execution has a fold of its own.
#[derive(Clone, Debug, Default)]
pub struct TaskFold {
    entries: Vec<Entry>,
    pub(super) names: Table,
    pub(super) workers: Table,
    turn: u32,
    turn_at_ms: i64,
    /// Without a result, by kind, id and index: one id may be scheduled again, and then the oldest
    /// is the first that ends.
    open: BTreeSet<(Kind, i32, u32)>,
    /// With a result that was accepted and is not in the history yet.
    ahead: BTreeSet<(Kind, i32, u32)>,
    /// Activities by id.
    activities: BTreeSet<(i32, u32)>,
    /// Failed and not repeated so far, by likeness.
    failed: BTreeSet<(u64, u32)>,
    children_open: usize,
    /// Tasks that have changed since they were told, in the order in which they first did.
    pub(super) changed: VecDeque<u32>,
    pub(super) names_told: usize,
    pub(super) workers_told: usize,
}

impl TaskFold {
    /// Takes in the next event of the history.
    pub fn apply(&mut self, event: &HistoryEvent) {
        let at_ms = self.at_ms(event);
        match &event.event_type {
            Some(EventType::OrchestratorStarted(_)) => {
                self.turn = self.turn.saturating_add(1);
                self.turn_at_ms = at_ms;
            }
            Some(EventType::TaskScheduled(it)) => {
                let (name, input) = (it.name.as_str(), it.input.as_deref());
                let label = label(&it.tags, input);
                let id = event.event_id;
                self.schedule(Kind::Activity, id, name, input, label, None, at_ms);
            }
            Some(EventType::SubOrchestrationInstanceCreated(it)) => {
                let (name, input) = (it.name.as_str(), it.input.as_deref());
                let label = label(&it.tags, input);
                let (id, child) = (event.event_id, Some(it.instance_id.as_str()));
                self.schedule(Kind::Child, id, name, input, label, child, at_ms);
            }
            Some(EventType::ExecutionCompleted(_)) => self.end(at_ms),
            _ => {
                if let Some(outcome) = outcome(event, at_ms) {
                    self.finish(&outcome);
                }
            }
        }
    }

    /// A result was accepted, and waits for a turn that takes it into the history. It counts from
    /// now on; [`TaskFold::apply`] gets it again as part of the history.
    pub fn accept(&mut self, event: &HistoryEvent) {
        let at_ms = self.at_ms(event);
        let Some(outcome) = outcome(event, at_ms) else {
            return;
        };
        if let Some(key) = first_of(&self.open, outcome.kind, outcome.id) {
            self.close(key);
            self.ahead.insert(key);
            self.put(key.2, &outcome);
        }
    }

    /// A worker took this activity at `at_ms`, milliseconds since the epoch.
    pub fn taken(&mut self, id: i32, at_ms: i64, worker: &str) {
        let of_id = self.activities.range((id, 0)..=(id, u32::MAX));
        let mut of_id = of_id.take(SAME_ID_MAX).map(|(_, index)| *index).peekable();
        let first = of_id.peek().copied();
        let entries = &self.entries;
        let is_unstarted =
            |index: &u32| entry(entries, *index).is_some_and(|it| it.started_ms == 0);
        let Some(index) = of_id.find(is_unstarted).or(first) else {
            return;
        };
        let worker = self.workers.number(worker).saturating_add(1);
        self.change(index, |it| {
            let before = (it.started_ms, it.worker, it.state);
            (it.started_ms, it.worker) = (at_ms, worker);
            if it.state == State::Queued {
                it.state = State::Running;
            }
            before != (it.started_ms, it.worker, it.state)
        });
    }

    /// This activity came back without a result, and waits for a worker again.
    pub fn returned(&mut self, id: i32) {
        let of_id = self.activities.range((id, 0)..=(id, u32::MAX));
        let mut of_id = of_id.take(SAME_ID_MAX).map(|(_, index)| *index);
        let entries = &self.entries;
        let is_out =
            |index: &u32| entry(entries, *index).is_some_and(|it| it.state == State::Running);
        if let Some(index) = of_id.find(is_out) {
            self.change(index, |it| {
                (it.started_ms, it.worker) = (0, 0);
                it.state = State::Queued;
                true
            });
        }
    }

    /// The child of this task has begun.
    pub fn child_begun(&mut self, id: i32) {
        let keys = (Kind::Child, id, 0)..=(Kind::Child, id, u32::MAX);
        let begun: Vec<u32> = self.open.range(keys).map(|(.., index)| *index).collect();
        for index in begun {
            self.change(index, |it| {
                let before = std::mem::replace(&mut it.state, State::Running);
                before != State::Running
            });
        }
    }

    /// The execution has ended: nobody waits for what has no result.
    pub fn end(&mut self, at_ms: i64) {
        let open = std::mem::take(&mut self.open);
        let ahead = std::mem::take(&mut self.ahead);
        self.children_open = 0;
        for (.., index) in open.into_iter().chain(ahead) {
            self.change(index, |it| {
                it.state = State::Abandoned;
                it.finished_ms = at_ms;
                it.result_bytes = 0;
                if let Some(rest) = &mut it.rest {
                    rest.failure = Box::default();
                }
                true
            });
        }
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when nothing was scheduled.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// True while a child has no result.
    pub fn has_open_children(&self) -> bool {
        self.children_open > 0
    }

    /// Turns so far.
    pub fn turns(&self) -> u64 {
        self.turn.into()
    }

    /// The task at `index`, in order of scheduling.
    pub fn task(&self, index: u32) -> Option<Task> {
        let it = entry(&self.entries, index)?;
        let rest = it.rest.as_deref();
        Some(Task {
            index,
            kind: it.kind.into(),
            state: it.state.into(),
            task_id: it.id,
            name: it.name,
            turn: it.turn.into(),
            scheduled_at: it.scheduled_ms,
            started_at: it.started_ms,
            finished_at: it.finished_ms,
            worker: it.worker,
            label: it.label.clone().into(),
            child_id: rest.map_or_else(String::new, |it| it.child_id.clone().into()),
            attempt: it.attempt.into(),
            failure: rest.map_or_else(String::new, |it| it.failure.clone().into()),
            input_bytes: it.input_bytes,
            result_bytes: it.result_bytes,
        })
    }

    /// The next task to tell is known from now on.
    pub(super) fn pop_changed(&mut self) -> Option<u32> {
        let index = self.changed.pop_front()?;
        if let Some(it) = entry_mut(&mut self.entries, index) {
            it.is_changed = false;
        }
        Some(index)
    }

    fn at_ms(&self, event: &HistoryEvent) -> i64 {
        let at = event.timestamp.as_ref();
        at.map_or(self.turn_at_ms, |at| to_micros(at) / 1_000)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "two kinds of events have the same parts"
    )]
    fn schedule(
        &mut self,
        kind: Kind,
        id: i32,
        name: &str,
        input: Option<&str>,
        label: String,
        child_id: Option<&str>,
        at_ms: i64,
    ) {
        let index = narrow(self.entries.len());
        let likeness = likeness(kind, name, input);
        let like = (likeness, 0)..=(likeness, u32::MAX);
        let before = self.failed.range(like).next().copied();
        let attempts = before.and_then(|(_, index)| entry(&self.entries, index));
        let attempt = attempts.map_or(1, |it| it.attempt.saturating_add(1));
        if let Some(before) = before {
            self.failed.remove(&before);
        }
        let name = self.names.number(name);
        self.entries.push(Entry {
            scheduled_ms: at_ms,
            started_ms: 0,
            finished_ms: 0,
            likeness,
            label: label.into(),
            rest: child_id.map(|id| {
                Box::new(Rest {
                    child_id: id.into(),
                    failure: Box::default(),
                })
            }),
            id,
            name,
            turn: self.turn,
            worker: 0,
            attempt,
            is_changed: true,
            kind,
            state: State::Queued,
            input_bytes: narrow(input.map_or(0, str::len)),
            result_bytes: 0,
        });
        self.changed.push_back(index);
        self.open.insert((kind, id, index));
        match kind {
            Kind::Activity => drop(self.activities.insert((id, index))),
            Kind::Child => self.children_open += 1,
        }
    }

    /// The history has a result.
    fn finish(&mut self, outcome: &Outcome<'_>) {
        let (kind, id) = (outcome.kind, outcome.id);
        let key = match first_of(&self.ahead, kind, id) {
            Some(key) => {
                self.ahead.remove(&key);
                key
            }
            None => {
                let Some(key) = first_of(&self.open, kind, id) else {
                    return;
                };
                self.close(key);
                key
            }
        };
        if outcome.result.is_err()
            && let Some(it) = entry(&self.entries, key.2)
        {
            self.failed.insert((it.likeness, key.2));
        }
        self.put(key.2, outcome);
    }

    fn close(&mut self, key: (Kind, i32, u32)) {
        if self.open.remove(&key) && key.0 == Kind::Child {
            self.children_open -= 1;
        }
    }

    fn put(&mut self, index: u32, outcome: &Outcome<'_>) {
        self.change(index, |it| {
            let before = (it.state, it.finished_ms, it.result_bytes);
            it.finished_ms = outcome.at_ms;
            match outcome.result {
                Ok(bytes) => {
                    it.state = State::Completed;
                    it.result_bytes = narrow(bytes);
                }
                Err(details) => {
                    it.state = State::Failed;
                    it.rest.get_or_insert_default().failure = line(details).into();
                }
            }
            before != (it.state, it.finished_ms, it.result_bytes)
        });
    }

    /// Changes an entry; `change` answers whether anything is different now.
    fn change(&mut self, index: u32, change: impl FnOnce(&mut Entry) -> bool) {
        if let Some(it) = entry_mut(&mut self.entries, index)
            && change(it)
            && !std::mem::replace(&mut it.is_changed, true)
        {
            self.changed.push_back(index);
        }
    }
}

fn entry(entries: &[Entry], index: u32) -> Option<&Entry> {
    entries.get(usize::try_from(index).ok()?)
}

fn entry_mut(entries: &mut [Entry], index: u32) -> Option<&mut Entry> {
    entries.get_mut(usize::try_from(index).ok()?)
}

fn first_of(keys: &BTreeSet<(Kind, i32, u32)>, kind: Kind, id: i32) -> Option<(Kind, i32, u32)> {
    keys.range((kind, id, 0)..=(kind, id, u32::MAX))
        .next()
        .copied()
}

fn outcome(event: &HistoryEvent, at_ms: i64) -> Option<Outcome<'_>> {
    let bytes = |text: &Option<String>| Ok(text.as_ref().map_or(0, String::len));
    let (kind, id, result) = match event.event_type.as_ref()? {
        EventType::TaskCompleted(it) => (Kind::Activity, it.task_scheduled_id, bytes(&it.result)),
        EventType::TaskFailed(it) => {
            let details = it.failure_details.as_ref();
            (Kind::Activity, it.task_scheduled_id, Err(details))
        }
        EventType::SubOrchestrationInstanceCompleted(it) => {
            (Kind::Child, it.task_scheduled_id, bytes(&it.result))
        }
        EventType::SubOrchestrationInstanceFailed(it) => {
            let details = it.failure_details.as_ref();
            (Kind::Child, it.task_scheduled_id, Err(details))
        }
        _ => return None,
    };
    Some(Outcome {
        kind,
        id,
        at_ms,
        result,
    })
}

/// Equal for tasks that do the same. Inputs may be long, so only a hash is kept.
fn likeness(kind: Kind, name: &str, input: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, name, input).hash(&mut hasher);
    hasher.finish()
}

/// Error type and first line of the message.
fn line(details: Option<&TaskFailureDetails>) -> String {
    let Some(details) = details else {
        return "failed without details".to_owned();
    };
    let message = details.error_message.lines().next().unwrap_or_default();
    let parts = [details.error_type.as_str(), message];
    let parts: Vec<&str> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    parts.join(": ").chars().take(FAILURE_CHARS_MAX).collect()
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundred_thousand_tasks_take_ten_megabytes() {
        assert!(size_of::<Entry>() <= 104, "{}", size_of::<Entry>());
    }
}
