//! Failures of the hub in groups, and the instances of one group.

use std::collections::BTreeSet;
use std::sync::Arc;

use durascope_proto::monitor::FailedInstance;
use durascope_proto::monitor::FailureList;
use durascope_proto::monitor::HubFailure;
use durascope_proto::monitor::ListFailuresRequest;

use crate::app::action::ActionId;
use crate::app::cursor::Selection;
use crate::app::deed::Plan;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::outline::Outline;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::screens::failure_orders;
use crate::app::screens::failure_orders::INSTANCE_ORDERS;
use crate::app::screens::failure_orders::ORDERS;
use crate::app::screens::failure_targets;
use crate::app::screens::failure_targets::Targets;
use crate::app::screens::instance;
use crate::app::screens::listing::Order;
use crate::app::screens::listing::with_ids;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::typing::Search;
use crate::app::update;
use crate::data::sections;
use crate::format::Micros;
use crate::format::SECOND;

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    Groups,
    Instances,
    Sample,
}

impl Pane {
    /// In the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Groups, Self::Instances, Self::Sample];
}

/// Which failures are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    #[default]
    Hour,
    Day,
    All,
}

impl Time {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::All];

    /// Its words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Hour => "last hour",
            Self::Day => "last 24 hours",
            Self::All => "all",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Hour => Self::Day,
            Self::Day => Self::All,
            Self::All => Self::Hour,
        }
    }

    /// Since when, at `now`. It moves in steps, so that a question stays the same for a while.
    fn since(self, now: Micros) -> Option<Micros> {
        let (back, step) = match self {
            Self::Hour => (3_600 * SECOND, 60 * SECOND),
            Self::Day => (86_400 * SECOND, 600 * SECOND),
            Self::All => return None,
        };
        let since = now.saturating_sub(back);
        Some(since - since.rem_euclid(step))
    }
}

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    pub search: Search,
    pub time: Time,
    pub groups: Selection,
    pub order: Order,
    /// Indices of the groups in that order.
    pub group_rows: Vec<usize>,
    pub instances: Selection,
    pub instance_order: Order,
    /// Indices of the selected group's instances in that order.
    pub instance_rows: Vec<usize>,
    pub pane: Pane,
    /// Groups that are acted on together, by their ids.
    marks: BTreeSet<String>,
    /// What an action is about now.
    targets: Targets,
    /// The newest answer.
    pub list: Option<Arc<FailureList>>,
    /// Why there is none.
    pub refused: Option<String>,
    /// The newest failure of the group in full.
    pub sample: Outline,
    /// The group that instances and sample are of.
    shown: Option<String>,
    /// Text and time that the list is of.
    answered: Option<(String, Time)>,
}

/// What tells a group from the others.
pub fn group_id(group: &HubFailure) -> String {
    format!(
        "{}\u{1f}{}\u{1f}{}\u{1f}{}",
        group.error_type, group.shape, group.name, group.place
    )
}

/// What tells an affected instance, or one of its tasks, from the others.
fn instance_id(it: &FailedInstance) -> String {
    match it.task_id {
        Some(task) => format!("{}\u{1f}{task}", it.instance_id),
        None => it.instance_id.clone(),
    }
}

/// Parts of the screen, top to bottom; empty ones are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub header: Area,
    pub rule: Area,
    pub columns: Area,
    pub groups: Area,
    /// With a rule as its first row; without room, the focused pane has the place of the groups.
    pub instances: Area,
    pub sample: Area,
    pub footer: Area,
}

/// Lays the screen out.
pub fn shape(size: Size) -> Shape {
    let list = geometry::list(size);
    let mut groups = list.list;
    let (mut instances, mut sample) = (Area::default(), Area::default());
    if !list.detail.is_empty() {
        groups.height += list.detail.height;
        let height = groups.height;
        sample = groups.take_bottom(if height >= 24 {
            height / 3
        } else {
            height * 2 / 5
        });
        if height >= 24 {
            instances = groups.take_bottom(height / 3);
        }
    }
    Shape {
        header: list.header,
        rule: list.rule,
        columns: list.columns,
        groups,
        instances,
        sample,
        footer: list.footer,
    }
}

impl Shape {
    /// Rows of affected instances, below their rule.
    pub fn instance_rows(&self) -> Area {
        below_rule(self.instances, self.groups)
    }

    /// Where the sample is drawn.
    pub fn sample_text(&self) -> Area {
        let area = below_rule(self.sample, self.groups);
        Area {
            x: area.x + 1,
            width: area.width.saturating_sub(2),
            ..area
        }
    }
}

/// The rows of `area` below its first one, or `instead` where it has none.
fn below_rule(mut area: Area, instead: Area) -> Area {
    if area.is_empty() {
        return instead;
    }
    area.take_top(1);
    area
}

