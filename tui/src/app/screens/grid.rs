//! One cell for each task of an instance, or for each few that follow each other.

use crate::app::action::ActionId;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::place::InstanceTab;
use crate::app::screens::instance;
use crate::app::screens::instance::Instance;
use crate::app::toast::Kind;
use crate::app::update;
use crate::data::grid;
use crate::data::grid::Bucket;
use crate::data::grid::Heat;
use crate::data::grid::Layout;
use crate::data::items;
use crate::data::pick::Pick;
use crate::data::siblings::took;
use crate::data::tasks::Tasks;
use crate::format::Micros;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub by_latency: bool,
    pub cells: Vec<Bucket>,
    /// How the cells lie.
    pub layout: Layout,
    /// The longest that a task took so far.
    pub longest: Micros,
    /// Columns of the longest number.
    pub number_width: usize,
    /// The tasks have more than one name.
    pub has_names: bool,
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
    room: Room,
}

/// Columns and lines for cells, and whether two cells may share a character.
type Room = ((usize, usize), bool);

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
        index.unwrap_or(0) / self.layout.per_cell.max(1)
    }

    /// The task that is described: the one under the cursor, or the worst of its cell.
    pub fn shown(&self, instance: &Instance, now: Micros) -> Option<usize> {
        let tasks = instance.tasks.as_ref()?;
        let exact = self.cursor.as_ref().filter(|_| self.is_exact);
        if let Some(index) = exact.and_then(|it| it.index_in(tasks)) {
            return Some(index);
        }
        let per_cell = self.layout.per_cell;
        let from = self.cell(tasks) * per_cell;
        let siblings = &instance.siblings;
        grid::worst(tasks, siblings, now, from, per_cell, self.by_latency)
    }

    /// Puts the cursor on the task at `index`.
    pub fn point_at(&mut self, tasks: &Tasks, index: usize) {
        self.cursor = Pick::at(tasks, index);
        self.is_exact = true;
    }

    fn go_to_cell(&mut self, tasks: &Tasks, cell: usize) {
        self.cursor = Pick::at(tasks, cell.saturating_mul(self.layout.per_cell));
        self.is_exact = false;
    }
}

/// Lays the tab out.
pub fn shape(size: Size, zoom: bool) -> Shape {
    let mut rest = instance::shape(size, zoom).body();
    let legend = rest.take_top(u16::from(rest.height >= 5));
    let detail = rest.take_bottom(match rest.height {
        _ if zoom => 0,
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

fn room(model: &Model) -> Room {
    let cells = shape(model.size, model.choices.zoom).cells;
    let of = |it: u16| usize::from(it).max(1);
    (
        (of(cells.width), of(cells.height)),
        !model.has_whole_cells(),
    )
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
    let last = tasks.len().checked_sub(1).and_then(|it| tasks.get(it));
    grid.number_width = last.map_or(0, |it| it.id.to_string().len() + 1);
    grid.layout = grid::layout(tasks.len(), room.0, room.1);
    grid.cells = grid::buckets(tasks, &instance.siblings, now, grid.layout.per_cell);
    grid.has_names = tasks.name_count() > 1;
    let took = tasks.iter().filter_map(|it| took(tasks, it, now));
    grid.longest = took.max().unwrap_or(0);
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
        let (columns, count) = (grid.layout.columns.max(1), grid.cells.len());
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
                last.min(row * columns + column)
            }
        };
        grid.go_to_cell(tasks, to);
    });
}

/// Rows of cells on the screen.
pub fn visible(model: &Model) -> usize {
    let ((_, lines), _) = room(model);
    let grid = model.screens.top_instance().map(|it| &it.grid);
    if grid.is_some_and(|it| it.layout.halves) {
        lines * 2
    } else {
        lines
    }
}

/// Takes a click on a character of the cells; true when what is there had the cursor already. Of
/// two that share it, the worse one gets it.
pub fn click(model: &mut Model, column: u16, row: u16) -> bool {
    let (column, row) = (usize::from(column), usize::from(row));
    let mut had_it = false;
    with_tasks(model, |grid, tasks| {
        let Layout {
            columns,
            width,
            halves,
            ..
        } = grid.layout;
        let column = column / width.max(1);
        let rows = if halves {
            row * 2..row * 2 + 2
        } else {
            row..row + 1
        };
        let all = rows.map(|row| row * columns + column);
        let there = all.filter(|it| *it < grid.cells.len() && column < columns);
        let there: Vec<_> = there.collect();
        let rank = |at: &usize| {
            let Bucket { state, heat } = grid.cells[*at];
            if grid.by_latency {
                (heat, state)
            } else {
                (Heat::None, state)
            }
        };
        had_it = there.contains(&grid.cell(tasks));
        if let Some(at) = there.into_iter().rev().max_by_key(rank)
            && !had_it
        {
            grid.go_to_cell(tasks, at);
        }
    });
    had_it
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
    let per_cell = grid.layout.per_cell;
    let from = grid.cell(tasks) * per_cell;
    Some(grid::counts(tasks, &instance.siblings, now, from, per_cell))
}
