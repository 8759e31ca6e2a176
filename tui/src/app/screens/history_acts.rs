//! What is done with the event under the cursor.

use durascope_proto::history_event::EventType;

use crate::app::effect::Effect;
use crate::app::export;
use crate::app::model::Model;
use crate::app::place::InstanceTab;
use crate::app::screens::history::HistoryView;
use crate::app::screens::history::Pane;
use crate::app::screens::history::shape;
use crate::app::screens::instance;
use crate::app::toast::Kind;
use crate::data::event_file;
use crate::data::history;
use crate::data::runs;

pub(super) fn enter(model: &mut Model) {
    let shape = shape(model.size, model.choices.zoom);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.history;
    if view.pane == Pane::Event {
        let opens = view
            .event
            .selected()
            .and_then(|it| view.event.contents.opens(it));
        match opens.map(str::to_owned) {
            Some(id) => instance::open(model, &id),
            None => {
                view.event.toggle();
            }
        }
        return;
    }
    if view.unfold_run(shape) {
        return;
    }
    match view.selected().map(|it| it.pair) {
        None => {}
        Some(0) => model.toast(Kind::Note, "no other event belongs to this one"),
        Some(pair) => {
            view.go_to(pair, shape);
            view.show_event(shape);
        }
    }
}

/// Goes to the item that the event is about.
pub(super) fn to_item(model: &mut Model) {
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &instance.history;
    let Some(entry) = view.selected() else {
        return;
    };
    let Some(event) = &entry.event else {
        return;
    };
    let Some(task) = history::task_id(event) else {
        model.toast(Kind::Note, "this event is about no activity and no child");
        return;
    };
    let paired = view.page.iter().flat_map(|it| &it.entries);
    let mut scheduled = paired.filter(|it| {
        it.event
            .as_ref()
            .is_some_and(|it| it.event_id == task && history::task_id(it) == Some(task))
    });
    let scheduled = scheduled.next().unwrap_or(entry);
    let child = match scheduled
        .event
        .as_ref()
        .and_then(|it| it.event_type.as_ref())
    {
        Some(EventType::SubOrchestrationInstanceCreated(it)) => it.instance_id.clone(),
        _ => String::new(),
    };
    let (name, turn) = (history::name(entry).to_owned(), scheduled.turn);
    instance.tab = InstanceTab::Tree;
    if !instance.go_to_item(task, &name, turn, &child) {
        let text = format!("the tree has no line of its own for #{task} {name}");
        model.toast(Kind::Note, text);
    }
    instance::on_resize(model);
}

pub(super) fn copy(view: &HistoryView, effects: &mut Vec<Effect>) {
    let line = match view.pane {
        Pane::Event => view.event.selected(),
        Pane::List => view.event.lines.first(),
    };
    if let Some((what, text)) = line.and_then(|it| view.event.contents.copy_of(it)) {
        effects.push(Effect::Copy { what, text });
    }
}

/// The payload of the event, or all of it where it has none.
pub(super) fn open_text(view: &HistoryView, effects: &mut Vec<Effect>) {
    if let Some((name, text)) = view.event.document(view.pane == Pane::Event) {
        effects.push(Effect::View { name, text });
    }
}

/// Writes the event to a new file.
pub(super) fn write(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(instance) = model.screens.top_instance() else {
        return;
    };
    match instance.history.selected() {
        Some(entry) if runs::folded(entry).is_some() => {
            model.toast(Kind::Note, "this line is many events: Enter unfolds them");
        }
        Some(entry) => {
            let name = export::safe_name(&instance.id);
            effects.push(Effect::Keep {
                name: format!("{name}-event-{}.json", entry.number),
                content: event_file::as_json(entry),
            });
        }
        None => model.toast(Kind::Note, "there is no event to write"),
    }
}
