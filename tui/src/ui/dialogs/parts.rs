//! Dialogs as parts below each other: lines, fields, gaps that leave when it is tight, and a
//! last line of warnings and buttons that stays.

use crate::app::command::Line;
use crate::app::field::Field;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::format;
use crate::text::Clean;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

/// One row of a dialog.
pub(super) enum Part<'a> {
    Line(Vec<Piece<'a>>),
    /// A label, the field behind it, whether it has the keys, and what it may be while empty.
    Field(&'static str, &'a Field, bool, &'a str),
    /// Leaves first when there is no room.
    Gap,
}

/// What stands around the parts.
pub(super) struct Around<'a> {
    pub title: &'a str,
    pub keys: &'a str,
    /// At the left and right of the last row.
    pub last: (Vec<Piece<'a>>, Vec<Piece<'a>>),
}

const WIDTH: u16 = 76;
/// From this width on commands may be longer.
const ROOMY: u16 = 110;
const WIDTH_ROOMY: u16 = 100;

/// Draws a dialog.
pub(super) fn draw(pen: &mut Pen<'_>, mut parts: Vec<Part<'_>>, around: Around<'_>) {
    let room = usize::from(pen.screen().height).saturating_sub(3);
    while parts.len() > room {
        let Some(at) = parts.iter().rposition(|it| matches!(it, Part::Gap)) else {
            break;
        };
        parts.remove(at);
    }
    let height = frame::rows(parts.len() + 1);
    let width = if pen.screen().width >= ROOMY {
        WIDTH_ROOMY
    } else {
        WIDTH
    };
    let mut area = frame::draw(pen, width, height, around.title, around.keys);
    let last = area.take_bottom(1);
    for part in &parts {
        let row = area.take_top(1);
        match part {
            Part::Gap => {}
            Part::Line(pieces) => {
                pen.line(row, 0, pieces);
            }
            Part::Field(label, it, focused, hint) => {
                draw_field(pen, row, label, it, *focused, hint);
            }
        }
    }
    let (left, right) = around.last;
    let end = pen.line(last, 0, &left);
    pen.line_right(last, end, 0, &right);
}

/// Draws a field of one line behind its label.
pub(super) fn draw_field(
    pen: &mut Pen<'_>,
    row: Area,
    label: &str,
    it: &Field,
    focused: bool,
    hint: &str,
) {
    if row.is_empty() {
        return;
    }
    let role = if focused { Role::Accent } else { Role::Dim };
    let at = pen.put(row, 0, 0, format!("{label:<9} "), role);
    let inner = Area {
        x: row.x + at,
        width: row.width.saturating_sub(at),
        ..row
    };
    field::draw(pen, inner, it, focused);
    if it.text().is_empty() {
        pen.line_from(inner, u16::from(focused) * 2, 0, &[piece(hint, Role::Dim)]);
    }
}

/// The line that shows the command; one that is too long is cut, and copied whole.
pub(super) fn command(model: &Model, line: Line) -> Vec<Piece<'static>> {
    let text = Clean::from(line.text(&model.settings));
    vec![
        piece("same as   ", Role::Dim),
        piece(text.as_str().to_owned(), Role::Accent),
    ]
}

/// Whether `text` is JSON, in words; `error` says where it is not.
pub(super) fn json(text: &str, error: Option<String>) -> Piece<'static> {
    match error {
        Some(error) => piece(error, Role::Bad),
        None if text.is_empty() => piece("JSON, may be empty", Role::Dim),
        None => {
            let size = u64::try_from(text.len()).unwrap_or(0);
            piece(format!("valid · {}", format::bytes(size)), Role::Ok)
        }
    }
}

/// A choice, ticked or not.
pub(super) fn check(on: bool) -> &'static str {
    if on { "[x]" } else { "[ ]" }
}
