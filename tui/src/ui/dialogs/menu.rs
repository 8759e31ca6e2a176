//! The menu of all actions on what is selected.

use crate::app::acts;
use crate::app::dialogs::menu::Menu;
use crate::app::dialogs::menu::entries;
use crate::app::dialogs::menu::hidden;
use crate::app::geometry::Area;
use crate::app::keymap;
use crate::app::model::Model;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::frame;

/// Draws the menu.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Menu) {
    let entries = entries(model);
    let hidden = hidden(model);
    let height = frame::rows(entries.len() + usize::from(hidden > 0));
    let height = height.min(pen.screen().height.saturating_sub(2));
    let title = match (acts::many(model), acts::selected_id(model)) {
        (Some((_, them)), _) => format!("Actions on {them}"),
        (None, Some(id)) => format!("Actions on {id}"),
        (None, None) => "Actions".to_owned(),
    };
    let keys = "Enter or its key does it · Esc close";
    let area = frame::draw(pen, 92, height, &title, keys);
    let visible = usize::from(area.height).max(1);
    let index = dialog.index.min(entries.len().saturating_sub(1));
    let first = (index + 1).saturating_sub(visible);
    for (y, (at, action)) in entries
        .iter()
        .enumerate()
        .skip(first)
        .take(visible)
        .enumerate()
    {
        let line = Area {
            y: area.y + frame::rows(y),
            height: 1,
            ..area
        };
        let off = action.check(model).err();
        let role = if off.is_some() { Role::Dim } else { Role::Text };
        let mut pieces = vec![
            piece(format!("  {:<8}", keymap::names(action.keys)), Role::Accent),
            piece(format!("{:<13}", action.title), Role::Head),
        ];
        match off {
            Some(reason) => pieces.push(piece(format!("off: {reason}"), role)),
            None => pieces.push(piece(action.help, role)),
        }
        pen.line(line, 0, &pieces);
        if at == index {
            pen.restyle(line, Role::Selected);
        }
    }
    if hidden > 0 && entries.len() < visible {
        let text = format!("  read-only: {hidden} actions that change something are hidden");
        pen.line(area, frame::rows(entries.len()), &[piece(text, Role::Warn)]);
    }
}
