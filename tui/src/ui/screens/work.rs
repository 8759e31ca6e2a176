//! Workers with what they hold, and the queues by name.

use durascope_proto::monitor::HeldItem;
use durascope_proto::monitor::QueueRow;
use durascope_proto::monitor::WorkList;
use durascope_proto::monitor::WorkerRow;

use crate::app::cursor::Selection;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::listing::Order;
use crate::app::screens::work;
use crate::app::screens::work::Pane;
use crate::app::screens::work::UNSERVED_MAX;
use crate::app::screens::work::Work;
use crate::data::status;
use crate::data::work as words;
use crate::format;
use crate::format::Micros;
use crate::text::cells;
use crate::text::short_id;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::list;
use crate::ui::widgets::list::Rows;
use crate::ui::widgets::list::column;
use crate::ui::widgets::list::inset;
use crate::ui::widgets::progress;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use crate::ui::widgets::vtable::id_cell;

const WORKERS: [Column; 8] = [
    column("WORKER", 12, 20, false, 0),
    column("PEER", 15, 21, false, 7),
    column("SINCE", 6, 6, true, 4),
    column("TURNS", 7, 14, false, 2),
    column("ACTIVITIES", 10, 16, false, 0),
    column("ENTITIES", 8, 14, false, 5),
    column("ANSWERED", 8, 9, true, 6),
    column("TAKES", 10, 40, false, 3),
];
/// Where the bars stand in [`WORKERS`].
const BARS: [usize; 3] = [3, 4, 5];

const QUEUES: [Column; 7] = [
    column("KIND", 8, 8, false, 3),
    column("NAME", 16, 40, false, 0),
    column("VERSION", 7, 10, false, 6),
    column("WAITING", 7, 9, true, 1),
    column("OUT", 5, 7, true, 4),
    column("OLDEST", 6, 6, true, 2),
    column("WORKERS", 9, 12, false, 5),
];

const HELD: [Column; 5] = [
    column("KIND", 8, 8, false, 2),
    column("NAME", 12, 26, false, 1),
    column("INSTANCE ID", 16, 40, false, 0),
    column("TASK", 6, 7, true, 3),
    column("OUT FOR", 7, 7, true, 0),
];

/// Columns of each list with their orders.
const SORTS: [&[(usize, u8)]; 3] = [
    &[(0, 1), (2, 0), (4, 2), (6, 3)],
    &[(1, 1), (3, 2), (4, 3), (5, 4), (6, 0)],
    &[(1, 1), (2, 2), (4, 0)],
];

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let view = &model.screens.work;
    let now = model.server_now();
    let unserved = view
        .list
        .as_ref()
        .map_or_else(Vec::new, |it| words::unserved(it, now));
    let shape = work::shape(model.size, view, unserved.len());
    header::draw(pen, shape.header, model);
    footer::draw(pen, shape.footer, model);
    let Some(found) = view.list.as_deref() else {
        let refused = view.refused.as_ref();
        let lines = list::missing(model, "workers and queues", false, refused);
        list::notice(pen, shape.workers, &lines.unwrap_or_default());
        return;
    };
    draw_unserved(pen, shape.unserved, &unserved);
    draw_workers(pen, shape.workers, model, found, now);
    draw_queues(pen, shape.queues, view, found, now);
    draw_held(pen, shape.held, view, found, now);
    draw_notes(pen, shape.notes, found, now);
}

fn draw_unserved(pen: &mut Pen<'_>, mut area: Area, sentences: &[String]) {
    if area.is_empty() {
        return;
    }
    let more = sentences.len().saturating_sub(UNSERVED_MAX);
    let right = [piece(format!("{more} more below"), Role::Dim)];
    let title = [piece("asked for, but nobody serves it", Role::Warn)];
    pen.rule(area, 0, &title, if more > 0 { &right } else { &[] });
    area.take_top(1);
    for (y, sentence) in sentences.iter().take(UNSERVED_MAX).enumerate() {
        let pieces = [piece("! ", Role::Bad), piece(sentence, Role::Text)];
        pen.line(inset(area), cells(y), &pieces);
    }
}

