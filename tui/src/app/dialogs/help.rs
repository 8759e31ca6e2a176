//! Help: made from the action table, for the screen below it.

use crate::app::action;
use crate::app::action::Action;
use crate::app::action::Risk;
use crate::app::action::Where;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::model::Model;
use crate::app::place::Place;

/// Scroll of the help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    pub top: usize,
}

/// One line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Title(String),
    /// Keys, what they do, and why not now.
    Action(String, String, Option<String>),
    Text(String),
}

/// The help for the screen on top.
pub fn lines(model: &Model) -> Vec<Line> {
    let place = model.screens.place();
    let name = match place {
        Place::Hub(tab) => tab.title().to_owned(),
        Place::Instance(tab) => format!("Instance · {}", tab.title()),
        Place::Compare => "Comparison".to_owned(),
    };
    let mut lines = Vec::new();
    let changed = model.choices.keys.changes();
    if changed > 0 {
        let text = format!("Keys with * are yours ({changed} changed, in durascope.toml).");
        lines.push(Line::Text(text));
    }
    let mut section = |title: &str, wanted: &dyn Fn(&Action) -> bool| {
        lines.push(Line::Title(title.to_owned()));
        for action in action::all().filter(|it| wanted(it)) {
            lines.push(Line::Action(
                model.choices.keys.names(action),
                action.help.to_owned(),
                action
                    .check(model)
                    .err()
                    .filter(|_| action.risk != Risk::View),
            ));
        }
        lines.push(Line::Text(String::new()));
    };
    section(&name, &|it| {
        it.place != Where::Everywhere && it.place.holds(place) && it.risk == Risk::View
    });
    // What a dashboard that only reads cannot do needs no room; that it cannot is said below.
    let read_only = model.settings.read_only;
    if !read_only {
        section("What is selected", &|it| {
            it.risk != Risk::View && it.place.holds(place)
        });
    }
    section("Everywhere", &|it| {
        it.place == Where::Everywhere && it.risk == Risk::View
    });
    if read_only {
        let hidden = action::all()
            .filter(|it| it.risk != Risk::View && it.place.holds(place))
            .count();
        let text = format!("Read-only: {hidden} actions that change something are hidden.");
        lines.push(Line::Text(text));
        lines.push(Line::Text(String::new()));
    }
    lines.extend(
        [
            "Signs   ▸ running  ○ pending, queued  ✓ completed  ✗ failed  ‖ suspended  × terminated",
            "Words   turn: one run of the orchestrator code.",
            "        batch: what one turn scheduled; its bar is finished of scheduled so far.",
            "        open: scheduled and not finished.  idle: time since the last change.",
        ]
        .map(|it| Line::Text(it.to_owned())),
    );
    lines
}

/// Takes a key; answers whether the dialog stays.
pub fn on_key(dialog: &mut Help, model: &Model, key: Key) -> bool {
    let last = lines(model).len().saturating_sub(1);
    let page = usize::from(model.size.height).saturating_sub(6).max(1);
    match key.code {
        Code::Up | Code::Char('k') => dialog.top = dialog.top.saturating_sub(1),
        Code::Down | Code::Char('j') => dialog.top += 1,
        Code::PageUp => dialog.top = dialog.top.saturating_sub(page),
        Code::PageDown | Code::Char(' ') => dialog.top += page,
        Code::Home | Code::Char('g') => dialog.top = 0,
        Code::End | Code::Char('G') => dialog.top = last,
        Code::Esc | Code::Enter | Code::Char('q' | '?') => return false,
        _ => {}
    }
    dialog.top = dialog.top.min(lines(model).len().saturating_sub(page));
    true
}
