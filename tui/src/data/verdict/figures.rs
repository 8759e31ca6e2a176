//! What all tasks of an instance together tell of each name: how long they run, how fast they end.

use std::collections::BTreeMap;

use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::data::tasks::Tasks;
use crate::format::Micros;
use crate::format::SECOND;

/// A rate is of the last so many seconds.
const RATE_OVER: Micros = 30 * SECOND;
/// Fewer finished ones than this tell no rate.
const RATE_MIN: u32 = 10;

/// Figures by kind and name.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    by_name: BTreeMap<(i32, String), Figure>,
    /// As of when.
    at: Micros,
}

/// Figures of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figure {
    pub(super) done: u64,
    /// Median and 95th percentile of the run times, where starts are known.
    pub(super) ran: Option<(Micros, Micros)>,
    /// Finished per second, where enough were.
    pub(super) rate: Option<f64>,
}

impl Figures {
    /// Reads all of `tasks`; O(their number).
    pub fn of_tasks(tasks: &Tasks, now: Micros) -> Self {
        let mut all: BTreeMap<(i32, u32), (Vec<Micros>, u64, u32)> = BTreeMap::new();
        let from = now.saturating_sub(RATE_OVER);
        for task in tasks.iter() {
            if !matches!(task.state, State::Completed | State::Failed) {
                continue;
            }
            let (ran, done, late) = all.entry((task.kind as i32, task.name)).or_default();
            *done += 1;
            *late += u32::from(task.finished_at.is_some_and(|at| at >= from));
            // A failure that comes at once says nothing of how long the work takes.
            if task.state == State::Completed {
                ran.extend(task.ran(now));
            }
        }
        let by_name = all.into_iter().map(|((kind, name), (ran, done, late))| {
            let rate = (late >= RATE_MIN).then(|| f64::from(late) / 30.0);
            let ran = percentiles(ran);
            let name = tasks.name_at(name).to_owned();
            ((kind, name), Figure { done, ran, rate })
        });
        Self {
            by_name: by_name.collect(),
            at: now,
        }
    }

    /// True when they need not be made anew yet: once a second is enough.
    pub fn is_young(&self, now: Micros) -> bool {
        (0..SECOND).contains(&now.saturating_sub(self.at))
    }

    pub(super) fn of(&self, kind: Kind, name: &str) -> Option<&Figure> {
        self.by_name.get(&(kind as i32, name.to_owned()))
    }
}

fn percentiles(mut ran: Vec<Micros>) -> Option<(Micros, Micros)> {
    if ran.is_empty() {
        return None;
    }
    let (half, slow) = (ran.len() / 2, ran.len() * 19 / 20);
    let (_, median, _) = ran.select_nth_unstable(half);
    let median = *median;
    let (_, slow, _) = ran.select_nth_unstable(slow);
    Some((median, *slow))
}
