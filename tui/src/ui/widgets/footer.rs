//! The last line: what can be done here now, from the action table.

use crate::app::action;
use crate::app::action::Action;
use crate::app::action::ActionId;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// Entries from this place on stay when it is narrow.
const STAYS: u8 = 9;

/// Draws the footer; what does not fit is left out, but help and quit stay.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model) {
    let mut shown: Vec<_> = action::all()
        .filter(|it| it.footer > 0 && it.is_here(model))
        .filter(|it| it.check(model).is_ok())
        .collect();
    shown.sort_by_key(|it| it.footer);
    let entries: Vec<_> = shown
        .iter()
        .filter_map(|it| {
            let key = model.choices.keys.first(it)?;
            Some((key, title(it, model), it.footer >= STAYS, it.id))
        })
        .collect();
    let width = |it: &(String, &str, bool, ActionId)| it.0.chars().count() + it.1.len() + 3;
    let reserved: usize = entries.iter().filter(|it| it.2).map(width).sum();
    let mut room = usize::from(area.width).saturating_sub(reserved + 1);
    let mut x = 1;
    for it in &entries {
        if !it.2 {
            if width(it) > room {
                continue;
            }
            room -= width(it);
        }
        let title = format!(" {}  ", it.1);
        let hit = Hit::Action(it.3);
        let pieces = [
            piece(it.0.as_str(), Role::Head).click(hit),
            piece(title, Role::Dim).click(hit),
        ];
        x = pen.line_from(area, x, 0, &pieces);
    }
}

fn title(action: &Action, model: &Model) -> &'static str {
    let suspended = durascope_proto::OrchestrationStatus::Suspended;
    if action.id == ActionId::SuspendResume && model.target_status() == Some(suspended) {
        return "resume";
    }
    action.title
}
