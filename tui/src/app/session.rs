//! Actions on the dashboard itself, clicks, and commands of the palette.

use crate::app::action;
use crate::app::action::ActionId;
use crate::app::commands::Command;
use crate::app::commands::Run;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::palette::Palette;
use crate::app::effect::Effect;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::export;
use crate::app::flow;
use crate::app::flow::Steer;
use crate::app::hit::Hit;
use crate::app::hit::Mouse;
use crate::app::hubs;
use crate::app::model::Model;
use crate::app::panes;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::saved;
use crate::app::screens::grid;
use crate::app::screens::history;
use crate::app::screens::instance;
use crate::app::screens::instance::Pane;
use crate::app::screens::overview;
use crate::app::toast::Kind;
use crate::app::update;
use crate::app::update::DIALOGS_MAX;

/// Lines that one notch of the wheel goes.
const WHEEL: isize = 3;

/// Does what an action of the dashboard itself is for.
pub(crate) fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    match id {
        ActionId::Palette => open_palette(model, ""),
        ActionId::Export => {
            let name = format!("export {}.json", export::file_name(model));
            open_palette(model, &name);
        }
        ActionId::Pause => {
            if let Some(feed) = flow::toggle_pause(model) {
                update::on_feed(model, feed);
            }
        }
        ActionId::Zoom => {
            model.choices.zoom = !model.choices.zoom;
            overview::on_resize(model);
            instance::on_resize(model);
        }
        ActionId::MouseToggle => {
            let on = !model.choices.mouse;
            model.choices.mouse = on;
            effects.push(Effect::Mouse(on));
            let text = if on {
                "the mouse is the dashboard's: click and wheel"
            } else {
                "the mouse is the terminal's: select and copy"
            };
            model.toast(Kind::Note, text);
        }
        ActionId::QuitLeaving => effects.push(Effect::QuitLeaving),
        ActionId::ReplayPause => flow::steer(model, Steer::Pause, effects),
        ActionId::ReplayBack => flow::steer(model, Steer::Back, effects),
        ActionId::ReplayForward => flow::steer(model, Steer::Forward, effects),
        ActionId::ReplayFaster => flow::steer(model, Steer::Faster, effects),
        ActionId::ReplaySlower => flow::steer(model, Steer::Slower, effects),
        _ => {}
    }
}

fn open_palette(model: &mut Model, text: &str) {
    model.hubs.forget_asked();
    if model.dialogs.len() < DIALOGS_MAX {
        model.dialogs.push(Dialog::Palette(Palette::new(text)));
    }
}

/// Space and the arrows steer a replay; false when there is none, or the key is another.
pub(crate) fn on_replay_key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) -> bool {
    if model.replay.is_none() || key.ctrl || key.alt {
        return false;
    }
    let what = match key.code {
        Code::Char(' ') => Steer::Pause,
        Code::Left => Steer::Back,
        Code::Right => Steer::Forward,
        _ => return false,
    };
    flow::steer(model, what, effects);
    true
}

/// Runs what was chosen in the palette.
pub(crate) fn run(model: &mut Model, run: Run, effects: &mut Vec<Effect>) {
    match run {
        Run::Action(id) => do_action(model, id, effects),
        Run::Command(command) => do_command(model, command, effects),
    }
}

/// Does an action if it can be done here and now, and says why not otherwise.
fn do_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let Some(action) = action::all().find(|it| it.id == id && it.is_here(model)) else {
        return;
    };
    match action.check(model) {
        Ok(()) => update::on_action(model, id, effects),
        Err(reason) => model.toast(Kind::Note, reason),
    }
}

fn do_command(model: &mut Model, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Tab(tab) => update::to_tab(model, tab),
        Command::InstanceTab(tab) => {
            if let Some(instance) = model.screens.top_instance_mut() {
                instance.tab = tab;
            }
            update::on_data(model);
        }
        Command::Open(id) => instance::open(model, &id),
        Command::Theme(theme) => model.choices.theme = Some(theme),
        Command::Filter(text) => {
            update::to_tab(model, HubTab::Instances);
            let overview = &mut model.screens.overview;
            overview.filter.set(&text);
            overview.apply_filter();
            if let Some(error) = overview.filter_error.clone() {
                model.toast(Kind::Bad, error);
            }
        }
        Command::Sort(sort) => sort_by(model, sort),
        Command::Export(path) => match export::content(model, &path) {
            Ok(content) => effects.push(Effect::Export { path, content }),
            Err(reason) => model.toast(Kind::Bad, reason),
        },
        Command::Hub(name) => hubs::switch(model, &name, effects),
        Command::Keep(name) => saved::keep(model, &name, effects),
        Command::View(name) => {
            let found = model.saved.iter().find(|it| it.name == name).cloned();
            if let Some(it) = found {
                saved::apply(model, &it);
            }
        }
    }
}

