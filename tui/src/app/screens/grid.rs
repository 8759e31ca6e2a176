//! One cell for each task of an instance, or for each few that follow each other.

use crate::app::action::ActionId;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::place::InstanceTab;
use crate::app::screens::instance;
use crate::app::screens::instance::Instance;
use crate::app::toast::Kind;
use crate::app::update;
use crate::data::grid;
use crate::data::grid::Bucket;
use crate::data::items;
use crate::data::pick::Pick;
use crate::data::tasks::Tasks;
use crate::format::Micros;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub by_latency: bool,
    pub cells: Vec<Bucket>,
    /// Tasks that one cell stands for.
    pub per_cell: usize,
    /// Cells in a row.
    pub columns: usize,
    /// Tasks by state, in the order of [`grid::Cell::ALL`].
    pub totals: [usize; 7],
    cursor: Option<Pick>,
    /// The cursor is on this very task, not on the worst one of its cell.
    is_exact: bool,
    made_of: Option<MadeOf>,
}

#[derive(Clone, Debug)]
struct MadeOf {
    tasks: Tasks,
    at: Micros,
    room: (usize, usize),
}

/// Parts of the tab.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub legend: Area,
    pub cells: Area,
    pub detail: Area,
}

impl Grid {
    /// The cell under the cursor.
    pub fn cell(&self, tasks: &Tasks) -> usize {
        let index = self.cursor.as_ref().and_then(|it| it.index_in(tasks));
        index.unwrap_or(0) / self.per_cell.max(1)
    }

    /// The task that is described: the one under the cursor, or the worst of its cell.
    pub fn shown(&self, instance: &Instance, now: Micros) -> Option<usize> {
        let tasks = instance.tasks.as_ref()?;
        let exact = self.cursor.as_ref().filter(|_| self.is_exact);
        if let Some(index) = exact.and_then(|it| it.index_in(tasks)) {
            return Some(index);
        }
        let from = self.cell(tasks) * self.per_cell;
        let siblings = &instance.siblings;
        grid::worst(tasks, siblings, now, from, self.per_cell, self.by_latency)
    }

    /// Puts the cursor on the task at `index`.
    pub fn point_at(&mut self, tasks: &Tasks, index: usize) {
        self.cursor = Pick::at(tasks, index);
        self.is_exact = true;
    }

    fn go_to_cell(&mut self, tasks: &Tasks, cell: usize) {
        self.cursor = Pick::at(tasks, cell.saturating_mul(self.per_cell));
        self.is_exact = false;
    }
}

/// Lays the tab out.
pub fn shape(size: Size) -> Shape {
    let mut rest = geometry::instance(size).body();
    let legend = rest.take_top(u16::from(rest.height >= 5));
    let detail = rest.take_bottom(match rest.height {
        14.. => 4,
        9..14 => 3,
        3..9 => 2,
        _ => 0,
    });
    let cells = Area {
        x: rest.x + 1,
        width: rest.width.saturating_sub(2).max(1),
        ..rest
    };
    Shape {
        legend,
        cells,
        detail,
    }
}

/// Columns and rows of cells.
fn room(model: &Model) -> (usize, usize) {
    let cells = shape(model.size).cells;
    let halves = if model.whole_cells { 1 } else { 2 };
    let rows = usize::from(cells.height) * halves;
    (usize::from(cells.width).max(1), rows.max(1))
}

/// Takes new data: the cells are made anew when tasks, room or, while tasks run, the time changed.
pub fn on_data(model: &mut Model) {
    let now = model.server_now();
    let room = room(model);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let Some(tasks) = &instance.tasks else {
        return;
    };
    let grid = &mut instance.grid;
    let is_made = grid.made_of.as_ref().is_some_and(|it| {
        it.tasks.is_same(tasks) && (it.at == now || !instance.has_open) && it.room == room
    });
    if is_made {
        return;
    }
    grid.columns = room.0;
    grid.per_cell = grid::per_cell(tasks.len(), room.0 * room.1);
    grid.cells = grid::buckets(tasks, &instance.siblings, now, grid.per_cell);
    grid.totals = grid::counts(tasks, &instance.siblings, now, 0, tasks.len());
    grid.made_of = Some(MadeOf {
        tasks: tasks.clone(),
        at: now,
        room,
    });
}

