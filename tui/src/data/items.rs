//! The single tasks below the state lines of the tree, page by page.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::data::siblings::Siblings;
use crate::data::siblings::took;
use crate::data::tasks::Task;
use crate::data::tasks::Tasks;
use crate::data::tree::NodeKey;
use crate::data::tree::TaskState;
use crate::format::Micros;

/// Items shown when the user unfolds a state.
pub const PAGE: usize = 50;
/// Items shown below a state that unfolds by itself.
pub const GLANCE: usize = 5;
/// Items shown at most; beyond, the grid is the better view.
pub const ITEMS_MAX: usize = 6_400;

/// How far the states are unfolded.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    limits: BTreeMap<NodeKey, usize>,
    /// A task that is shown wherever it stands in its page.
    pub pinned: Option<i32>,
}

impl Pages {
    /// Items of `state` that are shown; `chosen` when the user unfolded it.
    pub fn limit(&self, state: &NodeKey, chosen: bool) -> usize {
        let least = if chosen { PAGE } else { GLANCE };
        self.limits.get(state).copied().unwrap_or(least)
    }

    /// Shows more of `state`: a page, then twice as many each time. False when it has as many
    /// as it may.
    pub fn more(&mut self, state: NodeKey, chosen: bool) -> bool {
        let before = self.limit(&state, chosen);
        let after = if before < PAGE { PAGE } else { before * 2 };
        self.limits.insert(state, after.min(ITEMS_MAX));
        before < ITEMS_MAX
    }
}

/// The tasks of an execution by group and state.
pub struct Items<'a> {
    pub tasks: &'a Tasks,
    pub pages: &'a Pages,
    members: OnceCell<BTreeMap<(usize, TaskState), Vec<u32>>>,
}

impl<'a> Items<'a> {
    /// Of `tasks`; nothing is computed before it is asked for.
    pub fn new(tasks: &'a Tasks, pages: &'a Pages) -> Self {
        Self {
            tasks,
            pages,
            members: OnceCell::new(),
        }
    }

    /// The members of group `group` of `tree` in `state`: running ones longest first, the others
    /// in order of scheduling.
    pub fn of(&self, tree: &InstanceTree, group: usize, state: TaskState) -> &[u32] {
        let all = self.members.get_or_init(|| members(tree, self.tasks));
        all.get(&(group, state)).map_or(&[], Vec::as_slice)
    }
}

/// The state line that `task` stands below.
pub fn state(task: &Task) -> TaskState {
    match task.state {
        State::Failed => TaskState::Failed,
        State::Running => TaskState::Running,
        State::Completed => TaskState::Done,
        // Groups count what was abandoned as never begun.
        State::Queued | State::Abandoned => TaskState::Queued,
    }
}

fn members(tree: &InstanceTree, tasks: &Tasks) -> BTreeMap<(usize, TaskState), Vec<u32>> {
    let mut members: BTreeMap<(usize, TaskState), Vec<u32>> = BTreeMap::new();
    let places = Places::of(tree, tasks);
    let mut last = None;
    for (index, task) in tasks.iter().enumerate() {
        let Ok(index) = u32::try_from(index) else {
            break;
        };
        let key = (task.kind, task.name, task.turn);
        let group = match last {
            Some((same, group)) if same == key => group,
            _ => places.group(task),
        };
        last = Some((key, group));
        if let Some(group) = group {
            members.entry((group, state(task))).or_default().push(index);
        }
    }
    for ((_, state), all) in &mut members {
        if *state == TaskState::Running {
            all.sort_by_key(|it| {
                let task = usize::try_from(*it).ok().and_then(|it| tasks.get(it));
                task.map(|it| it.started_at.unwrap_or(it.scheduled_at))
            });
        }
    }
    members
}

/// Which group of a tree a task belongs to.
pub struct Places {
    by_name: BTreeMap<(Kind, u32), Vec<Turns>>,
}

/// First and last turn of a group, and its index.
type Turns = (u64, u64, usize);

impl Places {
    /// The groups of `tree` by the names of `tasks`.
    pub fn of(tree: &InstanceTree, tasks: &Tasks) -> Self {
        let mut numbers = BTreeMap::new();
        for number in 0..u32::try_from(tasks.name_count()).unwrap_or(u32::MAX) {
            numbers.entry(tasks.name_at(number)).or_insert(number);
        }
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (at, group) in tree.groups.iter().enumerate() {
            if let Some(number) = numbers.get(group.name.as_str()) {
                let turns = (group.turn_first, group.turn_last, at);
                by_name
                    .entry((group.kind(), *number))
                    .or_default()
                    .push(turns);
            }
        }
        Self { by_name }
    }

