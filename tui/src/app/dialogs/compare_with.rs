//! Asks for the instance that another one is compared with.

use crate::app::dialogs::Dialog;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::model::Model;
use crate::app::screens::compare;

/// The question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareWith {
    pub left: String,
    pub field: Field,
}

impl CompareWith {
    /// With what is `left` compared?
    pub fn new(left: String) -> Self {
        Self {
            left,
            field: Field::line(),
        }
    }
}

/// Takes a key; the dialog was taken off the stack.
pub fn on_key(model: &mut Model, mut dialog: CompareWith, key: Key) {
    let right = dialog.field.text().trim();
    match key.code {
        Code::Esc => {}
        Code::Enter if right.is_empty() => model.dialogs.push(Dialog::CompareWith(dialog)),
        Code::Enter => compare::open(model, dialog.left.clone(), right.to_owned()),
        _ => {
            dialog.field.on_key(key);
            model.dialogs.push(Dialog::CompareWith(dialog));
        }
    }
}
