//! The dialog that raises an external event.

use crate::app::command::SHOWN_IDS;
use crate::app::dialogs::raise_event::Focus;
use crate::app::dialogs::raise_event::RaiseEvent;
use crate::app::event::Key;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::dialogs::parts;
use crate::ui::dialogs::plan_lines;
use crate::ui::pen::Pen;
use crate::ui::pen::button;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &RaiseEvent) {
    let keys = if dialog.has_last() {
        "Tab next · ctrl-s send · ctrl-e editor · ctrl-r last · ctrl-y copy · Esc"
    } else {
        "Tab next · ctrl-s send · ctrl-e editor · ctrl-l format · ctrl-y copy · Esc"
    };
    let screen = pen.screen();
    let deed = dialog.deed();
    let who = plan_lines(&dialog.plan, &deed);
    let height = if screen.height >= 20 {
        frame::rows(who.len()).saturating_add(15)
    } else {
        screen.height.saturating_sub(2)
    };
    let mut area = frame::draw(pen, 76, height, "Raise event", keys);
    for line in &who {
        let row = area.take_top(1);
        pen.line(row, 0, line);
    }
    let focused = |it: Focus| dialog.focus == it;
    let label = |it: Focus| if focused(it) { Role::Accent } else { Role::Dim };
    let row = area.take_top(1);
    let at = pen.put(row, 0, 0, "Name      ", label(Focus::Name));
    let known = known(dialog);
    let width = Clean::from(&known).width();
    if !row.is_empty() {
        let room = row.width.saturating_sub(at);
        let known_at = cells(usize::from(room / 2).max(usize::from(room).saturating_sub(width)));
        let name = Area {
            x: row.x + at,
            width: known_at.saturating_sub(1),
            ..row
        };
        field::draw(pen, name, &dialog.name, focused(Focus::Name));
        pen.line_from(row, at + known_at, 0, &[piece(known, Role::Dim)]);
    }
    let row = area.take_top(1);
    let at = pen.put(row, 0, 0, "Payload   ", label(Focus::Payload));
    let text = dialog.payload.text().trim();
    pen.line_from(row, at, 0, &[parts::json(text, dialog.payload_error())]);
    let buttons = area.take_bottom(1);
    let command = area.take_bottom(1);
    let refused = area.take_bottom(1);
    let body = Area {
        x: area.x + 2,
        width: area.width.saturating_sub(2),
        ..area
    };
    if !body.is_empty() {
        field::draw(pen, body, &dialog.payload, focused(Focus::Payload));
    }
    if let Some(reason) = &dialog.refused {
        pen.line(refused, 0, &[piece(reason, Role::Bad)]);
    }
    let line = dialog.plan.command(&deed, SHOWN_IDS);
    pen.line(command, 0, &parts::command(model, line));
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

/// Names that may be meant, as far as they are known.
fn known(dialog: &RaiseEvent) -> String {
    if dialog.known.is_empty() {
        return String::new();
    }
    let names: Vec<_> = dialog.known.iter().take(4).map(String::as_str).collect();
    let more = if dialog.known.len() > names.len() {
        ", …"
    } else {
        ""
    };
    format!("known: {}{more}", names.join(", "))
}
