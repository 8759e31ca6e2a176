//! Drawing of the screens.

pub mod batches;
pub mod compare;
pub mod data;
pub mod entities;
pub mod failures;
pub mod findings;
pub mod grid;
pub mod history;
pub mod instance;
pub mod instance_tree;
pub mod overview;
pub mod overview_list;
pub mod overview_panels;
pub mod preview;
pub mod schedules;
pub mod task_line;
pub mod timeline;
pub mod work;

use durascope_proto::OrchestrationStatus;

use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::format;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// Draws the screen on top.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    if let Some(instance) = model.screens.top_instance() {
        instance::draw(pen, model, instance);
        return;
    }
    match model.screens.place() {
        Place::Hub(HubTab::Failures) => failures::draw(pen, model),
        Place::Hub(HubTab::Entities) => entities::draw(pen, model),
        Place::Hub(HubTab::Work) => work::draw(pen, model),
        Place::Hub(HubTab::Schedules) => schedules::draw(pen, model),
        Place::Compare => compare::draw(pen, model),
        Place::Hub(HubTab::Instances) | Place::Instance(_) => overview::draw(pen, model),
    }
}

/// What fits on a screen of a few cells: one line of numbers.
pub fn draw_tiny(pen: &mut Pen<'_>, model: &Model) {
    let screen = pen.screen();
    let Some(hub) = model.hub().filter(|_| model.is_live()) else {
        pen.line(screen, 0, &[piece("durascope: not connected", Role::Text)]);
        return;
    };
    let failed = model.total(OrchestrationStatus::Failed).unwrap_or(0);
    let queued = hub.activities.as_ref().map_or(0, |it| it.waiting);
    let text = format!(
        "durascope: {} failed, {} queued",
        format::count(failed),
        format::count(queued)
    );
    pen.line(screen, 0, &[piece(text, Role::Text)]);
}
