//! The timeline of an instance: names at the left, time to the right.

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::instance::Instance;
use crate::app::screens::timeline;
use crate::app::screens::timeline::Shape;
use crate::app::screens::timeline::Timeline;
use crate::data::axis::FINE;
use crate::data::batches::Wave;
use crate::data::batches::member;
use crate::data::grid;
use crate::data::grid::Cell;
use crate::data::paint;
use crate::data::paint::Paint;
use crate::data::tasks::Tasks;
use crate::data::timeline::Lane;
use crate::format;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::task_line;
use crate::ui::screens::task_line::inset;
use crate::ui::screens::task_line::time;
use crate::ui::theme::Role;
use durascope_proto::monitor::task::State;

const LEVELS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws the tab into `area`, below the instance's title, progress and tabs.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    let Some(tasks) = task_line::ready(pen, area, model, instance) else {
        return;
    };
    let shape = timeline::shape(model.size, model.choices.zoom);
    let it = &instance.timeline;
    draw_axis(pen, &shape, it, tasks);
    let below = it.layout.lanes.len().saturating_sub(it.top);
    pen.list_of(shape.lanes, below, it.index.saturating_sub(it.top));
    for y in 0..shape.lanes.height {
        let at = it.top + usize::from(y);
        let Some(lane) = it.layout.lanes.get(at) else {
            break;
        };
        let row = Area {
            y: shape.lanes.y + y,
            height: 1,
            ..shape.lanes
        };
        draw_lane(pen, row, &shape, instance, tasks, lane);
        if at == it.index {
            let name = Area {
                width: shape.names,
                ..row
            };
            pen.put(row, 0, 0, "▌", Role::Accent);
            pen.restyle(name, Role::Selected);
        }
    }
    draw_detail(pen, shape.detail, instance, tasks);
    task_line::draw_refusal(pen, area, model);
}

fn draw_axis(pen: &mut Pen<'_>, shape: &Shape, it: &Timeline, tasks: &Tasks) {
    let (names, times) = split(shape.axis, shape.names);
    let length = format::age(it.axis.to - it.axis.from);
    let legend = if !tasks.knows_starts {
        vec![piece("▒", Role::Accent), piece(" open", Role::Dim)]
    } else if shape.names >= 24 {
        vec![
            piece("░", Role::Wait),
            piece(" queued ", Role::Dim),
            piece("█", Role::Accent),
            piece(" running ", Role::Dim),
        ]
    } else {
        Vec::new()
    };
    let mut pieces = vec![piece(
        format!("{length}{} ", if it.is_zoomed() { " of it" } else { "" }),
        Role::Text,
    )];
    pieces.extend(legend);
    pen.line(inset(names), 0, &pieces);
    for tick in it.axis.ticks() {
        pen.put(
            times,
            cells(tick.column),
            0,
            format!("╷{}", tick.text),
            Role::Dim,
        );
    }
}

/// The names' part of a row and the times'.
fn split(row: Area, names: u16) -> (Area, Area) {
    let name = Area {
        width: names.min(row.width),
        ..row
    };
    let times = Area {
        x: row.x + names + 1,
        width: row.width.saturating_sub(names + 2),
        ..row
    };
    (name, times)
}

