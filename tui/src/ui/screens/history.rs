//! The history of an instance.

use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::read_history_request::Order;

use crate::app::action::ActionId;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::screens::history;
use crate::app::screens::history::HistoryView;
use crate::app::screens::history::Pane;
use crate::app::screens::instance::Instance;
use crate::data::history as events;
use crate::data::history::Level;
use crate::data::history::MESSAGE_BYTES_MAX;
use crate::data::runs;
use crate::data::status;
use crate::format;
use crate::format::MILLI;
use crate::format::SECOND;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::task_line;
use crate::ui::theme::Role;
use crate::ui::widgets::list;
use crate::ui::widgets::list::Rows;
use crate::ui::widgets::list::column;
use crate::ui::widgets::list::inset;
use crate::ui::widgets::outline;
use crate::ui::widgets::progress;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use crate::ui::widgets::vtable::id_cell;

const COLUMNS: [Column; 8] = [
    column("#", 6, 7, true, 0),
    column("TIME", 12, 12, false, 4),
    column("TURN", 5, 6, true, 5),
    column("EVENT", 16, 26, false, 0),
    column("NAME", 12, 20, false, 2),
    column("DETAIL", 12, 120, false, 3),
    column("SIZE", 7, 7, true, 1),
    column("UP TO HERE", 12, 18, false, 6),
];
/// Where the bar of the cumulative size stands in [`COLUMNS`].
const SUM: usize = 7;
/// Kinds named in the header line.
const KINDS_SHOWN: usize = 4;

/// Draws the tab into `area`, below the instance's title, progress and tabs.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    let view = &instance.history;
    let shape = history::shape(model.size, model.choices.zoom);
    let missing = list::missing(
        model,
        "histories",
        view.page.is_some(),
        view.refused.as_ref(),
    );
    if let Some(lines) = missing {
        list::notice(pen, area, &lines);
        return;
    }
    let Some(page) = &view.page else { return };
    draw_kinds(pen, inset(shape.kinds), page);
    let warning = instance.tree().map_or(0, |it| it.history_bytes_warning);
    draw_cost(pen, inset(shape.cost), page, warning);
    draw_rule(pen, shape.rule, view, page);
    let both = !shape.event.is_empty();
    if both || view.pane == Pane::List {
        draw_list(pen, &shape, view, page);
    }
    if both {
        let number = view.selected().map(|it| match runs::folded(it) {
            Some(run) => format!("{} events", format::count(run.events)),
            None => format!("event {}", it.number),
        });
        let note = outline::scroll_note(&view.event, shape.event_text().height);
        pen.rule(
            shape.event,
            0,
            &[list::pane_title(
                number.unwrap_or_else(|| "no event".to_owned()),
                view.pane == Pane::Event,
            )],
            &note_piece(note),
        );
    }
    if both || view.pane == Pane::Event {
        let focused = view.pane == Pane::Event;
        pen.hit(shape.event_text(), Hit::Text(0));
        outline::draw(pen, shape.event_text(), &view.event, focused);
    }
}

fn note_piece(note: String) -> Vec<Piece<'static>> {
    if note.is_empty() {
        Vec::new()
    } else {
        vec![piece(note, Role::Dim)]
    }
}

/// What makes it large.
fn draw_kinds(pen: &mut Pen<'_>, area: Area, page: &HistoryPage) {
    let mut pieces = vec![
        piece(format::bytes(page.bytes), Role::Head),
        piece(
            format!(" in {} events: ", format::count(page.events)),
            Role::Text,
        ),
    ];
    for (at, kind) in page.kinds.iter().take(KINDS_SHOWN).enumerate() {
        let gap = if at == 0 { "" } else { "  " };
        let share = u128::from(kind.bytes) * 100 / u128::from(page.bytes.max(1));
        pieces.push(piece(format!("{gap}{} ", kind.kind), Role::Text));
        pieces.push(piece(format!("{share}%"), Role::Accent));
        pieces.push(piece(
            format!(" ×{}", format::count(kind.events)),
            Role::Dim,
        ));
    }
    if let Some(more) = page
        .kinds
        .len()
        .checked_sub(KINDS_SHOWN)
        .filter(|it| *it > 0)
    {
        pieces.push(piece(format!("  {more} more kinds"), Role::Dim));
    }
    pen.line(area, 0, &pieces);
}

