//! The overview: numbers, the list, a preview of the selected instance.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;

use crate::app::event::Link;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::data::progress;
use crate::data::progress::Progress;
use crate::data::status;
use crate::format;
use crate::format::Micros;
use crate::text::cells;
use crate::text::wrap_words;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::overview_panels;
use crate::ui::screens::preview;
use crate::ui::theme::Role;
use crate::ui::widgets::field;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::marks;
use crate::ui::widgets::progress as bars;
use crate::ui::widgets::vtable;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use crate::ui::widgets::vtable::id_cell;

const fn column(title: &'static str, min: u16, ideal: u16, right: bool, priority: u8) -> Column {
    Column {
        title,
        min,
        ideal,
        right,
        priority,
    }
}

const COLUMNS: [Column; 12] = [
    column("", 1, 1, false, 0),
    column("STATUS", 10, 10, false, 8),
    column("INSTANCE ID", 16, 26, false, 0),
    column("NAME", 10, 20, false, 3),
    column("IDLE", 5, 5, true, 5),
    column("AGE", 5, 5, true, 9),
    column("PROGRESS", 8, 24, false, 4),
    column("DONE", 9, 9, true, 1),
    column("✗", 3, 4, true, 2),
    column("EVENTS", 6, 7, true, 10),
    column("HISTORY", 7, 7, true, 6),
    column("OPEN WORK, FAILURE", 24, 120, false, 7),
];

/// Where the bar stands in [`COLUMNS`].
const PROGRESS: usize = 6;
/// From this width on there is room for the number of a batch beside its bar, and for longer names.
const ROOMY: u16 = 70;
const PROGRESS_ROOMY: u16 = 12;
const NAME: usize = 3;
const NAME_ROOMY: u16 = 13;

