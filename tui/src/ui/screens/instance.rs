//! One instance: what it is, its tree, and the text of the selected line.

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::ReportedProgress;

use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::place::InstanceTab;
use crate::app::screens::instance::Instance;
use crate::app::screens::instance::Pane;
use crate::app::screens::instance::shape;
use crate::app::verdict;
use crate::data::detail;
use crate::data::detail::Tone;
use crate::data::paces::Left;
use crate::data::progress;
use crate::data::status;
use crate::format;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::batches;
use crate::ui::screens::data;
use crate::ui::screens::findings;
use crate::ui::screens::grid;
use crate::ui::screens::history;
use crate::ui::screens::instance_tree;
use crate::ui::screens::timeline;
use crate::ui::theme::Role;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::progress as bars;

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model, instance: &Instance) {
    let shape = shape(model.size, model.choices.zoom);
    header::draw(pen, shape.header, model);
    draw_title(pen, shape.title, model, instance);
    draw_verdict(pen, shape.verdict, model, instance);
    footer::draw(pen, shape.footer, model);
    let Some(tree) = instance.tree() else {
        pen.rule(shape.rule, 0, &[], &[]);
        let text = if instance.is_gone {
            format!("There is no instance “{}”. Esc goes back.", instance.id)
        } else {
            format!("reading “{}” …", instance.id)
        };
        pen.line(inset(shape.tree), 1, &[piece(text, Role::Text)]);
        return;
    };
    if let Some(row) = &tree.instance {
        let left = model.paces.left(row, model.server_now());
        draw_progress(pen, shape.progress, tree, row, left);
    }
    draw_rule(pen, shape.rule, model, instance);
    let body = shape.body();
    match instance.tab {
        InstanceTab::Tree => draw_tree(pen, &shape, model, instance, tree),
        InstanceTab::Grid => grid::draw(pen, body, model, instance),
        InstanceTab::Batches => batches::draw(pen, body, model, instance),
        InstanceTab::Timeline => timeline::draw(pen, body, model, instance),
        InstanceTab::History => history::draw(pen, body, model, instance),
        InstanceTab::Data => data::draw(pen, body, model, instance),
    }
    draw_banner(pen, &shape, instance);
}

fn draw_tree(
    pen: &mut Pen<'_>,
    shape: &geometry::InstanceShape,
    model: &Model,
    instance: &Instance,
    tree: &InstanceTree,
) {
    let both = !shape.detail.is_empty();
    if both || instance.pane == Pane::Tree {
        instance_tree::draw(pen, shape.tree, model, instance, tree);
    }
    if both || instance.pane == Pane::Detail {
        draw_detail(pen, shape, model, instance, tree);
    }
}

fn draw_banner(pen: &mut Pen<'_>, shape: &geometry::InstanceShape, instance: &Instance) {
    if instance.is_gone {
        let text = format!(
            " {} was purged; this is the last that was seen. Esc goes back. ",
            instance.id
        );
        let banner = Area {
            height: 1,
            ..shape.progress
        };
        pen.clear(banner);
        pen.line(banner, 0, &[piece(text, Role::Bad)]);
        pen.restyle(banner, Role::Selected);
    }
}

fn inset(area: Area) -> Area {
    Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
}

fn draw_title(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    let mut left = vec![piece("‹ ", Role::Accent)];
    let trail: Vec<_> = model.screens.trail().collect();
    if area.width >= 80 {
        for id in &trail[..trail.len().saturating_sub(1)] {
            left.push(piece(format!("{id} › "), Role::Dim));
        }
    }
    if let Some(row) = instance.row() {
        left.push(piece(format!("{} · ", row.name), Role::Text));
    }
    left.push(piece(&instance.id, Role::Head));
    let Some(row) = instance.row() else {
        pen.line(inset(area), 0, &left);
        return;
    };
    let state = status::of(row.status);
    let (sign, role) = glyphs::status(state);
    let now = model.server_now();
    let mut right = vec![piece(format!("{sign} {}", status::word(state)), role)];
    let ended = status::micros(row.completed_at.as_ref());
    if let Some(at) = status::micros(row.created_at.as_ref()) {
        right.push(piece(
            format!(" {}", format::age(ended.unwrap_or(now) - at)),
            Role::Text,
        ));
    }
    let tree = instance.tree();
    if let Some(at) = tree.and_then(|it| status::micros(it.turn_out_since.as_ref())) {
        right.push(piece(
            format!(" · turn out {}", format::age(now.saturating_sub(at))),
            Role::Wait,
        ));
    } else if let Some(at) = tree.and_then(|it| status::micros(it.last_turn_at.as_ref())) {
        right.push(piece(
            format!(" · last turn {} ago", format::age(now.saturating_sub(at))),
            Role::Text,
        ));
    }
    let width: usize = right.iter().map(|it| it.text.width()).sum();
    let inner = inset(area);
    let start = inner.width.saturating_sub(cells(width));
    let left_area = Area {
        width: start.saturating_sub(1),
        ..inner
    };
    if start > 12 {
        pen.line(left_area, 0, &left);
        pen.line_from(inner, start, 0, &right);
    } else {
        pen.line(inner, 0, &left);
    }
}

