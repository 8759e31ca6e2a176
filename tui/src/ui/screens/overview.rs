//! The overview: numbers, the list, a preview of the selected instance.

use crate::app::event::Link;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::format;
use crate::text::cells;
use crate::text::wrap_words;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::overview_list;
use crate::ui::screens::overview_panels;
use crate::ui::screens::preview;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::marks;

/// Free columns beside a text that stands in the place of the list.
const MARGIN: u16 = 2;
/// Lines that the reason of a lost connection may take.
const REASON_LINES_MAX: u16 = 8;

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let shape = model.overview_shape();
    header::draw(pen, shape.header, model);
    overview_panels::draw(pen, shape.panels, model);
    draw_rule(pen, shape.rule, model);
    if let Some(text) = empty_text(model, shape.list) {
        draw_lines(pen, shape.list, &text);
    } else {
        overview_list::draw(pen, shape.columns, shape.list, model);
    }
    preview::draw(pen, shape.preview, model);
    marks::draw(pen, model);
    footer::draw(pen, shape.footer, model);
}

fn draw_rule(pen: &mut Pen<'_>, area: Area, model: &Model) {
    let overview = &model.screens.overview;
    let matching = model
        .page()
        .map_or_else(|| "–".to_owned(), |it| format::count(it.matching));
    let order = if overview.reverse {
        "▾ reversed"
    } else {
        "▾"
    };
    let right = [piece(
        format!("{matching} · sort: {} {order}", overview.sort_name()),
        Role::Text,
    )];
    if overview.editing {
        let right = if overview.filter_error.is_some() {
            &[][..]
        } else {
            &right[..]
        };
        pen.rule(area, 0, &[], right);
        let mut x = pen.put(area, 1, 0, " / ", Role::Accent);
        let mut width = area.width.saturating_sub(x).min(48);
        if overview.filter_error.is_some() {
            // What is wrong is worth more room than what may be typed yet.
            let typed = crate::text::width(overview.filter.text());
            width = width.min(cells(typed.saturating_add(2)));
        }
        let inner = Area {
            x: area.x + x,
            width,
            ..area
        };
        pen.clear(inner);
        field::draw(pen, inner, &overview.filter, true);
        x += width;
        if let Some(error) = &overview.filter_error {
            pen.line_from(area, x, 0, &[piece(format!(" {error} "), Role::Bad)]);
        }
        return;
    }
    let roots_only = overview.applied.roots.unwrap_or(overview.roots_only);
    let scope = if roots_only { "roots" } else { "with children" };
    let mut left = vec![
        piece("Instances", Role::Head),
        piece(format!(": {scope}"), Role::Text),
    ];
    if !overview.filter.text().is_empty() {
        left.push(piece(
            format!(" · filter: {}", overview.filter.text()),
            Role::Accent,
        ));
    }
    if let Some(error) = &overview.filter_error {
        left.push(piece(format!(" ({error})"), Role::Bad));
    }
    if let Some(unknown) = overview.applied.needs_feed().filter(|_| model.is_polling()) {
        let text = format!(" ({unknown}: not told without the feed)");
        left.push(piece(text, Role::Warn));
    }
    pen.rule(area, 0, &left, &right);
}

/// What to say when there is no row.
fn empty_text(model: &Model, area: Area) -> Option<Vec<Piece<'static>>> {
    let settings = &model.settings;
    let Some(page) = model.page() else {
        let place = format!("{}, task hub “{}”", settings.endpoint, settings.task_hub);
        return Some(match &model.link {
            Link::Lost { reason, .. } => no_data(&place, reason, area),
            Link::Connecting { attempt } => {
                let text = format!("connecting to {place} … attempt {attempt}");
                let mut lines = vec![piece(text, Role::Text)];
                if let Some(reason) = &model.trouble {
                    lines.push(piece("The last attempt failed:", Role::Dim));
                    lines.extend(trouble(reason, area));
                }
                lines
            }
            Link::Live(_) => vec![piece("waiting for the first instances …", Role::Text)],
        });
    };
    if page.matching > 0 || !page.rows.is_empty() {
        return None;
    }
    let overview = &model.screens.overview;
    if !overview.applied.is_empty() {
        let filter = overview.filter.text();
        let mut text = vec![
            piece(format!("Nothing matches “{filter}”."), Role::Head),
            piece("Esc clears the filter.", Role::Text),
        ];
        if overview.applied.roots.unwrap_or(overview.roots_only) {
            text.push(piece(
                "Sub-orchestrations are hidden; c shows them.",
                Role::Dim,
            ));
        }
        return Some(text);
    }
    let hub = &settings.task_hub;
    Some(vec![
        piece(
            format!("No orchestrations in task hub “{hub}” yet."),
            Role::Head,
        ),
        piece(
            format!("Start one with your SDK at {}.", settings.endpoint),
            Role::Text,
        ),
    ])
}

fn no_data(place: &str, reason: &str, area: Area) -> Vec<Piece<'static>> {
    let mut text = vec![piece(format!("No data from {place}."), Role::Head)];
    text.extend(trouble(reason, area));
    text.push(piece(
        "It is tried again and again; r tries now, q quits.",
        Role::Text,
    ));
    text.push(piece(
        "Start a scheduler there, or name another with --endpoint.",
        Role::Dim,
    ));
    text
}

/// Why there is no connection, as far as there is room.
fn trouble(reason: &str, area: Area) -> impl Iterator<Item = Piece<'static>> {
    let columns = usize::from(area.width.saturating_sub(2 * MARGIN));
    let lines_max = usize::from(area.height.saturating_sub(3).clamp(1, REASON_LINES_MAX));
    let lines = wrap_words(reason, columns, lines_max);
    lines.into_iter().map(|line| piece(line, Role::Bad))
}

fn draw_lines(pen: &mut Pen<'_>, area: Area, lines: &[Piece<'_>]) {
    let top = area.height.saturating_sub(cells(lines.len())) / 3;
    for (y, line) in lines.iter().enumerate() {
        let inner = Area {
            x: area.x + MARGIN,
            width: area.width.saturating_sub(2 * MARGIN),
            ..area
        };
        let y = top + cells(y);
        pen.line(inner, y, std::slice::from_ref(line));
    }
}