/// Free columns beside a text that stands in the place of the list.
const MARGIN: u16 = 2;
/// Lines that the reason of a lost connection may take.
const REASON_LINES_MAX: u16 = 8;

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let shape = geometry::overview(model.size);
    header::draw(pen, shape.header, model);
    overview_panels::draw(pen, shape.panels, model);
    draw_rule(pen, shape.rule, model);
    if let Some(text) = empty_text(model, shape.list) {
        draw_lines(pen, shape.list, &text);
    } else {
        draw_list(pen, shape.columns, shape.list, model);
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
        pen.rule(area, 0, &[], &right);
        let mut x = pen.put(area, 1, 0, " / ", Role::Accent);
        let width = area.width.saturating_sub(x).min(48);
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
    let scope = if overview.roots_only {
        "roots"
    } else {
        "with children"
    };
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
                vec![piece(
                    format!("connecting to {place} … attempt {attempt}"),
                    Role::Text,
                )]
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
        if overview.roots_only {
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
    let columns = usize::from(area.width.saturating_sub(2 * MARGIN));
    let lines_max = usize::from(area.height.saturating_sub(3).clamp(1, REASON_LINES_MAX));
    let reason = wrap_words(reason, columns, lines_max);
    let mut text = vec![piece(format!("No data from {place}."), Role::Head)];
    text.extend(reason.into_iter().map(|line| piece(line, Role::Bad)));
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

fn draw_list(pen: &mut Pen<'_>, titles: Area, area: Area, model: &Model) {
    let Some(page) = model.page() else {
        return;
    };
    let inner = |area: Area| Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let mut columns = COLUMNS;
    if area.width >= ROOMY {
        columns[PROGRESS].min = PROGRESS_ROOMY;
        columns[NAME].min = NAME_ROOMY;
    }
    let widths = vtable::fit(&columns, inner(area).width);
    vtable::draw_titles(pen, inner(titles), &columns, &widths);
    let selection = &model.screens.overview.selection;
    let offset = page.window.as_ref().map_or(0, |it| it.offset);
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let now = model.server_now();
    let bar = usize::from(widths[PROGRESS]);
    for y in 0..area.height {
        let index = selection.top() + usize::from(y);
        let loaded = index.checked_sub(offset).and_then(|at| page.rows.get(at));
        let line = Area {
            y: area.y + y,
            height: 1,
            ..area
        };
        match loaded {
            Some(row) => {
                vtable::draw_row(
                    pen,
                    inner(line),
                    0,
                    &columns,
                    &widths,
                    &cells_of(row, now, bar),
                );
            }
            None if u64::try_from(index).unwrap_or(u64::MAX) < page.matching => {
                pen.put(inner(line), 2, 0, "…", Role::Dim);
            }
            None => continue,
        }
        if index == selection.index() {
            pen.put(line, 0, 0, "▌", Role::Accent);
        }
        if loaded.is_some_and(|it| model.marks.has(&it.instance_id)) {
            pen.put(line, 0, 0, "•", Role::Accent);
        }
        if index == selection.index() {
            pen.restyle(line, Role::Selected);
        }
    }
}

/// The cells of one row.
fn cells_of(row: &InstanceRow, now: Micros, bar_width: usize) -> [Cell<'_>; 12] {
    let state = status::of(row.status);
    let (sign, role) = glyphs::status(state);
    let since = |at: Option<Micros>| {
        at.map_or_else(|| "–".to_owned(), |at| format::age(now.saturating_sub(at)))
    };
    let created = status::micros(row.created_at.as_ref());
    let idle = status::micros(row.updated_at.as_ref());
    let progress = progress::of(row);
    let bar = progress.map_or_else(String::new, |it| bar(bar_width, it, state));
    let done = progress.map_or_else(
        || "–".to_owned(),
        |it| format!("{}/{}", it.finished, it.total),
    );
    let failures = progress.map_or_else(|| status::failures(row), |it| it.failed);
    let or_dash = |value: u64, text: String| if value == 0 { "–".to_owned() } else { text };
    let bar_role = if status::has_ended(state) {
        role
    } else {
        Role::Accent
    };
    let (note, note_role) = note(row, now);
    [
        cell(sign, role),
        cell(status::word(state), role),
        id_cell(&row.instance_id, Role::Text),
        id_cell(&row.name, Role::Text),
        cell(since(idle), Role::Text),
        cell(since(created), Role::Dim),
        cell(bar, bar_role),
        cell(done, Role::Text),
        cell(
            if failures == 0 {
                String::new()
            } else {
                failures.to_string()
            },
            Role::Bad,
        ),
        cell(
            or_dash(row.history_events, format::count(row.history_events)),
            Role::Dim,
        ),
        cell(
            or_dash(row.history_bytes, format::bytes(row.history_bytes)),
            Role::Text,
        ),
        cell(note, note_role),
    ]
}

/// The bar, with the number of the batch unless all of them are done.
fn bar(width: usize, progress: Progress, state: OrchestrationStatus) -> String {
    let batch = progress
        .batch
        .filter(|_| state != OrchestrationStatus::Completed);
    let notes = batch.map(|(batch, batches)| {
        [
            format!("batch {batch} of {batches}"),
            format!("{batch} of {batches}"),
        ]
    });
    let notes = notes.as_ref().map_or(&[][..], |it| &it[..]);
    bars::bar_with_note(width, progress.finished, progress.total, notes)
}

/// What is open, or why it failed: facts only.
fn note(row: &InstanceRow, now: Micros) -> (String, Role) {
    if !row.failure.is_empty() {
        return (row.failure.clone(), Role::Bad);
    }
    if status::has_ended(status::of(row.status)) {
        return (String::new(), Role::Dim);
    }
    let starts = status::micros(row.scheduled_start.as_ref()).filter(|at| *at > now);
    if let Some(at) = starts {
        return (
            format!("starts in {}", format::age(at.saturating_sub(now))),
            Role::Wait,
        );
    }
    let mut open = Vec::new();
    for (count, one, many) in [
        (
            status::open(row.activities.as_ref()),
            "activity",
            "activities",
        ),
        (status::open(row.children.as_ref()), "child", "children"),
        (u64::from(row.timers_pending), "timer", "timers"),
        (u64::from(row.messages_waiting), "message", "messages"),
    ] {
        if count > 0 {
            open.push(format!(
                "{} {}",
                format::count(count),
                if count == 1 { one } else { many }
            ));
        }
    }
    if row.turn_out {
        open.push("a turn is out".to_owned());
    }
    if open.is_empty() && row.history_events > 0 {
        return ("nothing open".to_owned(), Role::Wait);
    }
    (open.join(", "), Role::Text)
}