fn draw_lane(
    pen: &mut Pen<'_>,
    row: Area,
    shape: &Shape,
    instance: &Instance,
    tasks: &Tasks,
    lane: &Lane,
) {
    let it = &instance.timeline;
    let (names, times) = split(row, shape.names);
    pen.put(row, shape.names, 0, "│", Role::Dim);
    let room = usize::from(names.width.saturating_sub(1));
    match lane {
        Lane::Wave(at) => {
            let Some(wave) = it.waves.get(*at) else {
                return;
            };
            let (sign, role) = wave_sign(wave);
            let text = format!(
                "{} ×{}",
                tasks.name_at(wave.name),
                task_line::count(wave.total())
            );
            pen.put(names, 1, 0, sign, role);
            let text = Clean::from(text).fit(room.saturating_sub(2), "…");
            pen.put(names, 3, 0, text.as_str(), Role::Text);
            if let Some((lane, _)) = it.painted.get(at) {
                draw_paint(pen, times, it, lane);
            }
        }
        Lane::Heading {
            section,
            count,
            shown,
        } => {
            let mut text = format!("{} ×{}", section.title(), task_line::count(*count));
            if shown < count {
                text.push_str(&format!(", {shown} of them"));
            }
            let text = Clean::from(text).fit(room, "…");
            pen.put(names, 1, 0, text.as_str(), Role::Dim);
            draw_paint(pen, times, it, &[]);
        }
        Lane::Older(count) => {
            let text = format!("… {} older batches", task_line::count(*count));
            pen.put(names, 1, 0, text, Role::Dim);
        }
        Lane::Item(attempts) => {
            draw_item_name(pen, names, instance, tasks, attempts);
            let lane = paint::paint_item(tasks, attempts, &it.axis, it.at);
            draw_paint(pen, times, it, &lane);
            draw_end(pen, times, tasks, attempts, &lane);
        }
    }
}

fn draw_item_name(
    pen: &mut Pen<'_>,
    names: Area,
    instance: &Instance,
    tasks: &Tasks,
    attempts: &[u32],
) {
    let Some(task) = attempts.last().and_then(|it| member(tasks, *it)) else {
        return;
    };
    let at = instance.timeline.at;
    let state = grid::state(tasks, &instance.siblings, task, at);
    let (sign, role) = match state {
        Cell::Done => ("✓", Role::Ok),
        Cell::Slow | Cell::Late => ("!", Role::Warn),
        Cell::Queued => ("○", Role::Wait),
        Cell::Running => ("▸", Role::Accent),
        Cell::Failed => ("✗", Role::Bad),
        Cell::Abandoned => ("×", Role::Dim),
    };
    let indent = if instance.timeline.layout.grouped {
        3
    } else {
        1
    };
    pen.put(names, indent, 0, sign, role);
    let text = if !task.child_id.is_empty() {
        task.child_id.to_string()
    } else if instance.timeline.layout.grouped {
        format!("#{} {}", task.id, task.label)
    } else {
        format!("{} {}", tasks.name(task), task.label)
    };
    let tries = match attempts.len() {
        0 | 1 => String::new(),
        count => format!(" ×{count}"),
    };
    let room = usize::from(names.width.saturating_sub(indent + 2));
    let text = Clean::from(text).fit(room.saturating_sub(tries.chars().count()), "…");
    let x = pen.put(names, indent + 2, 0, text.as_str(), Role::Text);
    pen.put(names, x, 0, tries, Role::Warn);
}

/// How long and why, right of a failed item, where there is room.
fn draw_end(pen: &mut Pen<'_>, times: Area, tasks: &Tasks, attempts: &[u32], lane: &[Paint]) {
    let Some(task) = attempts.last().and_then(|it| member(tasks, *it)) else {
        return;
    };
    if task.state != State::Failed {
        return;
    }
    let Some(end) = lane.iter().rposition(|it| *it == Paint::Failed) else {
        return;
    };
    let free = lane.len().saturating_sub(end + 2);
    let folded = lane[end..].contains(&Paint::Fold);
    if free >= 8 && !folded {
        let text = Clean::from(&*task.failure).fit(free, "…");
        pen.put(times, cells(end + 2), 0, text.as_str(), Role::Bad);
    }
}

fn paint_sign(paint: Paint) -> (&'static str, Role) {
    match paint {
        Paint::None | Paint::Fold => (" ", Role::Text),
        Paint::Wait => ("░", Role::Wait),
        Paint::Run => ("█", Role::Accent),
        Paint::Open => ("▒", Role::Accent),
        Paint::Pause => ("┄", Role::Dim),
        Paint::Failed => ("✗", Role::Bad),
        Paint::GoesOn => ("▶", Role::Accent),
        Paint::Level(level) => (LEVELS[usize::from(level.min(8))], Role::Accent),
    }
}

