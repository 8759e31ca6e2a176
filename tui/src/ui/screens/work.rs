//! Queues and workers.

use crate::app::geometry;
use crate::app::model::Model;
use crate::ui::pen::Pen;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let shape = geometry::list(model.size);
    header::draw(pen, shape.header, model);
    footer::draw(pen, shape.footer, model);
}
