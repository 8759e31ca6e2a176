//! The waves of an execution: what one turn scheduled under one name, and how it went.

use std::collections::BTreeMap;

use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::data::grid;
use crate::data::grid::Cell;
use crate::data::siblings::Siblings;
use crate::data::siblings::percentile;
use crate::data::siblings::took;
use crate::data::tasks::Task;
use crate::data::tasks::Tasks;
use crate::format::Micros;
use crate::format::SECOND;

/// Waves of at most this size are put together when they follow each other under one name, as
/// the feed does with its groups.
const SMALL_MAX: usize = 10;

/// A wave. Times are run times where the server tells when tasks were taken, else open times.
#[derive(Clone, Debug)]
pub struct Wave {
    pub kind: Kind,
    /// Index into the names.
    pub name: u32,
    pub turn_first: u64,
    pub turn_last: u64,
    /// Its tasks, in order of scheduling.
    pub members: Vec<u32>,
    pub queued: usize,
    pub running: usize,
    pub completed: usize,
    pub failed: usize,
    pub abandoned: usize,
    pub began: Micros,
    /// When its last result came so far.
    pub last_finish: Option<Micros>,
    pub p50: Option<Micros>,
    /// The finished one that took longest.
    pub slowest: Option<(Micros, u32)>,
    /// The running one that was taken first, and when.
    pub oldest_running: Option<(Micros, u32)>,
    /// The queued one that was scheduled first.
    pub oldest_queued: Option<Micros>,
    /// From the end of everything before it to its beginning; absent where that overlaps.
    pub gap: Option<Micros>,
    /// All of it seems to repeat what failed before.
    pub is_retry: bool,
    /// One cell for each part of its tasks, worst state of each.
    pub bar: Vec<Cell>,
    /// Of the finished ones; absent where a start is not known.
    busy: Option<Micros>,
    /// Sum of the starts of the running ones.
    running_since: i128,
    small: bool,
}

impl Wave {
    fn new(task: &Task) -> Self {
        Self {
            kind: task.kind,
            name: task.name,
            turn_first: task.turn,
            turn_last: task.turn,
            members: Vec::new(),
            queued: 0,
            running: 0,
            completed: 0,
            failed: 0,
            abandoned: 0,
            began: task.scheduled_at,
            last_finish: None,
            p50: None,
            slowest: None,
            oldest_running: None,
            oldest_queued: None,
            gap: None,
            is_retry: true,
            bar: Vec::new(),
            busy: Some(0),
            running_since: 0,
            small: true,
        }
    }

    /// Tasks of it.
    pub fn total(&self) -> usize {
        self.members.len()
    }

    /// Those with a result or a failure.
    pub fn finished(&self) -> usize {
        self.completed + self.failed
    }

    /// True when nothing of it is queued or running.
    pub fn is_over(&self) -> bool {
        self.queued + self.running == 0
    }

    /// When it ended, or `now`.
    pub fn end(&self, now: Micros) -> Micros {
        match self.last_finish {
            Some(at) if self.is_over() => at,
            // Cut off by the end of its execution: nothing is known after its last result.
            None if self.is_over() => self.began,
            _ => now,
        }
    }

    /// From its beginning to its end, or until `now`.
    pub fn wall(&self, now: Micros) -> Micros {
        (self.end(now) - self.began).max(0)
    }

    /// Results a second, from its beginning to its last result.
    pub fn rate(&self) -> Option<f64> {
        let span = self.last_finish? - self.began;
        if span <= 0 || self.finished() < 2 {
            return None;
        }
        let finished = u32::try_from(self.finished()).unwrap_or(u32::MAX);
        let seconds = span as f64 / SECOND as f64;
        Some(f64::from(finished) / seconds)
    }

    /// The one that took longest or runs for longest, and how long.
    pub fn slowest(&self, now: Micros) -> Option<(Micros, u32)> {
        let running = self
            .oldest_running
            .map(|(since, index)| ((now - since).max(0), index));
        self.slowest.into_iter().chain(running).max()
    }

    /// What `slots` could have run in its time and did not, in slot-time; absent where starts or
    /// slots are not known, and where more ran at once than there are slots now.
    pub fn idle(&self, slots: u32, now: Micros) -> Option<Micros> {
        if slots == 0 || self.kind == Kind::Child {
            return None;
        }
        let running = i128::try_from(self.running).ok()?;
        let busy = i128::from(self.busy?) + running * i128::from(now) - self.running_since;
        let room = i128::from(slots) * i128::from(self.wall(now));
        Micros::try_from(room - busy).ok().filter(|it| *it >= 0)
    }

