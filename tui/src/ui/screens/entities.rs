//! Entities with queue, lock and state.

use durascope_proto::monitor::EntityRow;

use crate::app::geometry;
use crate::app::geometry::ListShape;
use crate::app::model::Model;
use crate::app::outline::Outline;
use crate::app::screens::entities::ORDERS;
use crate::app::screens::listing::Pane;
use crate::app::screens::listing::detail_area;
use crate::data::entities;
use crate::data::status;
use crate::format;
use crate::format::Micros;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::list;
use crate::ui::widgets::list::Rows;
use crate::ui::widgets::list::column;
use crate::ui::widgets::outline;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use crate::ui::widgets::vtable::id_cell;

const COLUMNS: [Column; 8] = [
    column("ENTITY", 10, 16, false, 0),
    column("KEY", 12, 24, false, 0),
    column("QUEUE", 5, 6, true, 1),
    column("OLDEST", 6, 6, true, 6),
    column("LOCKED BY", 16, 30, false, 2),
    column("MODIFIED", 8, 8, true, 5),
    column("STATE", 12, 80, false, 4),
    column("SIZE", 7, 7, true, 3),
];

/// Columns with their orders.
const SORTS: [(usize, u8); 6] = [(0, 1), (1, 1), (2, 0), (5, 2), (6, 3), (7, 3)];

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let view = &model.screens.entities.list;
    let shape = geometry::list(model.size);
    header::draw(pen, shape.header, model);
    footer::draw(pen, shape.footer, model);
    draw_rule(pen, &shape, model);
    let is_known = view.page.is_some();
    if let Some(lines) = list::missing(model, "entities", is_known, view.refused.as_ref()) {
        list::notice(pen, shape.list, &lines);
        return;
    }
    let Some(page) = &view.page else { return };
    if page.matching == 0 && page.rows.is_empty() {
        let lines = if view.search.text().is_empty() {
            vec![piece("No entity has a state in this task hub.", Role::Head)]
        } else {
            vec![
                piece("No entity matches.", Role::Head),
                piece("Esc clears the filter.", Role::Text),
            ]
        };
        list::notice(pen, shape.list, &lines);
        return;
    }
    if !shape.detail.is_empty() || view.pane == Pane::List {
        let now = model.server_now();
        let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let rows = Rows {
            columns: &COLUMNS,
            selection: &view.selection,
            total: usize::try_from(page.matching).unwrap_or(usize::MAX),
            focused: view.pane == Pane::List,
            part: Pane::List as u8,
            sorts: &SORTS,
        };
        list::draw(pen, shape.columns, shape.list, &rows, |index, _| {
            let row = page.rows.get(index.checked_sub(offset)?)?;
            Some(cells_of(row, now))
        });
    }
    let selected = model.screens.entities.selected();
    let title = selected.map_or("", |it| it.entity_id.as_str());
    draw_detail(pen, &shape, title, &view.detail, view.pane);
}

/// Draws the selected thing in full, below a rule with its name.
pub(super) fn draw_detail(
    pen: &mut Pen<'_>,
    shape: &ListShape,
    title: &str,
    detail: &Outline,
    pane: Pane,
) {
    let focused = pane == Pane::Detail;
    if shape.detail.is_empty() && !focused {
        return;
    }
    let area = detail_area(shape);
    if !shape.detail.is_empty() {
        let note = outline::scroll_note(detail, area.height);
        let right = [piece(note, Role::Dim)];
        let has_more = detail.lines.len() > usize::from(area.height);
        let left = [list::pane_title(title.to_owned(), focused)];
        pen.rule(shape.detail, 0, &left, if has_more { &right } else { &[] });
    }
    outline::draw_part(pen, area, detail, focused, Pane::Detail as u8);
}

fn draw_rule(pen: &mut Pen<'_>, shape: &ListShape, model: &Model) {
    let view = &model.screens.entities.list;
    let mut left = vec![list::pane_title(
        "Entities".to_owned(),
        view.pane == Pane::List,
    )];
    left.extend(list::refusal_note(
        view.page.is_some(),
        view.refused.as_ref(),
    ));
    left.extend(list::way_back(model));
    let right = view.page.as_ref().map(|it| {
        let count = format::count(it.matching);
        let order = view.order.words(&ORDERS);
        piece(format!("{count} · {order}"), Role::Text)
    });
    list::rule(pen, shape.rule, &view.search, &left, right.as_slice());
}

fn cells_of(row: &EntityRow, now: Micros) -> Vec<Cell<'_>> {
    let (name, key) = entities::name_and_key(&row.entity_id);
    let age = |at: Option<&prost_types::Timestamp>| {
        status::micros(at).map_or_else(String::new, |at| format::age(now.saturating_sub(at)))
    };
    let (lock, role) = if row.locked_by.is_empty() {
        ("–".to_owned(), Role::Dim)
    } else {
        let since = age(row.locked_since.as_ref());
        let waits = match row.lock_waiters.len() {
            0 => String::new(),
            many => format!(", {many} wait"),
        };
        (format!("{} {since}{waits}", row.locked_by), Role::Warn)
    };
    let state = row.state.as_ref();
    let text = state.and_then(|it| it.text.as_deref()).unwrap_or("–");
    let size = state.map_or_else(|| "–".to_owned(), |it| format::bytes(it.total_bytes));
    let (queue, queue_role) = if row.queue == 0 {
        ("0".to_owned(), Role::Dim)
    } else {
        (format::count(row.queue), Role::Text)
    };
    vec![
        id_cell(name, Role::Text),
        id_cell(key, Role::Text),
        cell(queue, queue_role),
        cell(age(row.oldest_waiting.as_ref()), Role::Text),
        cell(lock, role),
        cell(age(row.modified_at.as_ref()), Role::Dim),
        cell(text, Role::Text),
        cell(size, Role::Text),
    ]
}
