//! The waves of an instance: what each turn scheduled, and how it goes.

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
use crate::data::batches;
use crate::data::batches::Wave;
use crate::data::batches::member;
use crate::data::eta;
use crate::data::eta::Eta;
use crate::data::eta::Facts;
use crate::data::eta::Unknown;
use crate::data::status;
use crate::data::tasks::Tasks;
use crate::data::whole;
use crate::data::whole::Finishes;
use crate::data::whole::Whole;
use crate::format::Micros;
use durascope_proto::monitor::task_group::Kind as TaskKind;

/// Open waves that are looked at for the end of the run.
const WAVES_MAX: usize = 8;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Batches {
    pub waves: Vec<Wave>,
    /// Tasks that one cell of the bars stands for.
    pub per_cell: usize,
    /// The selected wave.
    pub index: usize,
    pub top: usize,
    /// What is left of the selected wave, as of `at`.
    pub left: Option<Result<Eta, Unknown>>,
    /// What is left of the whole run, as of `at`; absent when it has ended.
    pub whole: Option<Whole>,
    finishes: Finishes,
    pub at: Micros,
    chosen: Chosen,
    made_of: Option<(Tasks, Micros, (Size, bool))>,
}

/// Which wave is selected when waves are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Chosen {
    /// The one with most open tasks; the newest when none is open.
    #[default]
    Busiest,
    Newest,
    /// The one whose first task this is.
    First(i32),
}

impl Batches {
    /// The selected wave.
    pub fn selected(&self) -> Option<&Wave> {
        self.waves.get(self.index)
    }
}

/// Parts of the tab.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub titles: Area,
    pub list: Area,
    pub detail: Area,
}

/// Widths of the columns, one space between them; 0 for those without room.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    pub turn: u16,
    pub at: u16,
    pub name: u16,
    pub bar: u16,
    pub done: u16,
    pub failed: u16,
    pub wall: u16,
    pub p50: u16,
    pub max: u16,
    pub gap: u16,
    pub rate: u16,
}

/// Lays the tab out.
pub fn shape(size: Size, zoom: bool) -> Shape {
    let mut rest = instance::shape(size, zoom).body();
    let titles = rest.take_top(u16::from(rest.height >= 5));
    let detail = rest.take_bottom(match rest.height {
        _ if zoom => 0,
        20.. => 7,
        12..20 => 6,
        7..12 => 3,
        _ => 0,
    });
    Shape {
        titles,
        list: rest,
        detail,
    }
}

/// Lays a line out.
pub fn columns(size: Size) -> Columns {
    let width = size.width;
    let when = |least: u16, columns: u16| if width >= least { columns } else { 0 };
    let mut it = Columns {
        turn: when(30, 7),
        at: when(100, 8),
        name: if width >= 100 { 16 } else { 12 },
        bar: 0,
        done: when(44, 11),
        failed: when(50, 4),
        wall: when(40, 7),
        p50: when(72, 7),
        max: when(60, 7),
        gap: when(90, 7),
        rate: when(110, 7),
    };
    let all = [
        it.turn, it.at, it.name, it.done, it.failed, it.wall, it.p50, it.max, it.gap, it.rate,
    ];
    let used: u16 = all.iter().filter(|it| **it > 0).map(|it| it + 1).sum();
    // One column for the cursor, one at the right edge.
    it.bar = width.saturating_sub(used + 2);
    it
}

/// Takes new data: the waves are made anew when tasks, room or, while tasks run, time changed.
pub fn on_data(model: &mut Model) {
    let (now, size, zoom) = (model.server_now(), model.size, model.choices.zoom);
    let row = model.screens.top_instance().and_then(Instance::row);
    let row = row
        .filter(|it| !status::has_ended(status::of(it.status)))
        .cloned();
    let watched = row.as_ref().and_then(|it| model.paces.left(it, now));
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let Some(tasks) = &instance.tasks else {
        return;
    };
    let it = &mut instance.batches;
    let same = |(seen, at, shown): &(Tasks, Micros, (Size, bool))| {
        seen.is_same(tasks) && (*at == now || !instance.has_open) && *shown == (size, zoom)
    };
    if it.made_of.as_ref().is_some_and(same) {
        return;
    }
    it.waves = batches::waves(tasks);
    let bar = usize::from(columns(size).bar);
    it.per_cell = batches::bars(&mut it.waves, tasks, &instance.siblings, now, bar);
    it.at = now;
    let is_new = it.made_of.as_ref().is_none_or(|it| !it.0.is_same(tasks));
    if is_new {
        it.finishes = Finishes::of(tasks);
    }
    let longest = longest(tasks, &it.waves, now);
    it.whole = row.map(|row| whole::left(&row, &it.finishes, watched, longest, now));
    it.made_of = Some((tasks.clone(), now, (size, zoom)));
    let found = match it.chosen {
        Chosen::Busiest => {
            let open = |at: &usize| it.waves[*at].queued + it.waves[*at].running;
            (0..it.waves.len()).max_by_key(open)
        }
        Chosen::Newest => None,
        Chosen::First(id) => {
            let first = |wave: &Wave| wave.members.first().and_then(|it| member(tasks, *it));
            let mut waves = it.waves.iter();
            waves.position(|wave| first(wave).is_some_and(|it| it.id == id))
        }
    };
    it.index = found.unwrap_or(it.waves.len().saturating_sub(1));
    settle(model);
}