/// Draws the rule, the titles and the rows of one of the lists.
fn draw_list<'a>(
    pen: &mut Pen<'_>,
    mut area: Area,
    title: Vec<Piece<'_>>,
    right: &[Piece<'_>],
    parts: (&[Column], &Selection, Pane, bool),
    rows: Vec<impl Fn(&[u16]) -> Vec<Cell<'a>>>,
) {
    if area.is_empty() {
        return;
    }
    let (columns, selection, pane, focused) = parts;
    let body = work::rows(area);
    let rule = area.take_top(u16::from(area.height >= 3));
    if !rule.is_empty() {
        pen.rule(rule, 0, &title, right);
    }
    let titles = area.take_top(area.height.saturating_sub(body.height));
    let total = rows.len();
    let list_rows = Rows {
        columns,
        selection,
        total,
        focused,
        part: pane as u8,
        sorts: SORTS[pane as usize],
    };
    list::draw(pen, titles, body, &list_rows, |index, widths| {
        Some(rows.get(index)?(widths))
    });
}

fn draw_workers(pen: &mut Pen<'_>, area: Area, model: &Model, found: &WorkList, now: Micros) {
    let view = &model.screens.work;
    let sum = |of: fn(&durascope_proto::monitor::ConnectedWorker) -> u32| -> u64 {
        let workers = found.workers.iter().filter_map(|it| it.worker.as_ref());
        workers.map(|it| u64::from(of(it))).sum()
    };
    let focused = view.pane == Pane::Workers;
    let mut title = vec![
        list::pane_title("Workers".to_owned(), focused),
        piece(format!(": {} connected", found.workers.len()), Role::Text),
    ];
    title.extend(list::refusal_note(true, view.refused.as_ref()));
    title.extend(list::way_back(model));
    let slots = format!(
        "slots in use: turns {}/{}, activities {}/{}, entities {}/{}",
        sum(|it| it.turns_out),
        sum(|it| it.turns_max),
        sum(|it| it.activities_out),
        sum(|it| it.activities_max),
        sum(|it| it.entities_out),
        sum(|it| it.entities_max),
    );
    let slots = match by(view, Pane::Workers) {
        Some(_) => format!("{slots} · "),
        None => slots,
    };
    let mut right = vec![piece(slots, Role::Text)];
    right.extend(by(view, Pane::Workers));
    if found.workers.is_empty() && !area.is_empty() {
        pen.rule(area, 0, &title, &[]);
        let text = "No worker is connected: nothing is worked on.";
        pen.line(inset(area), 1, &[piece(text, Role::Warn)]);
        return;
    }
    let rows: Vec<_> = view
        .worker_rows
        .iter()
        .filter_map(|at| found.workers.get(*at))
        .map(|it| move |widths: &[u16]| worker_cells(it, now, widths))
        .collect();
    draw_list(
        pen,
        area,
        title,
        &right,
        (&WORKERS, &view.workers, Pane::Workers, focused),
        rows,
    );
}

/// By what the list of `pane` is sorted, unless it is as ever.
fn by(view: &Work, pane: Pane) -> Option<Piece<'static>> {
    let order = view.order(pane);
    let is_other = order != Order::default();
    is_other.then(|| piece(order.words(pane.orders()), Role::Text))
}

fn worker_cells<'a>(it: &'a WorkerRow, now: Micros, widths: &[u16]) -> Vec<Cell<'a>> {
    let worker = it.worker.clone().unwrap_or_default();
    let since = status::micros(worker.connected_at.as_ref());
    let since = since.map_or_else(String::new, |at| format::age(now.saturating_sub(at)));
    let slots = [
        (worker.turns_out, worker.turns_max),
        (worker.activities_out, worker.activities_max),
        (worker.entities_out, worker.entities_max),
    ];
    let mut bars = BARS.iter().zip(slots).map(|(column, (out, max))| {
        if max == 0 {
            return cell("–", Role::Dim);
        }
        let note = [format!("{out}/{max}")];
        let width = usize::from(widths[*column]);
        let bar = progress::bar_with_note(width, u64::from(out), u64::from(max), &note);
        // Without room for a bar beside it, the numbers say more.
        let text = if bar.contains('/') {
            bar
        } else {
            note[0].clone()
        };
        let role = if out >= max { Role::Warn } else { Role::Accent };
        cell(text, role)
    });
    let mut bar = || bars.next().unwrap_or_else(|| cell("", Role::Dim));
    let (turns, activities, entities) = (bar(), bar(), bar());
    vec![
        id_cell(worker.worker_id, Role::Text),
        id_cell(&it.peer, Role::Dim),
        cell(since, Role::Text),
        turns,
        activities,
        entities,
        cell(format::count(it.answered), Role::Dim),
        cell(words::takes(it), Role::Text),
    ]
}

