//! Failures of the hub in groups, the instances of one, and its newest failure in full.

use durascope_proto::monitor::FailedInstance;
use durascope_proto::monitor::HubFailure;
use durascope_proto::monitor::hub_failure::Place;

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::failure_orders::ORDERS;
use crate::app::screens::failures;
use crate::app::screens::failures::Failures;
use crate::app::screens::failures::Pane;
use crate::app::screens::failures::Shape;
use crate::app::screens::failures::Time;
use crate::data::status;
use crate::format;
use crate::format::Micros;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::list;
use crate::ui::widgets::list::Rows;
use crate::ui::widgets::list::column;
use crate::ui::widgets::outline;
use crate::ui::widgets::progress;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use crate::ui::widgets::vtable::id_cell;

const GROUPS: [Column; 7] = [
    column("COUNT", 6, 7, true, 0),
    column("INSTANCES", 9, 9, true, 4),
    column("LAST", 6, 6, true, 1),
    column("OVER TIME", 10, 20, false, 5),
    column("ERROR", 24, 48, false, 0),
    column("WHERE", 14, 26, false, 2),
    column("FIRST", 6, 6, true, 6),
];
/// Where the sparkline stands in [`GROUPS`].
const SPARK: usize = 3;

const INSTANCES: [Column; 6] = [
    column("INSTANCE ID", 16, 26, false, 0),
    column("NAME", 10, 20, false, 3),
    column("STATUS", 12, 12, false, 1),
    column("TASK", 6, 6, true, 5),
    column("AGO", 6, 6, true, 2),
    column("MESSAGE", 12, 90, false, 4),
];

/// Columns of [`GROUPS`] with their orders, and of [`INSTANCES`] with theirs.
const GROUP_SORTS: [(usize, u8); 6] = [(0, 1), (1, 2), (2, 0), (4, 3), (5, 4), (6, 5)];
const INSTANCE_SORTS: [(usize, u8); 4] = [(0, 1), (1, 2), (2, 3), (4, 0)];

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let view = &model.screens.failures;
    let shape = failures::shape(model.size);
    header::draw(pen, shape.header, model);
    footer::draw(pen, shape.footer, model);
    draw_rule(pen, shape.rule, view);
    let missing = list::missing(
        model,
        "failures",
        view.list.is_some(),
        view.refused.as_ref(),
    );
    if let Some(lines) = missing {
        list::notice(pen, shape.groups, &lines);
        return;
    }
    if view.list.as_ref().is_none_or(|it| it.groups.is_empty()) {
        list::notice(pen, shape.groups, &nothing(view));
        return;
    }
    let now = model.server_now();
    let alone = |area: Area, pane| area.is_empty() && view.pane == pane;
    let takes_groups = alone(shape.instances, Pane::Instances) || alone(shape.sample, Pane::Sample);
    if !takes_groups {
        draw_groups(pen, &shape, view, now);
    }
    if !shape.instances.is_empty() || view.pane == Pane::Instances {
        draw_instances(pen, &shape, view, now);
    }
    if !shape.sample.is_empty() || view.pane == Pane::Sample {
        draw_sample(pen, &shape, view);
    }
}

fn draw_rule(pen: &mut Pen<'_>, area: Area, view: &Failures) {
    let mut left = vec![
        list::pane_title("Failures".to_owned(), view.pane == Pane::Groups),
        piece(format!(": {}", view.time.title()), Role::Text),
    ];
    if view.has_marks() {
        let text = format!(" · {} marked (u unmarks)", view.targets().words());
        left.push(piece(text, Role::Head));
    }
    left.extend(list::refusal_note(
        view.list.is_some(),
        view.refused.as_ref(),
    ));
    let right = view.list.as_ref().map(|it| {
        let count: u64 = it.groups.iter().map(|it| it.count).sum();
        let more = if it.more { " (there are more)" } else { "" };
        let text = format!(
            "{} failures in {} instances{more} · {} groups · {}",
            format::count(count),
            format::count(it.instances),
            it.groups.len(),
            view.order.words(&ORDERS)
        );
        piece(text, Role::Text)
    });
    list::rule(pen, area, &view.search, &left, right.as_slice());
}

fn nothing(view: &Failures) -> Vec<Piece<'static>> {
    if !view.search.text().is_empty() {
        let text = format!("No failure matches “{}”.", view.search.text());
        return vec![
            piece(text, Role::Head),
            piece("Esc clears the filter.", Role::Text),
        ];
    }
    match view.time {
        Time::All => vec![piece("Nothing has failed.", Role::Head)],
        time => vec![
            piece(format!("Nothing has failed: {}.", time.title()), Role::Head),
            piece("h looks further back.", Role::Text),
        ],
    }
}

