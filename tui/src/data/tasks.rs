//! Every task of one execution, shared cheaply: an update copies the chunks that it changes.

use std::sync::Arc;

use durascope_proto::monitor::Task as Told;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::format::MILLI;
use crate::format::Micros;

const CHUNK: usize = 1_024;

/// One activity or sub-orchestration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub kind: Kind,
    pub state: State,
    /// Event id of its scheduling.
    pub id: i32,
    /// Index into the names.
    pub name: u32,
    /// Number of the turn that scheduled it, from 1.
    pub turn: u64,
    pub scheduled_at: Micros,
    /// When a worker took it, where that is known.
    pub started_at: Option<Micros>,
    pub finished_at: Option<Micros>,
    /// Index into the workers.
    pub worker: Option<u32>,
    pub label: Box<str>,
    /// Instance id of a child; empty for activities.
    pub child_id: Box<str>,
    /// From 1; above, it seems to repeat what failed before.
    pub attempt: u32,
    /// Error type and first line of the message; empty unless it failed.
    pub failure: Box<str>,
    pub input_bytes: u32,
    pub result_bytes: u32,
}

impl Task {
    /// True when it has a result or a failure, or nobody waits for it.
    pub fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Completed | State::Failed | State::Abandoned
        )
    }

    /// From scheduled to finished, or until `now`.
    pub fn total(&self, now: Micros) -> Micros {
        (self.finished_at.unwrap_or(now) - self.scheduled_at).max(0)
    }

    /// From scheduled to taken, or until `now` while it is queued; absent where it is not known.
    pub fn waited(&self, now: Micros) -> Option<Micros> {
        let until = match (self.started_at, self.state) {
            (Some(at), _) => at,
            (None, State::Queued) => now,
            (None, _) => return None,
        };
        Some((until - self.scheduled_at).max(0))
    }

    /// From taken to finished, or until `now`; absent where it is not known when it was taken.
    pub fn ran(&self, now: Micros) -> Option<Micros> {
        let until = self.finished_at.unwrap_or(now);
        self.started_at.map(|at| (until - at).max(0))
    }
}

/// All tasks of an execution, in order of scheduling.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    pub found: bool,
    pub execution_id: Arc<str>,
    /// Turns so far.
    pub turns: u64,
    /// Activity slots of the connected workers; 0 where that is not known.
    pub slots: u32,
    /// False while more updates are to follow at once.
    pub is_whole: bool,
    /// False on servers that do not tell when a task was taken.
    pub knows_starts: bool,
    /// Rises with each update.
    pub revision: u64,
    names: Arc<Vec<String>>,
    workers: Arc<Vec<String>>,
    chunks: Vec<Arc<Vec<Task>>>,
    count: usize,
}

