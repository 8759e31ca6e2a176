//! Ways to a line of the tree that may be folded away: a task, the proof of a finding, the next
//! failure.

use crate::app::event::Size;
use crate::app::model::Model;
use crate::app::screens::instance::Instance;
use crate::app::screens::instance::Pane;
use crate::app::toast::Kind;
use crate::app::verdict;
use crate::data::items;
use crate::data::items::Places;
use crate::data::tree;
use crate::data::tree::Node;
use crate::data::tree::NodeKey;
use crate::data::tree::Source;
use crate::data::tree::TaskState;

impl Instance {
    /// Unfolds what hides the task at `index` and goes there; false when it has no place here.
    pub(super) fn reveal(&mut self, index: usize) -> bool {
        let Some((tree, items)) = self.tree().zip(self.items()) else {
            return false;
        };
        let Some(task) = items.tasks.get(index) else {
            return false;
        };
        let (id, child_id) = (task.id, task.child_id.clone());
        let Some(group) = Places::of(tree, items.tasks).group(task) else {
            return false;
        };
        let group = &tree.groups[group];
        let keys = [
            tree::group_key(group),
            tree::state_key(group, items::state(task)),
        ];
        let alone = keys[0].clone();
        // The state line that unfolds by itself keeps its few lines.
        let unfolds = keys.map(|key| (key, true));
        for (key, unfolded) in unfolds {
            let by_default =
                matches!(&key, NodeKey::State { state, .. } if *state == TaskState::Running);
            if !by_default || self.folds.get(&key) == Some(&false) {
                self.folds.insert(key, unfolded);
            }
        }
        self.pages.pinned = Some(id);
        self.rebuild();
        let is_it = |key: &NodeKey| match key {
            NodeKey::Task { id: other } => *other == id,
            NodeKey::Child { instance_id } => **instance_id == *child_id,
            _ => false,
        };
        let found = self.nodes.iter().position(|it| is_it(&it.key));
        // A group of one has no lines below it.
        let found = found.or_else(|| self.nodes.iter().position(|it| it.key == alone));
        if let Some(at) = found {
            self.pane = Pane::Tree;
            self.go_to(at + 1);
        }
        found.is_some()
    }

    /// Goes to the line of a task, else of its batch or child; false when the tree has none.
    pub fn go_to_item(&mut self, id: i32, name: &str, turn: u64, child_id: &str) -> bool {
        let tasks = self.tasks.as_ref();
        let index = tasks.and_then(|it| it.iter().position(|task| task.id == id));
        if index.is_some_and(|it| self.reveal(it)) {
            return true;
        }
        let is_it = |key: &NodeKey| match key {
            NodeKey::Child { instance_id } => instance_id == child_id,
            _ => false,
        };
        let is_group = |source: Source| match (source, self.tree()) {
            (Source::Group(at), Some(tree)) => tree.groups.get(at).is_some_and(|it| {
                it.name == name && (it.turn_first..=it.turn_last).contains(&turn)
            }),
            _ => false,
        };
        let found = self.nodes.iter().position(|it| is_it(&it.key));
        let found = found.or_else(|| self.nodes.iter().position(|it| is_group(it.source)));
        let Some(at) = found else {
            return false;
        };
        self.go_to(at + 1);
        true
    }

    /// Goes to the line that proves a finding, if it is known yet.
    pub(crate) fn take_aim(&mut self, size: Size, zoom: bool) {
        if self.tree().is_none() {
            return;
        }
        let Some(aim) = self.aim.take() else {
            return;
        };
        // Groups first, then the states in them.
        for _ in 0..2 {
            let folded = self
                .nodes
                .iter()
                .filter(|it| it.unfolded == Some(false) && verdict::is_around(&aim, &it.key));
            let keys: Vec<_> = folded.map(|it| it.key.clone()).collect();
            self.folds.extend(keys.into_iter().map(|it| (it, true)));
            self.rebuild();
        }
        let is_it = |it: &Node| verdict::is_line(&aim, &it.key);
        let at = self.nodes.iter().rposition(is_it);
        self.go_to(at.map_or(0, |at| at + 1));
        self.pane = Pane::Tree;
        self.scroll(size, zoom);
    }

    /// Goes to the next line about a failure, wrapping around; false when there is none.
    pub(super) fn next_failure(&mut self) -> bool {
        let count = self.nodes.len();
        for step in 0..count {
            let at = (self.index + step) % count;
            let Node {
                key,
                source,
                unfolded,
                ..
            } = &self.nodes[at];
            if let (Source::Group(_) | Source::State(..), Some(open)) = (source, unfolded)
                && let Some(group) = self.failed_group(*source)
            {
                if *open {
                    continue;
                }
                // What it hides comes next.
                self.folds.insert(group, true);
                let failed = key.clone();
                self.rebuild();
                let line = self.nodes.iter().position(|it| it.key == failed);
                self.index = line.map_or(0, |it| it + 1);
                return self.next_failure();
            }
            let is_failure = match key {
                NodeKey::Failure | NodeKey::FailureGroup { .. } => true,
                NodeKey::State { state, .. } => *state == TaskState::Failed,
                NodeKey::Task { .. } => self.task_failed(*source),
                NodeKey::Child { instance_id } => self.child_failed(instance_id),
                _ => false,
            };
            if is_failure {
                self.go_to(at + 1);
                return true;
            }
        }
        false
    }

    /// The key of a line with failed activities below it.
    pub(super) fn failed_group(&self, source: Source) -> Option<NodeKey> {
        let tree = self.tree()?;
        let has_failed = |at: usize| tree.groups.get(at).filter(|it| it.failed > 0);
        match source {
            Source::Group(at) => has_failed(at).map(tree::group_key),
            Source::State(at, TaskState::Failed) => {
                has_failed(at).map(|it| tree::state_key(it, TaskState::Failed))
            }
            _ => None,
        }
    }

    pub(super) fn task_failed(&self, source: Source) -> bool {
        let Source::Item(at) = source else {
            return false;
        };
        let task = self.tasks.as_ref().zip(usize::try_from(at).ok());
        task.and_then(|(tasks, at)| tasks.get(at))
            .is_some_and(|it| it.state == durascope_proto::monitor::task::State::Failed)
    }

    pub(super) fn child_failed(&self, id: &str) -> bool {
        let failed = durascope_proto::OrchestrationStatus::Failed as i32;
        self.tree().is_some_and(|tree| {
            tree.children
                .iter()
                .any(|it| it.instance_id == id && it.status == failed)
        })
    }
}

/// Goes to the task at `index` in the tree of the instance on top.
pub fn reveal(model: &mut Model, index: usize) {
    let (size, zoom) = (model.size, model.choices.zoom);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let found = instance.reveal(index);
    instance.scroll(size, zoom);
    if !found {
        model.toast(Kind::Note, "this task has no line in the tree");
    }
}