    fn add(&mut self, index: u32, task: &Task, tasks: &Tasks) {
        self.members.push(index);
        self.is_retry &= task.attempt > 1;
        self.began = self.began.min(task.scheduled_at);
        if task.is_over() {
            self.last_finish = self.last_finish.max(task.finished_at);
        }
        match task.state {
            State::Queued => {
                self.queued += 1;
                let oldest = self.oldest_queued.unwrap_or(Micros::MAX);
                self.oldest_queued = Some(oldest.min(task.scheduled_at));
            }
            State::Running => self.running += 1,
            State::Completed => self.completed += 1,
            State::Failed => self.failed += 1,
            State::Abandoned => self.abandoned += 1,
        }
        let known = tasks.knows_starts.then_some(task.started_at).flatten();
        let is_open = match task.state {
            State::Running => true,
            // Without starts, what runs is not told from what waits.
            State::Queued => !tasks.knows_starts,
            _ => false,
        };
        if is_open {
            let since = known.or((!tasks.knows_starts).then_some(task.scheduled_at));
            if let Some(since) = since {
                let first = self.oldest_running.map_or(Micros::MAX, |it| it.0);
                if since < first {
                    self.oldest_running = Some((since, index));
                }
            }
        }
        match (task.state, known) {
            (State::Queued, _) => {}
            (State::Running, Some(at)) => self.running_since += i128::from(at),
            (_, Some(_)) if task.finished_at.is_some() => {
                let ran = task.ran(0).unwrap_or(0);
                self.busy = self.busy.map(|it| it.saturating_add(ran));
            }
            _ => self.busy = None,
        }
        if matches!(task.state, State::Completed | State::Failed)
            && let Some(took) = took(tasks, task, 0)
            && self.slowest.is_none_or(|it| took > it.0)
        {
            self.slowest = Some((took, index));
        }
    }
}

/// The waves of `tasks`, in order of scheduling, without bars.
pub fn waves(tasks: &Tasks) -> Vec<Wave> {
    let mut waves: Vec<Wave> = Vec::new();
    let sizes = sizes(tasks);
    let mut by_key: BTreeMap<(Kind, u32, u64), usize> = BTreeMap::new();
    let mut last = None;
    for (index, task) in tasks.iter().enumerate() {
        let key = (task.kind, task.name, task.turn);
        let same = last.filter(|it: &((Kind, u32, u64), usize)| it.0 == key);
        let known = same.map(|it| it.1).or_else(|| by_key.get(&key).copied());
        let at = known.unwrap_or_else(|| {
            let small = sizes.get(&key).is_some_and(|it| *it <= SMALL_MAX);
            let follows = waves.last().is_some_and(|it| {
                small && it.small && it.kind == task.kind && it.name == task.name
            });
            if !follows {
                let mut wave = Wave::new(task);
                wave.small = small;
                waves.push(wave);
            }
            by_key.insert(key, waves.len() - 1);
            waves.len() - 1
        });
        last = Some((key, at));
        let wave = &mut waves[at];
        wave.turn_last = wave.turn_last.max(task.turn);
        wave.add(u32::try_from(index).unwrap_or(u32::MAX), task, tasks);
    }
    finish(&mut waves, tasks);
    waves
}

/// How many tasks each turn scheduled under each name.
fn sizes(tasks: &Tasks) -> BTreeMap<(Kind, u32, u64), usize> {
    let mut sizes = BTreeMap::new();
    let mut run: Option<((Kind, u32, u64), usize)> = None;
    for task in tasks.iter() {
        let key = (task.kind, task.name, task.turn);
        match &mut run {
            Some((last, count)) if *last == key => *count += 1,
            _ => {
                if let Some((key, count)) = run.replace((key, 1)) {
                    *sizes.entry(key).or_default() += count;
                }
            }
        }
    }
    if let Some((key, count)) = run {
        *sizes.entry(key).or_default() += count;
    }
    sizes
}

fn finish(waves: &mut [Wave], tasks: &Tasks) {
    let mut before: Option<Micros> = None;
    let mut all_over = true;
    for wave in waves {
        let mut times: Vec<_> = wave
            .members
            .iter()
            .filter_map(|it| member(tasks, *it))
            .filter(|it| it.state == State::Completed)
            .filter_map(|it| took(tasks, it, 0))
            .collect();
        wave.p50 = percentile(&mut times, 50);
        wave.gap = before
            .filter(|_| all_over)
            .map(|it| wave.began - it)
            .filter(|it| *it >= 0);
        all_over &= wave.is_over();
        before = before.max(wave.last_finish);
    }
}

