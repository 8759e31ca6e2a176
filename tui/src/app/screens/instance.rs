//! One instance: its tree with cursor, folds and scroll, and the text of the selected line.

use std::sync::Arc;

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::WatchUpdate;

use crate::app::action::ActionId;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::model::Model;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::screens::batches;
use crate::app::screens::batches::Batches;
use crate::app::screens::compare;
use crate::app::screens::data;
use crate::app::screens::data::DataView;
use crate::app::screens::grid;
use crate::app::screens::grid::Grid;
use crate::app::screens::history;
use crate::app::screens::history::HistoryView;
use crate::app::screens::timeline;
use crate::app::screens::timeline::Timeline;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::verdict;
use crate::data::detail;
use crate::data::items;
use crate::data::items::Items;
use crate::data::items::Pages;
use crate::data::items::Places;
use crate::data::siblings::Siblings;
use crate::data::tasks::Tasks;
use crate::data::tree;
use crate::data::tree::Folds;
use crate::data::tree::Node;
use crate::data::tree::NodeKey;
use crate::data::tree::Source;
use crate::data::tree::TaskState;
use crate::data::verdict::Evidence;
use crate::data::verdict::Figures;

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    Tree,
    Detail,
}

/// An open instance.
#[derive(Clone, Debug)]
pub struct Instance {
    pub id: String,
    /// The newest update that told about it; kept while other screens are on top.
    seen: Option<Arc<WatchUpdate>>,
    /// It existed and does not any more.
    pub is_gone: bool,
    pub nodes: Vec<Node>,
    folds: Folds,
    cursor: Option<NodeKey>,
    pub index: usize,
    pub top: usize,
    pub pane: Pane,
    pub detail_top: usize,
    pub tab: InstanceTab,
    /// The newest that is known of its tasks.
    pub tasks: Option<Tasks>,
    /// What is known of them by name.
    pub siblings: Siblings,
    /// Some of them are queued or running: what is shown of them changes with time.
    pub has_open: bool,
    pages: Pages,
    /// Its parent is opened as soon as it is known, and so on up to the root.
    climbs: bool,
    /// What they tell together.
    pub figures: Option<Figures>,
    /// What to go to as soon as it is known.
    pub(crate) aim: Option<Evidence>,
    pub grid: Grid,
    pub batches: Batches,
    pub timeline: Timeline,
    pub history: HistoryView,
    pub data: DataView,
}

impl Instance {
    /// A screen for `id`, with what is known already.
    pub fn new(id: String) -> Self {
        Self {
            id,
            seen: None,
            is_gone: false,
            nodes: Vec::new(),
            folds: Folds::new(),
            cursor: None,
            index: 0,
            top: 0,
            pane: Pane::Tree,
            detail_top: 0,
            tab: InstanceTab::Tree,
            tasks: None,
            siblings: Siblings::default(),
            has_open: false,
            pages: Pages::default(),
            climbs: false,
            figures: None,
            aim: None,
            grid: Grid::default(),
            batches: Batches::default(),
            timeline: Timeline::default(),
            history: HistoryView::default(),
            data: DataView::default(),
        }
    }

    /// What is known of it.
    pub fn tree(&self) -> Option<&InstanceTree> {
        self.seen.as_ref().and_then(|it| it.tree.as_ref())
    }

    /// Its row.
    pub fn row(&self) -> Option<&InstanceRow> {
        self.tree().and_then(|it| it.instance.as_ref())
    }

    /// The selected line; absent on the first line, which is the instance itself.
    pub fn selected(&self) -> Option<&Node> {
        self.index.checked_sub(1).and_then(|at| self.nodes.get(at))
    }

    /// Lines of the tree: the instance itself and its nodes.
    pub fn line_count(&self) -> usize {
        self.nodes.len() + 1
    }

