//! Opening the dialogs of actions, and marking what they are about.

use crate::app::action::ActionId;
use crate::app::acts::names;
use crate::app::deed::Deed;
use crate::app::deed::Plan;
use crate::app::deed::Target;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::confirm::Confirm;
use crate::app::dialogs::confirm::Count;
use crate::app::dialogs::form::Form;
use crate::app::dialogs::form::Kind as FormKind;
use crate::app::dialogs::raise_event::RaiseEvent;
use crate::app::effect::Call;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::purge_query::PurgeQuery;
use crate::app::toast::Kind;
use crate::app::update;
use crate::app::window;
use crate::format::SECOND;
use durascope_proto::monitor::InstanceWindow;

/// Marked instances that are looked at again before something is done to them; of more, the
/// server has the last word.
const LOOKED_MAX: usize = 2_000;

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
    let unseen = if model.acts_on_marks() {
        let rows = model.page().map_or(&[][..], |it| &it.rows);
        model.marks.unseen(rows)
    } else if model.screens.place() == Place::Hub(HubTab::Failures) {
        // The list of failures is not asked as often as that of instances.
        let them = dialog.plan.targets.iter();
        them.map(|it| it.instance_id.clone()).collect()
    } else {
        Vec::new()
    };
    if !unseen.is_empty() && unseen.len() <= LOOKED_MAX {
        let call = Call::Look {
            instance_ids: unseen,
        };
        dialog.looking = Some(update::request(model, call, effects));
    }
    if dialog.looking.is_none() {
        ask_count(model, &mut dialog, effects);
    }
    model.dialogs.push(Dialog::Confirm(dialog));
}

/// Asks how much a purge deletes.
pub(super) fn ask_count(model: &mut Model, dialog: &mut Confirm, effects: &mut Vec<Effect>) {
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

pub(super) fn mark_range(model: &mut Model) {
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

pub(super) fn mark_all(model: &mut Model, effects: &mut Vec<Effect>) {
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
        Some(targets) => {
            let query = PurgeQuery::of(&wanted, model.server_now() + SECOND);
            model.marks.set_matching(filter, targets, Some(query));
        }
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

pub(super) fn start_again(model: &mut Model, effects: &mut Vec<Effect>) {
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
