//! Keys and pasted text for the dialogs of actions.

use crate::app::action;
use crate::app::acts::opening::ask_count;
use crate::app::acts::sending::carry_out;
use crate::app::acts::sending::copy;
use crate::app::acts::sending::copy_command;
use crate::app::acts::sending::send;
use crate::app::deed::Deed;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::clean;
use crate::app::dialogs::confirm;
use crate::app::dialogs::confirm::Confirm;
use crate::app::dialogs::form;
use crate::app::dialogs::form::Form;
use crate::app::dialogs::menu;
use crate::app::dialogs::raise_event;
use crate::app::dialogs::raise_event::RaiseEvent;
use crate::app::dialogs::results;
use crate::app::dialogs::results::Results;
use crate::app::effect::Call;
use crate::app::effect::Effect;
use crate::app::event::Key;
use crate::app::field::FIELD_BYTES_MAX;
use crate::app::field::Field;
use crate::app::model::Model;
use crate::app::toast::Kind;
use crate::app::update;
use crate::format;

/// A key for one of the dialogs of this module, which was taken off the stack; it is put back
/// unless it closes.
pub(crate) fn on_key(model: &mut Model, dialog: Dialog, key: Key, effects: &mut Vec<Effect>) {
    match dialog {
        Dialog::RaiseEvent(it) => on_raise_key(model, it, key, effects),
        Dialog::Confirm(it) => on_confirm_key(model, it, key, effects),
        Dialog::Form(it) => on_form_key(model, it, key, effects),
        Dialog::Clean(mut it) => match it.on_key(key) {
            clean::Step::Stay => model.dialogs.push(Dialog::Clean(it)),
            clean::Step::Close => {}
            clean::Step::Copy => {
                copy_command(model, it.command(), effects);
                model.dialogs.push(Dialog::Clean(it));
            }
            clean::Step::Do(call) => {
                if let Err(reason) = send(model, call, effects) {
                    model.toast(Kind::Bad, reason);
                    model.dialogs.push(Dialog::Clean(it));
                }
            }
        },
        Dialog::Results(it) => on_results_key(model, it, key, effects),
        Dialog::Menu(mut it) => match it.on_key(model, key) {
            menu::Step::Stay => model.dialogs.push(Dialog::Menu(it)),
            menu::Step::Close => {}
            menu::Step::Do(id) => {
                let row = action::all().find(|row| row.id == id && row.is_here(model));
                match row.map(|row| row.check(model)) {
                    Some(Ok(())) => update::on_action(model, id, effects),
                    Some(Err(reason)) => {
                        model.toast(Kind::Note, reason);
                        model.dialogs.push(Dialog::Menu(it));
                    }
                    None => {}
                }
            }
        },
        // Not of this module.
        Dialog::Sort(_)
        | Dialog::Help(_)
        | Dialog::CompareWith(_)
        | Dialog::Verdict(_)
        | Dialog::SaveFilter(_)
        | Dialog::SavedFilters(_)
        | Dialog::Palette(_) => {}
    }
}

fn on_raise_key(model: &mut Model, mut it: RaiseEvent, key: Key, effects: &mut Vec<Effect>) {
    match it.on_key(key) {
        raise_event::Step::Stay => model.dialogs.push(Dialog::RaiseEvent(it)),
        raise_event::Step::Close => {}
        raise_event::Step::Copy => {
            let line = it.plan.command(&it.deed(), usize::MAX);
            copy_command(model, line, effects);
            model.dialogs.push(Dialog::RaiseEvent(it));
        }
        raise_event::Step::Edit => {
            effects.push(edit("payload", &it.payload));
            model.dialogs.push(Dialog::RaiseEvent(it));
        }
        raise_event::Step::Send(deed) => {
            let (name, payload) = match &deed {
                Deed::RaiseEvent { name, payload } => (name.clone(), payload.clone()),
                _ => Default::default(),
            };
            match carry_out(model, deed, &it.plan.clone(), effects) {
                Ok(()) => model.memory.events.keep(&name, payload.as_deref()),
                Err(reason) => {
                    it.refused = Some(reason);
                    model.dialogs.push(Dialog::RaiseEvent(it));
                }
            }
        }
    }
}

