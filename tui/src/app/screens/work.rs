//! Queues by name, and the workers with what they hold.

use std::cmp::Ordering;
use std::cmp::Reverse;
use std::sync::Arc;

use durascope_proto::monitor::ConnectedWorker;
use durascope_proto::monitor::HeldItem;
use durascope_proto::monitor::ListWorkRequest;
use durascope_proto::monitor::QueueRow;
use durascope_proto::monitor::WorkList;
use durascope_proto::monitor::WorkerRow;

use crate::app::action::ActionId;
use crate::app::cursor::Selection;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::instance;
use crate::app::screens::listing::Order;
use crate::app::screens::listing::with_ids;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::update;
use crate::app::verdict;
use crate::data::status;
use crate::data::work;

/// Lines about what nobody serves, at most.
pub const UNSERVED_MAX: usize = 3;

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    Workers,
    Queues,
    Held,
}

impl Pane {
    /// In the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Workers, Self::Queues, Self::Held];

    /// What its list can be sorted by.
    pub fn orders(self) -> &'static [&'static str] {
        match self {
            Self::Workers => &["since", "id", "activities", "answered"],
            Self::Queues => &["unserved", "name", "waiting", "out", "oldest"],
            Self::Held => &["oldest", "name", "instance id"],
        }
    }
}

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Work {
    pub pane: Pane,
    pub workers: Selection,
    pub queues: Selection,
    pub held: Selection,
    /// The newest answer.
    pub list: Option<Arc<WorkList>>,
    /// Why there is none.
    pub refused: Option<String>,
    /// Of each pane.
    orders: [Order; 3],
    /// Indices of the workers in their order.
    pub worker_rows: Vec<usize>,
    /// Indices of what the selected worker holds, oldest first unless sorted otherwise.
    pub held_rows: Vec<usize>,
    /// Indices of the queues: unserved ones that wait, then the longest, unless sorted otherwise.
    pub queue_rows: Vec<usize>,
    /// The worker that the held items are of.
    shown: String,
}

/// Parts of the screen, top to bottom; empty ones are left out. Each list has its rule and its
/// titles as its first rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub header: Area,
    pub workers: Area,
    /// What is asked for and nobody serves.
    pub unserved: Area,
    pub queues: Area,
    pub held: Area,
    pub notes: Area,
    pub footer: Area,
}

/// Lays the screen out. Where not all lists have room, the one that has the keys has it.
pub fn shape(size: Size, view: &Work, unserved: usize) -> Shape {
    let whole = geometry::list(size);
    let mut rest = Area {
        x: 0,
        y: whole.header.y + whole.header.height,
        width: size.width,
        height: size
            .height
            .saturating_sub(whole.header.height + whole.footer.height),
    };
    let mut shape = Shape {
        header: whole.header,
        footer: whole.footer,
        ..Shape::default()
    };
    let lines = |count: usize| crate::text::cells(count);
    let unserved = if unserved == 0 || rest.height < 6 {
        0
    } else {
        1 + lines(unserved.min(UNSERVED_MAX))
    };
    if rest.height < 20 {
        let area = match view.pane {
            Pane::Workers => &mut shape.workers,
            Pane::Queues => &mut shape.queues,
            Pane::Held => &mut shape.held,
        };
        shape.unserved = rest.take_bottom(unserved);
        *area = rest;
        return shape;
    }
    let workers = view.list.as_ref().map_or(0, |it| it.workers.len());
    let wanted = lines(workers.max(1)) + 2;
    shape.workers = rest.take_top(wanted.clamp(4, rest.height / 3));
    shape.unserved = rest.take_top(unserved);
    if rest.height >= 20 {
        shape.notes = rest.take_bottom(5);
    }
    shape.queues = rest.take_top(rest.height / 2);
    shape.held = rest;
    shape
}

/// The rows of a list's area, below its rule and its titles.
pub fn rows(mut area: Area) -> Area {
    area.take_top(u16::from(area.height >= 3));
    area.take_top(u16::from(area.height >= 2));
    area
}

fn worker_id(it: &WorkerRow) -> String {
    let id = it.worker.as_ref().map_or("", |it| it.worker_id.as_str());
    id.to_owned()
}

