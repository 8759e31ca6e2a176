//! All findings about an instance, with how sure each is and where it is proven.

use crate::app::action;
use crate::app::dialogs::verdict::Verdict;
use crate::app::event::Key;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::verdict;
use crate::data::verdict::Finding;
use crate::text;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::screens::findings;
use crate::ui::theme::Role;
use crate::ui::widgets::frame;

const WIDTH: u16 = 100;
/// Lines of one finding at most.
const LINES_MAX: usize = 6;

/// Draws the list.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Verdict) {
    let all = verdict::of_id(model, &dialog.instance_id);
    let chosen = dialog.index(&all);
    let width = WIDTH.min(pen.screen().width.saturating_sub(4));
    let columns = usize::from(width.saturating_sub(2));
    let blocks: Vec<_> = all
        .iter()
        .map(|it| text::wrap_words(&it.text, columns, LINES_MAX))
        .collect();
    let height: usize = blocks.iter().map(|it| it.len() + 1).sum();
    let room = usize::from(pen.screen().height.saturating_sub(4));
    let title = format!("Why is it not done? · {}", dialog.instance_id);
    let keys = "Enter shows where it is proven · j k · Esc close";
    let area = frame::draw(
        pen,
        width,
        frame::rows(height.clamp(1, room.max(1))),
        title,
        keys,
    );
    if all.is_empty() {
        let text = if model.is_polling() {
            "Nothing is known: this server has no feed. Open the instance to see its history."
        } else {
            "Nothing to say: it has ended, or a turn is about to run."
        };
        pen.line(area, 0, &[piece(text, Role::Text)]);
        return;
    }
    // The chosen one is on screen as a whole, if it fits.
    let end: usize = blocks[..=chosen].iter().map(|it| it.len() + 1).sum();
    let skip = end.saturating_sub(usize::from(area.height));
    let mut y = 0;
    for (at, (finding, lines)) in all.iter().zip(&blocks).enumerate() {
        let mut rows: Vec<_> = lines.iter().map(|it| (it.clone(), Role::Text)).collect();
        rows.push((about(model, finding), Role::Dim));
        for (row, (text, role)) in rows.into_iter().enumerate() {
            let on_screen = (y >= skip).then(|| frame::rows(y - skip));
            y += 1;
            let Some(top) = on_screen.filter(|it| *it < area.height) else {
                continue;
            };
            let line = Area {
                y: area.y + top,
                height: 1,
                ..area
            };
            let sign = if row == 0 {
                findings::sign(finding)
            } else {
                " "
            };
            pen.line(
                line,
                0,
                &[
                    piece(format!("{sign} "), findings::role(finding)),
                    piece(text, role),
                ],
            );
            if at == chosen {
                pen.restyle(line, Role::Selected);
            }
        }
    }
}

fn about(model: &Model, finding: &Finding) -> String {
    let mut about = format!(
        "{} · Enter: {}",
        finding.certainty.word(),
        finding.evidence.words()
    );
    if let Some(key) = finding.action {
        let title = action::find(model, Key::char(key)).map(|it| it.title);
        if let Some(title) = title {
            about.push_str(&format!(" · {key}: {title}"));
        }
    }
    about
}
