//! A list of lines that fold, with its cursor, its scroll and its search.

use crate::data::json;
use crate::data::outline::Body;
use crate::data::outline::Contents;
use crate::data::outline::Folds;
use crate::data::outline::Key;
use crate::data::outline::Line;
use crate::data::outline::Section;
use crate::data::outline::What;

/// The state.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    pub contents: Contents,
    pub lines: Vec<Line>,
    folds: Folds,
    cursor: Option<Key>,
    pub index: usize,
    pub top: usize,
    columns: usize,
    visible: usize,
}

impl Outline {
    /// Takes what there is to show, in an area of this many columns and lines.
    pub fn set(&mut self, sections: Vec<Section>, columns: usize, visible: usize) {
        let is_other = self.contents.set(sections);
        if is_other || columns != self.columns {
            self.columns = columns;
            self.rebuild();
        }
        self.visible = visible.max(1);
        self.scroll();
    }

    /// Forgets cursor and scroll: another thing is shown.
    pub fn restart(&mut self) {
        self.cursor = None;
        self.index = 0;
        self.top = 0;
    }

    fn rebuild(&mut self) {
        self.lines = self.contents.lines(&self.folds, self.columns);
        let found = self.cursor.as_ref().and_then(|key| {
            let is_it = |it: &Line| self.contents.key(it) == *key;
            // Mostly it is where it was.
            match self.lines.get(self.index) {
                Some(it) if is_it(it) => Some(self.index),
                _ => self.lines.iter().position(is_it),
            }
        });
        let last = self.lines.len().saturating_sub(1);
        self.index = found.unwrap_or(if self.cursor.is_none() { 0 } else { self.index });
        self.index = self.index.min(last);
    }

    fn go_to(&mut self, index: usize) {
        self.index = index.min(self.lines.len().saturating_sub(1));
        self.cursor = self.selected().map(|it| self.contents.key(it));
        self.scroll();
    }

    fn scroll(&mut self) {
        let visible = self.visible.max(1);
        self.top = self.top.min(self.lines.len().saturating_sub(visible));
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + visible {
            self.top = self.index + 1 - visible;
        }
    }

    /// The line under the cursor.
    pub fn selected(&self) -> Option<&Line> {
        self.lines.get(self.index)
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, delta: isize) {
        self.go_to(self.index.saturating_add_signed(delta));
    }

    /// Folds or unfolds the line; a fold of what is folded goes to the line around it.
    pub fn set_fold(&mut self, unfolded: bool) {
        let Some(line) = self.selected() else { return };
        if line.unfolded == Some(!unfolded) {
            let key = self.contents.key(line);
            self.cursor = Some(key.clone());
            self.folds.insert(key, unfolded);
            self.rebuild();
            self.scroll();
            return;
        }
        if unfolded {
            return;
        }
        let indent = self.contents.indent(line);
        let around = self.lines[..self.index]
            .iter()
            .rposition(|it| self.contents.indent(it) < indent);
        self.go_to(around.unwrap_or(0));
    }

    /// Folds what is unfolded, and the other way round; false when there is nothing to fold.
    pub fn toggle(&mut self) -> bool {
        let Some(unfolded) = self.selected().and_then(|it| it.unfolded) else {
            return false;
        };
        self.set_fold(!unfolded);
        true
    }

    /// A text for the editor, with the name of its file: the section of the cursor, or else the
    /// last one that holds a payload or a text, or else all.
    pub fn document(&self, of_cursor: bool) -> Option<(String, String)> {
        let sections = self.contents.sections();
        let section = if of_cursor {
            sections.get(self.selected()?.section)
        } else {
            let is_facts = |it: &&Section| matches!(it.body, Body::Facts(_));
            sections.iter().rev().find(|it| !is_facts(it))
        };
        let section = section.or(sections.first())?;
        let name: String = section
            .title
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
            .take(40)
            .collect();
        Some(match &section.body {
            Body::Payload { text, .. } => match json::pretty(text) {
                Some(laid_out) => (format!("{name}.json"), laid_out),
                None => (format!("{name}.txt"), text.clone()),
            },
            Body::Text { text, .. } => (format!("{name}.txt"), text.clone()),
            Body::Facts(facts) => {
                let lines: Vec<_> = facts
                    .iter()
                    .map(|it| format!("{}: {}\n", it.name, it.value))
                    .collect();
                (format!("{name}.txt"), lines.concat())
            }
        })
    }

    /// Goes to the next place that has `wanted` in it; false when none has.
    pub fn find(&mut self, wanted: &str, forward: bool) -> bool {
        let from = self
            .selected()
            .map_or((0, What::Head), |it| (it.section, it.what));
        let Some(key) = self.contents.find(wanted, from, forward, &mut self.folds) else {
            return false;
        };
        self.cursor = Some(key);
        self.rebuild();
        self.go_to(self.index);
        true
    }
}
