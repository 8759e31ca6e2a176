//! The overview: numbers, the list, a preview of the selected instance.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::SortColumn;

use crate::app::event::Link;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::screens::family;
use crate::app::screens::overview::Overview;
use crate::app::verdict;
use crate::data::progress;
use crate::data::progress::Progress;
use crate::data::status;
use crate::data::verdict::SHORT_MAX;
use crate::format;
use crate::format::Micros;
use crate::text::cells;
use crate::text::wrap_words;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::findings;
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
    column("STATUS", 10, 10, false, 10),
    column("INSTANCE ID", 14, 26, false, 0),
    column("NAME", 8, 20, false, 4),
    column("IDLE", 5, 5, true, 5),
    column("AGE", 5, 5, true, 11),
    column("PROGRESS", 8, 24, false, 6),
    column("DONE", 9, 9, true, 2),
    column("✗", 3, 4, true, 3),
    column("WAITING ON", 18, 40, false, 1),
    column("HISTORY", 7, 7, true, 9),
    column("EVENTS", 6, 7, true, 12),
];

/// What a click on the title of a column sorts by.
const SORTED_BY: [(usize, SortColumn); 10] = [
    (1, SortColumn::Status),
    (2, SortColumn::InstanceId),
    (3, SortColumn::Name),
    (4, SortColumn::Updated),
    (5, SortColumn::Created),
    (6, SortColumn::Open),
    (8, SortColumn::Failures),
    (9, SortColumn::Attention),
    (10, SortColumn::History),
    (11, SortColumn::History),
];

/// Where these stand in [`COLUMNS`].
const ID: usize = 2;
const NAME: usize = 3;
const PROGRESS: usize = 6;
const FAILED: usize = 8;
const WAITING: usize = 9;
/// From these widths on there is room for findings, for names beside ids, and for all.
const SOME: u16 = 56;
const ROOMY: u16 = 70;
const WIDE: u16 = 100;

/// The columns for a list of this width.
fn columns(width: u16) -> [Column; 12] {
    let mut columns = COLUMNS;
    if width >= SOME {
        columns[WAITING].min = u16::try_from(SHORT_MAX).unwrap_or(u16::MAX);
    }
    if width < WIDE {
        // It stands before the id, or nowhere.
        columns[NAME].min = 0;
        columns[FAILED].priority = 8;
    }
    if width >= ROOMY {
        columns[ID].min = 19;
        columns[PROGRESS].min = 10;
    }
    if width >= WIDE {
        columns[NAME].min = 13;
        columns[PROGRESS].min = 12;
    } else if width >= ROOMY {
        columns[ID].title = "NAME · INSTANCE ID";
    }
    columns
}

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
    let columns = columns(area.width);
    let widths = vtable::fit(&columns, inner(area).width);
    vtable::draw_titles(pen, inner(titles), &columns, &widths);
    let overview = &model.screens.overview;
    let sorts = SORTED_BY.iter().map(|(at, sort)| (*at, Hit::Sort(*sort)));
    vtable::click_titles(pen, inner(titles), &widths, sorts);
    pen.list(area);
    let bar = usize::from(widths[PROGRESS]);
    let cursor = family::cursor(overview, page);
    let lines = family::visible(overview, page, usize::from(area.height));
    for (y, at) in lines.into_iter().enumerate() {
        let line = Area {
            y: area.y + cells(y),
            height: 1,
            ..area
        };
        let root = family::root_at(page, at.root);
        let shown = root.and_then(|root| match at.child {
            None => Some(Shown::root(root, overview)),
            Some(child) => Shown::child(root, child, overview),
        });
        match shown {
            Some(shown) => {
                let mut row = cells_of(model, &shown, bar);
                if (ROOMY..WIDE).contains(&area.width) {
                    row[ID] = named_id(&shown);
                }
                vtable::draw_row(pen, inner(line), 0, &columns, &widths, &row);
            }
            None => {
                pen.put(inner(line), 2, 0, "…", Role::Dim);
            }
        }
        if shown.is_some_and(|it| it.is_old) {
            pen.restyle(line, Role::Stale);
        }
        if at == cursor {
            pen.put(line, 0, 0, "▌", Role::Accent);
        }
        if shown.is_some_and(|it| model.marks.has(&it.row.instance_id)) {
            pen.put(line, 0, 0, "•", Role::Accent);
        }
        if at == cursor {
            pen.restyle(line, Role::Selected);
        }
    }
}

/// A row, and how it stands in the list.
#[derive(Clone, Copy)]
struct Shown<'a> {
    row: &'a InstanceRow,
    /// Before its id.
    lead: &'static str,
    /// Nobody watches its root now: it is as it was last seen.
    is_old: bool,
}

impl<'a> Shown<'a> {
    fn root(row: &'a InstanceRow, overview: &Overview) -> Self {
        let has_children = row.children.is_some_and(|it| it.scheduled > 0);
        let lead = if overview.families.is_unfolded(&row.instance_id) {
            "▾ "
        } else if has_children {
            "› "
        } else {
            ""
        };
        Self {
            row,
            lead,
            is_old: false,
        }
    }

    fn child(root: &InstanceRow, at: usize, overview: &'a Overview) -> Option<Self> {
        let children = overview.families.children(&root.instance_id);
        Some(Self {
            row: children.get(at)?,
            lead: "  ",
            is_old: overview.selection.id() != Some(root.instance_id.as_str()),
        })
    }
}

/// Name and id in one cell.
fn named_id<'a>(shown: &Shown<'a>) -> Cell<'a> {
    let Shown { row, lead, .. } = shown;
    id_cell(
        format!("{lead}{}·{}", row.name, row.instance_id),
        Role::Text,
    )
}

/// The cells of one row.
fn cells_of<'a>(model: &Model, shown: &Shown<'a>, bar_width: usize) -> [Cell<'a>; 12] {
    let (row, now) = (shown.row, model.server_now());
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
    let (note, note_role) = note(model, row);
    let id = if shown.lead.is_empty() {
        id_cell(&row.instance_id, Role::Text)
    } else {
        id_cell(format!("{}{}", shown.lead, row.instance_id), Role::Text)
    };
    [
        cell(sign, role),
        cell(status::word(state), role),
        id,
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
        cell(note, note_role),
        cell(
            or_dash(row.history_bytes, format::bytes(row.history_bytes)),
            Role::Text,
        ),
        cell(
            or_dash(row.history_events, format::count(row.history_events)),
            Role::Dim,
        ),
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

/// The first finding, or else nothing: an ended instance waits for nothing.
fn note(model: &Model, row: &InstanceRow) -> (String, Role) {
    if !row.failure.is_empty() {
        return (status::short_failure(&row.failure).to_owned(), Role::Bad);
    }
    match verdict::of(model, row).into_iter().next() {
        Some(first) => {
            let role = findings::role(&first);
            (first.short, role)
        }
        None if status::has_ended(status::of(row.status)) => (String::new(), Role::Dim),
        None => ("–".to_owned(), Role::Dim),
    }
}
