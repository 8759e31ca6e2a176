//! Input, output, custom status, tags, ids and times of an instance.

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::data;
use crate::app::screens::instance::Instance;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::list;
use crate::ui::widgets::outline;

/// Draws the tab into `area`, below the instance's title, progress and tabs.
pub fn draw(pen: &mut Pen<'_>, mut area: Area, model: &Model, instance: &Instance) {
    let view = &instance.data;
    let lines = data::area(model.size, model.choices.zoom);
    let top = area.take_top(area.height.saturating_sub(lines.height));
    if !top.is_empty() {
        let note = outline::scroll_note(&view.outline, lines.height);
        let right = [piece(note, Role::Dim)];
        let right = if view.outline.lines.len() > usize::from(lines.height) {
            &right[..]
        } else {
            &[]
        };
        let left = [piece("what it was given and says of itself", Role::Text)];
        list::rule(pen, top, &view.search, &left, right);
    }
    let (top, index) = (view.outline.top, view.outline.index);
    let below = view.outline.lines.len().saturating_sub(top);
    pen.list_of(lines, below, index.saturating_sub(top));
    outline::draw(pen, lines, &view.outline, true);
}