/// After the selection moved: what is left of the wave, and the scroll.
fn settle(model: &mut Model) {
    let visible = visible(model);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let it = &mut instance.batches;
    it.top = it.top.min(it.waves.len().saturating_sub(visible));
    if it.index < it.top {
        it.top = it.index;
    } else if it.index >= it.top + visible {
        it.top = it.index + 1 - visible;
    }
    it.left = match (&instance.tasks, it.waves.get(it.index)) {
        (Some(tasks), Some(wave)) if !wave.is_over() => Some(left(tasks, &it.waves, wave, it.at)),
        _ => None,
    };
}

/// What is left of the wave that will take longest.
fn longest(tasks: &Tasks, waves: &[Wave], now: Micros) -> Option<Eta> {
    let open = waves.iter().filter(|it| !it.is_over()).take(WAVES_MAX);
    let left = open.filter_map(|it| left(tasks, waves, it, now).ok());
    left.max_by_key(|it| it.high)
}

/// How long what is scheduled of `wave` will take.
fn left(tasks: &Tasks, waves: &[Wave], wave: &Wave, now: Micros) -> Result<Eta, Unknown> {
    let (took, recent) = batches::measured(wave, tasks, now, eta::WINDOW);
    let elapsed = batches::elapsed(wave, tasks, now);
    let busy: usize = waves
        .iter()
        .filter(|it| it.kind == TaskKind::Activity)
        .map(|it| it.running)
        .sum();
    let slots = usize::try_from(tasks.slots).unwrap_or(usize::MAX);
    let free_slots = match wave.kind {
        TaskKind::Activity => slots.saturating_sub(busy),
        // Sub-orchestrations need no slot to be open.
        TaskKind::Child => wave.queued,
    };
    eta::left(Facts {
        waiting: Some(wave.queued),
        elapsed: &elapsed,
        took: &took,
        recent,
        free_slots,
        knows_starts: tasks.knows_starts,
    })
}

/// Moves the cursor by `delta` lines; at the end it stays on the newest wave.
pub fn move_by(model: &mut Model, delta: isize) {
    let Some(instance) = model.screens.top_instance() else {
        return;
    };
    let index = instance.batches.index.saturating_add_signed(delta);
    select(model, index);
}

fn select(model: &mut Model, index: usize) {
    if let Some(instance) = model.screens.top_instance_mut()
        && let Some(tasks) = &instance.tasks
    {
        let it = &mut instance.batches;
        let last = it.waves.len().saturating_sub(1);
        it.index = index.min(last);
        let first = it.waves.get(it.index).and_then(|it| it.members.first());
        it.chosen = match first.and_then(|index| member(tasks, *index)) {
            Some(task) if it.index < last => Chosen::First(task.id),
            _ => Chosen::Newest,
        };
    }
    settle(model);
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    usize::from(shape(model.size, model.choices.zoom).list.height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, _: &mut Vec<Effect>) {
    if id == ActionId::Back {
        return update::back(model);
    }
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let it = &instance.batches;
    let count = it.waves.len();
    match id {
        ActionId::Open => {
            let first = it.selected().and_then(|it| it.members.first()).copied();
            if let (Some(first), Some(tasks)) = (first, &instance.tasks) {
                let first = usize::try_from(first).unwrap_or(0);
                instance.grid.point_at(tasks, first);
                instance.tab = InstanceTab::Grid;
                update::on_data(model);
            }
        }
        ActionId::NextFailure => {
            let found = (1..=count)
                .map(|step| (it.index + step) % count)
                .find(|at| it.waves[*at].failed > 0);
            match found {
                Some(at) => select(model, at),
                None => model.toast(Kind::Note, "no failure here"),
            }
        }
        ActionId::Slowest => {
            let longest = (0..count).max_by_key(|at| it.waves[*at].wall(it.at));
            if let Some(at) = longest {
                select(model, at);
            }
        }
        _ => {}
    }
}
