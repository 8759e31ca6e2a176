//! The only place that changes the model: an event in, wishes for the outside out.

use crate::app::action;
use crate::app::action::ActionId;
use crate::app::acts;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::compare_with;
use crate::app::dialogs::help;
use crate::app::dialogs::help::Help;
use crate::app::dialogs::palette;
use crate::app::dialogs::saved::SaveFilter;
use crate::app::dialogs::saved::SavedFilters;
use crate::app::dialogs::saved::Step as SavedStep;
use crate::app::dialogs::sort;
use crate::app::dialogs::sort::Sort;
use crate::app::dialogs::verdict::Step;
use crate::app::dialogs::verdict::Verdict;
use crate::app::effect::Call;
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::app::event::Feed;
use crate::app::event::Key;
use crate::app::event::Link;
use crate::app::flow;
use crate::app::model::Model;
use crate::app::model::Pending;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::saved;
use crate::app::screens::batches;
use crate::app::screens::compare;
use crate::app::screens::data;
use crate::app::screens::entities;
use crate::app::screens::failures;
use crate::app::screens::grid;
use crate::app::screens::history;
use crate::app::screens::instance;
use crate::app::screens::overview;
use crate::app::screens::schedules;
use crate::app::screens::timeline;
use crate::app::screens::work;
use crate::app::session;
use crate::app::toast::Kind;
use crate::app::typing;
use crate::app::verdict;
use crate::app::window;
use crate::format::Micros;

/// Dialogs on top of each other at most.
pub const DIALOGS_MAX: usize = 3;

/// Applies `event`, which happened at `now` on the local clock.
pub fn update(model: &mut Model, event: Event, now: Micros) -> Vec<Effect> {
    let mut effects = Vec::new();
    let had_whole_cells = model.has_whole_cells();
    model.now = model.now.max(now);
    model.toasts.retain(|it| it.until > model.now);
    match event {
        Event::Key(key) => on_key(model, key, &mut effects),
        Event::Paste(text) => on_paste(model, &text),
        Event::Resize(size) => {
            model.size = size;
            overview::on_resize(model);
            instance::on_resize(model);
            on_data(model);
        }
        Event::Feed(feed) => on_feed(model, feed),
        Event::Reply(reply) => acts::on_reply(model, reply, &mut effects),
        Event::Saved(Ok(filters)) => {
            model.saved = filters;
            if let Some(name) = model.keeping.take() {
                model.toast(Kind::Done, format!("view kept as “{name}”; f chooses"));
            }
        }
        Event::Saved(Err(reason)) => {
            model.keeping = None;
            model.toast(Kind::Bad, reason);
        }
        Event::Mouse { mouse, hit, .. } => session::on_mouse(model, mouse, hit, &mut effects),
        Event::Said { kind, text } => model.toast(kind, text),
        Event::Edited(text) => acts::on_edited(model, &text),
        Event::Wake | Event::Resumed => {}
        Event::StopRequested => effects.push(Effect::StopProcess),
        Event::EndRequested => effects.push(Effect::Quit),
    }
    if model.has_whole_cells() != had_whole_cells {
        instance::on_resize(model);
    }
    let wanted = window::wanted(model);
    if let Some(spec) = model.subscription.on_wanted(wanted, model.now) {
        effects.push(Effect::Watch(Box::new(spec)));
    }
    effects
}

/// Takes what the connection brought.
pub(crate) fn on_feed(model: &mut Model, feed: Feed) {
    let held = flow::holds(model, &feed);
    let was_live = model.is_live();
    let was_known = model.data.is_some();
    model.set_link(feed.link);
    if !held {
        if let Some(data) = feed.data {
            model.set_data(data);
        }
        model.topic = feed.topic;
    }
    on_data(model);
    if model.is_live() && !was_live && was_known {
        model.toast(Kind::Done, "connected again");
    }
}

/// Gives what is known to the screens that show it.
pub(crate) fn on_data(model: &mut Model) {
    overview::on_data(model);
    acts::on_data(model);
    instance::on_data(model);
    match model.screens.place() {
        Place::Hub(HubTab::Instances) | Place::Instance(InstanceTab::Tree) => {}
        Place::Hub(HubTab::Failures) => failures::on_data(model),
        Place::Hub(HubTab::Entities) => entities::on_data(model),
        Place::Hub(HubTab::Work) => work::on_data(model),
        Place::Hub(HubTab::Schedules) => schedules::on_data(model),
        Place::Instance(InstanceTab::Grid) => grid::on_data(model),
        Place::Instance(InstanceTab::Batches) => batches::on_data(model),
        Place::Instance(InstanceTab::Timeline) => timeline::on_data(model),
        Place::Instance(InstanceTab::History) => history::on_data(model),
        Place::Instance(InstanceTab::Data) => data::on_data(model),
        Place::Compare => compare::on_data(model),
    }
}

