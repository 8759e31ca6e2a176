//! Everything that can be done to what is selected, with the reason where it cannot be.

use crate::app::action;
use crate::app::action::Action;
use crate::app::action::ActionId;
use crate::app::action::Risk;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::model::Model;

/// The menu's cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    pub index: usize,
}

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    Do(ActionId),
}

/// Its entries: what changes something, and copying. A dashboard that only reads has no more
/// than the latter.
pub fn entries(model: &Model) -> Vec<&'static Action> {
    let is_entry = |it: &&Action| {
        let changes = it.risk != Risk::View && !model.settings.read_only;
        it.is_here(model) && (changes || it.id == ActionId::CopyId)
    };
    action::all().filter(is_entry).collect()
}

/// How many entries `--read-only` hides.
pub fn hidden(model: &Model) -> usize {
    let is_hidden = |it: &&Action| it.is_here(model) && it.risk != Risk::View;
    if model.settings.read_only {
        action::all().filter(is_hidden).count()
    } else {
        0
    }
}

impl Menu {
    /// Takes a key.
    pub fn on_key(&mut self, model: &Model, key: Key) -> Step {
        let entries = entries(model);
        if let Some(entry) = entries.iter().find(|it| it.keys.contains(&key)) {
            return Step::Do(entry.id);
        }
        let last = entries.len().saturating_sub(1);
        match key.code {
            Code::Up | Code::Char('k') => self.index = self.index.saturating_sub(1),
            Code::Down | Code::Char('j') => self.index = (self.index + 1).min(last),
            Code::Home | Code::Char('g') => self.index = 0,
            Code::End | Code::Char('G') => self.index = last,
            Code::Enter => {
                if let Some(entry) = entries.get(self.index.min(last)) {
                    return Step::Do(entry.id);
                }
            }
            Code::Esc | Code::Char('a' | 'q') => return Step::Close,
            _ => {}
        }
        Step::Stay
    }
}
