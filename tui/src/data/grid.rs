//! What a cell of the grid stands for: the state and the latency of one task, or the worst of a
//! bucket of tasks that follow each other.

use durascope_proto::monitor::task::State;

use crate::data::siblings;
use crate::data::siblings::Siblings;
use crate::data::tasks::Task;
use crate::data::tasks::Tasks;
use crate::format::Micros;

/// State of a cell, worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    #[default]
    Done,
    Abandoned,
    /// Done, and it took much longer than its siblings.
    Slow,
    Queued,
    Running,
    /// Running for much longer than its siblings took.
    Late,
    Failed,
}

impl Cell {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Late,
        Self::Running,
        Self::Queued,
        Self::Slow,
        Self::Done,
        Self::Abandoned,
    ];

    /// Its word in a legend.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Abandoned => "abandoned",
            Self::Slow => "done late",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Late => "straggling",
            Self::Failed => "failed",
        }
    }
}

/// Latency of a cell against the median of its siblings, slowest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heat {
    /// Not begun, or nothing to compare with.
    #[default]
    None,
    /// Up to the median.
    Quick,
    /// Up to three times the median.
    Usual,
    /// Up to ten times.
    Slow,
    /// More than ten times.
    Far,
}

impl Heat {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 5] = [Self::Quick, Self::Usual, Self::Slow, Self::Far, Self::None];

    /// Its words in a legend.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "no time yet",
            Self::Quick => "up to the median",
            Self::Usual => "up to 3×",
            Self::Slow => "up to 10×",
            Self::Far => "more",
        }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    pub state: Cell,
    pub heat: Heat,
}

/// The state that `task` shows.
pub fn state(tasks: &Tasks, siblings: &Siblings, task: &Task, now: Micros) -> Cell {
    match task.state {
        State::Failed => Cell::Failed,
        State::Abandoned => Cell::Abandoned,
        State::Completed if siblings.is_straggler(tasks, task, now) => Cell::Slow,
        State::Completed => Cell::Done,
        State::Running if siblings.is_straggler(tasks, task, now) => Cell::Late,
        State::Running => Cell::Running,
        State::Queued => Cell::Queued,
    }
}

/// The latency that `task` shows.
pub fn heat(tasks: &Tasks, siblings: &Siblings, task: &Task, now: Micros) -> Heat {
    let kin = siblings.kin(task);
    let Some(took) = siblings::took(tasks, task, now).filter(|_| kin.completed > 0) else {
        return Heat::None;
    };
    let median = kin.median.max(1);
    if took <= median {
        Heat::Quick
    } else if took <= median.saturating_mul(3) {
        Heat::Usual
    } else if took <= median.saturating_mul(10) {
        Heat::Slow
    } else {
        Heat::Far
    }
}

/// How cells lie in their room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Cells in a row.
    pub columns: usize,
    /// Tasks that one cell stands for.
    pub per_cell: usize,
    /// Columns of the screen for a cell and its gap; 1 for cells without words.
    pub width: usize,
    /// Two cells share a character.
    pub halves: bool,
}

/// Lays `count` cells out in `columns` × `lines` characters: as large as they can be, or, where
/// they do not have a character each, with `halves` a half, and if need be for several tasks.
pub fn layout(count: usize, (columns, lines): (usize, usize), halves: bool) -> Layout {
    let (columns, lines) = (columns.max(1), lines.max(1));
    let across = count.div_ceil(lines).max(1);
    if columns / across >= 2 && count > 0 {
        return Layout {
            columns: across,
            per_cell: 1,
            width: columns / across,
            halves: false,
        };
    }
    let halves = halves && count > columns * lines;
    let rows = if halves { lines * 2 } else { lines };
    Layout {
        columns,
        per_cell: per_cell(count, columns * rows),
        width: 1,
        halves,
    }
}

/// How many tasks one cell stands for when `count` tasks have `room` cells.
pub fn per_cell(count: usize, room: usize) -> usize {
    count.div_ceil(room.max(1)).max(1)
}

/// The cells of `tasks`, `per_cell` tasks in each.
pub fn buckets(tasks: &Tasks, siblings: &Siblings, now: Micros, per_cell: usize) -> Vec<Bucket> {
    let per_cell = per_cell.max(1);
    let mut all = Vec::with_capacity(tasks.len().div_ceil(per_cell));
    for (index, task) in tasks.iter().enumerate() {
        if index.is_multiple_of(per_cell) {
            all.push(Bucket::default());
        }
        if let Some(bucket) = all.last_mut() {
            bucket.state = bucket.state.max(state(tasks, siblings, task, now));
            bucket.heat = bucket.heat.max(heat(tasks, siblings, task, now));
        }
    }
    all
}