fn on_paste(model: &mut Model, text: &str) {
    match model.dialogs.last_mut() {
        Some(Dialog::CompareWith(dialog)) => dialog.field.insert(text),
        Some(Dialog::SaveFilter(dialog)) => dialog.name.insert(text),
        Some(Dialog::Palette(_)) => palette::on_paste(model, text),
        Some(_) => acts::on_paste(model, text),
        None if model.screens.place() == Place::Hub(HubTab::Instances) => {
            if model.screens.overview.editing {
                overview::on_filter_paste(model, text);
            }
        }
        None => typing::on_paste(model, text),
    }
}

/// Takes a key press.
pub(crate) fn on_key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    if key == Key::ctrl('c') {
        effects.push(Effect::Quit);
    } else if key == Key::ctrl('z') {
        effects.push(Effect::StopProcess);
    } else if let Some(dialog) = model.dialogs.pop() {
        on_dialog_key(model, dialog, key, effects);
    } else if model.screens.overview.editing
        && model.screens.place() == Place::Hub(HubTab::Instances)
    {
        overview::on_filter_key(model, key);
    } else if session::on_replay_key(model, key, effects) {
        // It was the replay's.
    } else if typing::on_key(model, key) {
        on_data(model);
    } else if let Some(action) = action::find(model, key) {
        match action.check(model) {
            Ok(()) => on_action(model, action.id, effects),
            Err(reason) => model.toast(Kind::Note, reason),
        }
    }
}

/// The dialog was taken off the stack; it is put back unless it closes.
fn on_dialog_key(model: &mut Model, dialog: Dialog, key: Key, effects: &mut Vec<Effect>) {
    match dialog {
        Dialog::Sort(mut it) => {
            if sort::on_key(&mut it, model, key) {
                model.dialogs.push(Dialog::Sort(it));
            }
        }
        Dialog::Help(mut it) => {
            if help::on_key(&mut it, model, key) {
                model.dialogs.push(Dialog::Help(it));
            }
        }
        Dialog::CompareWith(it) => compare_with::on_key(model, it, key),
        Dialog::Verdict(mut it) => match it.on_key(&verdict::of_id(model, &it.instance_id), key) {
            Step::Stay => model.dialogs.push(Dialog::Verdict(it)),
            Step::Close => {}
            Step::Follow(evidence) => verdict::follow(model, &it.instance_id, &evidence),
            Step::Act(key) => on_key(model, key, effects),
        },
        Dialog::SaveFilter(mut it) => {
            let step = it.on_key(key);
            on_saved_step(model, step, Dialog::SaveFilter(it), effects);
        }
        Dialog::SavedFilters(mut it) => {
            let step = it.on_key(&model.saved, key);
            on_saved_step(model, step, Dialog::SavedFilters(it), effects);
        }
        Dialog::Palette(mut it) => match palette::on_key(&mut it, model, key) {
            palette::Step::Stay => {
                session::on_typed(model, it.query.text(), effects);
                model.dialogs.push(Dialog::Palette(it));
            }
            palette::Step::Close => {}
            palette::Step::Run(run) => session::run(model, run, effects),
        },
        dialog => acts::on_key(model, dialog, key, effects),
    }
}

fn on_saved_step(model: &mut Model, step: SavedStep, dialog: Dialog, effects: &mut Vec<Effect>) {
    match step {
        SavedStep::Stay => model.dialogs.push(dialog),
        SavedStep::Close => {}
        SavedStep::Apply(filter) => saved::apply(model, &filter),
        SavedStep::Change(change) => {
            effects.push(Effect::Save(change));
            model.dialogs.push(dialog);
        }
        SavedStep::Keep(name) => saved::keep(model, &name, effects),
    }
}

pub(crate) fn request(model: &mut Model, call: Call, effects: &mut Vec<Effect>) -> u64 {
    let id = model.next_call;
    model.next_call += 1;
    model.calls.push(Pending {
        id,
        call: call.clone(),
        since: model.now,
    });
    effects.push(Effect::Call { id, call });
    id
}