    /// The group of `task`: of those that hold its turn, the last.
    pub fn group(&self, task: &Task) -> Option<usize> {
        let groups = self.by_name.get(&(task.kind, task.name))?;
        groups
            .iter()
            .rev()
            .find(|(first, last, _)| (*first..=*last).contains(&task.turn))
            .map(|it| it.2)
    }
}

/// The task that took longest, or has run for longest until `now`: of the stragglers, if there
/// are any, for what always takes long is no surprise.
pub fn slowest(tasks: &Tasks, siblings: &Siblings, now: Micros) -> Option<usize> {
    let rank = |(index, task): (usize, &Task)| {
        let took = took(tasks, task, now)?;
        let is_straggler = siblings.is_straggler(tasks, task, now);
        Some((is_straggler, took, Reverse(index)))
    };
    let slowest = tasks.iter().enumerate().filter_map(rank).max()?;
    Some(slowest.2.0)
}

/// The next failed task after `index`, around the end; the first without one.
pub fn next_failure(tasks: &Tasks, index: Option<usize>) -> Option<usize> {
    let from = index.map_or(0, |it| it + 1);
    let has_failed = |at: &usize| tasks.get(*at).is_some_and(|it| it.state == State::Failed);
    (from..tasks.len())
        .find(has_failed)
        .or_else(|| (0..from.min(tasks.len())).find(has_failed))
}

#[cfg(test)]
mod tests {
    use durascope_proto::monitor::TaskGroup;

    use super::*;
    use crate::data::tasks::tests::Made;

    fn tree(groups: &[(&str, u64, u64)]) -> InstanceTree {
        let groups = groups.iter().map(|(name, first, last)| TaskGroup {
            name: (*name).to_owned(),
            turn_first: *first,
            turn_last: *last,
            ..TaskGroup::default()
        });
        InstanceTree {
            groups: groups.collect(),
            ..InstanceTree::default()
        }
    }

    #[test]
    fn tasks_stand_in_the_group_of_their_name_and_turn() {
        let mut made = Made::new("A");
        made.ran(0, 1);
        made.turn = 2;
        made.running(9);
        made.running(4);
        made.failed(0, 1);
        made.named("B");
        made.queued(0);
        let tasks = made.tasks();
        let pages = Pages::default();
        let items = Items::new(&tasks, &pages);
        let tree = tree(&[("A", 1, 1), ("A", 2, 3), ("B", 2, 2)]);
        assert_eq!(items.of(&tree, 0, TaskState::Done), [0]);
        assert_eq!(
            items.of(&tree, 1, TaskState::Running),
            [2, 1],
            "longest first"
        );
        assert_eq!(items.of(&tree, 1, TaskState::Failed), [3]);
        assert_eq!(items.of(&tree, 2, TaskState::Queued), [4]);
        assert!(items.of(&tree, 2, TaskState::Done).is_empty());
    }

    #[test]
    fn slowest_and_next_failure_are_found_anywhere() {
        let mut made = Made::new("A");
        made.failed(0, 1);
        made.ran(0, 30);
        made.running(5);
        made.failed(0, 2);
        let tasks = made.tasks();
        let siblings = Siblings::of(&tasks);
        assert_eq!(slowest(&tasks, &siblings, made.at(20)), Some(1));
        assert_eq!(slowest(&tasks, &siblings, made.at(90)), Some(2));
        assert_eq!(next_failure(&tasks, None), Some(0));
        assert_eq!(next_failure(&tasks, Some(0)), Some(3));
        assert_eq!(next_failure(&tasks, Some(3)), Some(0));
        assert_eq!(next_failure(&Tasks::default(), Some(3)), None);
    }

    #[test]
    fn pages_grow_by_doubling_up_to_their_limit() {
        let key = NodeKey::Input;
        let mut pages = Pages::default();
        assert_eq!((pages.limit(&key, false), pages.limit(&key, true)), (5, 50));
        let mut seen = Vec::new();
        while pages.more(key.clone(), false) {
            seen.push(pages.limit(&key, false));
        }
        assert_eq!(seen[..3], [50, 100, 200]);
        assert_eq!(seen.last(), Some(&ITEMS_MAX));
    }
}
