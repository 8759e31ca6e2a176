//! What is painted in the lanes of the timeline.

use durascope_proto::monitor::task::State;

use crate::data::axis::Axis;
use crate::data::axis::FINE;
use crate::data::batches::Wave;
use crate::data::batches::member;
use crate::data::tasks::Tasks;
use crate::data::timeline::span;
use crate::format::Micros;

/// What one column of a lane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    #[default]
    None,
    /// In the queue.
    Wait,
    /// With a worker.
    Run,
    /// Open; which of the two is not known.
    Open,
    /// Between a failure and the next attempt.
    Pause,
    /// Failed here.
    Failed,
    /// Goes on beyond the present.
    GoesOn,
    /// An idle time that is folded.
    Fold,
    /// How many run at once, in eighths of the most.
    Level(u8),
}

/// A lane of `columns` with the folded times already in it.
fn blank(axis: &Axis) -> Vec<Paint> {
    let mut lane = vec![Paint::None; axis.columns];
    for part in axis.parts.iter().filter(|it| it.folded) {
        let end = (part.column + part.columns).min(lane.len());
        lane[part.column.min(end)..end].fill(Paint::Fold);
    }
    lane
}

/// The lane of one item: its attempts one after the other.
pub fn paint_item(tasks: &Tasks, attempts: &[u32], axis: &Axis, now: Micros) -> Vec<Paint> {
    let mut lane = blank(axis);
    let mut failed_at = None;
    for task in attempts.iter().filter_map(|it| member(tasks, *it)) {
        let (from, to) = span(task, now);
        if let Some(failed) = failed_at {
            fill(&mut lane, axis, failed, from, Paint::Pause);
            dot(&mut lane, axis, failed, Paint::Failed);
        }
        match task.started_at.filter(|_| tasks.knows_starts) {
            Some(started) => {
                fill(&mut lane, axis, from, started, Paint::Wait);
                fill(&mut lane, axis, started, to, Paint::Run);
            }
            None if tasks.knows_starts && task.state == State::Queued => {
                fill(&mut lane, axis, from, to, Paint::Wait);
            }
            None => fill(&mut lane, axis, from, to, Paint::Open),
        }
        if task.state == State::Failed {
            dot(&mut lane, axis, to, Paint::Failed);
            failed_at = Some(to);
        } else if !task.is_over() && task.state == State::Running {
            dot(&mut lane, axis, to, Paint::GoesOn);
        }
    }
    lane
}

/// The lane of a wave: how many of it ran at once, on average in each column; and the most, in
/// parts of one, [`FINE`] to each.
pub fn paint_wave(tasks: &Tasks, wave: &Wave, axis: &Axis, now: Micros) -> (Vec<Paint>, usize) {
    let mut lane = blank(axis);
    let columns = axis.columns;
    let mut first_wait = columns;
    let mut load = Load::new(columns);
    for task in wave.members.iter().filter_map(|it| member(tasks, *it)) {
        let (scheduled, to) = span(task, now);
        first_wait = first_wait.min(axis.column(scheduled));
        let from = match (task.started_at, tasks.knows_starts) {
            (Some(it), true) => it,
            (None, true) => continue,
            (_, false) => scheduled,
        };
        if axis.shows(from, to) {
            load.add(axis.position(from), axis.position(to));
        }
    }
    let at_once = load.by_column();
    let most = at_once.iter().copied().max().unwrap_or(0);
    for (paint, value) in lane.iter_mut().zip(at_once) {
        if *paint != Paint::Fold && value > 0 {
            // One to eight eighths: whatever runs is seen.
            let level = (value * 8).div_ceil(most).min(8);
            *paint = Paint::Level(u8::try_from(level).unwrap_or(8));
        }
    }
    // What was scheduled and has not begun.
    let begun = lane.iter().position(|it| matches!(it, Paint::Level(_)));
    let waits_until = begun.unwrap_or_else(|| {
        if wave.queued > 0 {
            axis.column(now) + 1
        } else {
            first_wait
        }
    });
    for paint in lane.iter_mut().take(waits_until).skip(first_wait) {
        if *paint == Paint::None {
            *paint = Paint::Wait;
        }
    }
    (lane, most)
}

/// How much of each column is taken, over all tasks.
struct Load {
    /// One more or one less from this column on.
    whole: Vec<i64>,
    /// Parts of this column alone.
    part: Vec<usize>,
}

impl Load {
    fn new(columns: usize) -> Self {
        Self {
            whole: vec![0; columns + 2],
            part: vec![0; columns + 2],
        }
    }