fn draw_queues(pen: &mut Pen<'_>, area: Area, view: &Work, found: &WorkList, now: Micros) {
    let focused = view.pane == Pane::Queues;
    let title = vec![
        list::pane_title("Queues".to_owned(), focused),
        piece(format!(": {} names", found.queues.len()), Role::Text),
    ];
    let rows: Vec<_> = view
        .queue_rows
        .iter()
        .filter_map(|at| found.queues.get(*at))
        .map(|it| move |_: &[u16]| queue_cells(it, now))
        .collect();
    if rows.is_empty() && !area.is_empty() {
        pen.rule(area, 0, &title, &[]);
        let text = [piece("Nothing waits and nothing is out.", Role::Dim)];
        pen.line(inset(area), 1, &text);
        return;
    }
    draw_list(
        pen,
        area,
        title,
        by(view, Pane::Queues).as_slice(),
        (&QUEUES, &view.queues, Pane::Queues, focused),
        rows,
    );
}

fn queue_cells(it: &QueueRow, now: Micros) -> Vec<Cell<'_>> {
    let oldest = status::micros(it.oldest_waiting.as_ref());
    let oldest = oldest.map_or_else(String::new, |at| format::age(now.saturating_sub(at)));
    let (workers, role) = match (it.served, it.workers) {
        (false, _) => ("! none".to_owned(), Role::Bad),
        (true, many) => (many.to_string(), Role::Text),
    };
    vec![
        cell(words::kind(it.kind), Role::Dim),
        id_cell(&it.name, Role::Text),
        cell(&it.version, Role::Dim),
        cell(format::count(it.waiting), Role::Text),
        cell(format::count(it.out), Role::Text),
        cell(oldest, Role::Text),
        cell(workers, role),
    ]
}

fn draw_held(pen: &mut Pen<'_>, area: Area, view: &Work, found: &WorkList, now: Micros) {
    let focused = view.pane == Pane::Held;
    let worker = view.selected().and_then(|it| it.worker.as_ref());
    let name = worker.map_or("no worker", |it| it.worker_id.as_str());
    let count = view.held_rows.len();
    let many = if count == 1 { "" } else { "s" };
    let title = vec![
        list::pane_title(name.to_owned(), focused),
        piece(format!(" holds {count} work item{many}"), Role::Text),
    ];
    let order = match view.order(Pane::Held) {
        it if it == Order::default() => "oldest first".to_owned(),
        it => it.words(Pane::Held.orders()),
    };
    let right = [piece(
        format!("{order} · Enter opens the instance"),
        Role::Dim,
    )];
    let rows: Vec<_> = view
        .held_rows
        .iter()
        .filter_map(|at| found.held.get(*at))
        .map(|it| move |_: &[u16]| held_cells(it, now))
        .collect();
    let right = if rows.is_empty() { &[] } else { &right[..] };
    draw_list(
        pen,
        area,
        title,
        right,
        (&HELD, &view.held, Pane::Held, focused),
        rows,
    );
}

fn held_cells(it: &HeldItem, now: Micros) -> Vec<Cell<'_>> {
    let since = status::micros(it.since.as_ref());
    let since = since.map_or_else(String::new, |at| format::age(now.saturating_sub(at)));
    let is_activity = words::kind(it.kind) == "activity";
    let task = if is_activity {
        format!("#{}", it.task_id)
    } else {
        String::new()
    };
    vec![
        cell(words::kind(it.kind), Role::Dim),
        id_cell(&it.name, Role::Text),
        id_cell(&it.instance_id, Role::Text),
        cell(task, Role::Dim),
        cell(since, Role::Text),
    ]
}

fn draw_notes(pen: &mut Pen<'_>, mut area: Area, found: &WorkList, now: Micros) {
    if area.is_empty() {
        return;
    }
    pen.rule(area, 0, &[piece("came and went", Role::Text)], &[]);
    area.take_top(1);
    if found.notes.is_empty() {
        let text = [piece("nothing since the server started", Role::Dim)];
        pen.line(inset(area), 0, &text);
    }
    for (y, note) in found
        .notes
        .iter()
        .take(usize::from(area.height))
        .enumerate()
    {
        let at = status::micros(note.at.as_ref()).unwrap_or(now);
        let pieces = [
            piece(format!("{}  ", format::clock(at)), Role::Dim),
            piece(short_id(&note.worker_id), Role::Text),
            piece(format!(" {}", note.text), Role::Text),
            piece(format!("  {}", note.peer), Role::Dim),
        ];
        pen.line(inset(area), cells(y), &pieces);
    }
}
