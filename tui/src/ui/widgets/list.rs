//! Drawing of a list with its cursor, and of what stands in its place when there is none.

use crate::app::cursor::Selection;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::typing::Search;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::vtable;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;

/// A column; see [`Column`].
pub const fn column(
    title: &'static str,
    min: u16,
    ideal: u16,
    right: bool,
    priority: u8,
) -> Column {
    Column {
        title,
        min,
        ideal,
        right,
        priority,
    }
}

/// `area` without its margins.
pub fn inset(area: Area) -> Area {
    Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
}

/// What a list is made of.
pub struct Rows<'a> {
    pub columns: &'a [Column],
    pub selection: &'a Selection,
    /// Rows of the whole list, loaded or not.
    pub total: usize,
    /// It has the keys.
    pub focused: bool,
    /// Its number on the screen, for clicks.
    pub part: u8,
    /// Columns that the list can be sorted by, each with the number of its order.
    pub sorts: &'a [(usize, u8)],
}

/// Draws titles and rows. `cells_of` makes a row, given its index and the widths of the columns;
/// nothing where the row is not loaded.
pub fn draw<'a>(
    pen: &mut Pen<'_>,
    titles: Area,
    area: Area,
    rows: &Rows<'_>,
    cells_of: impl Fn(usize, &[u16]) -> Option<Vec<Cell<'a>>>,
) {
    let widths = vtable::fit(rows.columns, inset(area).width);
    vtable::draw_titles(pen, inset(titles), rows.columns, &widths);
    pen.hit(area, Hit::Part(rows.part));
    let sorts = rows.sorts.iter();
    let sorts = sorts.map(|(at, order)| (*at, Hit::Title(rows.part, *order)));
    vtable::click_titles(pen, inset(titles), &widths, sorts);
    for y in 0..area.height {
        let index = rows.selection.top() + usize::from(y);
        if index >= rows.total {
            return;
        }
        let line = Area {
            y: area.y + y,
            height: 1,
            ..area
        };
        let cursor = rows.selection.index();
        pen.hit(line, Hit::Row(rows.part, distance(cursor, index)));
        match cells_of(index, &widths) {
            Some(row) => vtable::draw_row(pen, inset(line), 0, rows.columns, &widths, &row),
            None => {
                pen.put(inset(line), 2, 0, "…", Role::Dim);
            }
        }
        if index == cursor {
            pen.put(line, 0, 0, "▌", Role::Accent);
            if rows.focused {
                pen.restyle(line, Role::Selected);
            }
        }
    }
}

/// How far `to` is below `from`.
pub fn distance(from: usize, to: usize) -> isize {
    to.cast_signed().saturating_sub(from.cast_signed())
}

/// The rule of a list: what is searched for, or else its title.
pub fn rule(
    pen: &mut Pen<'_>,
    area: Area,
    search: &Search,
    left: &[Piece<'_>],
    right: &[Piece<'_>],
) {
    if search.editing {
        pen.rule(area, 0, &[], right);
        let x = pen.put(area, 1, 0, " / ", Role::Accent);
        let inner = Area {
            x: area.x + x,
            width: area.width.saturating_sub(x).min(48),
            ..area
        };
        pen.clear(inner);
        field::draw(pen, inner, &search.field, true);
        return;
    }
    let mut left = left.to_vec();
    if !search.text().is_empty() {
        left.push(piece(format!(" · /{}", search.text()), Role::Accent));
    }
    pen.rule(area, 0, &left, right);
}

/// Draws lines where there are no rows.
pub fn notice(pen: &mut Pen<'_>, area: Area, lines: &[Piece<'_>]) {
    let top = area.height.saturating_sub(cells(lines.len())) / 3;
    let inner = Area {
        x: area.x + 2,
        width: area.width.saturating_sub(4),
        ..area
    };
    for (y, line) in lines.iter().enumerate() {
        pen.line(inner, top + cells(y), std::slice::from_ref(line));
    }
}

/// Why there are no rows; nothing when they are there, or have come before. `what` is what the
/// server was asked for.
pub fn missing(
    model: &Model,
    what: &str,
    is_known: bool,
    refused: Option<&String>,
) -> Option<Vec<Piece<'static>>> {
    if let Some(reason) = refused.filter(|_| !is_known) {
        return Some(vec![
            piece(format!("There are no {what} to show:"), Role::Head),
            piece(reason.clone(), Role::Text),
        ]);
    }
    if is_known {
        return None;
    }
    if model.is_polling() {
        return Some(vec![
            piece(format!("This server does not tell {what}."), Role::Head),
            piece(
                "It has no monitor feed; the durascope emulator has one.",
                Role::Text,
            ),
        ]);
    }
    let text = if model.is_live() {
        format!("reading {what} …")
    } else {
        format!("not connected: {what} are not known yet")
    };
    Some(vec![piece(text, Role::Dim)])
}

/// The note of a rule when the newest answer is a refusal, and older rows stay.
pub fn refusal_note(is_known: bool, refused: Option<&String>) -> Vec<Piece<'static>> {
    match refused.filter(|_| is_known) {
        Some(reason) => vec![piece(format!(" · not the newest: {reason}"), Role::Warn)],
        None => Vec::new(),
    }
}

/// A title on a rule that shows whether its pane has the keys.
pub fn pane_title(text: String, focused: bool) -> Piece<'static> {
    piece(text, if focused { Role::Accent } else { Role::Text })
}

/// Where Esc goes from a screen that was gone to for one thing.
pub fn way_back(model: &Model) -> Option<Piece<'static>> {
    let id = model.screens.came_from()?;
    Some(piece(format!(" · Esc goes back to {id}"), Role::Accent))
}
