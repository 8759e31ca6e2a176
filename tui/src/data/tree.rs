//! The instance screen's tree as a flat list of small nodes, keyed by identity.
//!
//! A node points into the feed's message; nothing is copied but keys.

use std::collections::BTreeMap;

use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::TaskGroup;
use durascope_proto::monitor::task_group::Kind;

use crate::data::items::Items;
use crate::data::status;

/// Children shown unfolded by themselves.
const CHILDREN_UNFOLDED_MAX: u64 = 12;

/// What a node is, independent of where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKey {
    Input,
    Output,
    CustomStatus,
    Failure,
    Tags,
    Group {
        kind: i32,
        name: String,
        turn: u64,
    },
    State {
        kind: i32,
        name: String,
        turn: u64,
        state: TaskState,
    },
    Task {
        id: i32,
    },
    More {
        kind: i32,
        name: String,
        turn: u64,
        state: TaskState,
    },
    Child {
        instance_id: String,
    },
    OtherChildren,
    /// The children that the server did not send.
    RestOfChildren,
    Failures,
    FailureGroup {
        name: String,
        error_type: String,
        sample: i32,
    },
    Timers,
    Timer {
        id: i32,
    },
    Events,
    ReceivedEvent {
        name: String,
    },
}

/// State of the members of a group, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskState {
    Failed,
    Running,
    Queued,
    Done,
}

/// Where in the message a node's content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Whole,
    Group(usize),
    State(usize, TaskState),
    Task(usize, usize),
    /// Index into all tasks.
    Item(u32),
    /// So many more of this state.
    More(usize),
    /// So many more children.
    Rest(u64),
    Child(usize),
    FailureGroup(usize),
    Timer(usize),
    Event(usize),
}

/// One line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub key: NodeKey,
    pub source: Source,
    pub depth: usize,
    /// Absent when there is nothing to unfold.
    pub unfolded: Option<bool>,
}

/// What the user folded and unfolded; the rest follows the defaults.
pub type Folds = BTreeMap<NodeKey, bool>;

/// The lines of `tree`, with `folds` applied; single tasks where `items` are known.
pub fn nodes(tree: &InstanceTree, folds: &Folds, items: Option<&Items<'_>>) -> Vec<Node> {
    let mut list = Lines {
        folds,
        items,
        nodes: Vec::new(),
    };
    if tree.failure.is_some() {
        list.leaf(NodeKey::Failure, Source::Whole, 0);
    }
    let placed = groups(tree, &mut list);
    other_children(tree, &placed, &mut list);
    let sent = u64::try_from(tree.children.len()).unwrap_or(u64::MAX);
    let rest = tree.children_total.saturating_sub(sent);
    if rest > 0 {
        list.leaf(NodeKey::RestOfChildren, Source::Rest(rest), 0);
    }
    failures(tree, &mut list);
    timers_and_events(tree, &mut list);
    for (key, there) in [
        (NodeKey::CustomStatus, has_text(tree.custom_status.as_ref())),
        (NodeKey::Output, has_text(tree.output.as_ref())),
        (NodeKey::Input, has_text(tree.input.as_ref())),
        (NodeKey::Tags, !tree.tags.is_empty()),
    ] {
        if there {
            list.leaf(key, Source::Whole, 0);
        }
    }
    list.nodes
}

fn has_text(payload: Option<&durascope_proto::monitor::Payload>) -> bool {
    payload.is_some_and(|it| it.text.is_some())
}

struct Lines<'a> {
    folds: &'a Folds,
    items: Option<&'a Items<'a>>,
    nodes: Vec<Node>,
}

impl Lines<'_> {
    fn leaf(&mut self, key: NodeKey, source: Source, depth: usize) {
        self.nodes.push(Node {
            key,
            source,
            depth,
            unfolded: None,
        });
    }

    /// Adds a node with lines below it; answers whether they are shown.
    fn branch(&mut self, key: NodeKey, source: Source, depth: usize, by_default: bool) -> bool {
        let unfolded = self.folds.get(&key).copied().unwrap_or(by_default);
        self.nodes.push(Node {
            key,
            source,
            depth,
            unfolded: Some(unfolded),
        });
        unfolded
    }
}

/// Adds all groups; answers which children stand below one.
fn groups(tree: &InstanceTree, list: &mut Lines<'_>) -> Vec<bool> {
    let mut placed = vec![false; tree.children.len()];
    for (index, group) in tree.groups.iter().enumerate() {
        let key = group_key(group);
        if group.kind == Kind::Child as i32 {
            child_group(tree, index, key, &mut placed, list);
            continue;
        }
        if group.scheduled <= 1 && group.oldest_running.is_empty() {
            list.leaf(key, Source::Group(index), 0);
            continue;
        }
        let by_default = group.running > 0 || group.queued > 0;
        if list.branch(key, Source::Group(index), 0, by_default) {
            states(tree, group, index, list);
        }
    }
    placed
}

/// The key of a group's line.
pub fn group_key(group: &TaskGroup) -> NodeKey {
    NodeKey::Group {
        kind: group.kind,
        name: group.name.clone(),
        turn: group.turn_first,
    }
}

