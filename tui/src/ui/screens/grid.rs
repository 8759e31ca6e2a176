//! One cell for each task of an instance.

use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::screens::grid;
use crate::app::screens::grid::Grid;
use crate::app::screens::instance::Instance;
use crate::data::grid::Bucket;
use crate::data::grid::Cell;
use crate::data::grid::Heat;
use crate::data::grid::Layout;
use crate::data::siblings::took;
use crate::data::tasks::Task;
use crate::data::tasks::Tasks;
use crate::format::Micros;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::task_line;
use crate::ui::screens::task_line::inset;
use crate::ui::screens::task_line::time;
use crate::ui::theme::Role;
use crate::ui::widgets::progress as bars;

/// Draws the tab into `area`, below the instance's title, progress and tabs.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    let Some(tasks) = task_line::ready(pen, area, model, instance) else {
        return;
    };
    let shape = grid::shape(model.size, model.choices.zoom);
    draw_legend(pen, shape.legend, model, &instance.grid);
    let cursor = instance.grid.cell(tasks);
    pen.hit(shape.cells, Hit::Cell(0, 0));
    let layout = instance.grid.layout;
    if layout.halves {
        draw_halves(pen, shape.cells, &instance.grid, cursor);
    } else if layout.width > 1 {
        let words = Words {
            instance,
            tasks,
            now: model.server_now(),
        };
        draw_words(pen, shape.cells, &words, cursor);
    } else {
        draw_signs(pen, shape.cells, &instance.grid, cursor);
    }
    draw_detail(pen, shape.detail, model, instance, tasks);
    task_line::draw_refusal(pen, area, model);
}

fn heat_sign(heat: Heat) -> (&'static str, Role) {
    match heat {
        Heat::None => ("·", Role::Dim),
        Heat::Quick => ("1", Role::Ok),
        Heat::Usual => ("2", Role::Accent),
        Heat::Slow => ("3", Role::Warn),
        Heat::Far => ("4", Role::Bad),
    }
}

fn sign(bucket: Bucket, by_latency: bool) -> (&'static str, Role) {
    if by_latency {
        heat_sign(bucket.heat)
    } else {
        task_line::sign(bucket.state)
    }
}

fn draw_legend(pen: &mut Pen<'_>, area: Area, model: &Model, grid: &Grid) {
    let whole = model.has_whole_cells();
    let mut pieces = Vec::new();
    let mut entry = |sign: &'static str, role, text: String| {
        let sign = if whole { sign } else { "█" };
        pieces.push(piece(format!("{sign} "), role));
        pieces.push(piece(format!("{text}  "), Role::Text));
    };
    if grid.by_latency {
        for heat in Heat::ALL {
            let (sign, role) = heat_sign(heat);
            entry(sign, role, heat.word().to_owned());
        }
    } else {
        let counts = Cell::ALL.iter().zip(grid.totals);
        for (cell, count) in counts.filter(|it| it.1 > 0) {
            let (sign, role) = task_line::sign(*cell);
            entry(
                sign,
                role,
                format!("{} {}", task_line::count(count), cell.word()),
            );
        }
    }
    let inner = inset(area);
    let end = pen.line(inner, 0, &pieces);
    if grid.layout.per_cell > 1 {
        let per_cell = task_line::count(grid.layout.per_cell);
        let text = format!("a cell is {per_cell} tasks and shows the worst");
        let short = format!("cell = {per_cell} tasks");
        let fits = usize::from(inner.width.saturating_sub(end)) > text.chars().count();
        let text = if fits { text } else { short };
        pen.line_right(inner, end + 1, 0, &[piece(text, Role::Dim)]);
    }
}

/// Two cells for each character, told apart by colour.
fn draw_halves(pen: &mut Pen<'_>, area: Area, grid: &Grid, cursor: usize) {
    let columns = grid.layout.columns.max(1);
    let role = |index: usize| grid.cells.get(index).map(|it| sign(*it, grid.by_latency).1);
    for y in 0..usize::from(area.height) {
        let upper = y * 2 * columns;
        if upper >= grid.cells.len() {
            break;
        }
        for x in 0..columns {
            let (first, second) = (upper + x, upper + columns + x);
            let at = (cells(x), cells(y));
            pen.halves(area, at, role(first), role(second));
            if cursor == first || cursor == second {
                let sign = if cursor == first { "◓" } else { "◒" };
                pen.put(area, at.0, at.1, sign, Role::Head);
                let here = Area {
                    x: area.x + at.0,
                    y: area.y + at.1,
                    width: 1,
                    height: 1,
                };
                pen.restyle(here, Role::Selected);
            }
        }
    }
}

/// A sign for each cell.
fn draw_signs(pen: &mut Pen<'_>, area: Area, grid: &Grid, cursor: usize) {
    let columns = grid.layout.columns.max(1);
    for (index, bucket) in grid.cells.iter().enumerate() {
        let (x, y) = (cells(index % columns), cells(index / columns));
        if y >= area.height {
            break;
        }
        let (sign, role) = sign(*bucket, grid.by_latency);
        pen.put(area, x, y, sign, role);
        if index == cursor {
            let here = Area {
                x: area.x + x,
                y: area.y + y,
                width: 1,
                height: 1,
            };
            pen.restyle(here, Role::Selected);
        }
    }
}

/// What the words of a cell are taken from.
struct Words<'a> {
    instance: &'a Instance,
    tasks: &'a Tasks,
    now: Micros,
}

