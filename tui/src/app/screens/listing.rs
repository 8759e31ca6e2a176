//! What the lists of the hub have in common: an order by a column, and a list of entities with
//! the selected one in full, its keys included.

use std::cmp::Ordering;
use std::sync::Arc;

use durascope_proto::monitor::EntityPage;

use crate::app::action::ActionId;
use crate::app::cursor::Loaded;
use crate::app::cursor::Selection;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::geometry::ListShape;
use crate::app::outline::Outline;
use crate::app::typing::Search;
use crate::data::outline::Section;

/// By what a list is sorted: a place in the list's table of orders, the first one to begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub at: usize,
    pub reverse: bool,
}

impl Order {
    /// Takes the keys for it; false for others.
    pub fn on_action(&mut self, id: ActionId, count: usize) -> bool {
        let count = count.max(1);
        let step = match id {
            ActionId::SortStep | ActionId::SortNext => 1,
            ActionId::SortPrevious => count - 1,
            ActionId::Reverse => {
                self.reverse = !self.reverse;
                return true;
            }
            _ => return false,
        };
        self.at = (self.at + step) % count;
        self.reverse = false;
        true
    }

    /// Sorts by `at`; the same again reverses.
    pub fn choose(&mut self, at: usize) {
        self.reverse = self.at == at && !self.reverse;
        self.at = at;
    }

    /// How it is told, like `sort: queue ▾`.
    pub fn words(self, names: &[&str]) -> String {
        let name = names.get(self.at).copied().unwrap_or_default();
        let sign = if self.reverse { "▾ reversed" } else { "▾" };
        format!("sort: {name} {sign}")
    }

    /// `count` rows in the order that `rank` gives for [`Self::at`]; equals stay as they came.
    pub fn rows(self, count: usize, rank: impl Fn(usize, usize) -> Ordering) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..count).collect();
        rows.sort_by(|one, other| {
            let it = rank(*one, *other);
            if self.reverse { it.reverse() } else { it }
        });
        rows
    }
}

/// Gives a list that is loaded whole to `with`.
pub(crate) fn with_ids(ids: Vec<String>, with: impl FnOnce(Loaded<'_>)) {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    with(Loaded {
        offset: 0,
        ids: &ids,
        total: ids.len(),
    });
}

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    List,
    Detail,
}

impl Pane {
    /// In the order of their numbers.
    pub const ALL: [Self; 2] = [Self::List, Self::Detail];
}

/// A list of entities, and the selected one in full.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub search: Search,
    pub order: Order,
    pub selection: Selection,
    pub pane: Pane,
    /// The newest answer.
    pub page: Option<Arc<EntityPage>>,
    /// Why there is none.
    pub refused: Option<String>,
    /// The selected one in full.
    pub detail: Outline,
    /// The entity that the detail is of.
    shown: String,
}

/// What is under the cursor of the list, for the keys that are about it.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// What is copied, and its name.
    pub copies: Option<(&'static str, String)>,
    /// The instance that Enter opens.
    pub opens: Option<String>,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Done,
    /// The screen is left.
    Back,
    Open(String),
    /// What is chosen has no instance to open.
    Nothing,
}

/// Where the detail of a list is drawn: below its rule, or in the place of the list.
pub fn detail_area(shape: &ListShape) -> Area {
    let mut area = shape.detail;
    if area.is_empty() {
        area = shape.list;
    } else {
        area.take_top(1);
    }
    Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
}

impl Listing {
    /// Rows of the list on screen.
    pub fn rows(size: Size) -> usize {
        usize::from(geometry::list(size).list.height).max(1)
    }

    /// Lines on screen of the pane that has the keys.
    pub fn visible(&self, size: Size) -> usize {
        let shape = geometry::list(size);
        let height = match self.pane {
            Pane::List => shape.list.height,
            Pane::Detail => detail_area(&shape).height,
        };
        usize::from(height).max(1)
    }

    /// Shows the entity `id`, which is under the cursor, in full.
    pub fn show(&mut self, id: String, sections: Vec<Section>, size: Size) {
        if id != self.shown {
            self.shown = id;
            self.detail.restart();
        }
        let area = detail_area(&geometry::list(size));
        let (columns, lines) = (usize::from(area.width), usize::from(area.height));
        self.detail.set(sections, columns, lines);
    }

    /// Moves the cursor of the pane that has the keys; `list` is what is loaded.
    pub fn move_by(&mut self, delta: isize, list: Loaded<'_>, size: Size) {
        match self.pane {
            Pane::List => self.selection.move_by(delta, list, Self::rows(size)),
            Pane::Detail => self.detail.move_by(delta),
        }
    }

    /// Takes an action of the screen; `orders` is how many orders there are.
    pub fn on_action(
        &mut self,
        id: ActionId,
        orders: usize,
        chosen: Chosen,
        effects: &mut Vec<Effect>,
    ) -> Step {
        let in_text = self.pane == Pane::Detail;
        match id {
            _ if self.order.on_action(id, orders) => {}
            ActionId::Filter => self.search.begin(),
            ActionId::Pane => {
                self.pane = match self.pane {
                    Pane::List => Pane::Detail,
                    Pane::Detail => Pane::List,
                };
            }
            ActionId::Fold if in_text => self.detail.set_fold(false),
            ActionId::Unfold if in_text => self.detail.set_fold(true),
            ActionId::Open => return self.enter(chosen),
            ActionId::Copy => {
                let copied = if in_text {
                    let line = self.detail.selected();
                    line.and_then(|it| self.detail.contents.copy_of(it))
                } else {
                    chosen.copies.map(|(what, text)| (what.to_owned(), text))
                };
                if let Some((what, text)) = copied {
                    effects.push(Effect::Copy { what, text });
                }
            }
            ActionId::OpenText => {
                if let Some((name, text)) = self.detail.document(in_text) {
                    effects.push(Effect::View { name, text });
                }
            }
            ActionId::Back if self.search.clear() => {}
            ActionId::Back if in_text => self.pane = Pane::List,
            ActionId::Back => return Step::Back,
            _ => {}
        }
        Step::Done
    }

    /// Opens what the row stands for, or what the line of the text names.
    fn enter(&mut self, chosen: Chosen) -> Step {
        let opens = match self.pane {
            Pane::List => {
                self.selection.pin();
                chosen.opens
            }
            Pane::Detail => {
                let line = self.detail.selected();
                let opens = line.and_then(|it| self.detail.contents.opens(it));
                opens.map(str::to_owned)
            }
        };
        match opens {
            Some(id) => Step::Open(id),
            None if self.pane == Pane::Detail => {
                self.detail.toggle();
                Step::Done
            }
            None if self.selection.id().is_some() => Step::Nothing,
            None => Step::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_go_around_and_the_same_title_again_reverses() {
        let mut order = Order::default();
        assert!(order.on_action(ActionId::SortPrevious, 3));
        assert_eq!(order.at, 2);
        assert!(order.on_action(ActionId::SortNext, 3));
        order.choose(0);
        assert!(order.reverse);
        order.choose(1);
        assert_eq!((order.at, order.reverse), (1, false));
        assert!(!order.on_action(ActionId::Up, 3));
        let key = [2, 1, 2];
        assert_eq!(order.rows(3, |a, b| key[b].cmp(&key[a])), [0, 2, 1]);
        order.choose(1);
        assert_eq!(order.rows(3, |a, b| key[b].cmp(&key[a])), [1, 0, 2]);
    }
}
