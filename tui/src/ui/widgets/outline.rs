//! Drawing of lines that fold: the visible ones only.

use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::outline::Outline;
use crate::data::outline::Ink;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::list;

fn role(ink: Ink) -> Role {
    match ink {
        Ink::Head => Role::Head,
        Ink::Plain => Role::Text,
        Ink::Dim => Role::Dim,
        Ink::Bad => Role::Bad,
        Ink::Key | Ink::Link => Role::Accent,
        Ink::String => Role::Ok,
        Ink::Number => Role::Wait,
        Ink::Word => Role::Warn,
    }
}

/// Draws `outline` into `area`; its cursor shows when it has the keys.
pub fn draw(pen: &mut Pen<'_>, area: Area, outline: &Outline, focused: bool) {
    for y in 0..area.height {
        let index = outline.top + usize::from(y);
        let Some(line) = outline.lines.get(index) else {
            return;
        };
        let indent = cells(outline.contents.indent(line));
        let sign = match line.unfolded {
            Some(true) => "▾",
            Some(false) => "▸",
            None => " ",
        };
        // The sign stands in the margin of the level.
        let x = pen.put(area, indent, y, sign, Role::Dim);
        let pieces: Vec<_> = outline
            .contents
            .pieces(line)
            .into_iter()
            .map(|(text, ink)| piece(text, role(ink)))
            .collect();
        pen.line_from(area, x + 1, y, &pieces);
        if focused && index == outline.index {
            let row = Area {
                y: area.y + y,
                height: 1,
                ..area
            };
            pen.restyle(row, Role::Selected);
        }
    }
}

/// As [`draw`], where a click chooses a line of the screen's part with this number.
pub fn draw_part(pen: &mut Pen<'_>, area: Area, outline: &Outline, focused: bool, part: u8) {
    pen.hit(area, Hit::Part(part));
    for y in 0..area.height {
        let index = outline.top + usize::from(y);
        if index >= outline.lines.len() {
            break;
        }
        let row = Area {
            y: area.y + y,
            height: 1,
            ..area
        };
        pen.hit(row, Hit::Row(part, list::distance(outline.index, index)));
    }
    draw(pen, area, outline, focused);
}

/// Which lines are on screen, where not all are.
pub fn scroll_note(outline: &Outline, visible: u16) -> String {
    let (total, visible) = (outline.lines.len(), usize::from(visible));
    if total <= visible {
        return String::new();
    }
    let last = (outline.top + visible).min(total);
    format!("{}–{last} of {total}", outline.top + 1)
}