/// What the palette needs to know of the server for what is typed.
pub(crate) fn on_typed(model: &mut Model, typed: &str, effects: &mut Vec<Effect>) {
    if typed.trim_start().starts_with("hub") {
        hubs::ask(model, effects);
    }
}

/// Sorts by `sort`; the same again reverses.
fn sort_by(model: &mut Model, sort: durascope_proto::monitor::SortColumn) {
    let overview = &mut model.screens.overview;
    overview.reverse = overview.sort == sort && !overview.reverse;
    overview.sort = sort;
}

/// Takes a click or the wheel.
pub(crate) fn on_mouse(
    model: &mut Model,
    mouse: Mouse,
    hit: Option<Hit>,
    effects: &mut Vec<Effect>,
) {
    let Some(hit) = hit else {
        return;
    };
    let delta = match mouse {
        Mouse::Click => return on_click(model, hit, effects),
        Mouse::WheelUp => -WHEEL,
        Mouse::WheelDown => WHEEL,
    };
    if !model.dialogs.is_empty() {
        let code = if delta < 0 { Code::Up } else { Code::Down };
        return update::on_key(model, Key::plain(code), effects);
    }
    match hit {
        Hit::Pane(Pane::Detail) => in_pane(model, Pane::Detail, |it| update::move_by(it, delta)),
        Hit::Line(_) | Hit::Fold(_) | Hit::Pane(Pane::Tree) => {
            in_pane(model, Pane::Tree, |it| update::move_by(it, delta));
        }
        Hit::Part(part) | Hit::Row(part, _) | Hit::Title(part, _) => {
            panes::move_in(model, part, delta);
        }
        Hit::Text(_) => in_text(model, |it| update::move_by(it, delta)),
        // Two rows of a grid are one of the screen.
        Hit::Cell(..) => update::move_by(model, delta),
        _ => {}
    }
}

/// Does something as if the text beside the list had the keys.
fn in_text(model: &mut Model, act: impl FnOnce(&mut Model)) {
    let before = history::focus(model, history::Pane::Event);
    act(model);
    if let Some(before) = before {
        history::focus(model, before);
    }
}

/// Does something as if `pane` of the instance's tree had the keys, and of other screens the list.
fn in_pane(model: &mut Model, pane: Pane, act: impl FnOnce(&mut Model)) {
    let list = history::focus(model, history::Pane::List);
    let set = |model: &mut Model, pane: Pane| {
        let instance = model.screens.top_instance_mut();
        instance.map(|it| std::mem::replace(&mut it.pane, pane))
    };
    let before = set(model, pane);
    act(model);
    if let Some(before) = before {
        set(model, before);
    }
    if let Some(before) = list {
        history::focus(model, before);
    }
}

fn on_click(model: &mut Model, hit: Hit, effects: &mut Vec<Effect>) {
    let is_over_dialog = matches!(hit, Hit::Key(_) | Hit::Dialog);
    if !model.dialogs.is_empty() && !is_over_dialog {
        return;
    }
    match hit {
        Hit::Key(key) => update::on_key(model, key, effects),
        Hit::Action(id) => do_action(model, id, effects),
        Hit::Tab(tab) => do_command(model, Command::InstanceTab(tab), effects),
        Hit::Sort(sort) => sort_by(model, sort),
        Hit::Pane(pane) => {
            if let Some(instance) = model.screens.top_instance_mut() {
                instance.pane = pane;
            }
        }
        // The line that has the cursor already is opened.
        Hit::Line(0) => {
            to_list(model);
            if model.screens.place() != Place::Compare {
                do_action(model, ActionId::Open, effects);
            }
        }
        Hit::Line(delta) => {
            to_list(model);
            update::move_by(model, delta);
        }
        Hit::Fold(delta) => {
            to_list(model);
            update::move_by(model, delta);
            let folded = model
                .screens
                .top_instance()
                .and_then(|it| it.selected())
                .and_then(|it| it.unfolded);
            match folded {
                Some(true) => do_action(model, ActionId::Fold, effects),
                Some(false) => do_action(model, ActionId::Unfold, effects),
                None => {}
            }
        }
        Hit::Part(part) => panes::focus(model, part),
        Hit::Row(part, 0) if panes::focused(model) == Some(part) => {
            do_action(model, ActionId::Open, effects);
        }
        Hit::Row(part, delta) => {
            panes::focus(model, part);
            update::move_by(model, delta);
        }
        Hit::Title(part, order) => panes::sort(model, part, order),
        Hit::Text(row) => {
            history::focus(model, history::Pane::Event);
            if history::click_text(model, row) {
                do_action(model, ActionId::Open, effects);
            }
        }
        Hit::Cell(column, row) => {
            if grid::click(model, column, row) {
                do_action(model, ActionId::Open, effects);
            }
        }
        Hit::Dialog => {}
    }
}

/// The list has the keys.
fn to_list(model: &mut Model) {
    history::focus(model, history::Pane::List);
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.pane = Pane::Tree;
    }
}
