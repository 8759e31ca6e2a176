//! The timeline of an instance: lanes over a time axis that zooms and pans.

use std::collections::BTreeMap;

use crate::app::action::ActionId;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::grid;
use crate::app::screens::instance;
use crate::app::screens::instance::Instance;
use crate::app::toast::Kind;
use crate::app::update;
use crate::data::axis::Axis;
use crate::data::batches;
use crate::data::batches::Wave;
use crate::data::batches::member;
use crate::data::items;
use crate::data::paint;
use crate::data::paint::Paint;
use crate::data::tasks::Tasks;
use crate::data::timeline;
use crate::data::timeline::Lane;
use crate::data::timeline::LaneKey;
use crate::data::timeline::Layout;
use crate::format::MILLI;
use crate::format::Micros;
use durascope_proto::monitor::task::State;

/// The shortest time that fills the axis.
const VIEW_MIN: Micros = 10 * MILLI;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    pub layout: Layout,
    pub waves: Vec<Wave>,
    pub axis: Axis,
    /// What the lanes of waves show, and the most at once, by index of the wave.
    pub painted: BTreeMap<usize, (Vec<Paint>, usize)>,
    /// As of when all of it is.
    pub at: Micros,
    pub index: usize,
    pub top: usize,
    /// What is shown of the time; all without one.
    view: Option<(Micros, Micros)>,
    /// Idle times keep their length.
    keeps_idle: bool,
    cursor: Option<LaneKey>,
    made_of: Option<(Tasks, Micros, Shape)>,
}

impl Timeline {
    /// The selected lane.
    pub fn selected(&self) -> Option<&Lane> {
        self.layout.lanes.get(self.index)
    }

    /// True when only a part of the time is shown.
    pub fn is_zoomed(&self) -> bool {
        self.view.is_some()
    }

    /// The task that the selected lane is about: the last attempt.
    pub fn task(&self) -> Option<usize> {
        match self.selected()? {
            Lane::Item(attempts) => usize::try_from(*attempts.last()?).ok(),
            _ => None,
        }
    }

    fn paint(&mut self, tasks: &Tasks, columns: usize) {
        let (from, to) = self.view.unwrap_or((self.layout.from, self.layout.to));
        self.axis = Axis::new(from, to, columns, &self.layout.gaps, !self.keeps_idle);
        self.painted.clear();
        for lane in &self.layout.lanes {
            if let Lane::Wave(at) = lane
                && let Some(wave) = self.waves.get(*at)
            {
                let painted = paint::paint_wave(tasks, wave, &self.axis, self.at);
                self.painted.insert(*at, painted);
            }
        }
    }

    /// Where the selected lane is in time: what a zoom goes towards.
    fn anchor(&self, tasks: &Tasks) -> Micros {
        let (from, to) = (self.axis.from, self.axis.to);
        let of = |index: &u32| member(tasks, *index).map(|it| timeline::span(it, self.at));
        let span = match self.selected() {
            Some(Lane::Item(attempts)) => attempts.last().and_then(of),
            Some(Lane::Wave(at)) => self.waves.get(*at).map(|it| (it.began, it.end(self.at))),
            _ => None,
        };
        let (start, end) = span.unwrap_or((from, to));
        let (start, end) = (start.clamp(from, to), end.clamp(from, to));
        start + (end - start) / 2
    }

    /// Shows `parts` tenths of what is shown now, with the anchor in place.
    fn zoom(&mut self, tasks: &Tasks, tenths: i64) {
        let (from, to) = (self.axis.from, self.axis.to);
        let anchor = self.anchor(tasks);
        let scaled = |it: Micros| it / 10 * tenths + it % 10 * tenths / 10;
        let wanted = (anchor - scaled(anchor - from), anchor + scaled(to - anchor));
        let whole = (self.layout.from, self.layout.to);
        if wanted.0 <= whole.0 && wanted.1 >= whole.1 {
            self.view = None;
        } else if wanted.1 - wanted.0 >= VIEW_MIN {
            self.view = Some((wanted.0.max(whole.0), wanted.1.min(whole.1)));
        }
    }

    /// Moves what is shown by `quarters` of itself.
    fn pan(&mut self, quarters: i64) {
        let Some((from, to)) = self.view else {
            return;
        };
        let by = (to - from) / 4 * quarters;
        let by = by.clamp(self.layout.from - from, (self.layout.to - to).max(0));
        self.view = Some((from + by, to + by));
    }

    fn select(&mut self, tasks: &Tasks, index: usize, visible: usize) {
        self.index = index.min(self.layout.lanes.len().saturating_sub(1));
        let lane = self.layout.lanes.get(self.index);
        self.cursor = lane.map(|it| timeline::key(it, tasks, &self.waves));
        self.scroll(visible);
    }

    fn scroll(&mut self, visible: usize) {
        let count = self.layout.lanes.len();
        self.top = self.top.min(count.saturating_sub(visible));
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + visible {
            self.top = self.index + 1 - visible;
        }
    }

    /// The lane that shows the task at `index`.
    fn lane_of(&self, index: usize) -> Option<usize> {
        let index = u32::try_from(index).ok()?;
        self.layout
            .lanes
            .iter()
            .position(|it| matches!(it, Lane::Item(all) if all.contains(&index)))
    }

