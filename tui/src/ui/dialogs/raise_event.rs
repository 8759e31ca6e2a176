//! The dialog that raises an external event.

use crate::app::dialogs::raise_event::Focus;
use crate::app::dialogs::raise_event::RaiseEvent;
use crate::app::event::Key;
use crate::app::geometry::Area;
use crate::format;
use crate::ui::dialogs::target_line;
use crate::ui::pen::Pen;
use crate::ui::pen::button;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, dialog: &RaiseEvent) {
    let keys = "Tab field · ctrl-s send · ctrl-l format · Esc cancel";
    let screen = pen.screen();
    let height = if screen.height >= 20 {
        14
    } else {
        screen.height.saturating_sub(4)
    };
    let area = frame::draw(pen, 76, height, "Raise event", keys);
    let focused = |it: Focus| dialog.focus == it;
    let label = |it: Focus| if focused(it) { Role::Accent } else { Role::Dim };
    pen.line(area, 0, &target_line(&dialog.target));
    let at = pen.put(area, 0, 1, "Name      ", label(Focus::Name));
    let name = Area {
        x: area.x + at,
        y: area.y + 1,
        width: area.width.saturating_sub(at),
        height: 1,
    };
    if area.height > 1 {
        field::draw(pen, name, &dialog.name, focused(Focus::Name));
    }
    let at = pen.put(area, 0, 2, "Payload   ", label(Focus::Payload));
    let (text, role) = match dialog.payload_error() {
        Some(error) => (error, Role::Bad),
        None if dialog.payload.text().trim().is_empty() => {
            ("JSON, may be empty".to_owned(), Role::Dim)
        }
        None => {
            let size = u64::try_from(dialog.payload.text().trim().len()).unwrap_or(0);
            (format!("valid · {}", format::bytes(size)), Role::Ok)
        }
    };
    pen.line_from(area, at, 2, &[piece(text, role)]);
    let mut body = area;
    body.take_top(3);
    let buttons = body.take_bottom(1);
    let refused = body.take_bottom(1);
    let body = Area {
        x: body.x + 2,
        width: body.width.saturating_sub(2),
        ..body
    };
    if !body.is_empty() {
        field::draw(pen, body, &dialog.payload, focused(Focus::Payload));
    }
    if let Some(reason) = &dialog.refused {
        pen.line(refused, 0, &[piece(reason, Role::Bad)]);
    }
    let role = if focused(Focus::Send) {
        Role::Caret
    } else {
        Role::Text
    };
    pen.line_right(
        buttons,
        0,
        0,
        &[button("[ Send  ctrl-s ]", role, Key::ctrl('s'))],
    );
}
