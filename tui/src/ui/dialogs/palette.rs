//! The palette: a field, and the lines that match what is typed.

use crate::app::commands;
use crate::app::commands::Entry;
use crate::app::dialogs::palette::Palette;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::text;
use crate::text::Clean;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

const WIDTH: u16 = 80;
const LINES: u16 = 14;

/// Draws the palette.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Palette) {
    let entries = commands::entries(model, dialog.query.text());
    let height = LINES.min(pen.screen().height.saturating_sub(4));
    let keys = "Enter run · Tab complete · Esc close";
    let title = format!("Commands · {}", entries.len());
    let area = frame::draw(pen, WIDTH, height, title, keys);
    let mut list = area;
    let line = list.take_top(1);
    let at = pen.put(line, 0, 0, "> ", Role::Accent);
    let inner = Area {
        x: line.x + at,
        width: line.width.saturating_sub(at),
        ..line
    };
    field::draw(pen, inner, &dialog.query, true);
    if entries.is_empty() {
        pen.line(list, 0, &[piece("  nothing of that name", Role::Dim)]);
        return;
    }
    let visible = usize::from(list.height).max(1);
    let index = dialog.index.min(entries.len() - 1);
    let top = (index + 1).saturating_sub(visible);
    for (at, entry) in entries.iter().enumerate().skip(top).take(visible) {
        let row = Area {
            y: list.y + frame::rows(at - top),
            height: 1,
            ..list
        };
        draw_entry(pen, row, entry);
        if at == index {
            pen.put(row, 0, 0, "▌", Role::Accent);
            pen.restyle(row, Role::Selected);
        }
    }
}

/// The title at the left; keys, or why it is off, at the right.
fn draw_entry(pen: &mut Pen<'_>, row: Area, entry: &Entry) {
    let role = if entry.off.is_some() {
        Role::Dim
    } else {
        Role::Text
    };
    let note = entry.off.as_ref().map(|it| format!("off: {it}"));
    let note = note.unwrap_or_default();
    let keys = Clean::from(entry.keys.as_str());
    let room = usize::from(row.width).saturating_sub(4);
    let room = if note.is_empty() {
        room.saturating_sub(keys.width())
    } else {
        room * 3 / 5
    };
    let title = Clean::from(entry.title.as_str()).fit(room.max(8), "…");
    let end = pen.put(row, 2, 0, title.as_str(), role) + 2;
    let left = usize::from(row.width.saturating_sub(end));
    let keys = keys.fit(left, "…");
    let note = Clean::from(note).fit(left.saturating_sub(keys.width() + 2), "…");
    pen.put(row, end, 0, note.as_str(), Role::Dim);
    let at = usize::from(row.width).saturating_sub(keys.width());
    pen.put(row, text::cells(at), 0, keys.as_str(), Role::Accent);
}