/// The key of the line of a group's members in `state`.
pub fn state_key(group: &TaskGroup, state: TaskState) -> NodeKey {
    NodeKey::State {
        kind: group.kind,
        name: group.name.clone(),
        turn: group.turn_first,
        state,
    }
}

fn states(tree: &InstanceTree, group: &TaskGroup, index: usize, list: &mut Lines<'_>) {
    for (state, count) in [
        (TaskState::Failed, group.failed),
        (TaskState::Running, group.running),
        (TaskState::Queued, group.queued),
        (TaskState::Done, group.completed),
    ] {
        if count == 0 {
            continue;
        }
        let key = state_key(group, state);
        let source = Source::State(index, state);
        if let Some(items) = list.items {
            single(tree, (group, index, state), key, items, list);
        } else if state != TaskState::Running || group.oldest_running.is_empty() {
            list.leaf(key, source, 1);
        } else if list.branch(key, source, 1, true) {
            for (at, task) in group.oldest_running.iter().enumerate() {
                list.leaf(
                    NodeKey::Task { id: task.task_id },
                    Source::Task(index, at),
                    2,
                );
            }
        }
    }
}

/// The state's line and, where it is unfolded, its tasks.
fn single(
    tree: &InstanceTree,
    (group, index, state): (&TaskGroup, usize, TaskState),
    key: NodeKey,
    items: &Items<'_>,
    list: &mut Lines<'_>,
) {
    let chosen = list.folds.contains_key(&key);
    let limit = items.pages.limit(&key, chosen);
    let by_default = state == TaskState::Running;
    if !list.branch(key, Source::State(index, state), 1, by_default) {
        return;
    }
    let all = items.of(tree, index, state);
    let id = |it: &u32| crate::data::batches::member(items.tasks, *it).map(|it| it.id);
    let pinned = items.pages.pinned;
    let beyond = all.iter().skip(limit);
    let pinned = beyond
        .filter(|_| pinned.is_some())
        .find(|it| id(it) == pinned);
    for index in all.iter().take(limit).chain(pinned) {
        if let Some(id) = id(index) {
            list.leaf(NodeKey::Task { id }, Source::Item(*index), 2);
        }
    }
    let more = all.len().saturating_sub(limit) - usize::from(pinned.is_some());
    if more > 0 {
        let key = NodeKey::More {
            kind: group.kind,
            name: group.name.clone(),
            turn: group.turn_first,
            state,
        };
        list.leaf(key, Source::More(more), 2);
    }
}

/// A child's row does not say which batch scheduled it: it stands below the last of its name.
fn child_group(
    tree: &InstanceTree,
    index: usize,
    key: NodeKey,
    placed: &mut [bool],
    list: &mut Lines<'_>,
) {
    let group = &tree.groups[index];
    let is_last = !tree.groups[index + 1..]
        .iter()
        .any(|it| it.kind == Kind::Child as i32 && it.name == group.name);
    let members: Vec<_> = tree
        .children
        .iter()
        .enumerate()
        .filter(|(_, row)| is_last && row.name == group.name)
        .map(|(at, _)| at)
        .collect();
    for at in &members {
        placed[*at] = true;
    }
    if members.is_empty() {
        list.leaf(key, Source::Group(index), 0);
        return;
    }
    let by_default =
        group.scheduled <= CHILDREN_UNFOLDED_MAX || status::group_finished(group) < group.scheduled;
    if list.branch(key, Source::Group(index), 0, by_default) {
        for at in members {
            child(tree, at, list);
        }
    }
}

fn child(tree: &InstanceTree, at: usize, list: &mut Lines<'_>) {
    let instance_id = tree.children[at].instance_id.clone();
    list.leaf(NodeKey::Child { instance_id }, Source::Child(at), 1);
}

fn other_children(tree: &InstanceTree, placed: &[bool], list: &mut Lines<'_>) {
    if placed.iter().all(|it| *it) {
        return;
    }
    if list.branch(NodeKey::OtherChildren, Source::Whole, 0, true) {
        for (at, _) in placed.iter().enumerate().filter(|(_, placed)| !**placed) {
            child(tree, at, list);
        }
    }
}

fn failures(tree: &InstanceTree, list: &mut Lines<'_>) {
    if tree.failures.is_empty() {
        return;
    }
    if list.branch(NodeKey::Failures, Source::Whole, 0, true) {
        for (index, group) in tree.failures.iter().enumerate() {
            let key = NodeKey::FailureGroup {
                name: group.name.clone(),
                error_type: group.error_type.clone(),
                sample: group.sample_task_id,
            };
            list.leaf(key, Source::FailureGroup(index), 1);
        }
    }
}

fn timers_and_events(tree: &InstanceTree, list: &mut Lines<'_>) {
    if !tree.timers.is_empty() && list.branch(NodeKey::Timers, Source::Whole, 0, true) {
        for (index, timer) in tree.timers.iter().enumerate() {
            list.leaf(
                NodeKey::Timer { id: timer.timer_id },
                Source::Timer(index),
                1,
            );
        }
    }
    if !tree.events.is_empty() && list.branch(NodeKey::Events, Source::Whole, 0, true) {
        for (index, event) in tree.events.iter().enumerate() {
            let key = NodeKey::ReceivedEvent {
                name: event.name.clone(),
            };
            list.leaf(key, Source::Event(index), 1);
        }
    }
}