/// Fills the bars: at most `columns` cells, one scale for all waves. Answers how many tasks one
/// cell stands for.
pub fn bars(
    waves: &mut [Wave],
    tasks: &Tasks,
    siblings: &Siblings,
    now: Micros,
    columns: usize,
) -> usize {
    let largest = waves.iter().map(Wave::total).max().unwrap_or(0);
    let per_cell = grid::per_cell(largest, columns);
    for wave in waves {
        let worst = |part: &[u32]| {
            let states = part.iter().filter_map(|it| member(tasks, *it));
            states
                .map(|it| grid::state(tasks, siblings, it, now))
                .max()
                .unwrap_or_default()
        };
        wave.bar = wave.members.chunks(per_cell).map(worst).collect();
    }
    per_cell
}

/// The task at the index `member` of a wave.
pub fn member(tasks: &Tasks, member: u32) -> Option<&Task> {
    tasks.get(usize::try_from(member).ok()?)
}

/// Run times of the completed members, and finishes in the last `window` before `now`.
pub fn measured(wave: &Wave, tasks: &Tasks, now: Micros, window: Micros) -> (Vec<Micros>, usize) {
    let members = wave.members.iter().filter_map(|it| member(tasks, *it));
    let mut times = Vec::new();
    let mut recent = 0;
    for task in members.filter(|it| matches!(it.state, State::Completed | State::Failed)) {
        times.extend(took(tasks, task, now));
        recent += usize::from(task.finished_at.is_some_and(|it| it > now - window));
    }
    (times, recent)
}

/// How long each running member has run so far.
pub fn elapsed(wave: &Wave, tasks: &Tasks, now: Micros) -> Vec<Micros> {
    let members = wave.members.iter().filter_map(|it| member(tasks, *it));
    members
        .filter(|it| it.state == State::Running)
        .map(|it| took(tasks, it, now).unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tasks::tests::Made;

    #[test]
    fn large_waves_stand_alone_and_small_ones_in_a_row_are_one() {
        let mut made = Made::new("Page");
        for turn in 1..=2 {
            made.turn = turn;
            for _ in 0..11 {
                made.ran(i64::try_from(turn).unwrap() * 10, 3);
            }
        }
        for turn in 3..=5 {
            made.turn = turn;
            made.ran(40 + i64::try_from(turn).unwrap(), 1);
        }
        made.named("Other");
        made.ran(60, 1);
        let tasks = made.tasks();
        let waves = waves(&tasks);
        let shape: Vec<_> = waves
            .iter()
            .map(|it| (it.turn_first, it.turn_last, it.total()))
            .collect();
        assert_eq!(shape, [(1, 1, 11), (2, 2, 11), (3, 5, 3), (5, 5, 1)]);
        assert_eq!(waves[0].gap, None);
        assert_eq!(waves[1].gap, Some(7 * SECOND));
    }

    #[test]
    fn names_that_alternate_within_a_turn_are_two_waves() {
        let mut made = Made::new("A");
        made.named("B");
        for at in 0..40 {
            made.ran(0, 1).name = at % 2;
        }
        let waves = waves(&made.tasks());
        let shape: Vec<_> = waves.iter().map(|it| (it.name, it.total())).collect();
        assert_eq!(shape, [(0, 20), (1, 20)]);
    }

    #[test]
    fn counts_wall_time_slowest_and_idle_slots_come_from_the_tasks() {
        let mut made = Made::new("A");
        for _ in 0..3 {
            made.ran(0, 4);
        }
        made.failed(0, 6);
        made.running(2);
        made.queued(0);
        let tasks = made.tasks();
        let mut waves = waves(&tasks);
        let wave = &waves[0];
        let now = made.at(10);
        assert_eq!(
            (
                wave.queued,
                wave.running,
                wave.completed,
                wave.failed,
                wave.finished()
            ),
            (1, 1, 3, 1, 4)
        );
        assert_eq!(wave.wall(now), 10 * SECOND);
        assert_eq!(wave.p50, Some(4 * SECOND));
        assert_eq!(wave.slowest(now), Some((8 * SECOND, 4)));
        // Four slots for ten seconds, less 3×4 + 6 + 8.
        assert_eq!(wave.idle(4, now), Some(14 * SECOND));
        assert_eq!(wave.idle(0, now), None);
        assert_eq!(wave.rate(), Some(4.0 / 6.0));
        let siblings = Siblings::of(&tasks);
        assert_eq!(bars(&mut waves, &tasks, &siblings, now, 3), 2);
        assert_eq!(waves[0].bar, [Cell::Done, Cell::Failed, Cell::Running]);
    }

    #[test]
    fn without_starts_there_are_no_idle_slots() {
        let mut made = Made::new("A");
        made.knows_starts = false;
        made.add(State::Completed, [Some(0), None, Some(5)]);
        made.add(State::Queued, [Some(0), None, None]);
        let waves = waves(&made.tasks());
        assert_eq!(waves[0].idle(4, made.at(9)), None);
        assert_eq!(waves[0].slowest(made.at(9)), Some((9 * SECOND, 1)));
    }
}
