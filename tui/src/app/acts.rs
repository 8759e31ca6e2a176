//! From an action to its dialog, from the dialog to calls, from their answers to words.

use durascope_proto::monitor::InstanceWindow;

use crate::app::action;
use crate::app::action::ActionId;
use crate::app::command::Line;
use crate::app::deed::Deed;
use crate::app::deed::Plan;
use crate::app::deed::Scope;
use crate::app::deed::Target;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::clean;
use crate::app::dialogs::clean::Clean;
use crate::app::dialogs::confirm;
use crate::app::dialogs::confirm::Confirm;
use crate::app::dialogs::confirm::Count;
use crate::app::dialogs::form;
use crate::app::dialogs::form::Form;
use crate::app::dialogs::form::Kind as FormKind;
use crate::app::dialogs::menu;
use crate::app::dialogs::menu::Menu;
use crate::app::dialogs::raise_event;
use crate::app::dialogs::raise_event::RaiseEvent;
use crate::app::dialogs::results;
use crate::app::dialogs::results::Results;
use crate::app::effect::Call;
use crate::app::effect::Effect;
use crate::app::event::Key;
use crate::app::model::Model;
use crate::app::model::Pending;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::run::Run;
use crate::app::screens::entities;
use crate::app::screens::overview;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::update;
use crate::app::window;
use crate::data::tree::NodeKey;

mod answers;
mod names;

pub(crate) use answers::on_reply;

/// Marked instances that are looked at again before something is done to them; of more, the
/// server has the last word.
const LOOKED_MAX: usize = 2_000;

/// Takes what is newly known of the marked instances.
pub(crate) fn on_data(model: &mut Model) {
    let rows = model.data.as_ref().map(|it| it.update.clone());
    if let Some(page) = rows.as_ref().and_then(|it| it.instances.as_ref()) {
        model.marks.on_rows(&page.rows);
    }
}

/// The id of what is selected on the screen on top.
pub(crate) fn selected_id(model: &Model) -> Option<String> {
    if model.screens.place() == Place::Hub(HubTab::Entities) {
        return entities::selected_entity(model);
    }
    if let Some(instance) = model.screens.top_instance() {
        return match instance.selected().map(|it| &it.key) {
            Some(NodeKey::Child { instance_id }) => Some(instance_id.clone()),
            _ => Some(instance.id.clone()),
        };
    }
    model.target().map(|it| it.instance_id.clone())
}

/// Whom an action is about now: the marked ones, or the selected one.
fn plan(model: &Model) -> Option<Plan> {
    if model.acts_on_marks() {
        return Some(model.marks.plan());
    }
    let target = Target::of(model.target()?);
    Some(Plan::new(Scope::One, vec![target]))
}

/// Carries out an action of this module; false when it is none.
pub(crate) fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) -> bool {
    match id {
        ActionId::Mark => {
            if let Some(row) = model.target().cloned() {
                model.marks.toggle(&row);
                overview::move_by(model, 1);
            }
        }
        ActionId::MarkRange => mark_range(model),
        ActionId::MarkAll => mark_all(model, effects),
        ActionId::Unmark => model.marks.clear(),
        // Esc takes the filter away first, and the marks before the screen.
        ActionId::Back
            if model.screens.place() == Place::Hub(HubTab::Instances)
                && model.screens.overview.filter.text().is_empty()
                && !model.marks.is_empty() =>
        {
            model.marks.clear();
        }
        ActionId::RaiseEvent
        | ActionId::Terminate
        | ActionId::Purge
        | ActionId::SuspendResume
        | ActionId::Restart
        | ActionId::Rewind => {
            if let Some(plan) = plan(model) {
                open(model, id, plan, effects);
            }
        }
        ActionId::StartNew => {
            let known = names::orchestrations(model);
            model.dialogs.push(Dialog::Form(Form::start(known)));
        }
        ActionId::StartAgain => start_again(model, effects),
        ActionId::SignalEntity => {
            if let Some(id) = entities::selected_entity(model) {
                let known = names::operations(model, &id);
                let form = Form::signal(id, known, model.memory.operations.clone());
                model.dialogs.push(Dialog::Form(form));
            }
        }
        ActionId::CleanEntities => model.dialogs.push(Dialog::Clean(Clean::default())),
        ActionId::Actions => model.dialogs.push(Dialog::Menu(Menu::default())),
        ActionId::CopyId => {
            if let Some(id) = selected_id(model) {
                copy(effects, id.clone(), id);
            }
        }
        _ => return false,
    }
    true
}

/// Opens the dialog of `id` about `plan`; what can be undone and is about one alone is done at
/// once.
pub(crate) fn open(model: &mut Model, id: ActionId, plan: Plan, effects: &mut Vec<Effect>) {
    model.screens.overview.selection.pin();
    let deed = match id {
        ActionId::RaiseEvent => {
            let known = names::events(model, &plan);
            let sent = model.memory.events.clone();
            let dialog = RaiseEvent::new(plan, known, sent);
            model.dialogs.push(Dialog::RaiseEvent(dialog));
            return;
        }
        ActionId::Terminate => Deed::Terminate {
            reason: None,
            recursive: true,
            force: false,
        },
        ActionId::Purge => Deed::Purge { recursive: true },
        ActionId::Rewind => Deed::Rewind { reason: None },
        ActionId::Restart => {
            let same = Deed::Restart { new_id: false };
            Deed::Restart {
                new_id: plan.acting_count(&same) == 0,
            }
        }
        _ => {
            let suspend = Deed::Suspend { reason: None };
            if plan.acting_count(&suspend) > 0 {
                suspend
            } else {
                Deed::Resume { reason: None }
            }
        }
    };
    if let (Deed::Suspend { .. } | Deed::Resume { .. }, Some(target)) = (&deed, plan.single()) {
        let call = deed.call(&target.instance_id.clone());
        update::request(model, call, effects);
        return;
    }
    let mut dialog = Confirm::new(deed, plan);
    if dialog.plan.scope != Scope::One {
        let rows = model.page().map_or(&[][..], |it| &it.rows);
        let unseen = model.marks.unseen(rows);
        if !unseen.is_empty() && unseen.len() <= LOOKED_MAX {
            let call = Call::Look {
                instance_ids: unseen,
            };
            dialog.looking = Some(update::request(model, call, effects));
        }
    }
    if dialog.looking.is_none() {
        ask_count(model, &mut dialog, effects);
    }
    model.dialogs.push(Dialog::Confirm(dialog));
}

