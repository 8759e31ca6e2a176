//! Input, output, custom status, failure, tags, ids and times of an instance.

use durascope_proto::HistoryEvent;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::read_history_request::Order;

use crate::app::action::ActionId;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::outline::Outline;
use crate::app::screens::instance;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::typing::Search;
use crate::app::update;
use crate::data::sections;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct DataView {
    pub search: Search,
    pub outline: Outline,
    /// The first event of the history, which has the trace context.
    started: Option<HistoryEvent>,
}

/// What it asks the server: the first event of the history.
pub fn topic(model: &Model) -> Topic {
    model.screens.top_instance().map_or(Topic::None, |it| {
        Topic::History(ReadHistoryRequest {
            instance_id: it.id.clone(),
            order: Order::OldestFirst.into(),
            limit: 1,
            text: "ExecutionStarted".to_owned(),
            ..ReadHistoryRequest::default()
        })
    })
}

/// Where the lines are drawn; the row above says what is searched.
pub fn area(size: Size, zoom: bool) -> Area {
    let mut area = instance::shape(size, zoom).body();
    area.take_top(u16::from(area.height >= 4));
    Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let started = match model.told() {
        Some(Told::History(page)) => page.entries.first().and_then(|it| it.event.clone()),
        _ => None,
    };
    let area = area(model.size, model.choices.zoom);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    if started.is_some() {
        instance.data.started = started;
    }
    let Some(tree) = instance.tree() else {
        return;
    };
    let sections = sections::of_instance(tree, instance.data.started.as_ref());
    let (columns, lines) = (usize::from(area.width), usize::from(area.height));
    instance.data.outline.set(sections, columns, lines);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.data.outline.move_by(delta);
    }
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    usize::from(area(model.size, model.choices.zoom).height).max(1)
}

/// Goes to the next place that has what is searched for.
pub fn find(model: &mut Model, forward: bool) {
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.data;
    let wanted = view.search.text().to_owned();
    if wanted.is_empty() {
        model.toast(Kind::Note, "nothing is searched for: / begins a search");
    } else if !view.outline.find(&wanted, forward) {
        model.toast(Kind::Note, format!("“{wanted}” is nowhere here"));
    }
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.data;
    let outline = &mut view.outline;
    match id {
        ActionId::Filter => {
            // Another word; a filter would be changed instead.
            view.search.clear();
            view.search.begin();
        }
        ActionId::FindNext => find(model, true),
        ActionId::FindPrevious => find(model, false),
        ActionId::Fold => outline.set_fold(false),
        ActionId::Unfold => outline.set_fold(true),
        ActionId::Open => {
            let opens = outline.selected().and_then(|it| outline.contents.opens(it));
            match opens.map(str::to_owned) {
                Some(id) => instance::open(model, &id),
                None => {
                    outline.toggle();
                }
            }
        }
        ActionId::Copy => {
            let line = outline.selected();
            if let Some((what, text)) = line.and_then(|it| outline.contents.copy_of(it)) {
                effects.push(Effect::Copy { what, text });
            }
        }
        ActionId::OpenText => {
            if let Some((name, text)) = outline.document(true) {
                effects.push(Effect::View { name, text });
            }
        }
        ActionId::Back if view.search.clear() => {}
        ActionId::Back => update::back(model),
        _ => {}
    }
}
