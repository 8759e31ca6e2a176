//! Drawing of the dialogs.

mod clean;
mod compare_with;
mod confirm;
mod form;
mod help;
mod menu;
mod palette;
mod parts;
mod raise_event;
mod results;
mod saved;
mod verdict;

use crate::app::deed::Deed;
use crate::app::deed::Plan;
use crate::app::dialogs::Dialog;
use crate::app::model::Model;
use crate::app::screens::overview::SORTS;
use crate::data::status;
use crate::format;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::frame;

/// Draws `dialog` over what is there.
pub fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Dialog) {
    match dialog {
        Dialog::RaiseEvent(it) => raise_event::draw(pen, model, it),
        Dialog::Confirm(it) => confirm::draw(pen, model, it),
        Dialog::Form(it) => form::draw(pen, model, it),
        Dialog::Clean(it) => clean::draw(pen, model, it),
        Dialog::Results(it) => results::draw(pen, model, it),
        Dialog::Menu(it) => menu::draw(pen, model, it),
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

/// The lines that say which instances a dialog is about: one by its id, many by status, with
/// what happens to each and why some are left out.
fn plan_lines<'a>(plan: &'a Plan, deed: &Deed) -> Vec<Vec<Piece<'a>>> {
    if let Some(target) = plan.single() {
        let (sign, role) = glyphs::status(target.status);
        return vec![vec![
            piece("to        ", Role::Dim),
            piece(&target.instance_id, Role::Head),
            piece(format!(" · {} · ", target.name), Role::Text),
            piece(format!("{sign} {}", status::word(target.status)), role),
        ]];
    }
    // What happens comes before what does not.
    let skipped = plan
        .groups
        .iter()
        .filter(|it| deed.skips(it.status).is_some());
    let lines = plan.acting_groups(deed).chain(skipped).map(|group| {
        let (sign, role) = glyphs::status(group.status);
        let count = format::count(u64::try_from(group.count).unwrap_or(u64::MAX));
        let mut pieces = vec![
            piece(format!("{sign} {:<11}", status::word(group.status)), role),
            piece(format!("{count:>6}  "), Role::Head),
        ];
        if let Some(why) = deed.skips(group.status) {
            pieces.push(piece(format!("skipped: {why}"), Role::Dim));
            return pieces;
        }
        pieces.push(piece(format!("will {}: ", deed.done()), Role::Text));
        let mut sample = group.sample.join(", ");
        if group.count > group.sample.len() {
            sample.push_str(", …");
        }
        pieces.push(piece(sample, Role::Text));
        pieces
    });
    let note = plan.note.iter();
    let note = note.map(|it| vec![piece(it, Role::Accent)]);
    note.chain(lines).collect()
}
