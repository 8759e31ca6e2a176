//! Saving the list's filter under a name, and choosing a saved one.

use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::saved;
use crate::app::saved::Change;
use crate::app::saved::SavedFilter;

/// The name for a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveFilter {
    pub name: Field,
    /// Why it was not saved.
    pub refused: Option<String>,
}

/// The menu of saved ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedFilters {
    /// The chosen one, by its name.
    cursor: Option<String>,
    /// The chosen one is forgotten when the key comes again.
    pub doomed: bool,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    Apply(SavedFilter),
    Change(Change),
    /// Keep what the list shows under this name.
    Keep(String),
}

impl SaveFilter {
    /// A dialog with an empty name.
    pub fn new() -> Self {
        Self {
            name: Field::line(),
            refused: None,
        }
    }

    /// Takes a key.
    pub fn on_key(&mut self, key: Key) -> Step {
        match key.code {
            Code::Esc => return Step::Close,
            Code::Enter => {
                let name = self.name.text().trim();
                match saved::check_name(name) {
                    Ok(()) => return Step::Keep(name.to_owned()),
                    Err(reason) => self.refused = Some(reason),
                }
            }
            _ => {
                if self.name.on_key(key) {
                    self.refused = None;
                }
            }
        }
        Step::Stay
    }
}

impl Default for SaveFilter {
    fn default() -> Self {
        Self::new()
    }
}

impl SavedFilters {
    /// Where the cursor is.
    pub fn index(&self, saved: &[SavedFilter]) -> usize {
        let cursor = self.cursor.as_deref();
        let found = saved.iter().position(|it| cursor == Some(it.name.as_str()));
        found.unwrap_or(0)
    }

    /// Takes a key.
    pub fn on_key(&mut self, saved: &[SavedFilter], key: Key) -> Step {
        let at = self.index(saved);
        let last = saved.len().saturating_sub(1);
        let was_doomed = std::mem::take(&mut self.doomed);
        let to = match key.code {
            Code::Up | Code::Char('k') => at.saturating_sub(1),
            Code::Down | Code::Char('j') => (at + 1).min(last),
            Code::Home | Code::Char('g') => 0,
            Code::End | Code::Char('G') => last,
            Code::Enter => return saved.get(at).cloned().map_or(Step::Close, Step::Apply),
            Code::Esc | Code::Char('q' | 'f') => return Step::Close,
            Code::Char('x') => {
                let Some(chosen) = saved.get(at) else {
                    return Step::Stay;
                };
                if was_doomed {
                    return Step::Change(Change::Forget(chosen.name.clone()));
                }
                self.doomed = true;
                at
            }
            _ => at,
        };
        self.cursor = saved.get(to).map(|it| it.name.clone());
        Step::Stay
    }
}