fn on_confirm_key(model: &mut Model, mut it: Confirm, key: Key, effects: &mut Vec<Effect>) {
    match it.on_key(key) {
        confirm::Step::Stay => model.dialogs.push(Dialog::Confirm(it)),
        confirm::Step::Close => {}
        confirm::Step::AskAgain => {
            if it.looking.is_none() {
                ask_count(model, &mut it, effects);
            }
            model.dialogs.push(Dialog::Confirm(it));
        }
        confirm::Step::Copy => {
            let line = it.plan.command(&it.deed(), usize::MAX);
            copy_command(model, line, effects);
            model.dialogs.push(Dialog::Confirm(it));
        }
        confirm::Step::Do(deed) => {
            let done = match it.one_call() {
                Some((query, recursive)) => {
                    let query = query.clone();
                    send(model, Call::PurgeMatching { query, recursive }, effects)
                }
                None => carry_out(model, deed, &it.plan, effects),
            };
            if let Err(reason) = done {
                model.toast(Kind::Bad, reason);
                model.dialogs.push(Dialog::Confirm(it));
            }
        }
    }
}

fn on_form_key(model: &mut Model, mut it: Form, key: Key, effects: &mut Vec<Effect>) {
    match it.on_key(key) {
        form::Step::Stay => model.dialogs.push(Dialog::Form(it)),
        form::Step::Close => {}
        form::Step::Copy => {
            copy_command(model, it.command(), effects);
            model.dialogs.push(Dialog::Form(it));
        }
        form::Step::Edit => {
            effects.push(edit("input", it.json_field()));
            model.dialogs.push(Dialog::Form(it));
        }
        form::Step::Send(call) => {
            let sent = match &call {
                Call::SignalEntity {
                    operation, input, ..
                } => Some((operation.clone(), input.clone())),
                _ => None,
            };
            match send(model, call, effects) {
                Ok(()) => {
                    if let Some((name, input)) = sent {
                        model.memory.operations.keep(&name, input.as_deref());
                    }
                }
                Err(reason) => {
                    it.refused = Some(reason);
                    model.dialogs.push(Dialog::Form(it));
                }
            }
        }
    }
}

fn on_results_key(model: &mut Model, mut it: Results, key: Key, effects: &mut Vec<Effect>) {
    let page = usize::from(model.size.height).saturating_sub(8).max(1);
    let Some(run) = model.run.as_mut() else {
        return;
    };
    match it.on_key(run, page, key) {
        results::Step::Stay => {}
        results::Step::Close => {
            model.run = None;
            return;
        }
        results::Step::Stop => run.stop("stopped before it began"),
        results::Step::CopyId => {
            if let Some((id, _)) = run.result(it.index) {
                copy(effects, id.to_owned(), id.to_owned());
            }
        }
        results::Step::CopyAll => {
            let what = format!("{} results", run.result_count());
            copy(effects, run.text(), what);
        }
    }
    model.dialogs.push(Dialog::Results(it));
}

fn edit(what: &str, field: &Field) -> Effect {
    Effect::Edit {
        name: format!("{what}.json"),
        text: field.text().to_owned(),
    }
}

/// What the editor has made of the JSON of the dialog on top.
pub(crate) fn on_edited(model: &mut Model, text: &str) {
    // Editors end the last line; who typed it did not.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let taken = match model.dialogs.last_mut() {
        Some(Dialog::RaiseEvent(dialog)) => dialog.on_edited(text),
        Some(Dialog::Form(dialog)) => dialog.on_edited(text),
        _ => return,
    };
    if !taken {
        let limit = format::bytes(u64::try_from(FIELD_BYTES_MAX).unwrap_or(u64::MAX));
        let text = format!("the text is larger than the {limit} of the field, and was not taken");
        model.toast(Kind::Bad, text);
    }
}

/// Pasted text for the dialog on top.
pub(crate) fn on_paste(model: &mut Model, text: &str) {
    match model.dialogs.last_mut() {
        Some(Dialog::RaiseEvent(dialog)) => dialog.on_paste(text),
        Some(Dialog::Confirm(dialog)) => dialog.on_paste(text),
        Some(Dialog::Form(dialog)) => dialog.on_paste(text),
        Some(Dialog::CompareWith(dialog)) => dialog.field.insert(text),
        _ => {}
    }
}