/// The first finding, and how many more there are.
fn draw_verdict(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    let Some(row) = instance.row().filter(|_| area.height > 0) else {
        return;
    };
    let mut found = verdict::of(model, row).into_iter();
    let Some(first) = found.next() else {
        return;
    };
    let more = found.len();
    let keys = if more > 0 {
        format!("+{more} v")
    } else {
        "v".to_owned()
    };
    let inner = inset(area);
    let room = inner.width.saturating_sub(cells(keys.len()) + 1);
    let text = Area {
        width: room,
        ..inner
    };
    pen.line(text, 0, &findings::line(first));
    pen.line_right(inner, 0, 0, &[piece(keys, Role::Accent)]);
}

fn draw_progress(
    pen: &mut Pen<'_>,
    area: Area,
    tree: &InstanceTree,
    row: &InstanceRow,
    left: Option<Left>,
) {
    let report = progress::reported(row);
    let mut pieces = report.map_or_else(Vec::new, |it| told(it, area.width));
    if let Some(left) = left.filter(|it| it.is_whole && area.width >= 100) {
        pieces.pop();
        let text = format!(" ~{} left  ", format::about(left.eta.high));
        pieces.push(piece(text, Role::Text));
    }
    let (activities, width) = match area.width {
        // One bar is enough, and the tree has what does not fit.
        100.. if report.is_some() => ("activities", 0),
        100.. => ("activities", 16),
        80.. => ("act.", 5),
        _ => ("act.", 0),
    };
    let counted = report.is_none() || area.width >= 100;
    for (name, total) in [(activities, &row.activities), ("children", &row.children)] {
        let Some(it) = total.as_ref().filter(|it| counted && it.scheduled > 0) else {
            continue;
        };
        let done = status::finished(it);
        let bar = bars::bar(width, done, it.scheduled);
        pieces.push(piece(format!("{name} "), Role::Dim));
        pieces.push(piece(bar, Role::Accent));
        pieces.push(piece(format!(" {done}/{}", it.scheduled), Role::Text));
        if it.failed > 0 {
            pieces.push(piece(format!(" {}✗", it.failed), Role::Bad));
        }
        pieces.push(piece("  ", Role::Text));
    }
    let warning = tree.history_bytes_warning;
    let over = warning > 0 && row.history_bytes > warning / 10 * 8;
    let role = if over { Role::Warn } else { Role::Text };
    let mut history = format!(
        "{} events {}",
        format::count(row.history_events),
        format::bytes(row.history_bytes)
    );
    if warning > 0 {
        let bar = bars::bar(
            if area.width >= 100 { 6 } else { 3 },
            row.history_bytes,
            warning,
        );
        history.push_str(&format!(
            " {bar} of {}{}",
            format::bytes(warning),
            if over { " !" } else { "" }
        ));
    }
    pieces.push(piece(history, role));
    pen.line(inset(area), 0, &pieces);
}