fn queue_id(it: &QueueRow) -> String {
    format!("{}\u{1f}{}\u{1f}{}", it.kind, it.name, it.version)
}

fn held_id(it: &HeldItem) -> String {
    format!("{}\u{1f}{}\u{1f}{}", it.kind, it.instance_id, it.task_id)
}

impl Work {
    /// The worker under the cursor.
    pub fn selected(&self) -> Option<&WorkerRow> {
        let at = self.worker_rows.get(self.workers.index())?;
        self.list.as_ref()?.workers.get(*at)
    }

    /// Sorts the list of `pane`.
    pub(crate) fn set_order(&mut self, pane: Pane, order: Order) {
        self.orders[pane as usize] = order;
    }

    /// By what the list of `pane` is sorted.
    pub fn order(&self, pane: Pane) -> Order {
        self.orders[pane as usize]
    }

    /// The held item under the cursor.
    pub fn selected_item(&self) -> Option<&HeldItem> {
        let at = self.held_rows.get(self.held.index())?;
        self.list.as_ref()?.held.get(*at)
    }

    fn shape(&self, size: Size) -> Shape {
        // How many there are does not depend on the time.
        let unserved = self
            .list
            .as_ref()
            .map_or(0, |it| work::unserved(it, 0).len());
        shape(size, self, unserved)
    }

    fn ids(&self, pane: Pane) -> Vec<String> {
        let Some(list) = &self.list else {
            return Vec::new();
        };
        match pane {
            Pane::Workers => {
                let rows = self.worker_rows.iter();
                rows.filter_map(|at| list.workers.get(*at))
                    .map(worker_id)
                    .collect()
            }
            Pane::Queues => {
                let rows = self.queue_rows.iter();
                rows.filter_map(|at| list.queues.get(*at))
                    .map(queue_id)
                    .collect()
            }
            Pane::Held => {
                let rows = self.held_rows.iter();
                rows.filter_map(|at| list.held.get(*at))
                    .map(held_id)
                    .collect()
            }
        }
    }

    /// Keeps the cursors on their things.
    fn settle(&mut self, size: Size) {
        let shape = self.shape(size);
        let visible = |area: Area| usize::from(rows(area).height).max(1);
        let Some(list) = self.list.clone() else {
            return;
        };
        let by = self.order(Pane::Workers);
        self.worker_rows = by.rows(list.workers.len(), |one, other| {
            rank_workers(by.at, &list.workers[one], &list.workers[other])
        });
        with_ids(self.ids(Pane::Workers), |loaded| {
            self.workers.on_rows(loaded, visible(shape.workers));
        });
        let worker = self.selected().map(worker_id).unwrap_or_default();
        if worker != self.shown {
            self.shown.clone_from(&worker);
            self.held = Selection::default();
        }
        let by = self.order(Pane::Held);
        let held = by.rows(list.held.len(), |one, other| {
            rank_held(by.at, &list.held[one], &list.held[other])
        });
        let held = held.into_iter();
        self.held_rows = held
            .filter(|at| list.held[*at].worker_id == worker)
            .collect();
        let by = self.order(Pane::Queues);
        self.queue_rows = by.rows(list.queues.len(), |one, other| {
            rank_queues(by.at, &list.queues[one], &list.queues[other])
        });
        with_ids(self.ids(Pane::Held), |loaded| {
            self.held.on_rows(loaded, visible(shape.held));
        });
        with_ids(self.ids(Pane::Queues), |loaded| {
            self.queues.on_rows(loaded, visible(shape.queues));
        });
    }
}

fn rank_workers(order: usize, one: &WorkerRow, other: &WorkerRow) -> Ordering {
    let (a, b) = (one.worker.as_ref(), other.worker.as_ref());
    match order {
        1 => worker_id(one).cmp(&worker_id(other)),
        2 => b
            .map(|it| it.activities_out)
            .cmp(&a.map(|it| it.activities_out)),
        3 => other.answered.cmp(&one.answered),
        _ => {
            let since = |it: Option<&ConnectedWorker>| {
                it.and_then(|it| status::micros(it.connected_at.as_ref()))
            };
            since(a).cmp(&since(b))
        }
    }
}