    /// Takes an update; answers a sentence when the instance has changed its nature.
    fn on_update(&mut self, update: &Arc<WatchUpdate>) -> Option<String> {
        let tree = update
            .tree
            .as_ref()
            .filter(|it| it.instance_id == self.id)?;
        if !tree.found {
            self.is_gone = true;
            return None;
        }
        let before = self.row().map(|it| it.execution_id.clone());
        let after = tree.instance.as_ref().map(|it| it.execution_id.clone());
        self.is_gone = false;
        self.seen = Some(Arc::clone(update));
        self.rebuild();
        let replaced = before.is_some() && before != after;
        replaced.then(|| format!("{} goes on in a new execution", self.id))
    }

    /// Makes the lines anew; the cursor stays on its line, else on the one that took its place.
    fn rebuild(&mut self) {
        let nodes = match self.tree() {
            Some(it) => {
                let items = self.items();
                tree::nodes(it, &self.folds, items.as_ref())
            }
            None => Vec::new(),
        };
        self.nodes = nodes;
        let found = self
            .cursor
            .as_ref()
            .and_then(|key| self.nodes.iter().position(|it| it.key == *key));
        self.index = match found {
            Some(at) => at + 1,
            None if self.cursor.is_none() => 0,
            None => self.index.min(self.nodes.len()),
        };
        self.cursor = self.selected().map(|it| it.key.clone());
    }

