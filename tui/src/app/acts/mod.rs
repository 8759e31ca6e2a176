//! From an action to its dialog, from the dialog to calls, from their answers to words.

use durascope_proto::OrchestrationStatus;

use crate::app::action::ActionId;
use crate::app::deed::Plan;
use crate::app::deed::Scope;
use crate::app::deed::Target;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::clean::Clean;
use crate::app::dialogs::form::Form;
use crate::app::dialogs::menu::Menu;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::screens::entities;
use crate::app::screens::failures;
use crate::app::screens::overview;
use crate::data::tree::NodeKey;

mod answers;
mod keys;
mod names;
mod opening;
mod sending;

pub(crate) use answers::on_reply;
pub(crate) use keys::on_edited;
pub(crate) use keys::on_key;
pub(crate) use keys::on_paste;
pub(crate) use opening::open;

/// Takes what is newly known of the marked instances, and of the one that a dialog is about.
pub(crate) fn on_data(model: &mut Model) {
    let update = model.data.as_ref().map(|it| it.update.clone());
    if let Some(page) = update.as_ref().and_then(|it| it.instances.as_ref()) {
        model.marks.on_rows(&page.rows);
    }
    let known = model.target().map(Target::of);
    for dialog in &mut model.dialogs {
        let plan = match dialog {
            Dialog::Confirm(it) => &mut it.plan,
            Dialog::RaiseEvent(it) => &mut it.plan,
            _ => continue,
        };
        let is_news = |it: &Target| {
            let same = |one: &Target| one.instance_id == it.instance_id && one != it;
            plan.scope == Scope::One && plan.single().is_some_and(same)
        };
        if let Some(target) = known.clone().filter(is_news) {
            *plan = Plan::new(Scope::One, vec![target]);
        }
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

/// Whom an action on many is about now, by status and in words; nothing where it is about one.
pub(crate) fn many(model: &Model) -> Option<(&[(OrchestrationStatus, usize)], String)> {
    if model.acts_on_marks() {
        let count = model.marks.len();
        return Some((model.marks.counts(), format!("{count} marked")));
    }
    if model.screens.place() == Place::Hub(HubTab::Failures) {
        let them = model.screens.failures.targets();
        return (!them.is_empty()).then(|| (them.counts(), them.words()));
    }
    None
}

/// Whom an action is about now: the marked ones, or the selected one.
fn plan(model: &Model) -> Option<Plan> {
    if let Some(plan) = failures::plan(model) {
        return Some(plan);
    }
    if model.acts_on_marks() {
        return Some(model.marks.plan());
    }
    let target = Target::of(model.target()?);
    Some(Plan::new(Scope::One, vec![target]))
}

/// Carries out an action of this module; false when it is none.
pub(crate) fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) -> bool {
    let on_failures = model.screens.place() == Place::Hub(HubTab::Failures);
    match id {
        ActionId::Mark if on_failures => failures::mark(model),
        ActionId::MarkAll if on_failures => failures::mark_all(model),
        ActionId::Unmark if on_failures => failures::unmark(model),
        ActionId::Mark => {
            if let Some(row) = model.target().cloned() {
                model.marks.toggle(&row);
                overview::move_by(model, 1);
            }
        }
        ActionId::MarkRange => opening::mark_range(model),
        ActionId::MarkAll => opening::mark_all(model, effects),
        ActionId::Unmark => model.marks.clear(),
        // Esc takes the filter away first, and the marks before the screen.
        ActionId::Back
            if model.screens.place() == Place::Hub(HubTab::Instances)
                && model.screens.overview.filter.text().is_empty()
                && model.marks.is_used() =>
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
        ActionId::StartAgain => opening::start_again(model, effects),
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
                sending::copy(effects, id.clone(), id);
            }
        }
        _ => return false,
    }
    true
}
