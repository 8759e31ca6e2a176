//! How long tasks of one name take, and which of them take much longer than their siblings.

use crate::data::tasks::Task;
use crate::data::tasks::Tasks;
use crate::format::Micros;
use crate::format::SECOND;
use durascope_proto::monitor::task::State;

/// A straggler has taken more than this many times the median of its siblings.
pub const FACTOR: i64 = 10;
/// Siblings that must have completed before a median says anything.
pub const COMPLETED_MIN: usize = 20;
/// What takes less is nobody's straggler, however quick its siblings are.
const STRAGGLER_MIN: Micros = SECOND;

/// What is known of the tasks of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kin {
    pub completed: usize,
    /// Of those; 0 without any.
    pub median: Micros,
}

impl Kin {
    /// From how long on a task is a straggler; absent while too few are done.
    pub fn limit(&self) -> Option<Micros> {
        (self.completed >= COMPLETED_MIN)
            .then(|| self.median.saturating_mul(FACTOR).max(STRAGGLER_MIN))
    }
}

/// What is known by name.
#[derive(Clone, Debug, Default)]
pub struct Siblings {
    by_name: Vec<Kin>,
}

impl Siblings {
    /// Measures `tasks`.
    pub fn of(tasks: &Tasks) -> Self {
        let mut times: Vec<Vec<Micros>> = vec![Vec::new(); tasks.name_count()];
        for task in tasks.iter().filter(|it| it.state == State::Completed) {
            // What is completed does not depend on the present.
            let Some(took) = took(tasks, task, 0) else {
                continue;
            };
            if let Some(all) = times.get_mut(usize::try_from(task.name).unwrap_or(usize::MAX)) {
                all.push(took);
            }
        }
        let by_name = times
            .iter_mut()
            .map(|all| Kin {
                completed: all.len(),
                median: percentile(all, 50).unwrap_or(0),
            })
            .collect();
        Self { by_name }
    }

    /// What is known of `task`'s name.
    pub fn kin(&self, task: &Task) -> Kin {
        let at = usize::try_from(task.name).unwrap_or(usize::MAX);
        self.by_name.get(at).copied().unwrap_or_default()
    }

    /// True when `task` has taken more than [`FACTOR`] times the median of its siblings.
    pub fn is_straggler(&self, tasks: &Tasks, task: &Task, now: Micros) -> bool {
        self.kin(task)
            .limit()
            .zip(took(tasks, task, now))
            .is_some_and(|(limit, took)| took > limit)
    }
}

/// How long `task` ran, or has run until `now`; where the server does not tell when tasks are
/// taken, how long it was open. Absent for what waits in a queue.
pub fn took(tasks: &Tasks, task: &Task, now: Micros) -> Option<Micros> {
    if tasks.knows_starts {
        // A task that was cut off by the end of its execution has no time of its own.
        if task.state == State::Abandoned && task.finished_at.is_none() {
            return None;
        }
        return task.ran(now);
    }
    (task.state != State::Abandoned).then(|| task.total(now))
}

/// The value below which `percent` of `values` are; reorders them.
pub fn percentile(values: &mut [Micros], percent: usize) -> Option<Micros> {
    let last = values.len().checked_sub(1)?;
    let at = (values.len() * percent / 100).min(last);
    Some(*values.select_nth_unstable(at).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tasks::tests::Made;

    #[test]
    fn a_straggler_needs_enough_siblings_and_ten_times_their_median() {
        for (count, seconds, expected) in [(20, 21, true), (20, 20, false), (19, 99, false)] {
            let mut made = Made::new("A");
            for _ in 0..count {
                made.ran(0, 2);
            }
            made.running(0);
            let tasks = made.tasks();
            let siblings = Siblings::of(&tasks);
            let last = tasks.get(count).expect("it was made");
            let now = made.at(seconds);
            assert_eq!(siblings.is_straggler(&tasks, last, now), expected);
        }
        assert_eq!(percentile(&mut [5, 1, 9], 50), Some(5));
        assert_eq!(percentile(&mut [], 50), None);
    }

    #[test]
    fn what_takes_milliseconds_is_no_straggler_at_a_tenth_of_a_second() {
        let mut made = Made::new("A");
        for _ in 0..30 {
            made.ran(0, 0);
        }
        made.running(0);
        let tasks = made.tasks();
        let siblings = Siblings::of(&tasks);
        let last = tasks.get(30).expect("it was made");
        assert!(!siblings.is_straggler(&tasks, last, made.at(0) + SECOND / 10));
        assert!(siblings.is_straggler(&tasks, last, made.at(2)));
    }
}