/// The task that a bucket shows: the worst of `from..from + per_cell`, the first of equals.
pub fn worst(
    tasks: &Tasks,
    siblings: &Siblings,
    now: Micros,
    from: usize,
    per_cell: usize,
    by_heat: bool,
) -> Option<usize> {
    let end = from.saturating_add(per_cell).min(tasks.len());
    let rank = |index: &usize| {
        let task = tasks.get(*index)?;
        let state = state(tasks, siblings, task, now);
        let heat = heat(tasks, siblings, task, now);
        let took = siblings::took(tasks, task, now);
        Some(if by_heat {
            (heat, state, took)
        } else {
            // A state's slowest stands for it only where the latency is asked for.
            (Heat::None, state, None)
        })
    };
    (from..end).rev().max_by_key(rank)
}

/// How many tasks of `from..from + per_cell` are in each state, in the order of [`Cell::ALL`].
pub fn counts(
    tasks: &Tasks,
    siblings: &Siblings,
    now: Micros,
    from: usize,
    per_cell: usize,
) -> [usize; 7] {
    let mut counts = [0; 7];
    let end = from.saturating_add(per_cell).min(tasks.len());
    for task in (from..end).filter_map(|it| tasks.get(it)) {
        let state = state(tasks, siblings, task, now);
        if let Some(at) = Cell::ALL.iter().position(|it| *it == state) {
            counts[at] += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tasks::tests::Made;

    #[test]
    fn a_bucket_shows_its_worst_and_no_task_is_left_out() {
        let mut made = Made::new("A");
        for _ in 0..25 {
            made.ran(0, 2);
        }
        made.failed(0, 1);
        made.running(0);
        made.ran(0, 30);
        made.queued(0);
        let tasks = made.tasks();
        let siblings = Siblings::of(&tasks);
        let cells = |now, per| {
            buckets(&tasks, &siblings, now, per)
                .iter()
                .map(|it| it.state)
                .collect::<Vec<_>>()
        };
        let soon = made.at(3);
        assert_eq!(
            cells(soon, 1)[24..],
            [
                Cell::Done,
                Cell::Failed,
                Cell::Running,
                Cell::Slow,
                Cell::Queued
            ]
        );
        assert_eq!(cells(made.at(21), 1)[26], Cell::Late);
        assert_eq!(cells(soon, 26), [Cell::Failed, Cell::Running]);
        assert_eq!(worst(&tasks, &siblings, soon, 0, 26, false), Some(25));
        assert_eq!(worst(&tasks, &siblings, soon, 24, 9, true), Some(27));
        assert_eq!(
            counts(&tasks, &siblings, soon, 24, 99),
            [1, 0, 1, 1, 1, 1, 0]
        );
    }

    #[test]
    fn few_tasks_have_large_cells_and_many_share_characters() {
        let of = |count, halves| layout(count, (116, 24), halves);
        let large = |columns, width| Layout {
            columns,
            per_cell: 1,
            width,
            halves: false,
        };
        assert_eq!(of(4, true), large(1, 116));
        assert_eq!(of(24, true), large(1, 116));
        assert_eq!(of(25, true), large(2, 58));
        assert_eq!(of(24 * 16, false), large(16, 7));
        let bare = |per_cell, halves| Layout {
            columns: 116,
            per_cell,
            width: 1,
            halves,
        };
        assert_eq!(of(24 * 58, false), large(58, 2));
        assert_eq!(of(24 * 58 + 1, true), bare(1, false));
        assert_eq!(of(24 * 116 + 1, true), bare(1, true));
        assert_eq!(of(5_600, false), bare(3, false));
        assert_eq!(
            layout(0, (0, 0), true),
            Layout {
                columns: 1,
                per_cell: 1,
                width: 1,
                halves: false
            }
        );
    }

    #[test]
    fn the_cells_of_any_number_of_tasks_have_room() {
        for (count, room, per) in [
            (0, 10, 1),
            (10, 10, 1),
            (11, 10, 2),
            (100_000, 5_664, 18),
            (5, 0, 5),
        ] {
            assert_eq!(per_cell(count, room), per);
        }
    }
}