/// Moves the cursor by `delta` rows; within its column, as far as there are cells.
pub fn move_by(model: &mut Model, delta: isize) {
    with_tasks(model, |grid, tasks| {
        let (columns, count) = (grid.columns.max(1), grid.cells.len());
        let Some(last) = count.checked_sub(1) else {
            return;
        };
        let cell = grid.cell(tasks).min(last);
        let (row, column) = (cell / columns, cell % columns);
        let to = match delta {
            0 => return,
            isize::MIN => 0,
            isize::MAX => last,
            _ => {
                let row = row.saturating_add_signed(delta).min(last / columns);
                let there = row * columns + column;
                if there <= last {
                    there
                } else {
                    last.min(there)
                }
            }
        };
        grid.go_to_cell(tasks, to);
    });
}

/// Rows of cells on the screen.
pub fn visible(model: &Model) -> usize {
    room(model).1
}

fn with_tasks(model: &mut Model, act: impl FnOnce(&mut Grid, &Tasks)) {
    if let Some(instance) = model.screens.top_instance_mut()
        && let Some(tasks) = &instance.tasks
    {
        act(&mut instance.grid, tasks);
    }
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, _: &mut Vec<Effect>) {
    let now = model.server_now();
    match id {
        ActionId::Back => update::back(model),
        ActionId::ByLatency => with_tasks(model, |grid, _| grid.by_latency = !grid.by_latency),
        ActionId::CellLeft => step(model, -1),
        ActionId::CellRight => step(model, 1),
        ActionId::NextFailure => {
            let from = shown(model);
            let found = from_tasks(model, |tasks| items::next_failure(tasks, from));
            go(model, found, "no failure here");
        }
        ActionId::Slowest => {
            let tasks = model.screens.top_instance().and_then(Instance::measured);
            let found = tasks.and_then(|(tasks, siblings)| items::slowest(tasks, siblings, now));
            go(model, found, "nothing has run yet");
        }
        ActionId::Open => {
            if let Some(index) = shown(model) {
                open(model, index);
            }
        }
        _ => {}
    }
}

/// Opens the child that the task at `index` is, or shows it in the tree.
pub fn open(model: &mut Model, index: usize) {
    let task = from_tasks(model, |tasks| tasks.get(index).cloned());
    let Some(task) = task else {
        return;
    };
    if !task.child_id.is_empty() {
        instance::open(model, &task.child_id);
        return;
    }
    if let Some(top) = model.screens.top_instance_mut() {
        top.tab = InstanceTab::Tree;
    }
    instance::reveal(model, index);
}

fn step(model: &mut Model, delta: isize) {
    with_tasks(model, |grid, tasks| {
        let last = grid.cells.len().saturating_sub(1);
        let cell = grid.cell(tasks).saturating_add_signed(delta).min(last);
        grid.go_to_cell(tasks, cell);
    });
}

fn shown(model: &Model) -> Option<usize> {
    let instance = model.screens.top_instance()?;
    instance.grid.shown(instance, model.server_now())
}

fn from_tasks<T>(model: &Model, of: impl FnOnce(&Tasks) -> Option<T>) -> Option<T> {
    of(model.screens.top_instance()?.tasks.as_ref()?)
}

fn go(model: &mut Model, found: Option<usize>, otherwise: &str) {
    match found {
        Some(index) => with_tasks(model, |grid, tasks| grid.point_at(tasks, index)),
        None => model.toast(Kind::Note, otherwise),
    }
}

/// How many of the cell under the cursor are in each state, in the order of [`grid::Cell::ALL`].
pub fn cell_counts(instance: &Instance, now: Micros) -> Option<[usize; 7]> {
    let tasks = instance.tasks.as_ref()?;
    let grid = &instance.grid;
    let from = grid.cell(tasks) * grid.per_cell;
    Some(grid::counts(
        tasks,
        &instance.siblings,
        now,
        from,
        grid.per_cell,
    ))
}