/// What the instance reports: label, bar, counts, batch.
fn told(report: &ReportedProgress, columns: u16) -> Vec<Piece<'static>> {
    let (label, width) = match columns {
        100.. => (24, 16),
        80.. => (14, 8),
        _ => (10, 6),
    };
    let label = Clean::from(progress::label(report)).fit(label, "…");
    let bar = bars::bar(width, report.finished, report.total);
    let mut pieces = vec![
        piece(format!("{} ", label.as_str()), Role::Head),
        piece(bar, Role::Accent),
        piece(format!(" {}/{}", report.finished, report.total), Role::Text),
    ];
    if report.failed > 0 {
        pieces.push(piece(format!(" {}✗", report.failed), Role::Bad));
    }
    if let Some(batch) = progress::batch(report) {
        pieces.push(piece(format!(" {batch}"), Role::Text));
    }
    pieces.push(piece("  ", Role::Text));
    pieces
}

/// The tabs; on the tree's, which of its two panes has the keys.
fn draw_rule(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    pen.rule(area, 0, &[], &[]);
    let mut x = 1;
    let roomy = area.width >= 60;
    for tab in InstanceTab::ALL {
        let is_on_top = tab == instance.tab;
        if !roomy && !is_on_top {
            continue;
        }
        let (text, role) = if is_on_top {
            (format!("[{}]", tab.title()), Role::Accent)
        } else {
            (format!(" {} ", tab.title()), Role::Dim)
        };
        x = pen.line_from(area, x, 0, &[piece(text, role).click(Hit::Tab(tab))]);
    }
    if instance.tab == InstanceTab::Tree {
        draw_panes(pen, area, x + 1, model, instance);
    }
    if model.is_polling() {
        let text = "no feed: open may be queued or running";
        pen.line_right(inset(area), x + 20, 0, &[piece(text, Role::Dim)]);
    }
}

fn draw_panes(pen: &mut Pen<'_>, area: Area, from: u16, model: &Model, instance: &Instance) {
    let shape = shape(model.size, model.choices.zoom);
    let focused = instance.pane == Pane::Detail;
    let role = if focused { Role::Accent } else { Role::Dim };
    if shape.detail.is_empty() {
        let name = pane_name(instance.pane);
        pen.put(area, from, 0, format!(" {name} "), role);
    } else if shape.beside {
        let x = shape.detail.x.saturating_sub(area.x) + 1;
        pen.put(area, x.max(from), 0, " Text ", role);
    }
}

fn pane_name(pane: Pane) -> &'static str {
    match pane {
        Pane::Tree => "Tree (Tab: text)",
        Pane::Detail => "Text (Tab: tree)",
    }
}

fn draw_detail(
    pen: &mut Pen<'_>,
    shape: &geometry::InstanceShape,
    model: &Model,
    instance: &Instance,
    tree: &InstanceTree,
) {
    let area = shape.detail_text();
    pen.hit(area, Hit::Pane(Pane::Detail));
    let lines = detail::lines(
        tree,
        instance.measured(),
        instance.selected(),
        usize::from(area.width),
        model.server_now(),
    );
    let visible = usize::from(area.height);
    let top = instance.detail_top.min(lines.len().saturating_sub(visible));
    let more = lines.len().saturating_sub(visible);
    if !shape.detail.is_empty() {
        let focused = instance.pane == Pane::Detail;
        let role = if focused { Role::Accent } else { Role::Dim };
        if shape.beside {
            let line = Area {
                x: shape.detail.x.saturating_sub(1),
                width: 1,
                ..shape.detail
            };
            for y in 0..line.height {
                pen.put(line, 0, y, "│", role);
            }
        } else {
            pen.rule(
                shape.detail,
                0,
                &[piece("Text", role)],
                &scroll_note(top, visible, lines.len()),
            );
        }
    }
    if more > 0 && shape.beside {
        let inner = inset(shape.rule);
        pen.line_right(inner, 60, 0, &scroll_note(top, visible, lines.len()));
    }
    for (y, line) in lines.into_iter().skip(top).take(visible).enumerate() {
        let role = match line.tone {
            Tone::Head => Role::Head,
            Tone::Plain => Role::Text,
            Tone::Dim => Role::Dim,
            Tone::Bad => Role::Bad,
        };
        pen.line(area, cells(y), &[piece(line.text, role)]);
    }
}

fn scroll_note(top: usize, visible: usize, total: usize) -> Vec<Piece<'static>> {
    if total <= visible {
        return Vec::new();
    }
    let last = (top + visible).min(total);
    vec![piece(
        format!(" {}–{last} of {total} (Tab, j k) ", top + 1),
        Role::Dim,
    )]
}