fn draw_paint(pen: &mut Pen<'_>, times: Area, it: &Timeline, lane: &[Paint]) {
    let mut x = 0;
    for run in lane.chunk_by(|one, other| one == other) {
        let (sign, role) = paint_sign(run[0]);
        if sign != " " {
            pen.put(times, x, 0, sign.repeat(run.len()), role);
        }
        x = x.saturating_add(cells(run.len()));
    }
    for part in it.axis.parts.iter().filter(|it| it.folded) {
        let text = Clean::from(part.label()).fit(part.columns, "");
        pen.put(times, cells(part.column), 0, text.as_str(), Role::Dim);
    }
}

fn wave_sign(wave: &Wave) -> (&'static str, Role) {
    if wave.failed > 0 {
        ("✗", Role::Bad)
    } else if wave.is_over() {
        ("✓", Role::Ok)
    } else if wave.running > 0 {
        ("▸", Role::Accent)
    } else {
        ("○", Role::Wait)
    }
}

fn draw_detail(pen: &mut Pen<'_>, mut area: Area, instance: &Instance, tasks: &Tasks) {
    let it = &instance.timeline;
    if area.height == 0 {
        return;
    }
    if area.height >= 3 {
        let position = format!(
            "{} of {} lanes",
            task_line::count(it.index + 1),
            task_line::count(it.layout.lanes.len())
        );
        pen.rule(area, 0, &[piece(position, Role::Dim)], &[]);
        area.take_top(1);
    }
    let area = inset(area);
    let mut lines: Vec<Vec<Piece<'_>>> = Vec::new();
    match it.selected() {
        Some(Lane::Item(attempts)) => {
            let task = attempts.last().and_then(|it| member(tasks, *it));
            let Some(task) = task else {
                return;
            };
            lines.push(task_line::who(tasks, task));
            lines.push(task_line::how(tasks, &instance.siblings, task, it.at));
            if !task.failure.is_empty() {
                lines.push(vec![piece(&*task.failure, Role::Bad)]);
            }
        }
        Some(Lane::Wave(at)) => {
            let Some(wave) = it.waves.get(*at) else {
                return;
            };
            lines.push(vec![
                piece(tasks.name_at(wave.name), Role::Head),
                piece(
                    format!(
                        " ×{} · {} done, {} failed, {} running, {} queued",
                        task_line::count(wave.total()),
                        task_line::count(wave.completed),
                        task_line::count(wave.failed),
                        task_line::count(wave.running),
                        task_line::count(wave.queued)
                    ),
                    Role::Text,
                ),
            ]);
            let mut text = format!("{} long", time(wave.wall(it.at)));
            if let Some((_, most)) = it.painted.get(at).filter(|it| it.1 > 0) {
                let word = if tasks.knows_starts {
                    "at once"
                } else {
                    "open at once"
                };
                let (whole, rest) = (most / FINE, most % FINE * 10 / FINE);
                text.push_str(&format!(
                    " · height: how many {word}, on average up to {whole}.{rest} in a column"
                ));
            }
            lines.push(vec![piece(text, Role::Text)]);
        }
        Some(Lane::Heading { section, .. }) => {
            let text = format!("{}: tasks that have a lane of their own", section.title());
            lines.push(vec![piece(text, Role::Text)]);
        }
        Some(Lane::Older(count)) => {
            let text = format!(
                "{} older batches have no lane here",
                task_line::count(*count)
            );
            lines.push(vec![piece(text, Role::Text)]);
        }
        None => {}
    }
    for (y, line) in lines.iter().enumerate() {
        if y < usize::from(area.height) {
            pen.line(area, cells(y), line);
        }
    }
}