fn ago(at: Option<&prost_types::Timestamp>, now: Micros) -> String {
    status::micros(at).map_or_else(|| "–".to_owned(), |at| format::age(now.saturating_sub(at)))
}

/// The place of a group, with a word where it is not an activity.
fn place(group: &HubFailure) -> String {
    match group.place() {
        Place::Activity => group.name.clone(),
        Place::Child => format!("{} (child)", group.name),
        Place::Orchestration => format!("{} (code)", group.name),
    }
}

fn draw_groups(pen: &mut Pen<'_>, shape: &Shape, view: &Failures, now: Micros) {
    let Some(found) = &view.list else { return };
    let rows = Rows {
        columns: &GROUPS,
        selection: &view.groups,
        total: found.groups.len(),
        focused: view.pane == Pane::Groups,
        part: Pane::Groups as u8,
        sorts: &GROUP_SORTS,
    };
    list::draw(pen, shape.columns, shape.groups, &rows, |index, widths| {
        let it = view.group(index)?;
        Some(vec![
            cell(format::count(it.count), Role::Bad),
            cell(format::count(it.instances), Role::Text),
            cell(ago(it.last_at.as_ref(), now), Role::Text),
            cell(
                progress::spark(&it.history, usize::from(widths[SPARK])),
                Role::Wait,
            ),
            cell(error(it), Role::Text),
            id_cell(place(it), Role::Text),
            cell(ago(it.first_at.as_ref(), now), Role::Dim),
        ])
    });
    for y in 0..shape.groups.height {
        let row = view.group(view.groups.top() + usize::from(y));
        if row.is_some_and(|it| view.is_marked(it)) {
            pen.put(shape.groups, 0, y, "●", Role::Accent);
        }
    }
}

fn error(group: &HubFailure) -> String {
    match (group.error_type.as_str(), group.shape.as_str()) {
        ("", shape) => shape.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, shape) => format!("{kind}: {shape}"),
    }
}

fn draw_instances(pen: &mut Pen<'_>, shape: &Shape, view: &Failures, now: Micros) {
    let Some(group) = view.selected() else { return };
    let focused = view.pane == Pane::Instances;
    let mut titles = shape.columns;
    let mut area = shape.instance_rows();
    if !shape.instances.is_empty() {
        let shown = group.affected.len();
        let shown = if u64::try_from(shown).unwrap_or(u64::MAX) < group.instances {
            format!(
                "the newest {shown} of {} instances",
                format::count(group.instances)
            )
        } else {
            "all of its instances".to_owned()
        };
        let left = [
            list::pane_title(format!("{} · {}", group.error_type, place(group)), focused),
            piece(format!(" · {shown}"), Role::Dim),
        ];
        let right = [piece("Enter opens the instance", Role::Dim)];
        let right = if focused { &right[..] } else { &[] };
        pen.rule(shape.instances, 0, &left, right);
        titles = area.take_top(0);
    }
    let rows = Rows {
        columns: &INSTANCES,
        selection: &view.instances,
        total: group.affected.len(),
        focused,
        part: Pane::Instances as u8,
        sorts: &INSTANCE_SORTS,
    };
    list::draw(pen, titles, area, &rows, |index, _| {
        Some(instance_cells(view.instance(index)?, now))
    });
}

fn instance_cells(it: &FailedInstance, now: Micros) -> Vec<Cell<'_>> {
    let state = status::of(it.status);
    let (sign, role) = glyphs::status(state);
    vec![
        id_cell(&it.instance_id, Role::Text),
        id_cell(&it.name, Role::Text),
        cell(format!("{sign} {}", status::word(state)), role),
        cell(
            it.task_id.map_or_else(String::new, |id| format!("#{id}")),
            Role::Dim,
        ),
        cell(ago(it.at.as_ref(), now), Role::Text),
        cell(&it.message, Role::Text),
    ]
}

fn draw_sample(pen: &mut Pen<'_>, shape: &Shape, view: &Failures) {
    let focused = view.pane == Pane::Sample;
    let area = shape.sample_text();
    if !shape.sample.is_empty() {
        let note = outline::scroll_note(&view.sample, area.height);
        let left = [list::pane_title("the newest in full".to_owned(), focused)];
        let right = [piece(note, Role::Dim)];
        let has_more = view.sample.lines.len() > usize::from(area.height);
        pen.rule(shape.sample, 0, &left, if has_more { &right } else { &[] });
    }
    outline::draw_part(pen, area, &view.sample, focused, Pane::Sample as u8);
}
