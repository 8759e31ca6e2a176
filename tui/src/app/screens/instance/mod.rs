//! One instance: its tree with cursor, folds and scroll, and the text of the selected line.

mod keys;
mod reveal;
mod single;
mod state;

use std::sync::Arc;

use crate::app::event::Size;
use crate::app::geometry;
use crate::app::model::Model;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::screens::batches;
use crate::app::screens::compare;
use crate::app::screens::data;
use crate::app::screens::grid;
use crate::app::screens::history;
use crate::app::screens::timeline;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::data::verdict::Figures;

pub use keys::detail_lines;
pub use keys::move_by;
pub use keys::on_action;
pub use keys::visible;
pub use reveal::reveal;
pub use state::Instance;

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    Tree,
    Detail,
}

/// The parts of the screen, as they are drawn now.
pub fn shape(size: Size, zoom: bool) -> geometry::InstanceShape {
    let shape = geometry::instance(size);
    if zoom { shape.zoomed() } else { shape }
}

/// Takes new data into the instance on top.
pub fn on_data(model: &mut Model) {
    let (size, zoom) = (model.size, model.choices.zoom);
    let Some(update) = model.data.as_ref().map(|it| Arc::clone(&it.update)) else {
        return;
    };
    let tasks = match model.told() {
        Some(Told::Tasks(it)) => Some(it.clone()),
        _ => None,
    };
    let now = model.server_now();
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    if let Some(tasks) = tasks {
        if !instance.figures.as_ref().is_some_and(|it| it.is_young(now)) {
            instance.figures = Some(Figures::of_tasks(&tasks, now));
        }
        instance.take_tasks(tasks);
    }
    let news = instance.on_update(&update);
    instance.take_aim(size, zoom);
    instance.scroll(size, zoom);
    let row = instance
        .row()
        .map(|it| (it.name.clone(), it.parent_instance_id.clone()));
    let climbs = instance.climbs && row.is_some();
    instance.climbs &= row.is_none();
    let id = instance.id.clone();
    if let Some((name, parent)) = row {
        model.screens.has_seen(&id, &name);
        if climbs && !parent.is_empty() {
            climb(model, &parent);
        }
    }
    if let Some(text) = news {
        model.toast(Kind::Note, text);
    }
}

/// Opens `id`, with what the last update says of it.
pub fn open(model: &mut Model, id: &str) {
    model.screens.open(Instance::new(id.to_owned()));
    on_data(model);
}

/// Opens `parent` and, once it is known, what is above it.
fn climb(model: &mut Model, parent: &str) {
    let was_open = model.screens.trail().any(|it| it == parent);
    let mut instance = Instance::new(parent.to_owned());
    instance.climbs = true;
    model.screens.open(instance);
    // One that was open already is not above the others; its own parents may be.
    if !was_open {
        on_data(model);
    }
}

/// Keeps cursor and text in view after a change of size.
pub fn on_resize(model: &mut Model) {
    let (size, zoom) = (model.size, model.choices.zoom);
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.scroll(size, zoom);
    }
    match model.screens.place() {
        Place::Instance(InstanceTab::Grid) => grid::on_data(model),
        Place::Instance(InstanceTab::Batches) => batches::on_data(model),
        Place::Instance(InstanceTab::Timeline) => timeline::on_data(model),
        Place::Instance(InstanceTab::History) => history::on_data(model),
        Place::Instance(InstanceTab::Data) => data::on_data(model),
        Place::Instance(InstanceTab::Tree) => move_by(model, 0),
        Place::Compare => compare::move_by(model, 0),
        _ => {}
    }
}