    fn add(&mut self, from: usize, to: usize) {
        let last_column = self.part.len() - 1;
        let (first, last) = (from / FINE, (to / FINE).min(last_column));
        if first >= last {
            // Shorter than can be measured is still something.
            self.part[first.min(last_column)] += to.saturating_sub(from).max(1);
            return;
        }
        self.part[first] += (first + 1) * FINE - from;
        self.part[last] += to - last * FINE;
        self.whole[first + 1] += 1;
        self.whole[last] -= 1;
    }

    fn by_column(&self) -> Vec<usize> {
        let mut running = 0_i64;
        let columns = self.part.len() - 2;
        let all = self.whole.iter().zip(&self.part).take(columns);
        all.map(|(change, part)| {
            running += change;
            usize::try_from(running).unwrap_or(0) * FINE + part
        })
        .collect()
    }
}

fn fill(lane: &mut [Paint], axis: &Axis, from: Micros, to: Micros, paint: Paint) {
    if !axis.shows(from, to) || lane.is_empty() {
        return;
    }
    for place in &mut lane[axis.column(from)..=axis.column(to)] {
        if *place != Paint::Fold {
            *place = paint;
        }
    }
}

fn dot(lane: &mut [Paint], axis: &Axis, at: Micros, paint: Paint) {
    if axis.shows(at, at)
        && let Some(place) = lane.get_mut(axis.column(at))
    {
        *place = paint;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::batches::waves;
    use crate::data::siblings::Siblings;
    use crate::data::tasks::tests::Made;
    use crate::data::timeline::Lane;
    use crate::data::timeline::Layout;
    use crate::data::timeline::layout;
    use crate::format::SECOND;

    fn laid(made: &Made, now: i64) -> (Tasks, Vec<Wave>, Layout) {
        let tasks = made.tasks();
        let waves = waves(&tasks);
        let layout = layout(&tasks, &waves, &Siblings::of(&tasks), made.at(now));
        (tasks, waves, layout)
    }

    fn shown(lane: &[Paint]) -> String {
        let sign = |it: &Paint| match it {
            Paint::None => ' ',
            Paint::Wait => 'w',
            Paint::Run => 'r',
            Paint::Open => 'o',
            Paint::Pause => '-',
            Paint::Failed => 'x',
            Paint::GoesOn => '>',
            Paint::Fold => '/',
            Paint::Level(it) => char::from(b'0' + it),
        };
        lane.iter().map(sign).collect()
    }

    #[test]
    fn attempts_of_one_item_share_a_lane_with_the_pause_between() {
        let mut made = Made::new("A");
        let first = made.add(State::Failed, [Some(0), Some(2), Some(4)]);
        first.label = "same".to_owned();
        made.ran(0, 1);
        let second = made.add(State::Running, [Some(8), Some(9), None]);
        second.label = "same".to_owned();
        second.attempt = 2;
        let (tasks, _, layout) = laid(&made, 12);
        assert_eq!(layout.lanes, [Lane::Item(vec![0, 2]), Lane::Item(vec![1])]);
        let axis = Axis::new(layout.from, layout.from + 13 * SECOND, 13, &[], true);
        let lane = paint_item(&tasks, &[0, 2], &axis, made.at(12));
        assert_eq!(shown(&lane), "wwrrx---wrrr>");
    }

    #[test]
    fn without_starts_there_is_one_tone() {
        let mut made = Made::new("A");
        made.knows_starts = false;
        made.add(State::Completed, [Some(0), None, Some(3)]);
        let (tasks, _, layout) = laid(&made, 9);
        let axis = Axis::new(layout.from, layout.from + 9 * SECOND, 9, &[], true);
        let lane = paint_item(&tasks, &[0], &axis, made.at(9));
        assert_eq!(shown(&lane), "oooo     ");
    }

    #[test]
    fn a_wave_shows_how_many_run_at_once() {
        let mut made = Made::new("A");
        for at in [2, 2, 2, 2, 6] {
            made.add(State::Completed, [Some(0), Some(at), Some(at + 4)]);
        }
        let (tasks, waves, layout) = laid(&made, 20);
        let axis = Axis::new(layout.from, layout.from + 10 * SECOND, 10, &[], true);
        let (lane, most) = paint_wave(&tasks, &waves[0], &axis, made.at(20));
        assert_eq!(shown(&lane), "ww88882222");
        assert_eq!(most, 4 * FINE);
    }
}
