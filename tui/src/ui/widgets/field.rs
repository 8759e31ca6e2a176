//! Drawing of text fields: the part around the cursor, which is a reversed cell.

use unicode_segmentation::UnicodeSegmentation;

use crate::app::field::Field;
use crate::app::geometry::Area;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Draws `field` into `area`; the cursor shows when `focused`.
pub fn draw(pen: &mut Pen<'_>, area: Area, field: &Field, focused: bool) {
    let before = &field.text()[..field.cursor()];
    let row = before.matches('\n').count();
    let visible = usize::from(area.height).max(1);
    let top = (row + 1).saturating_sub(visible);
    for (at, line) in field.text().split('\n').enumerate().skip(top).take(visible) {
        let y = cells(at - top);
        if at == row && focused {
            let start = before.rfind('\n').map_or(0, |it| it + 1);
            draw_cursor_line(pen, area, y, line, field.cursor() - start);
        } else {
            pen.put(area, 0, y, line, Role::Text);
        }
    }
}

fn draw_cursor_line(pen: &mut Pen<'_>, area: Area, y: u16, line: &str, cursor: usize) {
    let (before, rest) = line.split_at(cursor);
    let room = usize::from(area.width).saturating_sub(1);
    // The line starts late enough that the cursor is on screen.
    let mut start = before;
    while Clean::from(start).width() > room {
        let Some(first) = start.graphemes(true).next() else {
            break;
        };
        start = &start[first.len()..];
    }
    let x = pen.put(area, 0, y, start, Role::Text);
    let under = rest.graphemes(true).next().unwrap_or(" ");
    let after = pen.put(area, x, y, under, Role::Caret);
    let rest = rest.strip_prefix(under).unwrap_or("");
    pen.put(area, after, y, rest, Role::Text);
}
