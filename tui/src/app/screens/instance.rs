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
use crate::app::screens::batches::Batches;
use crate::app::screens::data::DataView;
use crate::app::screens::grid::Grid;
use crate::app::screens::history::HistoryView;
use crate::app::screens::timeline::Timeline;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::data::detail;
use crate::data::tasks::Tasks;
use crate::data::tree;
use crate::data::tree::Folds;
use crate::data::tree::Node;
use crate::data::tree::NodeKey;
use crate::data::tree::TaskState;

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
            Some(it) => tree::nodes(it, &self.folds),
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
            let key = &self.nodes[at].key;
            let is_failure = match key {
                NodeKey::Failure | NodeKey::FailureGroup { .. } => true,
                NodeKey::State { state, .. } => *state == TaskState::Failed,
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
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    if let Some(tasks) = tasks {
        instance.tasks = Some(tasks);
    }
    let news = instance.on_update(&update);
    instance.scroll(size, zoom);
    if let Some(text) = news {
        model.toast(Kind::Note, text);
    }
}

/// Opens `id`, with what the last update says of it.
pub fn open(model: &mut Model, id: &str) {
    model.screens.open(Instance::new(id.to_owned()));
    on_data(model);
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
    detail::lines(tree, instance.selected(), columns, model.server_now()).len()
}

/// Keeps cursor and text in view after a change of size.
pub fn on_resize(model: &mut Model) {
    let (size, zoom) = (model.size, model.choices.zoom);
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.scroll(size, zoom);
    }
    move_by(model, 0);
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
