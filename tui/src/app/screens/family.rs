//! Children below their roots in the list: which are unfolded, and the lines that this makes.

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::WatchUpdate;

use crate::app::screens::overview::Overview;

/// Roots unfolded at the same time at most.
const UNFOLDED_MAX: usize = 50;

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Position of the root in the whole list.
    pub root: usize,
    /// Position among the root's children; absent on the root itself.
    pub child: Option<usize>,
}

/// Unfolded roots, each with the update that told of its children last.
#[derive(Clone, Debug, Default)]
pub struct Families(BTreeMap<String, Option<Arc<WatchUpdate>>>);

impl Families {
    /// True when nothing is unfolded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when the children of `root` are to be seen.
    pub fn is_unfolded(&self, root: &str) -> bool {
        self.0.contains_key(root)
    }

    /// The children of `root` that are to be seen.
    pub fn children(&self, root: &str) -> &[InstanceRow] {
        let update = self.0.get(root).and_then(Option::as_ref);
        let tree = update.and_then(|it| it.tree.as_ref());
        tree.map_or(&[], |it| &it.children)
    }

    /// Shows or hides the children of `root`.
    pub fn fold(&mut self, root: &str, unfolded: bool) {
        if !unfolded {
            self.0.remove(root);
        } else if self.0.len() < UNFOLDED_MAX {
            self.0.entry(root.to_owned()).or_insert(None);
        }
    }

    /// Takes what an update tells of a watched root's children.
    pub fn on_update(&mut self, update: &Arc<WatchUpdate>) {
        let Some(tree) = update.tree.as_ref() else {
            return;
        };
        if let Some(seen) = self.0.get_mut(&tree.instance_id) {
            *seen = tree.found.then(|| Arc::clone(update));
        }
    }
}

/// The root at a position of the whole list, where its row is loaded.
pub fn root_at(page: &InstancePage, index: usize) -> Option<&InstanceRow> {
    let offset = page.window.as_ref().map_or(0, |it| it.offset);
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    index.checked_sub(offset).and_then(|at| page.rows.get(at))
}

/// Positions of the loaded roots.
fn loaded(page: &InstancePage) -> std::ops::Range<usize> {
    let offset = page.window.as_ref().map_or(0, |it| it.offset);
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    offset..offset.saturating_add(page.rows.len())
}

fn push(lines: &mut Vec<Line>, overview: &Overview, page: &InstancePage, root: usize) {
    lines.push(Line { root, child: None });
    let children =
        root_at(page, root).map_or(0, |row| overview.families.children(&row.instance_id).len());
    lines.extend((0..children).map(|at| Line {
        root,
        child: Some(at),
    }));
}

/// The line under the cursor.
pub fn cursor(overview: &Overview, page: &InstancePage) -> Line {
    let root = overview.selection.index();
    let child = overview.child.as_ref().and_then(|id| {
        let row = root_at(page, root)?;
        let children = overview.families.children(&row.instance_id);
        children.iter().position(|it| it.instance_id == *id)
    });
    Line { root, child }
}

/// The lines on screen, of `height`: as few as possible are left out above the cursor.
pub fn visible(overview: &Overview, page: &InstancePage, height: usize) -> Vec<Line> {
    let total = usize::try_from(page.matching).unwrap_or(usize::MAX);
    let total = total.max(page.rows.len());
    let cursor = cursor(overview, page);
    let mut lines = Vec::new();
    let mut at = None;
    for root in overview.selection.top()..total {
        if at.is_none() && root > cursor.root {
            at = Some(0);
        }
        if at.is_some_and(|at: usize| lines.len() >= at.saturating_add(height)) {
            break;
        }
        push(&mut lines, overview, page, root);
        if root == cursor.root {
            at = lines.iter().position(|it| *it == cursor);
        }
        if lines.len() >= height && root >= cursor.root {
            break;
        }
    }
    let skip = at.map_or(0, |at| (at + 1).saturating_sub(height));
    lines.into_iter().skip(skip).take(height).collect()
}

/// The line `delta` lines further among those of the loaded roots; `None` beyond them.
pub fn step(overview: &Overview, page: &InstancePage, delta: isize) -> Option<Line> {
    let mut lines = Vec::new();
    let roots = loaded(page);
    for root in roots.clone() {
        push(&mut lines, overview, page, root);
    }
    let cursor = cursor(overview, page);
    let at = lines.iter().position(|it| *it == cursor)?;
    let total = usize::try_from(page.matching).unwrap_or(usize::MAX);
    let last = lines.len() - 1;
    let to = at.checked_add_signed(delta);
    match to {
        Some(to) if to <= last => Some(lines[to]),
        None if delta < 0 => (roots.start == 0).then_some(lines[0]),
        _ => (roots.end >= total).then_some(lines[last]),
    }
}