impl Tasks {
    /// Of a server that tells all, or of a history alone.
    pub fn new(knows_starts: bool) -> Self {
        Self {
            knows_starts,
            ..Self::default()
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when nothing was scheduled.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The task at `index`, in order of scheduling.
    pub fn get(&self, index: usize) -> Option<&Task> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.chunks.iter().flat_map(|it| it.iter())
    }

    /// How many names there are.
    pub fn name_count(&self) -> usize {
        self.names.len()
    }

    /// Where the task `id` is: at `hint` if it still is there.
    pub fn find(&self, id: i32, hint: usize) -> Option<usize> {
        if self.get(hint).is_some_and(|it| it.id == id) {
            return Some(hint);
        }
        self.iter().position(|it| it.id == id)
    }

    /// True when `other` is this very state: a stream that begins anew counts from one again, so
    /// the revision alone does not tell.
    pub fn is_same(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.count == other.count
            && self.slots == other.slots
            && self.execution_id == other.execution_id
            && self
                .chunks
                .iter()
                .zip(&other.chunks)
                .all(|(it, other)| Arc::ptr_eq(it, other))
    }

    /// The name of `task`.
    pub fn name(&self, task: &Task) -> &str {
        self.name_at(task.name)
    }

    /// The name with this index.
    pub fn name_at(&self, index: u32) -> &str {
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        self.names.get(at).map_or("", String::as_str)
    }

    /// Who has or had `task`, where that is known.
    pub fn worker(&self, task: &Task) -> Option<&str> {
        let at = usize::try_from(task.worker?).ok()?;
        self.workers.get(at).map(String::as_str)
    }

    /// Takes an update.
    pub fn apply(&mut self, update: TasksUpdate) {
        if update.reset || !update.found {
            *self = Self {
                revision: self.revision,
                knows_starts: self.knows_starts,
                execution_id: update.execution_id.as_str().into(),
                ..Self::default()
            };
        }
        self.revision += 1;
        self.found = update.found;
        self.turns = update.turns;
        self.slots = update.slots;
        self.is_whole = !update.more;
        if !update.names.is_empty() {
            Arc::make_mut(&mut self.names).extend(update.names);
        }
        if !update.workers.is_empty() {
            Arc::make_mut(&mut self.workers).extend(update.workers);
        }
        for told in update.tasks {
            self.set(told);
        }
    }

    fn set(&mut self, told: Told) {
        let index = usize::try_from(told.index).unwrap_or(usize::MAX);
        // The server numbers without gaps; anything else would make us grow without bound.
        if index > self.count {
            return;
        }
        let task = task(told);
        if index == self.count {
            if index.is_multiple_of(CHUNK) {
                self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
            }
            self.count += 1;
            if let Some(chunk) = self.chunks.last_mut() {
                Arc::make_mut(chunk).push(task);
            }
            return;
        }
        let chunk = self.chunks.get_mut(index / CHUNK).map(Arc::make_mut);
        if let Some(place) = chunk.and_then(|it| it.get_mut(index % CHUNK)) {
            *place = task;
        }
    }
}

fn task(told: Told) -> Task {
    let micros = |ms: i64| (ms > 0).then(|| ms.saturating_mul(MILLI));
    Task {
        kind: told.kind(),
        state: told.state(),
        id: told.task_id,
        name: told.name,
        turn: told.turn,
        scheduled_at: told.scheduled_at.saturating_mul(MILLI),
        started_at: micros(told.started_at),
        finished_at: micros(told.finished_at),
        worker: told.worker.checked_sub(1),
        label: told.label.into(),
        child_id: told.child_id.into(),
        attempt: told.attempt.max(1),
        failure: told.failure.into(),
        input_bytes: told.input_bytes,
        result_bytes: told.result_bytes,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::format::SECOND;

    /// Tasks for tests, one after the other; times are seconds after [`Made::at`] zero.
    pub(crate) struct Made {
        names: Vec<String>,
        tasks: Vec<Told>,
        pub(crate) turn: u64,
        pub(crate) slots: u32,
        pub(crate) knows_starts: bool,
    }

    impl Made {
        pub(crate) fn new(name: &str) -> Self {
            Self {
                names: vec![name.to_owned()],
                tasks: Vec::new(),
                turn: 1,
                slots: 4,
                knows_starts: true,
            }
        }

        pub(crate) fn at(&self, seconds: i64) -> Micros {
            (1_000_000 + seconds) * SECOND
        }

        /// The next ones have another name.
        pub(crate) fn named(&mut self, name: &str) {
            self.names.push(name.to_owned());
        }

        pub(crate) fn add(&mut self, state: State, times: [Option<i64>; 3]) -> &mut Told {
            let ms = |it: Option<i64>| it.map_or(0, |it| (1_000_000 + it) * 1_000);
            let index = u32::try_from(self.tasks.len()).expect("few tasks");
            self.tasks.push(Told {
                index,
                state: state as i32,
                task_id: i32::try_from(index).expect("few tasks") + 1,
                name: u32::try_from(self.names.len()).expect("few names") - 1,
                turn: self.turn,
                scheduled_at: ms(times[0]),
                started_at: ms(times[1]),
                finished_at: ms(times[2]),
                label: format!("item-{index}"),
                ..Told::default()
            });
            self.tasks.last_mut().expect("just added")
        }

        /// Scheduled and taken at `from`, done after `seconds`.
        pub(crate) fn ran(&mut self, from: i64, seconds: i64) -> &mut Told {
            let times = [Some(from), Some(from), Some(from + seconds)];
            self.add(State::Completed, times)
        }

        pub(crate) fn running(&mut self, from: i64) -> &mut Told {
            self.add(State::Running, [Some(from), Some(from), None])
        }

        pub(crate) fn queued(&mut self, from: i64) -> &mut Told {
            self.add(State::Queued, [Some(from), None, None])
        }

        pub(crate) fn failed(&mut self, from: i64, seconds: i64) -> &mut Told {
            let times = [Some(from), Some(from), Some(from + seconds)];
            let it = self.add(State::Failed, times);
            it.failure = "Timeout: too slow".to_owned();
            it
        }

        pub(crate) fn tasks(&self) -> Tasks {
            let mut tasks = Tasks::new(self.knows_starts);
            tasks.apply(TasksUpdate {
                found: true,
                reset: true,
                execution_id: "e1".to_owned(),
                names: self.names.clone(),
                tasks: self.tasks.clone(),
                turns: self.turn,
                slots: self.slots,
                ..TasksUpdate::default()
            });
            tasks
        }
    }

    fn update(reset: bool, tasks: Vec<(u32, State)>) -> TasksUpdate {
        TasksUpdate {
            found: true,
            reset,
            names: if reset {
                vec!["A".to_owned()]
            } else {
                Vec::new()
            },
            tasks: tasks
                .into_iter()
                .map(|(index, state)| Told {
                    index,
                    state: state as i32,
                    ..Told::default()
                })
                .collect(),
            ..TasksUpdate::default()
        }
    }

    #[test]
    fn updates_change_what_they_name_and_leave_who_looked_before_alone() {
        let mut tasks = Tasks::new(true);
        tasks.apply(update(
            true,
            (0..3_000).map(|it| (it, State::Queued)).collect(),
        ));
        let before = tasks.clone();
        tasks.apply(update(
            false,
            vec![
                (2_999, State::Failed),
                (3_000, State::Running),
                (9_999, State::Failed),
            ],
        ));
        assert_eq!((before.len(), tasks.len()), (3_000, 3_001));
        assert_eq!(before.get(2_999).unwrap().state, State::Queued);
        assert_eq!(tasks.get(2_999).unwrap().state, State::Failed);
        assert_eq!(
            tasks.iter().filter(|it| it.state == State::Queued).count(),
            2_999
        );
        assert_eq!(tasks.name(tasks.get(3_000).unwrap()), "A");
        tasks.apply(update(true, Vec::new()));
        assert!(tasks.is_empty() && tasks.revision > before.revision);
    }
}
