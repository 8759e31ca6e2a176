//! The dialog that asks before the storage of entities is cleaned.

use crate::app::dialogs::clean::Clean;
use crate::app::model::Model;
use crate::ui::dialogs::parts;
use crate::ui::dialogs::parts::Around;
use crate::ui::dialogs::parts::Part;
use crate::ui::dialogs::parts::check;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Clean) {
    let text = |it: String| Part::Line(vec![piece(it, Role::Text)]);
    let them = vec![
        text(format!(
            "locks     {} release those whose holder has ended or is gone",
            check(dialog.release_locks)
        )),
        text(format!(
            "empty     {} remove entities without state, queue and lock",
            check(dialog.remove_empty)
        )),
        Part::Gap,
        Part::Line(vec![piece(
            "A lock of a running orchestration stays: terminate it to release that.",
            Role::Dim,
        )]),
        Part::Line(vec![piece(
            "Work that a worker holds comes back by itself when its lease ends.",
            Role::Dim,
        )]),
        Part::Gap,
        Part::Line(parts::command(model, dialog.command())),
        Part::Gap,
    ];
    let around = Around {
        title: "Clean the storage of all entities?",
        keys: "y clean · l locks · e empty · Y copy command · n Esc cancel",
        last: (
            Vec::new(),
            vec![
                piece("[ Cancel ]", Role::Caret),
                piece("  [ Clean  y ]", Role::Text),
            ],
        ),
    };
    parts::draw(pen, them, around);
}
