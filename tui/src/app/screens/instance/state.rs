//! An open instance: the lines of its tree with cursor, folds and scroll.

use std::sync::Arc;

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::WatchUpdate;

use crate::app::event::Size;
use crate::app::place::InstanceTab;
use crate::app::screens::batches::Batches;
use crate::app::screens::data::DataView;
use crate::app::screens::grid::Grid;
use crate::app::screens::history::HistoryView;
use crate::app::screens::instance::Pane;
use crate::app::screens::instance::shape;
use crate::app::screens::timeline::Timeline;
use crate::data::items::Pages;
use crate::data::siblings::Siblings;
use crate::data::tasks::Tasks;
use crate::data::tree;
use crate::data::tree::Folds;
use crate::data::tree::Node;
use crate::data::tree::NodeKey;
use crate::data::verdict::Evidence;
use crate::data::verdict::Figures;

/// An open instance.
#[derive(Clone, Debug)]
pub struct Instance {
    pub id: String,
    /// The newest update that told about it; kept while other screens are on top.
    pub(super) seen: Option<Arc<WatchUpdate>>,
    /// It existed and does not any more.
    pub is_gone: bool,
    pub nodes: Vec<Node>,
    pub(super) folds: Folds,
    pub(super) cursor: Option<NodeKey>,
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
    pub(super) pages: Pages,
    /// Its parent is opened as soon as it is known, and so on up to the root.
    pub(super) climbs: bool,
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
    pub(super) fn on_update(&mut self, update: &Arc<WatchUpdate>) -> Option<String> {
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
    pub(super) fn rebuild(&mut self) {
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

    pub(super) fn go_to(&mut self, index: usize) {
        let index = index.min(self.nodes.len());
        if index != self.index {
            self.detail_top = 0;
        }
        self.index = index;
        self.cursor = self.selected().map(|it| it.key.clone());
    }

    pub(super) fn scroll(&mut self, size: Size, zoom: bool) {
        let visible = usize::from(shape(size, zoom).tree.height).max(1);
        self.top = self.top.min(self.line_count().saturating_sub(visible));
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + visible {
            self.top = self.index + 1 - visible;
        }
    }

    pub(super) fn set_fold(&mut self, unfolded: bool) -> bool {
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
    pub(super) fn fold(&mut self) {
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
}
