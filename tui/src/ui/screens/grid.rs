//! One cell for each task of an instance.

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::grid;
use crate::app::screens::grid::Grid;
use crate::app::screens::instance::Instance;
use crate::data::grid::Bucket;
use crate::data::grid::Cell;
use crate::data::grid::Heat;
use crate::data::tasks::Tasks;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::task_line;
use crate::ui::screens::task_line::inset;
use crate::ui::theme::Role;

/// Draws the tab into `area`, below the instance's title, progress and tabs.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    let Some(tasks) = task_line::ready(pen, area, model, instance) else {
        return;
    };
    let shape = grid::shape(model.size);
    draw_legend(pen, shape.legend, model, &instance.grid);
    let cursor = instance.grid.cell(tasks);
    if model.whole_cells || pen.needs_whole_cells() {
        draw_signs(pen, shape.cells, model, &instance.grid, cursor);
    } else {
        draw_halves(pen, shape.cells, &instance.grid, cursor);
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
    let whole = model.whole_cells || pen.needs_whole_cells();
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
    if grid.per_cell > 1 {
        let per_cell = task_line::count(grid.per_cell);
        let text = format!("a cell is {per_cell} tasks and shows the worst");
        let short = format!("cell = {per_cell} tasks");
        let fits = usize::from(inner.width.saturating_sub(end)) > text.chars().count();
        let text = if fits { text } else { short };
        pen.line_right(inner, end + 1, 0, &[piece(text, Role::Dim)]);
    }
}

/// Two cells for each character, told apart by colour.
fn draw_halves(pen: &mut Pen<'_>, area: Area, grid: &Grid, cursor: usize) {
    let columns = grid.columns.max(1);
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
fn draw_signs(pen: &mut Pen<'_>, area: Area, model: &Model, grid: &Grid, cursor: usize) {
    let columns = grid.columns.max(1);
    // Made for halves, where the look has changed since: two rows share a line, the worse shows.
    let rows = if model.whole_cells { 1 } else { 2 };
    for y in 0..usize::from(area.height) {
        let first = y * rows * columns;
        if first >= grid.cells.len() {
            break;
        }
        for x in 0..columns {
            let indices = (0..rows).map(|row| first + row * columns + x);
            let found = indices
                .clone()
                .filter_map(|it| grid.cells.get(it).copied())
                .reduce(|one, other| Bucket {
                    state: one.state.max(other.state),
                    heat: one.heat.max(other.heat),
                });
            let Some(bucket) = found else {
                break;
            };
            let (sign, role) = sign(bucket, grid.by_latency);
            let (x, y) = (cells(x), cells(y));
            pen.put(area, x, y, sign, role);
            if indices.clone().any(|it| it == cursor) {
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
    let from = grid.cell(tasks) * grid.per_cell;
    let count = tasks.len().saturating_sub(from).min(grid.per_cell);
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
