//! The lanes of the timeline: which tasks have one, alone or together.

use std::collections::BTreeMap;

use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::data::axis;
use crate::data::axis::Gap;
use crate::data::batches::Wave;
use crate::data::batches::member;
use crate::data::siblings::Siblings;
use crate::data::siblings::took;
use crate::data::tasks::Task;
use crate::data::tasks::Tasks;
use crate::format::Micros;

/// Above this number, tasks share lanes.
pub const SINGLE_MAX: usize = 200;
/// Lanes of single tasks in each section.
const SECTION_MAX: usize = 50;
/// Lanes of waves: the newest.
const WAVES_MAX: usize = 200;

/// Why single tasks have lanes of their own among grouped ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Failed,
    Stragglers,
    Running,
    Children,
}

impl Section {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Stragglers => "stragglers",
            Self::Running => "running longest",
            Self::Children => "children",
        }
    }
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Index into the waves.
    Wave(usize),
    /// How many tasks a section has, and how many of them have a lane.
    Heading {
        section: Section,
        count: usize,
        shown: usize,
    },
    /// Older waves without a lane.
    Older(usize),
    /// The attempts of one item, first to last, as indices of tasks.
    Item(Vec<u32>),
}

/// What a lane is, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaneKey {
    /// First task of a wave.
    Wave(i32),
    Heading(Section),
    Older,
    /// First attempt of an item.
    Item(i32),
}

/// The lanes and what they are made of.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub lanes: Vec<Lane>,
    pub gaps: Vec<Gap>,
    /// First and last moment of all.
    pub from: Micros,
    pub to: Micros,
    /// True when tasks share lanes.
    pub grouped: bool,
}

/// Lays `tasks` out, as of `now`.
pub fn layout(tasks: &Tasks, waves: &[Wave], siblings: &Siblings, now: Micros) -> Layout {
    let mut spans: Vec<_> = tasks.iter().map(|it| span(it, now)).collect();
    spans.sort_unstable();
    let from = spans.first().map_or(now, |it| it.0);
    let to = spans.iter().map(|it| it.1).max().unwrap_or(now).max(from);
    let gaps = axis::gaps(spans.into_iter());
    let grouped = tasks.len() > SINGLE_MAX;
    let attempts = Attempts::of(tasks);
    let lanes = if grouped {
        grouped_lanes(tasks, waves, siblings, &attempts, now)
    } else {
        (0..tasks.len())
            .filter_map(|it| u32::try_from(it).ok())
            .filter(|it| !attempts.before.contains_key(it))
            .map(|it| Lane::Item(attempts.chain(it)))
            .collect()
    };
    Layout {
        lanes,
        gaps,
        from,
        to,
        grouped,
    }
}

/// From scheduled to finished, or until `now`.
pub fn span(task: &Task, now: Micros) -> (Micros, Micros) {
    let open_end = if task.state == State::Abandoned {
        task.started_at.unwrap_or(task.scheduled_at)
    } else {
        now
    };
    let end = task.finished_at.unwrap_or(open_end);
    (task.scheduled_at, end.max(task.scheduled_at))
}

fn grouped_lanes(
    tasks: &Tasks,
    waves: &[Wave],
    siblings: &Siblings,
    attempts: &Attempts,
    now: Micros,
) -> Vec<Lane> {
    let mut lanes = Vec::new();
    let older = waves.len().saturating_sub(WAVES_MAX);
    if older > 0 {
        lanes.push(Lane::Older(older));
    }
    lanes.extend((older..waves.len()).map(Lane::Wave));
    let mut sections: [(Section, Vec<(Micros, u32)>); 4] = [
        (Section::Failed, Vec::new()),
        (Section::Stragglers, Vec::new()),
        (Section::Running, Vec::new()),
        (Section::Children, Vec::new()),
    ];
    for (index, task) in tasks.iter().enumerate() {
        let Ok(index) = u32::try_from(index) else {
            break;
        };
        let age = took(tasks, task, now).unwrap_or(0);
        let section = if task.state == State::Failed && !attempts.after.contains_key(&index) {
            // An attempt that was followed by another shows in the lane of the last one.
            0
        } else if siblings.is_straggler(tasks, task, now) {
            1
        } else if task.state == State::Running && task.kind == Kind::Activity {
            2
        } else if task.kind == Kind::Child {
            3
        } else {
            continue;
        };
        // The newest failures, the slowest stragglers, what runs longest, children as they came.
        let rank = match section {
            0 => -task.finished_at.unwrap_or(now),
            3 => i64::from(index),
            _ => -age,
        };
        sections[section].1.push((rank, index));
    }
    for (section, mut found) in sections {
        if found.is_empty() {
            continue;
        }
        found.sort_unstable();
        let shown = found.len().min(SECTION_MAX);
        lanes.push(Lane::Heading {
            section,
            count: found.len(),
            shown,
        });
        let items = found.iter().take(SECTION_MAX);
        lanes.extend(items.map(|(_, index)| Lane::Item(attempts.chain(*index))));
    }
    lanes
}