    /// The next lane below, around the end, whose last attempt failed.
    fn next_failure(&self, tasks: &Tasks) -> Option<usize> {
        let count = self.layout.lanes.len();
        (1..=count)
            .map(|step| (self.index + step) % count)
            .find(|at| match &self.layout.lanes[*at] {
                Lane::Item(attempts) => attempts
                    .last()
                    .and_then(|it| member(tasks, *it))
                    .is_some_and(|it| it.state == State::Failed),
                _ => false,
            })
    }
}

/// Parts of the tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The legend, and at the right the labels of the axis.
    pub axis: Area,
    pub lanes: Area,
    /// Width of the names at the left of the lanes.
    pub names: u16,
    pub detail: Area,
}

impl Shape {
    /// Columns of the time axis.
    pub fn columns(&self) -> usize {
        usize::from(self.lanes.width.saturating_sub(self.names + 2))
    }
}

/// Lays the tab out.
pub fn shape(size: Size, zoom: bool) -> Shape {
    let mut rest = instance::shape(size, zoom).body();
    let axis = rest.take_top(u16::from(rest.height >= 3));
    let detail = rest.take_bottom(match rest.height {
        _ if zoom => 0,
        14.. => 4,
        9..14 => 3,
        5..9 => 2,
        _ => 0,
    });
    Shape {
        axis,
        lanes: rest,
        names: (rest.width / 4).clamp(10, 34),
        detail,
    }
}

/// Takes new data: lanes and axis are made anew when tasks, room or the time changed.
pub fn on_data(model: &mut Model) {
    let now = model.server_now();
    let shape = shape(model.size, model.choices.zoom);
    let (columns, visible) = (shape.columns(), visible(model));
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let Some(tasks) = &instance.tasks else {
        return;
    };
    let it = &mut instance.timeline;
    let same = |(seen, at, room): &(Tasks, Micros, Shape)| {
        seen.is_same(tasks) && (*at == now || !instance.has_open) && *room == shape
    };
    if it.made_of.as_ref().is_some_and(same) {
        return;
    }
    it.at = now;
    it.waves = batches::waves(tasks);
    it.layout = timeline::layout(tasks, &it.waves, &instance.siblings, now);
    it.paint(tasks, columns);
    it.made_of = Some((tasks.clone(), now, shape));
    let found = it.cursor.as_ref().and_then(|key| {
        let lanes = it.layout.lanes.iter();
        let mut keys = lanes.map(|lane| timeline::key(lane, tasks, &it.waves));
        keys.position(|lane| lane == *key)
    });
    match found {
        Some(index) => {
            it.index = index;
            it.scroll(visible);
        }
        None if it.cursor.is_none() => it.scroll(visible),
        None => it.select(tasks, it.index, visible),
    }
}

/// Moves the cursor by `delta` lanes.
pub fn move_by(model: &mut Model, delta: isize) {
    let visible = visible(model);
    with_tasks(model, |it, tasks| {
        it.select(tasks, it.index.saturating_add_signed(delta), visible);
    });
}

/// Lanes on the screen.
pub fn visible(model: &Model) -> usize {
    usize::from(shape(model.size, model.choices.zoom).lanes.height).max(1)
}

fn with_tasks<T>(model: &mut Model, act: impl FnOnce(&mut Timeline, &Tasks) -> T) -> Option<T> {
    let instance: &mut Instance = model.screens.top_instance_mut()?;
    let tasks = instance.tasks.as_ref()?;
    Some(act(&mut instance.timeline, tasks))
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, _: &mut Vec<Effect>) {
    let (columns, visible) = (
        shape(model.size, model.choices.zoom).columns(),
        visible(model),
    );
    let repaint = |model: &mut Model, change: &dyn Fn(&mut Timeline, &Tasks)| {
        with_tasks(model, |it, tasks| {
            change(it, tasks);
            it.paint(tasks, columns);
        });
    };
    match id {
        ActionId::Back => update::back(model),
        ActionId::ZoomIn => repaint(model, &|it, tasks| it.zoom(tasks, 5)),
        ActionId::ZoomOut => repaint(model, &|it, tasks| it.zoom(tasks, 20)),
        ActionId::ZoomFit => repaint(model, &|it, _| it.view = None),
        ActionId::PanLeft => repaint(model, &|it, _| it.pan(-1)),
        ActionId::PanRight => repaint(model, &|it, _| it.pan(1)),
        ActionId::FoldIdle => repaint(model, &|it, _| it.keeps_idle = !it.keeps_idle),
        ActionId::NextFailure => {
            let found = with_tasks(model, |it, tasks| {
                let at = it.next_failure(tasks)?;
                it.select(tasks, at, visible);
                Some(())
            });
            if found.flatten().is_none() {
                model.toast(Kind::Note, "no failure here");
            }
        }
        ActionId::Slowest => {
            let found = model.screens.top_instance().and_then(|top| {
                let (tasks, siblings) = top.measured()?;
                let it = &top.timeline;
                it.lane_of(items::slowest(tasks, siblings, it.at)?)
            });
            if let Some(at) = found {
                with_tasks(model, |it, tasks| it.select(tasks, at, visible));
            } else {
                model.toast(Kind::Note, "the slowest has no lane of its own here");
            }
        }
        ActionId::Open => open(model),
        _ => {}
    }
}

fn open(model: &mut Model) {
    let Some(instance) = model.screens.top_instance() else {
        return;
    };
    let it = &instance.timeline;
    let first = match it.selected() {
        Some(Lane::Wave(at)) => it.waves.get(*at).and_then(|it| it.members.first()),
        _ => None,
    };
    let task = first.and_then(|it| usize::try_from(*it).ok()).or(it.task());
    if let Some(index) = task {
        grid::open(model, index);
    }
}
