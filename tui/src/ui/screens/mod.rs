//! Drawing of the screens.

pub mod instance;
pub mod instance_tree;
pub mod overview;
pub mod overview_panels;
pub mod preview;

use durascope_proto::OrchestrationStatus;

use crate::app::model::Model;
use crate::format;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

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