    /// The single tasks, when they are those of the tree's execution.
    fn items(&self) -> Option<Items<'_>> {
        let tasks = self.tasks.as_ref().filter(|it| it.found)?;
        let execution = &self.row()?.execution_id;
        (**execution == *tasks.execution_id).then(|| Items::new(tasks, &self.pages))
    }

    fn take_tasks(&mut self, tasks: Tasks) {
        if self.tasks.as_ref().is_some_and(|it| it.is_same(&tasks)) {
            return;
        }
        self.siblings = Siblings::of(&tasks);
        self.has_open = tasks.iter().any(|it| !it.is_over());
        self.tasks = Some(tasks);
    }

    /// Tasks and what is known of them, for the text about a line.
    pub fn measured(&self) -> Option<(&Tasks, &Siblings)> {
        Some((self.tasks.as_ref()?, &self.siblings))
    }

    /// Unfolds what hides the task at `index` and goes there; false when it has no place here.
    fn reveal(&mut self, index: usize) -> bool {
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

    /// Shows more of the tasks behind the selected line; false when it is another line, or when
    /// there are as many as there may be.
    fn show_more(&mut self) -> Option<bool> {
        let NodeKey::More {
            kind,
            name,
            turn,
            state,
        } = self.selected()?.key.clone()
        else {
            return None;
        };
        let key = NodeKey::State {
            kind,
            name,
            turn,
            state,
        };
        let chosen = self.folds.contains_key(&key);
        let line = self.index;
        let grows = self.pages.more(key, chosen);
        self.rebuild();
        // The first of the new ones takes the place of the line that stood for them.
        self.go_to(line);
        Some(grows)
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

    fn go_to(&mut self, index: usize) {
        let index = index.min(self.nodes.len());
        if index != self.index {
            self.detail_top = 0;
        }
        self.index = index;
        self.cursor = self.selected().map(|it| it.key.clone());
    }

    fn scroll(&mut self, size: Size, zoom: bool) {
        let visible = usize::from(shape(size, zoom).tree.height).max(1);
        self.top = self.top.min(self.line_count().saturating_sub(visible));
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + visible {
            self.top = self.index + 1 - visible;
        }
    }

    fn set_fold(&mut self, unfolded: bool) -> bool {
        let Some(node) = self.selected() else {
            return false;
        };
        if node.unfolded != Some(!unfolded) {
            return false;
        }
        self.folds.insert(node.key.clone(), unfolded);
        self.rebuild();
        true
    }

    /// Folds the line, or goes to the one above its level.
    fn fold(&mut self) {
        if self.set_fold(false) {
            return;
        }
        let Some(depth) = self.selected().map(|it| it.depth) else {
            return;
        };
        let above = self.nodes[..self.index - 1]
            .iter()
            .rposition(|it| it.depth < depth);
        self.go_to(above.map_or(0, |at| at + 1));
    }

    /// Goes to the next line about a failure, wrapping around; false when there is none.
    fn next_failure(&mut self) -> bool {
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
    fn failed_group(&self, source: Source) -> Option<NodeKey> {
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

    fn task_failed(&self, source: Source) -> bool {
        let Source::Item(at) = source else {
            return false;
        };
        let task = self.tasks.as_ref().zip(usize::try_from(at).ok());
        task.and_then(|(tasks, at)| tasks.get(at))
            .is_some_and(|it| it.state == durascope_proto::monitor::task::State::Failed)
    }

    fn child_failed(&self, id: &str) -> bool {
        let failed = durascope_proto::OrchestrationStatus::Failed as i32;
        self.tree().is_some_and(|tree| {
            tree.children
                .iter()
                .any(|it| it.instance_id == id && it.status == failed)
        })
    }
}

/// The parts of the screen, as they are drawn now.
pub fn shape(size: Size, zoom: bool) -> geometry::InstanceShape {
    let shape = geometry::instance(size);
    if zoom { shape.zoomed() } else { shape }
}

/// Takes new data into the instance on top.
pub fn on_data(model: &mut Model) {
    let (size, zoom) = (model.size, model.choices.zoom);
    let Some(update) = model.data.as_ref().map(|it| Arc::clone(&it.update)) else {
        return;
    };
    let tasks = match model.told() {
        Some(Told::Tasks(it)) => Some(it.clone()),
        _ => None,
    };
    let now = model.server_now();
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    if let Some(tasks) = tasks {
        if !instance.figures.as_ref().is_some_and(|it| it.is_young(now)) {
            instance.figures = Some(Figures::of_tasks(&tasks, now));
        }
        instance.take_tasks(tasks);
    }
    let news = instance.on_update(&update);
    instance.take_aim(size, zoom);
    instance.scroll(size, zoom);
    let row = instance
        .row()
        .map(|it| (it.name.clone(), it.parent_instance_id.clone()));
    let climbs = instance.climbs && row.is_some();
    instance.climbs &= row.is_none();
    let id = instance.id.clone();
    if let Some((name, parent)) = row {
        model.screens.has_seen(&id, &name);
        if climbs && !parent.is_empty() {
            climb(model, &parent);
        }
    }
    if let Some(text) = news {
        model.toast(Kind::Note, text);
    }
}

/// Opens `id`, with what the last update says of it.
pub fn open(model: &mut Model, id: &str) {
    model.screens.open(Instance::new(id.to_owned()));
    on_data(model);
}

/// Opens `parent` and, once it is known, what is above it.
fn climb(model: &mut Model, parent: &str) {
    let was_open = model.screens.trail().any(|it| it == parent);
    let mut instance = Instance::new(parent.to_owned());
    instance.climbs = true;
    model.screens.open(instance);
    // One that was open already is not above the others; its own parents may be.
    if !was_open {
        on_data(model);
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

/// Moves the cursor of the tree, or scrolls the text, by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let (size, zoom) = (model.size, model.choices.zoom);
    let pane = model
        .screens
        .top_instance()
        .map_or(Pane::Tree, |it| it.pane);
    // Laying the text out is only worth it when it is what moves.
    let bottom = match pane {
        Pane::Tree => 0,
        Pane::Detail => detail_lines(model).saturating_sub(page(model, pane)),
    };
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    match pane {
        Pane::Tree => {
            let index = instance.index.saturating_add_signed(delta);
            instance.go_to(index);
            instance.scroll(size, zoom);
        }
        Pane::Detail => {
            let top = instance.detail_top.saturating_add_signed(delta);
            instance.detail_top = top.min(bottom);
        }
    }
}

/// Visible lines of the pane that has the keys.
pub fn visible(model: &Model) -> usize {
    page(
        model,
        model
            .screens
            .top_instance()
            .map_or(Pane::Tree, |it| it.pane),
    )
}

fn page(model: &Model, pane: Pane) -> usize {
    let shape = shape(model.size, model.choices.zoom);
    let height = match pane {
        Pane::Tree => shape.tree.height,
        Pane::Detail => shape.detail_text().height,
    };
    usize::from(height).max(1)
}

/// Lines of text about the selected line, at the present width.
pub fn detail_lines(model: &Model) -> usize {
    let Some((instance, tree)) = model
        .screens
        .top_instance()
        .and_then(|it| Some((it, it.tree()?)))
    else {
        return 0;
    };
    let columns = usize::from(shape(model.size, model.choices.zoom).detail_text().width);
    let tasks = instance.measured();
    detail::lines(
        tree,
        tasks,
        instance.selected(),
        columns,
        model.server_now(),
    )
    .len()
}

/// Keeps cursor and text in view after a change of size.
pub fn on_resize(model: &mut Model) {
    let (size, zoom) = (model.size, model.choices.zoom);
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.scroll(size, zoom);
    }
    match model.screens.place() {
        Place::Instance(InstanceTab::Grid) => grid::on_data(model),
        Place::Instance(InstanceTab::Batches) => batches::on_data(model),
        Place::Instance(InstanceTab::Timeline) => timeline::on_data(model),
        Place::Instance(InstanceTab::History) => history::on_data(model),
        Place::Instance(InstanceTab::Data) => data::on_data(model),
        Place::Instance(InstanceTab::Tree) => move_by(model, 0),
        Place::Compare => compare::move_by(model, 0),
        _ => {}
    }
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId) {
    let (size, zoom) = (model.size, model.choices.zoom);
    match id {
        ActionId::Open => return enter(model),
        ActionId::Parent => {
            let parent = model.target().map(|it| it.parent_instance_id.clone());
            if let Some(parent) = parent.filter(|it| !it.is_empty()) {
                open(model, &parent);
            }
            return;
        }
        ActionId::Root => {
            let parent = model.target().map(|it| it.parent_instance_id.clone());
            if let Some(parent) = parent.filter(|it| !it.is_empty()) {
                climb(model, &parent);
            }
            return;
        }
        ActionId::Slowest => {
            let now = model.server_now();
            let tasks = model.screens.top_instance().and_then(Instance::measured);
            match tasks.and_then(|(tasks, siblings)| items::slowest(tasks, siblings, now)) {
                Some(index) => reveal(model, index),
                None => model.toast(Kind::Note, "no run times are known here"),
            }
            return;
        }
        _ => {}
    }
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let mut found = true;
    match id {
        ActionId::Fold => instance.fold(),
        ActionId::Unfold => {
            instance.set_fold(true);
        }
        ActionId::Pane => {
            instance.pane = match instance.pane {
                Pane::Tree => Pane::Detail,
                Pane::Detail => Pane::Tree,
            };
        }
        ActionId::NextFailure => {
            instance.pane = Pane::Tree;
            found = instance.next_failure();
        }
        ActionId::Back if instance.pane == Pane::Detail => instance.pane = Pane::Tree,
        ActionId::Back => {
            model.screens.back();
            on_data(model);
            return;
        }
        _ => {}
    }
    instance.scroll(size, zoom);
    if !found {
        model.toast(Kind::Note, "no failure here");
    }
}

fn enter(model: &mut Model) {
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    if instance.pane == Pane::Tree
        && let Some(grows) = instance.show_more()
    {
        let (size, zoom) = (model.size, model.choices.zoom);
        if let Some(instance) = model.screens.top_instance_mut() {
            instance.scroll(size, zoom);
        }
        if !grows {
            model.toast(Kind::Note, "the grid shows all of them (])");
        }
        return;
    }
    match instance.selected().map(|it| (&it.key, it.unfolded)) {
        Some((NodeKey::Child { instance_id }, _)) if instance.pane == Pane::Tree => {
            let id = instance_id.clone();
            open(model, &id);
        }
        Some((_, Some(unfolded))) if instance.pane == Pane::Tree => {
            instance.set_fold(!unfolded);
            let (size, zoom) = (model.size, model.choices.zoom);
            if let Some(instance) = model.screens.top_instance_mut() {
                instance.scroll(size, zoom);
            }
        }
        _ => instance.pane = Pane::Detail,
    }
}