/// What it costs, and how far it is from too much.
fn draw_cost(pen: &mut Pen<'_>, area: Area, page: &HistoryPage, warning: u64) {
    let level = events::level(page.bytes, warning);
    let limit = format::bytes(MESSAGE_BYTES_MAX);
    let (text, role) = match level {
        Level::Fine => {
            let text = format!("of the {limit} that most clients take at once");
            if warning > 0 && warning < MESSAGE_BYTES_MAX {
                let warning = format::bytes(warning);
                (format!("{text}, warning from {warning}"), Role::Dim)
            } else {
                (text, Role::Dim)
            }
        }
        Level::Large => {
            let warning = format::bytes(warning);
            let text = format!("past the warning of {warning}; most clients take {limit} at once");
            (text, Role::Warn)
        }
        Level::PastMessages => {
            let text = format!("larger than the {limit} that most clients take at once");
            (text, Role::Bad)
        }
    };
    let bar = progress::bar(8, page.bytes, MESSAGE_BYTES_MAX);
    let pieces = [
        piece(
            format!("{bar} "),
            if level == Level::Fine {
                Role::Accent
            } else {
                role
            },
        ),
        piece(text, role),
        piece(format!(" · {}", events::replay_cost(page)), Role::Dim),
    ];
    pen.line(area, 0, &pieces);
}

fn draw_rule(pen: &mut Pen<'_>, area: Area, view: &HistoryView, page: &HistoryPage) {
    let order = match view.order {
        Order::NewestFirst => "newest first",
        Order::OldestFirst => "oldest first",
        Order::LargestFirst => "largest first",
    };
    let following = view.order == Order::NewestFirst && !view.selection.is_pinned();
    let following = if following { ", following" } else { "" };
    let runs = match view.order {
        Order::LargestFirst => "each event",
        _ if view.folds_runs() => "runs folded",
        _ => "each event",
    };
    let rows = history::rows_of(page);
    let count = if rows < usize::try_from(page.matching).unwrap_or(usize::MAX) {
        let rows = task_line::count(rows);
        format!("{} events in {rows} lines", format::count(page.events))
    } else if page.matching == page.events {
        format!("{} events", format::count(page.events))
    } else {
        format!(
            "{} of {} events",
            format::count(page.matching),
            format::count(page.events)
        )
    };
    let mut left = vec![list::pane_title(count, view.pane == Pane::List)];
    left.extend(list::refusal_note(true, view.refused.as_ref()));
    let right = [
        piece(format!("{order}{following}"), Role::Text).click(Hit::Action(ActionId::HistoryOrder)),
        piece(" · ", Role::Dim),
        piece(runs, Role::Text).click(Hit::Action(ActionId::FoldRuns)),
    ];
    list::rule(pen, area, &view.search, &left, &right);
}

fn draw_list(pen: &mut Pen<'_>, shape: &history::Shape, view: &HistoryView, page: &HistoryPage) {
    let total = history::rows_of(page);
    if total == 0 {
        let text = if view.search.text().is_empty() {
            "No event yet: no turn has been taken."
        } else {
            "No event matches. Esc clears the filter."
        };
        list::notice(pen, shape.list, &[piece(text, Role::Text)]);
        return;
    }
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let rows = Rows {
        columns: &COLUMNS,
        selection: &view.selection,
        total,
        focused: view.pane == Pane::List,
        part: Pane::List as u8,
        sorts: &[],
    };
    let top = view.selection.top();
    let cursor = view.selection.index().saturating_sub(top);
    pen.list_of(shape.list, total.saturating_sub(top), cursor);
    list::draw(pen, shape.columns, shape.list, &rows, |index, widths| {
        let entry = page.entries.get(index.checked_sub(offset)?)?;
        Some(cells_of(entry, page.bytes, usize::from(widths[SUM])))
    });
}

fn cells_of(entry: &HistoryEntry, bytes: u64, bar: usize) -> Vec<Cell<'_>> {
    let event = entry.event.as_ref();
    let at = event.and_then(|it| status::micros(it.timestamp.as_ref()));
    let time = at.map_or_else(
        || "–".to_owned(),
        |at| {
            let millis = at.rem_euclid(SECOND) / MILLI;
            format!("{}.{millis:03}", format::clock(at))
        },
    );
    let is_failure = event.is_some_and(events::is_failure);
    let role = if is_failure { Role::Bad } else { Role::Text };
    let run = runs::folded(entry);
    let number = match run {
        // What it ends with is in the note.
        Some(run) => format!("{}–", run.first),
        None => entry.number.to_string(),
    };
    let note = match (event, run) {
        (_, Some(run)) => runs::note(entry, run),
        (Some(event), None) => events::note(event),
        (None, None) => String::new(),
    };
    let size = run.map_or(u64::from(entry.bytes), |it| it.bytes);
    let sum = [format::bytes(entry.cumulative_bytes)];
    vec![
        cell(number, Role::Dim),
        cell(time, Role::Text),
        cell(entry.turn.to_string(), Role::Dim),
        id_cell(event.map_or("", events::kind), role),
        id_cell(events::name(entry), Role::Text),
        cell(note, if run.is_some() { Role::Accent } else { role }),
        cell(format::bytes(size), Role::Text),
        cell(
            progress::bar_with_note(bar, entry.cumulative_bytes, bytes, &sum),
            Role::Dim,
        ),
    ]
}
