//! The dialogs that ask before something is destroyed.

use crate::app::dialogs::confirm::Confirm;
use crate::app::dialogs::confirm::Count;
use crate::app::dialogs::confirm::Deed;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::geometry::Area;
use crate::ui::dialogs::target_line;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::button;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

const WIDTH: u16 = 76;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, dialog: &Confirm) {
    match &dialog.deed {
        Deed::Terminate { reason, editing } => draw_terminate(pen, dialog, reason, *editing),
        Deed::Purge { count } => draw_purge(pen, dialog, count),
    }
}

fn check(on: bool) -> &'static str {
    if on { "[x]" } else { "[ ]" }
}

fn draw_terminate(pen: &mut Pen<'_>, dialog: &Confirm, reason: &Field, editing: bool) {
    let keys = if editing {
        "Enter leaves the reason"
    } else {
        "y terminate · Space children · Tab reason · n Esc cancel"
    };
    let area = frame::draw(pen, WIDTH, 7, "Terminate this orchestration?", keys);
    let target = &dialog.target;
    pen.line(area, 0, &target_line(target));
    if target.open_activities > 0 {
        let text = format!(
            "          its {} open activities keep running; their results are ignored",
            target.open_activities
        );
        pen.line(area, 1, &[piece(text, Role::Text)]);
    }
    let children = format!(
        "children  {} also terminate sub-orchestrations ({} open)",
        check(dialog.recursive),
        target.open_children
    );
    pen.line(area, 2, &[piece(children, Role::Text)]);
    let role = if editing { Role::Accent } else { Role::Dim };
    let at = pen.put(area, 0, 4, "Reason    ", role);
    if area.height > 4 {
        let line = Area {
            x: area.x + at,
            y: area.y + 4,
            width: area.width.saturating_sub(at),
            height: 1,
        };
        field::draw(pen, line, reason, editing);
    }
    pen.line(area, 6, &[piece("This cannot be undone.", Role::Warn)]);
    pen.line_right(
        area,
        24,
        6,
        &[
            button("[ Cancel ]", Role::Caret, Key::plain(Code::Esc)),
            button("  [ Terminate  y ]", Role::Text, Key::char('y')),
        ],
    );
}

fn draw_purge(pen: &mut Pen<'_>, dialog: &Confirm, count: &Count) {
    let keys = "y purge · Space children · n Esc cancel";
    let area = frame::draw(pen, WIDTH, 6, "Purge this orchestration?", keys);
    pen.line(area, 0, &target_line(&dialog.target));
    let children = format!(
        "children  {} also purge sub-orchestrations",
        check(dialog.recursive)
    );
    pen.line(area, 1, &[piece(children, Role::Text)]);
    pen.line(area, 3, &count_line(count));
    pen.line(area, 5, &[piece("This cannot be undone.", Role::Warn)]);
    pen.line_right(
        area,
        24,
        5,
        &[
            button("[ Cancel ]", Role::Caret, Key::plain(Code::Esc)),
            button("  [ Purge  y ]", Role::Text, Key::char('y')),
        ],
    );
}

fn count_line(count: &Count) -> Vec<Piece<'_>> {
    match count {
        Count::Asked(_) => vec![piece("counting what goes …", Role::Dim)],
        Count::Unknown(reason) => vec![
            piece("the count is not known: ", Role::Warn),
            piece(reason, Role::Text),
        ],
        Count::Known(it) => {
            let noun = if it.deleted == 1 {
                "instance"
            } else {
                "instances"
            };
            let mut text = format!(
                "deletes {} {noun} with history, input and output",
                it.deleted
            );
            if it.kept > 0 {
                text.push_str(&format!("; {} have not ended and stay", it.kept));
            }
            if it.unknown > 0 {
                text.push_str("; it does not exist any more");
            }
            vec![piece(text, Role::Head)]
        }
    }
}