impl Failures {
    /// The group in a row.
    pub fn group(&self, row: usize) -> Option<&HubFailure> {
        let at = self.group_rows.get(row)?;
        self.list.as_ref()?.groups.get(*at)
    }

    /// The affected instance in a row, of the selected group.
    pub fn instance(&self, row: usize) -> Option<&FailedInstance> {
        let at = self.instance_rows.get(row)?;
        self.selected()?.affected.get(*at)
    }

    /// The group under the cursor.
    pub fn selected(&self) -> Option<&HubFailure> {
        self.group(self.groups.index())
    }

    /// The affected instance under the cursor.
    pub fn selected_instance(&self) -> Option<&FailedInstance> {
        self.instance(self.instances.index())
    }

    /// True for a group that is marked.
    pub fn is_marked(&self, group: &HubFailure) -> bool {
        !self.marks.is_empty() && self.marks.contains(&group_id(group))
    }

    /// True when actions are about marked groups.
    pub fn has_marks(&self) -> bool {
        !self.marks.is_empty()
    }

    /// What an action is about now.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    fn ids(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Groups => {
                let rows = 0..self.group_rows.len();
                rows.filter_map(|it| self.group(it)).map(group_id).collect()
            }
            _ => {
                let rows = 0..self.instance_rows.len();
                let rows = rows.filter_map(|it| self.instance(it));
                rows.map(instance_id).collect()
            }
        }
    }

    /// Keeps the cursors on their things, and the sample on its group.
    fn settle(&mut self, size: Size, same_question: bool) {
        let shape = shape(size);
        let list = self.list.clone();
        let groups = list.as_ref().map_or(&[][..], |it| &it.groups);
        let by = self.order;
        self.group_rows = by.rows(groups.len(), |one, other| {
            failure_orders::rank(by.at, &groups[one], &groups[other])
        });
        let rows = usize::from(shape.groups.height).max(1);
        with_ids(self.ids(Pane::Groups), |loaded| {
            self.groups.on_answer(loaded, rows, same_question);
        });
        let group = self.group_rows.get(self.groups.index());
        let group = group.and_then(|at| groups.get(*at));
        let id = group.map(group_id);
        if id != self.shown {
            self.shown = id;
            self.instances = Selection::default();
            self.sample.restart();
        }
        let affected = group.map_or(&[][..], |it| &it.affected);
        let by = self.instance_order;
        self.instance_rows = by.rows(affected.len(), |one, other| {
            failure_orders::rank_instances(by.at, &affected[one], &affected[other])
        });
        let rows = usize::from(shape.instance_rows().height).max(1);
        with_ids(self.ids(Pane::Instances), |loaded| {
            self.instances.on_rows(loaded, rows);
        });
        let area = shape.sample_text();
        let sample = group.and_then(|it| it.sample.as_ref());
        let sections = sample.map_or_else(Vec::new, sections::of_failure);
        let (columns, lines) = (usize::from(area.width), usize::from(area.height));
        self.sample.set(sections, columns, lines);
        let marked: Vec<_> = groups.iter().filter(|it| self.is_marked(it)).collect();
        self.targets = match (&marked[..], self.pane) {
            ([], Pane::Instances) => failure_targets::of_one(self.selected_instance()),
            ([], _) => failure_targets::of_groups(group.as_slice()),
            (marked, _) => failure_targets::of_groups(marked),
        };
    }

    fn move_by(&mut self, delta: isize, size: Size) {
        let shape = shape(size);
        let rows = |area: Area| usize::from(area.height).max(1);
        match self.pane {
            Pane::Groups => with_ids(self.ids(Pane::Groups), |loaded| {
                self.groups.move_by(delta, loaded, rows(shape.groups));
            }),
            Pane::Instances => with_ids(self.ids(Pane::Instances), |loaded| {
                let rows = rows(shape.instance_rows());
                self.instances.move_by(delta, loaded, rows);
            }),
            Pane::Sample => self.sample.move_by(delta),
        }
        self.settle(size, true);
    }
}

/// What an action is about: the instances of the marked groups or of the selected one, or the
/// instance under the cursor; nothing on other screens.
pub fn plan(model: &Model) -> Option<Plan> {
    if model.screens.place() != Place::Hub(HubTab::Failures) {
        return None;
    }
    model.screens.failures.targets.plan()
}

/// Marks the group under the cursor, or takes its mark away.
pub(crate) fn mark(model: &mut Model) {
    let view = &mut model.screens.failures;
    let Some(id) = view.selected().map(group_id) else {
        return;
    };
    if !view.marks.remove(&id) {
        view.marks.insert(id);
    }
    view.groups.pin();
    let size = model.size;
    match model.screens.failures.pane {
        Pane::Groups => move_by(model, 1),
        _ => model.screens.failures.settle(size, true),
    }
}

