//! Toasts, at the right above the footer.

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::toast::Kind;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Draws the toasts, the newest lowest.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let screen = pen.screen();
    for (row, toast) in model.toasts.iter().rev().enumerate() {
        let (sign, role) = match toast.kind {
            Kind::Done => ("✓", Role::Ok),
            Kind::Note => ("·", Role::Accent),
            Kind::Bad => ("✗", Role::Bad),
        };
        let room = usize::from(screen.width.saturating_sub(2));
        let text = Clean::from(format!(" {sign} {} ", toast.text)).fit(room, "…");
        let width = cells(text.width());
        let Some(y) = screen.height.checked_sub(cells(row).saturating_add(2)) else {
            break;
        };
        let x = screen.x + screen.width.saturating_sub(width + 1);
        let area = Area {
            x,
            y: screen.y + y,
            width,
            height: 1,
        };
        pen.clear(area);
        pen.put(area, 0, 0, text.as_str(), role);
        pen.restyle(area, Role::Selected);
    }
}
