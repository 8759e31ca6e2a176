//! The view: a pure function from the model to cells.

pub mod dialogs;
pub mod glyphs;
pub mod hits;
pub mod pen;
pub mod screens;
pub mod theme;
pub mod widgets;

use ratatui::buffer::Buffer;

use crate::app::geometry;
use crate::app::model::Model;
use crate::ui::hits::Hits;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use crate::ui::theme::Theme;

/// How things look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub theme: Theme,
    /// Plain signs instead of blocks and lines.
    pub ascii: bool,
}

/// Draws `model` into `buffer`, which is at least as large as the model's size or clips it.
pub fn view(model: &Model, look: Look, buffer: &mut Buffer) {
    draw(model, look, buffer);
}

/// Draws, and answers what can be clicked.
pub fn draw(model: &Model, look: Look, buffer: &mut Buffer) -> Hits {
    let theme = model.choices.shown_theme().unwrap_or(look.theme);
    let mut pen = Pen::new(buffer, Look { theme, ..look });
    if geometry::is_tiny(model.size) {
        screens::draw_tiny(&mut pen, model);
        return pen.into_hits();
    }
    screens::draw(&mut pen, model);
    if !model.is_live() && model.data.is_some() {
        let mut body = pen.screen();
        body.take_top(1);
        body.take_bottom(1);
        pen.restyle(body, Role::Stale);
    }
    widgets::toast::draw(&mut pen, model);
    for dialog in &model.dialogs {
        dialogs::draw(&mut pen, model, dialog);
    }
    pen.into_hits()
}
