//! Forms: fields below each other, and JSON at the end.

use crate::app::dialogs::form::Form;
use crate::app::dialogs::form::Kind;
use crate::app::event::Key;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::ui::dialogs::parts;
use crate::ui::pen::Pen;
use crate::ui::pen::button;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, form: &Form) {
    let title = match &form.kind {
        Kind::Start { from: None, .. } => "Start an orchestration".to_owned(),
        Kind::Start { from: Some(id), .. } => format!("Start one like {id}"),
        Kind::Signal { entity_id } => format!("Signal {entity_id}"),
    };
    let keys = "Tab next · ctrl-s send · ctrl-e editor · ctrl-l format · ctrl-y copy · Esc";
    let screen = pen.screen();
    let height = frame::rows(form.rows.len()).saturating_add(12);
    let height = height.min(screen.height.saturating_sub(2));
    let mut area = frame::draw(pen, 76, height, &title, keys);
    let last = form.rows.len() - 1;
    for (at, row) in form.rows[..last].iter().enumerate() {
        let line = area.take_top(1);
        let focused = form.focus == at;
        parts::draw_field(pen, line, row.label, &row.field, focused, row.hint);
        if at == 0 && focused && !form.known.is_empty() {
            let known: Vec<_> = form.known.iter().take(3).map(String::as_str).collect();
            let known = format!("known: {}", known.join(", "));
            let width = line.width / 2;
            let right = Area {
                x: line.x + line.width - width,
                width,
                ..line
            };
            pen.line_right(right, 0, 0, &[piece(known, Role::Dim)]);
        }
    }
    let input = &form.rows[last];
    let focused = form.focus == last;
    let line = area.take_top(1);
    let role = if focused { Role::Accent } else { Role::Dim };
    let at = pen.put(line, 0, 0, format!("{:<9} ", input.label), role);
    let about = match &form.kind {
        Kind::Start {
            reading: Some(_), ..
        } => piece("reading how it was started …", Role::Wait),
        _ => parts::json(input.field.text().trim(), form.json_error()),
    };
    pen.line_from(line, at, 0, &[about]);
    let buttons = area.take_bottom(1);
    let command = area.take_bottom(1);
    let refused = area.take_bottom(1);
    let body = Area {
        x: area.x + 2,
        width: area.width.saturating_sub(2),
        ..area
    };
    if !body.is_empty() {
        field::draw(pen, body, &input.field, focused);
    }
    if let Some(reason) = &form.refused {
        pen.line(refused, 0, &[piece(reason, Role::Bad)]);
    }
    pen.line(command, 0, &parts::command(model, form.command()));
    let role = if form.focus > last {
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
