//! Choosing the sort column. Choosing the present one again reverses it.

use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::model::Model;
use crate::app::screens::overview::SORTS;

/// The menu's cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    pub index: usize,
}

impl Sort {
    /// The menu with the cursor on the present column.
    pub fn new(model: &Model) -> Self {
        let sort = model.screens.overview.sort;
        Self {
            index: SORTS.iter().position(|(it, _)| *it == sort).unwrap_or(0),
        }
    }
}

/// Takes a key; answers whether the dialog stays.
pub fn on_key(dialog: &mut Sort, model: &mut Model, key: Key) -> bool {
    let last = SORTS.len() - 1;
    match key.code {
        Code::Up | Code::Char('k') => dialog.index = dialog.index.saturating_sub(1),
        Code::Down | Code::Char('j' | 's') => dialog.index = (dialog.index + 1).min(last),
        Code::Home | Code::Char('g') => dialog.index = 0,
        Code::End | Code::Char('G') => dialog.index = last,
        Code::Enter => {
            let overview = &mut model.screens.overview;
            let chosen = SORTS[dialog.index.min(last)].0;
            overview.reverse = overview.sort == chosen && !overview.reverse;
            overview.sort = chosen;
            return false;
        }
        Code::Esc | Code::Char('q') => return false,
        _ => {}
    }
    true
}
