//! The dialogs of saved views.

use crate::app::dialogs::saved::SaveFilter;
use crate::app::dialogs::saved::SavedFilters;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::saved;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::frame;

const WIDTH: u16 = 72;
const NAME: usize = 20;

/// Draws the question for a name.
pub(super) fn draw_save(pen: &mut Pen<'_>, model: &Model, dialog: &SaveFilter) {
    let keys = "Enter saves · Esc";
    let area = frame::draw(pen, WIDTH, 4, "Save this view", keys);
    let overview = &model.screens.overview;
    let filter = match overview.filter.text().trim() {
        "" => "none: all instances",
        text => text,
    };
    pen.line(
        area,
        0,
        &[
            piece("filter  ", Role::Dim),
            piece(filter, Role::Text),
            piece(format!(" · sort: {}", overview.sort_name()), Role::Dim),
        ],
    );
    let x = pen.put(area, 0, 1, "name    ", Role::Dim);
    let line = Area {
        x: area.x.saturating_add(x),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(x),
        height: area.height.saturating_sub(1).min(1),
    };
    if line.height > 0 {
        field::draw(pen, line, &dialog.name, true);
    }
    let name = dialog.name.text().trim();
    let exists = model.saved.iter().any(|it| it.name == name);
    if let Some(reason) = &dialog.refused {
        pen.line(area, 3, &[piece(reason, Role::Bad)]);
    } else if exists {
        let text = format!("replaces the saved view “{name}”");
        pen.line(area, 3, &[piece(text, Role::Warn)]);
    }
}

/// Draws the menu.
pub(super) fn draw_menu(pen: &mut Pen<'_>, model: &Model, dialog: &SavedFilters) {
    let saved = &model.saved;
    let keys = if dialog.doomed {
        "x again forgets it · any other key keeps it"
    } else {
        "Enter shows · x forgets · Esc"
    };
    let room = usize::from(pen.screen().height.saturating_sub(4)).max(1);
    let height = saved.len().clamp(1, room);
    let area = frame::draw(pen, WIDTH, frame::rows(height), "Saved views", keys);
    if saved.is_empty() {
        let text = "None yet: “: save NAME” keeps the tab, its filter and its order.";
        pen.line(area, 0, &[piece(text, Role::Text)]);
        return;
    }
    let chosen = dialog.index(saved);
    let top = (chosen + 1).saturating_sub(usize::from(area.height));
    for (y, (at, it)) in saved.iter().enumerate().skip(top).enumerate() {
        let y = frame::rows(y);
        if y >= area.height {
            break;
        }
        let row = Area {
            y: area.y + y,
            height: 1,
            ..area
        };
        let name = crate::text::Clean::from(&it.name).fit(NAME, "…");
        let pad = " ".repeat(NAME - name.width() + 2);
        pen.line(
            row,
            0,
            &[
                piece(format!(" {}{pad}", name.as_str()), Role::Head),
                piece(saved::words(it), Role::Text),
            ],
        );
        if at == chosen {
            pen.restyle(row, Role::Selected);
        }
    }
}
