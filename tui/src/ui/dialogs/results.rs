//! A deed on many: how far it is, and what became of each.

use crate::app::dialogs::results::Results;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::run::Outcome;
use crate::format;
use crate::text::Clean;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::frame;
use crate::ui::widgets::progress;

/// Columns of the id, the rest is what became of it.
const ID_WIDTH: u16 = 34;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Results) {
    let Some(run) = &model.run else {
        return;
    };
    let count = |it: usize| format::count(u64::try_from(it).unwrap_or(u64::MAX));
    let (done, failed, left, all) = run.counts();
    let over = run.is_over();
    let title = match run.stopped() {
        _ if !over => format!(
            "{} · {} of {}",
            run.deed.verb(),
            count(run.result_count()),
            count(all)
        ),
        Some(why) => format!("{} · {why}", run.deed.verb()),
        None => format!("{} · results", run.deed.verb()),
    };
    let keys = if over {
        "y copy id · Y copy all · Esc close"
    } else {
        "Esc stops what has not begun"
    };
    let screen = pen.screen();
    let height = frame::rows(all)
        .saturating_add(3)
        .min(screen.height.saturating_sub(4));
    let mut area = frame::draw(pen, 92, height, &title, keys);
    let top = area.take_top(1);
    let mut pieces = vec![piece(format!("✓ {} done", count(done)), Role::Ok)];
    if failed > 0 {
        pieces.push(piece(format!("  ✗ {} failed", count(failed)), Role::Bad));
    }
    if left > 0 {
        pieces.push(piece(format!("  · {} left out", count(left)), Role::Dim));
    }
    let end = pen.line(top, 0, &pieces);
    if !over {
        let width = usize::from(top.width.saturating_sub(end + 2)).min(40);
        let finished = u64::try_from(run.result_count()).unwrap_or(0);
        let bar = progress::bar(width, finished, u64::try_from(all).unwrap_or(0));
        pen.line_right(top, end, 0, &[piece(bar, Role::Accent)]);
    }
    area.take_top(1);
    let visible = usize::from(area.height).max(1);
    let first = (dialog.index + 1).saturating_sub(visible);
    for y in 0..area.height {
        let at = first + usize::from(y);
        let Some((id, outcome)) = run.result(at) else {
            break;
        };
        let line = Area {
            y: area.y + y,
            height: 1,
            ..area
        };
        let (sign, role) = match outcome {
            Outcome::Done(_) => ("✓", Role::Ok),
            Outcome::Failed(_) => ("✗", Role::Bad),
            Outcome::Skipped(_) | Outcome::NotBegun(_) => ("·", Role::Dim),
        };
        let width = ID_WIDTH.min(line.width / 2);
        let id = Clean::from(id).fit_middle(usize::from(width), "…");
        pen.put(line, 0, 0, sign, role);
        pen.put(line, 2, 0, id.as_str(), Role::Text);
        let (word, said) = outcome.words();
        let text = match outcome {
            Outcome::Done(_) => said.to_owned(),
            _ => format!("{word}: {said}"),
        };
        pen.line_from(line, width + 3, 0, &[piece(text, role)]);
        if at == dialog.index && over {
            pen.restyle(line, Role::Selected);
        }
    }
}