/// What a lane is, wherever it stands.
pub fn key(lane: &Lane, tasks: &Tasks, waves: &[Wave]) -> LaneKey {
    let id = |index: Option<&u32>| {
        index
            .and_then(|it| member(tasks, *it))
            .map_or(0, |it| it.id)
    };
    match lane {
        Lane::Wave(at) => LaneKey::Wave(id(waves.get(*at).and_then(|it| it.members.first()))),
        Lane::Heading { section, .. } => LaneKey::Heading(*section),
        Lane::Older(_) => LaneKey::Older,
        Lane::Item(attempts) => LaneKey::Item(id(attempts.first())),
    }
}

/// Which task seems to be the next attempt of which.
#[derive(Debug, Default)]
struct Attempts {
    after: BTreeMap<u32, u32>,
    before: BTreeMap<u32, u32>,
}

impl Attempts {
    fn of(tasks: &Tasks) -> Self {
        let mut it = Self::default();
        if tasks.iter().all(|it| it.attempt <= 1) {
            return it;
        }
        let mut failed: BTreeMap<(Kind, u32, &str, u32), Vec<u32>> = BTreeMap::new();
        for (index, task) in tasks.iter().enumerate() {
            let Ok(index) = u32::try_from(index) else {
                break;
            };
            let key = |attempt| (task.kind, task.name, &*task.label, attempt);
            if task.attempt > 1
                && let Some(open) = failed.get_mut(&key(task.attempt - 1))
                && let Some(first) = open.pop()
            {
                it.after.insert(first, index);
                it.before.insert(index, first);
            }
            if task.state == State::Failed {
                failed.entry(key(task.attempt)).or_default().push(index);
            }
        }
        it
    }

    /// All attempts of the item that `index` is one of, first to last.
    fn chain(&self, index: u32) -> Vec<u32> {
        let mut chain = vec![index];
        while let Some(before) = chain.last().and_then(|it| self.before.get(it)) {
            chain.push(*before);
        }
        chain.reverse();
        while let Some(after) = chain.last().and_then(|it| self.after.get(it)) {
            chain.push(*after);
        }
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::batches::waves;
    use crate::data::tasks::tests::Made;

    #[test]
    fn many_tasks_share_lanes_and_what_matters_has_its_own() {
        let mut made = Made::new("A");
        for _ in 0..SINGLE_MAX {
            made.ran(0, 1);
        }
        made.failed(0, 1);
        made.running(0);
        made.running(90);
        made.queued(0);
        let tasks = made.tasks();
        let waves = waves(&tasks);
        let layout = layout(&tasks, &waves, &Siblings::of(&tasks), made.at(100));
        let keys: Vec<_> = layout
            .lanes
            .iter()
            .map(|it| key(it, &tasks, &waves))
            .collect();
        assert!(layout.grouped);
        assert_eq!(
            keys,
            [
                LaneKey::Wave(1),
                LaneKey::Heading(Section::Failed),
                LaneKey::Item(201),
                LaneKey::Heading(Section::Stragglers),
                LaneKey::Item(202),
                LaneKey::Heading(Section::Running),
                LaneKey::Item(203),
            ]
        );
    }
}