fn rank_queues(order: usize, one: &QueueRow, other: &QueueRow) -> Ordering {
    let most = |it: &QueueRow| (Reverse(it.waiting), Reverse(it.out));
    match order {
        1 => (&one.name, &one.version).cmp(&(&other.name, &other.version)),
        2 => most(one).cmp(&most(other)),
        3 => other.out.cmp(&one.out),
        4 => {
            let oldest = |it: &QueueRow| status::micros(it.oldest_waiting.as_ref());
            let oldest = |it: &QueueRow| (oldest(it).is_none(), oldest(it));
            oldest(one).cmp(&oldest(other))
        }
        _ => {
            let is_served = |it: &QueueRow| it.served || it.waiting == 0;
            (is_served(one), most(one)).cmp(&(is_served(other), most(other)))
        }
    }
}

fn rank_held(order: usize, one: &HeldItem, other: &HeldItem) -> Ordering {
    match order {
        1 => one.name.cmp(&other.name),
        2 => one.instance_id.cmp(&other.instance_id),
        _ => status::micros(one.since.as_ref()).cmp(&status::micros(other.since.as_ref())),
    }
}

/// Sorts a list by one of its orders; the same again reverses.
pub(crate) fn sort_by(model: &mut Model, pane: Pane, at: usize) {
    let size = model.size;
    let view = &mut model.screens.work;
    view.orders[pane as usize].choose(at);
    view.settle(size);
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    let worker_id = model.screens.work.workers.id().unwrap_or_default();
    Topic::Work(ListWorkRequest {
        worker_id: worker_id.to_owned(),
    })
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let told = model.told().cloned();
    let size = model.size;
    let view = &mut model.screens.work;
    match told {
        Some(Told::Work(list)) => {
            view.list = Some(list);
            view.refused = None;
        }
        Some(Told::Refused(reason)) => view.refused = Some(reason),
        _ => {}
    }
    view.settle(size);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let size = model.size;
    let visible = visible(model);
    let view = &mut model.screens.work;
    with_ids(view.ids(view.pane), |loaded| {
        let selection = match view.pane {
            Pane::Workers => &mut view.workers,
            Pane::Queues => &mut view.queues,
            Pane::Held => &mut view.held,
        };
        selection.move_by(delta, loaded, visible);
    });
    view.settle(size);
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    let view = &model.screens.work;
    let shape = view.shape(model.size);
    let area = match view.pane {
        Pane::Workers => shape.workers,
        Pane::Queues => shape.queues,
        Pane::Held => shape.held,
    };
    usize::from(rows(area).height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let size = model.size;
    let view = &mut model.screens.work;
    let order = &mut view.orders[view.pane as usize];
    match id {
        _ if order.on_action(id, view.pane.orders().len()) => {}
        ActionId::Pane => {
            view.pane = match view.pane {
                Pane::Workers => Pane::Queues,
                Pane::Queues => Pane::Held,
                Pane::Held => Pane::Workers,
            };
        }
        ActionId::Open => match view.pane {
            Pane::Workers if view.selected().is_some() => {
                view.workers.pin();
                view.pane = Pane::Held;
            }
            Pane::Held => {
                let item = view.selected_item().map(|it| it.instance_id.clone());
                view.workers.pin();
                view.held.pin();
                match item {
                    // Entities have no screen of their own.
                    Some(id) if id.starts_with('@') => {
                        return verdict::to_entity(model, &id);
                    }
                    Some(id) => return instance::open(model, &id),
                    None => {}
                }
            }
            Pane::Workers | Pane::Queues => {}
        },
        ActionId::Copy => {
            let copied = match view.pane {
                Pane::Workers => view.selected().map(|it| ("worker id", worker_id(it))),
                Pane::Queues => {
                    let at = view.queue_rows.get(view.queues.index());
                    let list = view.list.as_ref();
                    let row = at.and_then(|at| list?.queues.get(*at));
                    row.map(|it| ("name", it.name.clone()))
                }
                Pane::Held => view
                    .selected_item()
                    .map(|it| ("instance id", it.instance_id.clone())),
            };
            if let Some((what, text)) = copied {
                let what = what.to_owned();
                effects.push(Effect::Copy { what, text });
            }
        }
        ActionId::Back if view.pane != Pane::Workers => view.pane = Pane::Workers,
        ActionId::Back => return update::back(model),
        _ => {}
    }
    model.screens.work.settle(size);
}