/// Does what an action is for; whoever calls has checked it.
pub(crate) fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    if acts::on_action(model, id, effects) {
        return;
    }
    let page = isize::try_from(visible(model)).unwrap_or(isize::MAX);
    match id {
        ActionId::Up => move_by(model, -1),
        ActionId::Down => move_by(model, 1),
        ActionId::PageUp => move_by(model, -page),
        ActionId::PageDown => move_by(model, page),
        ActionId::HalfUp => move_by(model, -(page / 2).max(1)),
        ActionId::HalfDown => move_by(model, (page / 2).max(1)),
        ActionId::First => move_by(model, isize::MIN),
        ActionId::Last => move_by(model, isize::MAX),
        ActionId::Quit | ActionId::QuitNow => effects.push(Effect::Quit),
        ActionId::StopProcess => effects.push(Effect::StopProcess),
        ActionId::Retry => {
            if let Link::Lost { attempt, .. } = model.link {
                model.link = Link::Connecting { attempt };
                effects.push(Effect::RetryNow);
            } else {
                effects.push(Effect::Refresh);
            }
        }
        ActionId::Help => model.dialogs.push(Dialog::Help(Help::default())),
        ActionId::Palette
        | ActionId::Pause
        | ActionId::Export
        | ActionId::Zoom
        | ActionId::MouseToggle
        | ActionId::QuitLeaving
        | ActionId::ReplayPause
        | ActionId::ReplayBack
        | ActionId::ReplayForward
        | ActionId::ReplayFaster
        | ActionId::ReplaySlower => session::on_action(model, id, effects),
        ActionId::Sort => model.dialogs.push(Dialog::Sort(Sort::new(model))),
        ActionId::SaveFilter => model.dialogs.push(Dialog::SaveFilter(SaveFilter::new())),
        ActionId::SavedFilters => {
            let menu = SavedFilters::default();
            model.dialogs.push(Dialog::SavedFilters(menu));
        }
        ActionId::Verdict => {
            if let Some(id) = model.target().map(|it| it.instance_id.clone()) {
                model.screens.overview.selection.pin();
                model.dialogs.push(Dialog::Verdict(Verdict::new(id)));
            }
        }
        ActionId::ToInstances => to_tab(model, HubTab::Instances),
        ActionId::ToFailures => to_tab(model, HubTab::Failures),
        ActionId::ToEntities => to_tab(model, HubTab::Entities),
        ActionId::ToWork => to_tab(model, HubTab::Work),
        ActionId::ToSchedules => to_tab(model, HubTab::Schedules),
        ActionId::NextTab => step_tab(model, 1),
        ActionId::PreviousTab => step_tab(model, -1),
        ActionId::Compare => compare::begin(model),
        ActionId::Open if model.screens.place() == Place::Hub(HubTab::Instances) => {
            if let Some(id) = model.target().map(|it| it.instance_id.clone()) {
                model.screens.overview.selection.pin();
                instance::open(model, &id);
            }
        }
        _ => match model.screens.place() {
            Place::Hub(HubTab::Instances) => overview::on_action(model, id),
            Place::Hub(HubTab::Failures) => failures::on_action(model, id, effects),
            Place::Hub(HubTab::Entities) => entities::on_action(model, id, effects),
            Place::Hub(HubTab::Work) => work::on_action(model, id, effects),
            Place::Hub(HubTab::Schedules) => schedules::on_action(model, id, effects),
            Place::Instance(InstanceTab::Tree) => instance::on_action(model, id),
            Place::Instance(InstanceTab::Grid) => grid::on_action(model, id, effects),
            Place::Instance(InstanceTab::Batches) => batches::on_action(model, id, effects),
            Place::Instance(InstanceTab::Timeline) => timeline::on_action(model, id, effects),
            Place::Instance(InstanceTab::History) => history::on_action(model, id, effects),
            Place::Instance(InstanceTab::Data) => data::on_action(model, id, effects),
            Place::Compare => compare::on_action(model, id, effects),
        },
    }
}

/// Leaves the screen on top; from another tab of the hub to the instances.
pub(crate) fn back(model: &mut Model) {
    if !model.screens.back() {
        model.screens.tab = HubTab::Instances;
    }
    on_data(model);
}

pub(crate) fn to_tab(model: &mut Model, tab: HubTab) {
    model.screens.to_tab(tab);
    on_data(model);
}

fn step_tab(model: &mut Model, delta: isize) {
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.tab = instance.tab.step(delta);
    }
    on_data(model);
}

/// Lines of the list on top that fit.
fn visible(model: &Model) -> usize {
    match model.screens.place() {
        Place::Hub(HubTab::Instances) => model.list_rows(),
        Place::Hub(HubTab::Failures) => failures::visible(model),
        Place::Hub(HubTab::Entities) => entities::visible(model),
        Place::Hub(HubTab::Work) => work::visible(model),
        Place::Hub(HubTab::Schedules) => schedules::visible(model),
        Place::Instance(InstanceTab::Tree) => instance::visible(model),
        Place::Instance(InstanceTab::Grid) => grid::visible(model),
        Place::Instance(InstanceTab::Batches) => batches::visible(model),
        Place::Instance(InstanceTab::Timeline) => timeline::visible(model),
        Place::Instance(InstanceTab::History) => history::visible(model),
        Place::Instance(InstanceTab::Data) => data::visible(model),
        Place::Compare => compare::visible(model),
    }
}

/// Moves the cursor of the list on top.
pub(crate) fn move_by(model: &mut Model, delta: isize) {
    match model.screens.place() {
        Place::Hub(HubTab::Instances) => overview::move_by(model, delta),
        Place::Hub(HubTab::Failures) => failures::move_by(model, delta),
        Place::Hub(HubTab::Entities) => entities::move_by(model, delta),
        Place::Hub(HubTab::Work) => work::move_by(model, delta),
        Place::Hub(HubTab::Schedules) => schedules::move_by(model, delta),
        Place::Instance(InstanceTab::Tree) => instance::move_by(model, delta),
        Place::Instance(InstanceTab::Grid) => grid::move_by(model, delta),
        Place::Instance(InstanceTab::Batches) => batches::move_by(model, delta),
        Place::Instance(InstanceTab::Timeline) => timeline::move_by(model, delta),
        Place::Instance(InstanceTab::History) => history::move_by(model, delta),
        Place::Instance(InstanceTab::Data) => data::move_by(model, delta),
        Place::Compare => compare::move_by(model, delta),
    }
}
