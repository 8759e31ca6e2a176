//! Drawing of the dialogs.

mod compare_with;
mod confirm;
mod help;
mod palette;
mod raise_event;
mod saved;
mod verdict;

use crate::app::dialogs::Dialog;
use crate::app::dialogs::Target;
use crate::app::model::Model;
use crate::app::screens::overview::SORTS;
use crate::data::status;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::frame;

/// Draws `dialog` over what is there.
pub fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Dialog) {
    match dialog {
        Dialog::RaiseEvent(it) => raise_event::draw(pen, it),
        Dialog::Confirm(it) => confirm::draw(pen, it),
        Dialog::Help(it) => help::draw(pen, model, it),
        Dialog::CompareWith(it) => compare_with::draw(pen, it),
        Dialog::Verdict(it) => verdict::draw(pen, model, it),
        Dialog::SaveFilter(it) => saved::draw_save(pen, model, it),
        Dialog::SavedFilters(it) => saved::draw_menu(pen, model, it),
        Dialog::Palette(it) => palette::draw(pen, model, it),
        Dialog::Sort(it) => draw_sort(pen, model, it.index),
    }
}

fn draw_sort(pen: &mut Pen<'_>, model: &Model, index: usize) {
    let overview = &model.screens.overview;
    let keys = "Enter choose, again reverses · Esc";
    let area = frame::draw(pen, 36, frame::rows(SORTS.len()), "Sort by", keys);
    for (at, (sort, name)) in SORTS.iter().enumerate() {
        let mut text = format!(" {name}");
        if overview.sort == *sort {
            text.push_str(if overview.reverse {
                " ▾ reversed"
            } else {
                " ▾"
            });
        }
        let row = crate::app::geometry::Area {
            y: area.y + frame::rows(at),
            height: 1,
            ..area
        };
        if at < usize::from(area.height) {
            pen.line(row, 0, &[piece(text, Role::Text)]);
            if at == index {
                pen.restyle(row, Role::Selected);
            }
        }
    }
}

/// The line that says which instance a dialog is about.
fn target_line(target: &Target) -> Vec<Piece<'_>> {
    let (sign, role) = glyphs::status(target.status);
    vec![
        piece("to        ", Role::Dim),
        piece(&target.instance_id, Role::Head),
        piece(format!(" · {} · ", target.name), Role::Text),
        piece(format!("{sign} {}", status::word(target.status)), role),
    ]
}
