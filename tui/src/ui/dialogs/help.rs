//! The help overlay.

use crate::app::dialogs::help::Help;
use crate::app::dialogs::help::Line;
use crate::app::dialogs::help::lines;
use crate::app::model::Model;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::frame;

/// Draws the help for the screen below it.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Help) {
    let lines = lines(model);
    let title = if model.screens.top_instance().is_some() {
        "Help · Instance"
    } else {
        "Help · Instances"
    };
    let height = frame::rows(lines.len()).min(pen.screen().height.saturating_sub(4));
    let area = frame::draw(pen, 92, height, title, "j k scroll · Esc close");
    let visible = usize::from(area.height);
    let top = dialog.top.min(lines.len().saturating_sub(visible));
    for (y, line) in lines.into_iter().skip(top).take(visible).enumerate() {
        let y = frame::rows(y);
        match line {
            Line::Title(text) => {
                pen.line(area, y, &[piece(text, Role::Head)]);
            }
            Line::Text(text) => {
                pen.line(area, y, &[piece(text, Role::Dim)]);
            }
            Line::Action(keys, help, off) => {
                let mut pieces = vec![
                    piece(format!("  {keys:<16}"), Role::Accent),
                    piece(help, Role::Text),
                ];
                if let Some(reason) = off {
                    pieces.push(piece(format!(" ({reason})"), Role::Dim));
                }
                pen.line(area, y, &pieces);
            }
        }
    }
}
