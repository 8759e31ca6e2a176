//! The list of instances: its columns, and what stands in each row.

use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::screens::family;
use crate::app::screens::family::Below;
use crate::app::screens::family::What;
use crate::app::screens::overview::Overview;
use crate::app::verdict;
use crate::data::paces::Left;
use crate::data::progress;
use crate::data::progress::Progress;
use crate::data::status;
use crate::data::verdict::SHORT_MAX;
use crate::format;
use crate::format::Micros;
use crate::text::cells;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::screens::findings;
use crate::ui::theme::Role;
use crate::ui::widgets::progress as bars;
use crate::ui::widgets::vtable;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use crate::ui::widgets::vtable::id_cell;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::SortColumn;

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

/// Draws titles and rows.
pub fn draw(pen: &mut Pen<'_>, titles: Area, area: Area, model: &Model) {
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
    let watched = family::watched(overview);
    let mut of_root: Option<(usize, Vec<Below<'_>>)> = None;
    let lines = family::visible(overview, page, usize::from(area.height));
    for (y, at) in lines.into_iter().enumerate() {
        let line = Area {
            y: area.y + cells(y),
            height: 1,
            ..area
        };
        let root = family::root_at(page, at.root);
        if of_root.as_ref().is_none_or(|it| it.0 != at.root) {
            let all = root.map_or_else(Vec::new, |it| overview.families.below(&it.instance_id));
            of_root = Some((at.root, all));
        }
        let all = of_root.as_ref().map_or(&[][..], |it| &it.1);
        let below = at.below.and_then(|at| all.get(at));
        let shown = match (root, below.map(|it| (it, it.what))) {
            (Some(root), None) if at.below.is_none() => Some(Shown::root(root, overview)),
            (_, Some((below, What::Child(row)))) => Some(Shown::child(row, below, overview)),
            _ => None,
        };
        match (&shown, below) {
            (Some(shown), _) => {
                let mut row = cells_of(model, shown, bar);
                if (ROOMY..WIDE).contains(&area.width) {
                    row[ID] = named_id(shown);
                }
                vtable::draw_row(pen, inner(line), 0, &columns, &widths, &row);
            }
            (None, Some(below)) => draw_rest(pen, inner(line), below),
            (None, None) => {
                pen.put(inner(line), 2, 0, "…", Role::Dim);
            }
        }
        if below.is_some_and(|it| watched != it.parent) {
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

/// The line that stands for the children that the server did not send.
fn draw_rest(pen: &mut Pen<'_>, line: Area, below: &Below<'_>) {
    let What::Rest(rest) = below.what else {
        return;
    };
    let noun = if rest == 1 { "child" } else { "children" };
    let text = format!(
        "{}… {} more {noun} of {}: Enter opens it",
        "  ".repeat(below.depth + 1),
        format::count(rest),
        below.parent
    );
    pen.line(line, 0, &[piece(text, Role::Dim)]);
}

/// A row, and how it stands in the list.
#[derive(Clone)]
struct Shown<'a> {
    row: &'a InstanceRow,
    /// Before its id.
    lead: String,
}

impl<'a> Shown<'a> {
    fn root(row: &'a InstanceRow, overview: &Overview) -> Self {
        Self {
            row,
            lead: fold_sign(row, overview).to_owned(),
        }
    }

    fn child(row: &'a InstanceRow, below: &Below<'_>, overview: &Overview) -> Self {
        let sign = fold_sign(row, overview);
        Self {
            row,
            lead: format!("{}{sign}", "  ".repeat(below.depth)),
        }
    }
}

fn fold_sign(row: &InstanceRow, overview: &Overview) -> &'static str {
    let has_children = row.children.is_some_and(|it| it.scheduled > 0);
    if overview.families.is_unfolded(&row.instance_id) {
        "▾ "
    } else if has_children {
        "› "
    } else {
        ""
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
    let left = model.paces.left(row, now);
    let bar = progress.map_or_else(String::new, |it| bar(bar_width, it, state, left));
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

/// The bar, with the number of the batch unless all of them are done, and about how long it takes.
fn bar(width: usize, progress: Progress, state: OrchestrationStatus, left: Option<Left>) -> String {
    let batch = progress
        .batch
        .filter(|_| state != OrchestrationStatus::Completed);
    let left = left.map(|it| {
        let about = format::about(it.eta.high);
        // More than is scheduled may follow.
        let more = if it.is_whole { "" } else { "+" };
        format!("~{about}{more}")
    });
    let batch = batch.map(|(batch, batches)| format!("{batch} of {batches}"));
    let notes = match (batch, left) {
        (Some(batch), Some(left)) => vec![
            format!("batch {batch} {left}"),
            format!("{batch} {left}"),
            left,
        ],
        (Some(batch), None) => vec![format!("batch {batch}"), batch],
        (None, Some(left)) => vec![left],
        (None, None) => Vec::new(),
    };
    bars::bar_with_note(width, progress.finished, progress.total, &notes)
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
        // Its history is long, was refused, or has its turn in a moment.
        None if model.is_polling() && row.waits.is_none() => {
            ("not read; Enter reads it".to_owned(), Role::Dim)
        }
        None => ("–".to_owned(), Role::Dim),
    }
}