/// Asks how much a purge deletes.
fn ask_count(model: &mut Model, dialog: &mut Confirm, effects: &mut Vec<Effect>) {
    let deed = dialog.deed();
    if !matches!(deed, Deed::Purge { .. }) || dialog.plan.acting_count(&deed) == 0 {
        dialog.count = Count::None;
        return;
    }
    dialog.count = match dialog.preview() {
        Ok(call) => Count::Asked(update::request(model, call, effects)),
        Err(why) => Count::Unknown(why),
    };
}

fn mark_range(model: &mut Model) {
    let Some(id) = model.target().map(|it| it.instance_id.clone()) else {
        return;
    };
    model.screens.overview.selection.pin();
    let data = model.data.as_ref().map(|it| it.update.clone());
    let rows = data.as_ref().and_then(|it| it.instances.as_ref());
    let rows = rows.map_or(&[][..], |it| &it.rows);
    if !model.marks.range(rows, &id) {
        model.toast(
            Kind::Note,
            "the beginning of the range is not loaded any more; V begins a new one",
        );
    }
}

fn mark_all(model: &mut Model, effects: &mut Vec<Effect>) {
    let whole = |it: &InstanceWindow| InstanceWindow {
        offset: 0,
        limit: 0,
        ..it.clone()
    };
    let wanted = window::wanted(model).window;
    let filter = model.screens.overview.filter.text().to_owned();
    let loaded = model.page().and_then(|page| {
        let is_answer = page.window.as_ref().map(&whole) == Some(whole(&wanted));
        let is_all = u64::try_from(page.rows.len()).ok() == Some(page.matching);
        (is_answer && is_all).then(|| page.rows.iter().map(Target::of).collect::<Vec<_>>())
    });
    match loaded {
        Some(targets) => model.marks.set_matching(filter, targets),
        None if !model.is_live() => {
            model.toast(Kind::Note, "not connected: not all that match are loaded");
        }
        None => {
            let call = Call::ListMatching(Box::new(whole(&wanted)));
            let asked = update::request(model, call, effects);
            model.marks.asked = Some(asked);
        }
    }
}

fn start_again(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(row) = model.target() else {
        return;
    };
    let instance_id = row.instance_id.clone();
    let mut form = Form::start(names::orchestrations(model));
    let call = Call::ReadStart {
        instance_id: instance_id.clone(),
    };
    let reading = update::request(model, call, effects);
    form.kind = FormKind::Start {
        from: Some(instance_id),
        reading: Some(reading),
    };
    model.dialogs.push(Dialog::Form(form));
}

fn copy(effects: &mut Vec<Effect>, text: String, what: String) {
    effects.push(Effect::Copy { text, what });
}

fn copy_command(model: &Model, line: Line, effects: &mut Vec<Effect>) {
    copy(
        effects,
        line.text(&model.settings),
        "the command".to_owned(),
    );
}

/// Does a confirmed deed: on one by a call, on many by a run.
///
/// # Errors
/// Why nothing was sent.
fn carry_out(
    model: &mut Model,
    deed: Deed,
    plan: &Plan,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    if let Some(target) = plan.single() {
        return send(model, deed.call(&target.instance_id), effects);
    }
    may_send(model)?;
    if model.run.is_some() {
        return Err("another action on many has not ended".to_owned());
    }
    model.run = Some(Run::new(deed, plan));
    model.dialogs.push(Dialog::Results(Results::default()));
    fill(model, effects);
    Ok(())
}

/// Lets calls of the run go out, as many as may.
fn fill(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(mut run) = model.run.take() else {
        return;
    };
    if !model.is_live() {
        run.stop("the connection was lost");
    }
    while let Some((at, id)) = run.take_next() {
        let call = run.deed.call(&id);
        let call_id = update::request(model, call, effects);
        run.sent(at, call_id);
    }
    model.run = Some(run);
}

fn may_send(model: &Model) -> Result<(), String> {
    if model.settings.read_only {
        return Err("the dashboard is read-only".to_owned());
    }
    if !model.is_live() {
        return Err("not sent: not connected".to_owned());
    }
    Ok(())
}

/// Sends what changes something; the state may have changed since the dialog opened.
fn send(model: &mut Model, call: Call, effects: &mut Vec<Effect>) -> Result<(), String> {
    may_send(model)?;
    update::request(model, call, effects);
    Ok(())
}

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
        Dialog::Sort(_) | Dialog::Help(_) => {}
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
            if let Err(reason) = carry_out(model, deed, &it.plan, effects) {
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

/// Pasted text for the dialog on top.
pub(crate) fn on_paste(model: &mut Model, text: &str) {
    match model.dialogs.last_mut() {
        Some(Dialog::RaiseEvent(dialog)) => dialog.on_paste(text),
        Some(Dialog::Confirm(dialog)) => dialog.on_paste(text),
        Some(Dialog::Form(dialog)) => dialog.on_paste(text),
        _ => {}
    }
}