/// Marks all groups.
pub(crate) fn mark_all(model: &mut Model) {
    let size = model.size;
    let view = &mut model.screens.failures;
    view.marks = view.ids(Pane::Groups).into_iter().collect();
    view.settle(size, true);
}

/// Takes all marks away.
pub(crate) fn unmark(model: &mut Model) {
    let size = model.size;
    let view = &mut model.screens.failures;
    view.marks.clear();
    view.settle(size, true);
}

/// Sorts a list by one of its orders; the same again reverses.
pub(crate) fn sort_by(model: &mut Model, pane: Pane, at: usize) {
    let size = model.size;
    let view = &mut model.screens.failures;
    match pane {
        Pane::Groups => view.order.choose(at),
        Pane::Instances => view.instance_order.choose(at),
        Pane::Sample => {}
    }
    view.settle(size, true);
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    let view = &model.screens.failures;
    let since = view.time.since(model.server_now());
    Topic::Failures(ListFailuresRequest {
        since: since.map(durascope_proto::time::from_micros),
        text: view.search.text().to_owned(),
    })
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let told = model.told().cloned();
    let size = model.size;
    let view = &mut model.screens.failures;
    let mut same = true;
    match told {
        Some(Told::Failures(list)) => {
            let question = (view.search.text().to_owned(), view.time);
            same = view.answered.as_ref().is_none_or(|it| *it == question);
            view.answered = Some(question);
            view.list = Some(list);
            view.refused = None;
        }
        Some(Told::Refused(reason)) => view.refused = Some(reason),
        _ => {}
    }
    view.settle(size, same);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let size = model.size;
    model.screens.failures.move_by(delta, size);
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    let shape = shape(model.size);
    let height = match model.screens.failures.pane {
        Pane::Groups => shape.groups.height,
        Pane::Instances => shape.instance_rows().height,
        Pane::Sample => shape.sample_text().height,
    };
    usize::from(height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let size = model.size;
    let view = &mut model.screens.failures;
    let (order, orders) = match view.pane {
        Pane::Instances => (&mut view.instance_order, INSTANCE_ORDERS.len()),
        _ => (&mut view.order, ORDERS.len()),
    };
    match id {
        _ if order.on_action(id, orders) => {}
        ActionId::Filter => view.search.begin(),
        ActionId::FailureTime => view.time = view.time.next(),
        ActionId::Pane => {
            view.pane = match view.pane {
                Pane::Groups => Pane::Instances,
                Pane::Instances => Pane::Sample,
                Pane::Sample => Pane::Groups,
            };
        }
        ActionId::Open => match view.pane {
            Pane::Groups if view.selected().is_some() => view.pane = Pane::Instances,
            Pane::Groups => {}
            Pane::Instances => {
                if let Some(id) = view.selected_instance().map(|it| it.instance_id.clone()) {
                    view.instances.pin();
                    view.groups.pin();
                    instance::open(model, &id);
                }
                return;
            }
            Pane::Sample => {
                view.sample.toggle();
            }
        },
        ActionId::Copy => {
            let copied = match view.pane {
                Pane::Instances => view
                    .selected_instance()
                    .map(|it| ("instance id".to_owned(), it.instance_id.clone())),
                Pane::Groups | Pane::Sample => {
                    whole_sample(&view.sample).map(|text| ("failure".to_owned(), text))
                }
            };
            if let Some((what, text)) = copied {
                effects.push(Effect::Copy { what, text });
            }
        }
        ActionId::OpenText => {
            if let Some(text) = whole_sample(&view.sample) {
                let name = "failure.txt".to_owned();
                effects.push(Effect::View { name, text });
            }
        }
        ActionId::Back if view.search.clear() => {}
        ActionId::Back if !view.marks.is_empty() => view.marks.clear(),
        ActionId::Back if view.pane != Pane::Groups => {
            view.pane = match view.pane {
                Pane::Sample => Pane::Instances,
                _ => Pane::Groups,
            };
        }
        ActionId::Back => return update::back(model),
        _ => {}
    }
    model.screens.failures.settle(size, true);
}

/// The failure with stack and inner failures as one text.
fn whole_sample(sample: &Outline) -> Option<String> {
    let mut text = String::new();
    for section in sample.contents.sections() {
        if let crate::data::outline::Body::Text { text: body, .. } = &section.body {
            text.push_str(&format!("{}\n{body}\n\n", section.title));
        }
    }
    (!text.is_empty()).then_some(text)
}
