//! Schedules, read from their entities.

use crate::app::geometry;
use crate::app::model::Model;
use crate::app::screens::listing::Pane;
use crate::app::screens::schedules::ORDERS;
use crate::data::schedules;
use crate::data::schedules::Schedule;
use crate::data::schedules::State;
use crate::format;
use crate::format::Micros;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::screens::entities::draw_detail;
use crate::ui::theme::Role;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::list;
use crate::ui::widgets::list::Rows;
use crate::ui::widgets::list::column;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use crate::ui::widgets::vtable::id_cell;

const COLUMNS: [Column; 7] = [
    column("SCHEDULE", 14, 28, false, 0),
    column("ORCHESTRATION", 12, 26, false, 2),
    column("STATUS", 11, 11, false, 1),
    column("EVERY", 6, 8, true, 4),
    column("NEXT RUN", 9, 11, true, 3),
    column("LAST RUN", 10, 11, true, 5),
    column("BETWEEN", 12, 48, false, 6),
];

/// Columns with their orders.
const SORTS: [(usize, u8); 5] = [(0, 0), (1, 1), (2, 2), (4, 3), (5, 4)];

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let screen = &model.screens.schedules;
    let view = &screen.list;
    let shape = geometry::list(model.size);
    header::draw(pen, shape.header, model);
    footer::draw(pen, shape.footer, model);
    let mut left = vec![list::pane_title(
        "Schedules".to_owned(),
        view.pane == Pane::List,
    )];
    left.extend(list::refusal_note(
        view.page.is_some(),
        view.refused.as_ref(),
    ));
    let right = view.page.as_ref().map(|it| {
        let read = it.rows.len();
        let more = if it.matching > u64::try_from(read).unwrap_or(u64::MAX) {
            format!(", the first {read} are read")
        } else {
            String::new()
        };
        piece(
            format!(
                "{}{more} · {}",
                format::count(it.matching),
                view.order.words(&ORDERS)
            ),
            Role::Text,
        )
    });
    list::rule(pen, shape.rule, &view.search, &left, right.as_slice());
    let is_known = view.page.is_some();
    if let Some(lines) = list::missing(model, "schedules", is_known, view.refused.as_ref()) {
        list::notice(pen, shape.list, &lines);
        return;
    }
    if screen.rows.is_empty() {
        let lines = if view.search.text().is_empty() {
            vec![
                piece("No schedules in this task hub.", Role::Head),
                piece(
                    "They are the entities of the official scheduled package, @schedule@….",
                    Role::Dim,
                ),
            ]
        } else {
            vec![
                piece("No schedule matches.", Role::Head),
                piece("Esc clears the filter.", Role::Text),
            ]
        };
        list::notice(pen, shape.list, &lines);
        return;
    }
    if !shape.detail.is_empty() || view.pane == Pane::List {
        let now = model.server_now();
        let rows = Rows {
            columns: &COLUMNS,
            selection: &view.selection,
            total: screen.rows.len(),
            focused: view.pane == Pane::List,
            part: Pane::List as u8,
            sorts: &SORTS,
        };
        list::draw(pen, shape.columns, shape.list, &rows, |index, _| {
            Some(cells_of(screen.rows.get(index)?, now))
        });
    }
    let title = screen.selected().map_or("", |it| it.id.as_str());
    draw_detail(pen, &shape, title, &view.detail, view.pane);
}

fn cells_of(it: &Schedule, now: Micros) -> Vec<Cell<'_>> {
    let (sign, role) = match it.state {
        State::Active => ("▸", Role::Ok),
        State::Paused => ("‖", Role::Wait),
        State::Unknown => ("·", Role::Dim),
    };
    let next = match it.next_run {
        Some(at) if at >= now => format!("in {}", format::age(at - now)),
        Some(at) => format!("due {}", format::age(now - at)),
        None => "–".to_owned(),
    };
    let last = it.last_run.map_or_else(
        || "–".to_owned(),
        |at| format!("{} ago", format::age(now.saturating_sub(at))),
    );
    let between = match (it.start_at, it.end_at) {
        (None, None) => String::new(),
        (start, end) => {
            let at = |at: Option<Micros>| at.map_or_else(|| "…".to_owned(), format::moment);
            format!("{} – {}", at(start), at(end))
        }
    };
    vec![
        id_cell(&it.id, Role::Text),
        id_cell(&it.orchestration, Role::Text),
        cell(format!("{sign} {}", it.state.word()), role),
        cell(schedules::interval(&it.interval), Role::Text),
        cell(next, Role::Text),
        cell(last, Role::Dim),
        cell(between, Role::Dim),
    ]
}
