//! The field for the instance that another one is compared with.

use crate::app::dialogs::compare_with::CompareWith;
use crate::app::geometry::Area;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, dialog: &CompareWith) {
    let keys = "Enter compare · Esc";
    let area = frame::draw(pen, 60, 2, "Compare", keys);
    let left = [piece("left   ", Role::Dim), piece(&dialog.left, Role::Head)];
    pen.line(area, 0, &left);
    let mut row = area;
    row.take_top(1);
    pen.line(row, 0, &[piece("right  ", Role::Dim)]);
    let input = Area {
        x: row.x + 7,
        width: row.width.saturating_sub(7),
        ..row
    };
    if input.is_empty() {
        return;
    }
    field::draw(pen, input, &dialog.field, true);
    if dialog.field.text().is_empty() {
        pen.put(input, 2, 0, "id of the other instance", Role::Dim);
    }
}
