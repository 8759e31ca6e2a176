//! What is marked, in the line above the footer.

use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::data::status;
use crate::format;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// Draws the line over the last row of the preview, or of the rule where there is none.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let marks = &model.marks;
    if !marks.is_used() {
        return;
    }
    let shape = geometry::overview(model.size);
    let mut room = if shape.preview.is_empty() {
        shape.rule
    } else {
        shape.preview
    };
    let row = room.take_bottom(1);
    let count = |it: usize| format::count(u64::try_from(it).unwrap_or(u64::MAX));
    let mut pieces = vec![piece(format!(" {} marked", count(marks.len())), Role::Head)];
    if let Some(filter) = marks.by_filter() {
        let what = if filter.is_empty() {
            " · all that there are".to_owned()
        } else {
            format!(" · all that matched “{filter}”")
        };
        pieces.push(piece(what, Role::Accent));
    }
    let mut by_status = String::new();
    for (it, many) in marks.counts() {
        by_status.push_str(&format!(" · {} {}", count(*many), status::word(*it)));
    }
    pieces.push(piece(by_status, Role::Text));
    if let Some(anchor) = marks.anchor() {
        pieces.push(piece(
            format!(" · range from {anchor}: V marks up to the cursor"),
            Role::Accent,
        ));
    }
    if marks.asked.is_some() {
        pieces.push(piece(" · loading what matches …", Role::Wait));
    }
    pieces.push(piece(" · u unmarks", Role::Dim));
    let inner = Area {
        width: row.width.saturating_sub(1),
        ..row
    };
    pen.clear(row);
    pen.line(inner, 0, &pieces);
}