/// Columns from which a cell has a label.
const LABEL_MIN: usize = 24;
/// Columns from which a cell has a bar of its time.
const BAR_MIN: usize = 56;
/// Columns of a time.
const TIME: usize = 8;

/// Cells with number, label and time, as far as there is room; else blocks.
fn draw_words(pen: &mut Pen<'_>, area: Area, words: &Words<'_>, cursor: usize) {
    let grid = &words.instance.grid;
    let Layout { columns, width, .. } = grid.layout;
    for (index, bucket) in grid.cells.iter().enumerate() {
        let (column, y) = (index % columns.max(1), cells(index / columns.max(1)));
        let Some(task) = words.tasks.get(index).filter(|_| y < area.height) else {
            break;
        };
        let gap = usize::from(columns > 1);
        let cell = Area {
            x: area.x + cells(column * width),
            y: area.y + y,
            width: cells(width - gap),
            height: 1,
        };
        draw_cell(pen, cell, words, task, *bucket);
        if index == cursor {
            pen.restyle(cell, Role::Selected);
        }
    }
}

fn draw_cell(pen: &mut Pen<'_>, mut area: Area, words: &Words<'_>, task: &Task, bucket: Bucket) {
    let grid = &words.instance.grid;
    let (sign, role) = sign(bucket, grid.by_latency);
    let columns = usize::from(area.width);
    let number = format!("#{}", task.id);
    let least = grid.number_width + 2;
    if columns < least {
        pen.put(area, 0, 0, sign.repeat(columns), role);
        return;
    }
    if columns >= least + TIME {
        let right = if columns >= BAR_MIN {
            columns / 3
        } else {
            TIME
        };
        area.width -= cells(right) + 1;
        let times = Area {
            x: area.x + area.width + 1,
            width: cells(right),
            ..area
        };
        draw_time(pen, times, words, task, role);
    }
    let mut pieces = vec![piece(format!("{sign} "), role), piece(number, Role::Dim)];
    if columns >= LABEL_MIN {
        if grid.has_names {
            pieces.push(piece(format!(" {}", words.tasks.name(task)), Role::Text));
        }
        let label = if task.label.is_empty() {
            &task.child_id
        } else {
            &task.label
        };
        pieces.push(piece(format!(" {label}"), Role::Text));
        if !task.failure.is_empty() {
            pieces.push(piece(format!(" {}", task.failure), Role::Bad));
        }
    }
    pen.line(area, 0, &pieces);
}

/// How long it took, where there is room as a part of the longest.
fn draw_time(pen: &mut Pen<'_>, area: Area, words: &Words<'_>, task: &Task, role: Role) {
    let Some(took) = took(words.tasks, task, words.now) else {
        return;
    };
    let text = time(took);
    let room = usize::from(area.width).saturating_sub(TIME + 1);
    if room > 0 {
        let as_count = |it: Micros| u64::try_from(it).unwrap_or(0);
        let longest = as_count(words.instance.grid.longest);
        let bar = bars::bar(room, as_count(took), longest);
        pen.put(area, 0, 0, bar.trim_end_matches('·').to_owned(), role);
    }
    pen.line_right(area, 0, 0, &[piece(text, Role::Text)]);
}

fn draw_detail(
    pen: &mut Pen<'_>,
    mut area: Area,
    model: &Model,
    instance: &Instance,
    tasks: &Tasks,
) {
    let now = model.server_now();
    let grid = &instance.grid;
    if area.height >= 3 {
        let title = bucket_title(instance, tasks, now);
        pen.rule(area, 0, &title, &[]);
        area.take_top(1);
    }
    let area = inset(area);
    let Some(task) = grid.shown(instance, now).and_then(|it| tasks.get(it)) else {
        return;
    };
    let who = task_line::who(tasks, task);
    let how = task_line::how(tasks, &instance.siblings, task, now);
    if area.height >= 3 {
        pen.line(area, 0, &who);
        pen.line(area, 1, &how);
        draw_failure(pen, area, 2, &task.failure);
    } else {
        let mut all = who;
        all.push(piece(" · ", Role::Dim));
        all.extend(how);
        pen.line(area, 0, &all);
        draw_failure(pen, area, 1, &task.failure);
    }
}

fn draw_failure(pen: &mut Pen<'_>, area: Area, y: u16, failure: &str) {
    if !failure.is_empty() && y < area.height {
        pen.line(
            area,
            y,
            &[piece("✗ ", Role::Bad), piece(failure, Role::Bad)],
        );
    }
}

/// What the cell under the cursor stands for.
fn bucket_title(instance: &Instance, tasks: &Tasks, now: i64) -> Vec<Piece<'static>> {
    let grid = &instance.grid;
    let per_cell = grid.layout.per_cell;
    let from = grid.cell(tasks) * per_cell;
    let count = tasks.len().saturating_sub(from).min(per_cell);
    if count <= 1 {
        let text = format!(
            "task {} of {}",
            task_line::count(from + 1),
            task_line::count(tasks.len())
        );
        return vec![piece(text, Role::Dim)];
    }
    let text = format!(
        "tasks {} to {} of {}: ",
        task_line::count(from + 1),
        task_line::count(from + count),
        task_line::count(tasks.len())
    );
    let mut pieces = vec![piece(text, Role::Dim)];
    let counts = grid::cell_counts(instance, now).unwrap_or_default();
    for (cell, count) in Cell::ALL.iter().zip(counts).filter(|it| it.1 > 0) {
        let text = format!("{} {}  ", task_line::count(count), cell.word());
        pieces.push(piece(text, task_line::sign(*cell).1));
    }
    pieces
}
