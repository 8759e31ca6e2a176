//! Children below their parents in the list, at every level: which are unfolded, and the lines
//! that this makes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::WatchUpdate;

use crate::app::screens::overview::Overview;

/// Instances unfolded at the same time at most.
const UNFOLDED_MAX: usize = 50;

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Position of the root in the whole list.
    pub root: usize,
    /// Position among all that stands below the root; absent on the root itself.
    pub below: Option<usize>,
}

/// What the cursor is on, below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The instance of this id.
    Child(String),
    /// The line that stands for the rest of the children of this instance.
    RestOf(String),
}

/// A line below a root.
#[derive(Clone, Copy, Debug)]
pub struct Below<'a> {
    pub what: What<'a>,
    /// From 1.
    pub depth: usize,
    pub parent: &'a str,
}

/// What stands on it.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    Child(&'a InstanceRow),
    /// So many more children that the server did not send.
    Rest(u64),
}

impl Below<'_> {
    /// What the cursor is on when it is here.
    pub fn chosen(&self) -> Chosen {
        match self.what {
            What::Child(row) => Chosen::Child(row.instance_id.clone()),
            What::Rest(_) => Chosen::RestOf(self.parent.to_owned()),
        }
    }

    fn is(&self, chosen: &Chosen) -> bool {
        match (self.what, chosen) {
            (What::Child(row), Chosen::Child(id)) => row.instance_id == *id,
            (What::Rest(_), Chosen::RestOf(id)) => self.parent == id,
            _ => false,
        }
    }
}

/// Unfolded instances, each with the update that told of its children last.
#[derive(Clone, Debug, Default)]
pub struct Families(BTreeMap<String, Option<Arc<WatchUpdate>>>);

impl Families {
    /// True when nothing is unfolded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when the children of `id` are to be seen.
    pub fn is_unfolded(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    fn tree(&self, id: &str) -> Option<&InstanceTree> {
        let update = self.0.get(id).and_then(Option::as_ref);
        update.and_then(|it| it.tree.as_ref())
    }

    /// All lines below `root`, depth first.
    pub fn below<'a>(&'a self, root: &'a str) -> Vec<Below<'a>> {
        let mut lines = Vec::new();
        // An instance has one parent; a server that says otherwise must not keep us here.
        let mut seen = BTreeSet::new();
        self.push(root, 1, &mut seen, &mut lines);
        lines
    }

    fn push<'a>(
        &'a self,
        parent: &'a str,
        depth: usize,
        seen: &mut BTreeSet<&'a str>,
        lines: &mut Vec<Below<'a>>,
    ) {
        let Some(tree) = self.tree(parent).filter(|_| seen.insert(parent)) else {
            return;
        };
        let below = |what| Below {
            what,
            depth,
            parent,
        };
        for row in &tree.children {
            lines.push(below(What::Child(row)));
            self.push(&row.instance_id, depth + 1, seen, lines);
        }
        let told = u64::try_from(tree.children.len()).unwrap_or(u64::MAX);
        let rest = tree.children_total.saturating_sub(told);
        if rest > 0 {
            lines.push(below(What::Rest(rest)));
        }
    }

    /// Shows or hides the children of `id`.
    pub fn fold(&mut self, id: &str, unfolded: bool) {
        if !unfolded {
            self.0.remove(id);
        } else if self.0.len() < UNFOLDED_MAX {
            self.0.entry(id.to_owned()).or_insert(None);
        }
    }

    /// Takes what an update tells of a watched instance's children.
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
    lines.push(Line { root, below: None });
    let row = root_at(page, root);
    let below = row.map_or(0, |row| overview.families.below(&row.instance_id).len());
    lines.extend((0..below).map(|at| Line {
        root,
        below: Some(at),
    }));
}

/// The line under the cursor.
pub fn cursor(overview: &Overview, page: &InstancePage) -> Line {
    let root = overview.selection.index();
    let below = overview.chosen.as_ref().and_then(|chosen| {
        let row = root_at(page, root)?;
        let below = overview.families.below(&row.instance_id);
        below.iter().position(|it| it.is(chosen))
    });
    Line { root, below }
}

/// The line below the selected root that is under the cursor.
pub fn chosen(overview: &Overview) -> Option<Below<'_>> {
    let (root, chosen) = (overview.selection.id()?, overview.chosen.as_ref()?);
    let mut below = overview.families.below(root).into_iter();
    below.find(|it| it.is(chosen))
}

/// The instance whose children are to be told of: the unfolded one under the cursor, else the one
/// whose children it stands among, else the root. Empty when there is none.
pub fn watched(overview: &Overview) -> &str {
    let root = overview.selection.id().unwrap_or_default();
    match chosen(overview) {
        None => root,
        Some(Below {
            what: What::Child(row),
            ..
        }) if overview.families.is_unfolded(&row.instance_id) => &row.instance_id,
        Some(it) => it.parent,
    }
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
