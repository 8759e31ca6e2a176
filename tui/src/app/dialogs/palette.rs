//! The palette: everything that can be done, found by its name.

use crate::app::commands;
use crate::app::commands::Command;
use crate::app::commands::Entry;
use crate::app::commands::Run;
use crate::app::dialogs::Dialog;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::model::Model;
use crate::app::toast::Kind;

/// Lines that the wheel and PgDn go.
const PAGE: usize = 8;

/// The dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    pub query: Field,
    pub index: usize,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    Run(Run),
}

impl Palette {
    /// A palette in which `text` is typed already.
    pub fn new(text: &str) -> Self {
        let mut query = Field::line();
        query.set(text);
        Self { query, index: 0 }
    }
}

/// Takes a key. The dialog is not on the model's stack meanwhile.
pub fn on_key(dialog: &mut Palette, model: &mut Model, key: Key) -> Step {
    let entries = commands::entries(model, dialog.query.text());
    let last = entries.len().saturating_sub(1);
    dialog.index = dialog.index.min(last);
    let chosen = entries.get(dialog.index);
    match key.code {
        Code::Esc => return close(model, Step::Close),
        Code::Enter => match chosen {
            Some(Entry {
                off: None,
                run: Some(run),
                id,
                ..
            }) => {
                model.choices.used(id);
                return close(model, Step::Run(run.clone()));
            }
            Some(Entry {
                off: Some(reason), ..
            }) => {
                let reason = reason.clone();
                model.toast(Kind::Note, reason);
            }
            Some(Entry { completes, .. }) => complete(dialog, completes),
            None => {}
        },
        Code::Tab => {
            if let Some(it) = chosen {
                complete(dialog, &it.completes);
            }
        }
        Code::Up | Code::BackTab => dialog.index = dialog.index.saturating_sub(1),
        Code::Char('p') if key.ctrl => dialog.index = dialog.index.saturating_sub(1),
        Code::Down => dialog.index = (dialog.index + 1).min(last),
        Code::Char('n') if key.ctrl => dialog.index = (dialog.index + 1).min(last),
        Code::PageUp => dialog.index = dialog.index.saturating_sub(PAGE),
        Code::PageDown => dialog.index = (dialog.index + PAGE).min(last),
        // An empty palette closes with the key that empties fields.
        Code::Backspace if dialog.query.text().is_empty() => return close(model, Step::Close),
        _ => {
            if dialog.query.on_key(key) {
                dialog.index = 0;
            }
        }
    }
    preview(dialog, model);
    Step::Stay
}

/// Takes pasted text into the palette on top.
pub fn on_paste(model: &mut Model, text: &str) {
    if let Some(Dialog::Palette(it)) = model.dialogs.last_mut() {
        it.query.insert(text);
        it.index = 0;
    }
}

fn complete(dialog: &mut Palette, text: &str) {
    dialog.query.set(text);
    dialog.index = 0;
}

/// Shows the theme that the cursor is on.
fn preview(dialog: &Palette, model: &mut Model) {
    let entries = commands::entries(model, dialog.query.text());
    model.choices.preview = match entries.get(dialog.index) {
        Some(Entry {
            run: Some(Run::Command(Command::Theme(theme))),
            off: None,
            ..
        }) => Some(*theme),
        _ => None,
    };
}

fn close(model: &mut Model, step: Step) -> Step {
    model.choices.preview = None;
    step
}
