//! The history of an instance: pages of events, sizes, replay cost.

use std::sync::Arc;

use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::read_history_request::Order;

use crate::app::action::ActionId;
use crate::app::cursor::Loaded;
use crate::app::cursor::Selection;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::outline::Outline;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::screens::history_acts;
use crate::app::screens::instance;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::typing::Search;
use crate::app::update;
use crate::data::sections;

/// Events asked for at least.
const EVENTS_MIN: usize = 100;
/// Steps in which the window moves, so that scrolling by a line asks nothing new.
const STEP: usize = 20;

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    List,
    Event,
}

/// Its state.
#[derive(Clone, Debug)]
pub struct HistoryView {
    pub search: Search,
    pub order: Order,
    pub selection: Selection,
    /// The newest page that answers about this instance.
    pub page: Option<Arc<HistoryPage>>,
    /// Why there is none.
    pub refused: Option<String>,
    /// Which list the page is of.
    pub(super) answered: Option<ReadHistoryRequest>,
    pub pane: Pane,
    /// The selected event in full.
    pub event: Outline,
    shown: Option<(String, u64)>,
    /// How often pages were too short for the screen: large events make short pages, and then
    /// the window begins where the screen does, or where the cursor is.
    pub(super) short: u8,
    /// Events of one kind and name that follow each other are one line.
    pub(super) folds: bool,
    /// First numbers of the runs that are not.
    pub(super) unfolded: Vec<u64>,
    /// What is gone to, as long as its line is not known.
    pub(super) seek: Option<Seek>,
}

/// An event that the cursor goes to as soon as the server tells where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seek {
    pub(super) number: u64,
    /// Out of its run.
    pub(super) unfolds: bool,
}

impl Default for HistoryView {
    fn default() -> Self {
        Self {
            search: Search::default(),
            order: Order::NewestFirst,
            selection: Selection::default(),
            page: None,
            refused: None,
            answered: None,
            pane: Pane::default(),
            event: Outline::default(),
            shown: None,
            short: 0,
            folds: true,
            unfolded: Vec::new(),
            seek: None,
        }
    }
}

/// Parts of the tab, top to bottom; empty ones are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub kinds: Area,
    pub cost: Area,
    pub rule: Area,
    pub columns: Area,
    pub list: Area,
    /// With a rule as its first row; without room for it, the focused one of the two has the
    /// place of the list.
    pub event: Area,
}

/// Lays the tab out.
pub fn shape(size: Size, zoom: bool) -> Shape {
    let mut rest = instance::shape(size, zoom).body();
    let rows = |there: bool| u16::from(there);
    let height = rest.height;
    let kinds = rest.take_top(rows(height >= 10 && !zoom));
    let cost = rest.take_top(rows(height >= 12 && !zoom));
    let rule = rest.take_top(rows(height >= 4));
    let both = height >= 14 && !zoom;
    let event = rest.take_bottom(if both { height * 2 / 5 } else { 0 });
    let columns = rest.take_top(rows(height >= 6));
    Shape {
        kinds,
        cost,
        rule,
        columns,
        list: rest,
        event,
    }
}

impl Shape {
    /// Lines of the list on screen.
    pub(super) fn lines(&self) -> usize {
        usize::from(self.list.height).max(1)
    }

    /// Where the event in full is drawn: below its rule, inside the margins.
    pub fn event_text(&self) -> Area {
        let mut area = self.event;
        if area.is_empty() {
            area = self.list;
        } else {
            area.take_top(1);
        }
        Area {
            x: area.x + 1,
            width: area.width.saturating_sub(2),
            ..area
        }
    }
}

impl HistoryView {
    /// The event under the cursor, if it is loaded.
    pub fn selected(&self) -> Option<&HistoryEntry> {
        let page = self.page.as_ref()?;
        let at = self.selection.index().checked_sub(offset_of(page))?;
        page.entries.get(at)
    }

    fn request(&self, instance_id: &str, shape: Shape) -> ReadHistoryRequest {
        let visible = shape.lines();
        let top = self.selection.top();
        let offset = match self.short {
            0 => top.saturating_sub(visible) / STEP * STEP,
            1 => top,
            _ => self.selection.index(),
        };
        let limit = (visible * 3 + STEP).clamp(EVENTS_MIN, 1_000);
        ReadHistoryRequest {
            instance_id: instance_id.to_owned(),
            order: self.order.into(),
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            limit: u32::try_from(limit).unwrap_or(1_000),
            text: self.search.text().to_owned(),
            fold_runs: self.folds_runs(),
            unfolded: if self.folds_runs() {
                self.unfolded.clone()
            } else {
                Vec::new()
            },
            around: self.seek.map_or(0, |it| it.number),
        }
    }

    fn take(&mut self, page: &Arc<HistoryPage>, request: ReadHistoryRequest, shape: Shape) {
        let visible = shape.lines();
        self.refused = None;
        let list = ReadHistoryRequest {
            offset: 0,
            limit: 0,
            around: 0,
            ..request
        };
        let same = self.answered.as_ref().is_none_or(|it| *it == list);
        self.answered = Some(list);
        if let Some(seek) = self.seek.take() {
            self.page = Some(Arc::clone(page));
            self.arrive(seek, shape);
        }
        let ids = self.ids(page);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let loaded = loaded(page, &ids);
        if !same {
            self.short = 0;
        }
        self.selection.on_answer(loaded, visible, same);
        let top = self.selection.top();
        let covered = loaded.offset + ids.len();
        let last = (top + visible).min(loaded.total);
        let is_short = ids.len() < usize::try_from(request.limit).unwrap_or(0) && covered < last;
        let misses_cursor = self.selection.index() >= covered && covered < loaded.total;
        if is_short && (self.short == 0 || misses_cursor) {
            self.short = (self.short + 1).min(2);
        }
        self.page = Some(Arc::clone(page));
    }

    fn move_by(&mut self, delta: isize, shape: Shape) {
        let visible = shape.lines();
        let Some(page) = self.page.clone() else {
            return;
        };
        let ids = self.ids(&page);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.selection.move_by(delta, loaded(&page, &ids), visible);
    }

    /// Makes the text of the selected event, unless it is there already.
    pub(super) fn show_event(&mut self, shape: Shape) {
        let area = shape.event_text();
        let (columns, visible) = (usize::from(area.width), usize::from(area.height));
        let Some(page) = self.page.clone() else {
            return;
        };
        let sections = match self.selected() {
            Some(entry) => {
                let key = (page.execution_id.clone(), entry.number);
                let sections = sections::of_event(entry);
                if self.shown.as_ref() != Some(&key) {
                    self.shown = Some(key);
                    self.event.restart();
                }
                sections
            }
            None => Vec::new(),
        };
        self.event.set(sections, columns, visible);
    }
}

pub(super) fn offset_of(page: &HistoryPage) -> usize {
    usize::try_from(page.offset).unwrap_or(usize::MAX)
}

fn loaded<'a>(page: &HistoryPage, ids: &'a [&'a str]) -> Loaded<'a> {
    Loaded {
        offset: offset_of(page),
        ids,
        total: rows_of(page).max(ids.len()),
    }
}

/// Lines of the whole list.
pub fn rows_of(page: &HistoryPage) -> usize {
    // Servers that fold nothing do not tell.
    let rows = match page.rows {
        0 => page.matching,
        rows => rows,
    };
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    let shape = shape(model.size, model.choices.zoom);
    model.screens.top_instance().map_or(Topic::None, |it| {
        Topic::History(it.history.request(&it.id, shape))
    })
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let told = model.told().cloned();
    let asked = topic(model);
    let shape = shape(model.size, model.choices.zoom);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.history;
    match (told, asked) {
        (Some(Told::History(page)), Topic::History(request)) => view.take(&page, request, shape),
        (Some(Told::Refused(reason)), _) => view.refused = Some(reason),
        _ => {}
    }
    let visible = shape.lines();
    let total = view.page.as_ref().map_or(0, |it| rows_of(it));
    view.selection.scroll(visible, total);
    view.show_event(shape);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let shape = shape(model.size, model.choices.zoom);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.history;
    match view.pane {
        Pane::List => {
            view.move_by(delta, shape);
            view.show_event(shape);
        }
        Pane::Event => view.event.move_by(delta),
    }
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    let shape = shape(model.size, model.choices.zoom);
    let pane = model.screens.top_instance().map(|it| it.history.pane);
    let height = match pane {
        Some(Pane::Event) => shape.event_text().height,
        _ => shape.list.height,
    };
    usize::from(height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let shape = shape(model.size, model.choices.zoom);
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.history;
    match id {
        ActionId::Filter => view.search.begin(),
        ActionId::HistoryOrder => {
            view.order = match view.order {
                Order::NewestFirst => Order::OldestFirst,
                Order::OldestFirst => Order::LargestFirst,
                Order::LargestFirst => Order::NewestFirst,
            };
            view.selection = Selection::default();
            view.short = 0;
        }
        ActionId::Pane => {
            view.pane = match view.pane {
                Pane::List => Pane::Event,
                Pane::Event => Pane::List,
            };
        }
        ActionId::Open => return history_acts::enter(model),
        ActionId::Fold if view.pane == Pane::Event => view.event.set_fold(false),
        ActionId::Unfold if view.pane == Pane::Event => view.event.set_fold(true),
        ActionId::Fold if view.fold_run(shape) => {}
        ActionId::Fold => model.toast(Kind::Note, "this event is in no run that was unfolded"),
        ActionId::Unfold => {
            view.unfold_run(shape);
        }
        ActionId::FoldRuns => view.fold_all(shape),
        ActionId::ToItem => return history_acts::to_item(model),
        ActionId::Copy => history_acts::copy(view, effects),
        ActionId::OpenText => history_acts::open_text(view, effects),
        ActionId::WriteEvent => return history_acts::write(model, effects),
        ActionId::Back if view.search.clear() => {}
        ActionId::Back if view.pane == Pane::Event => view.pane = Pane::List,
        ActionId::Back => return update::back(model),
        _ => {}
    }
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.history.show_event(shape);
    }
}

/// Gives the keys to `pane` of the history on top, if it is there; answers which had them.
pub(crate) fn focus(model: &mut Model, pane: Pane) -> Option<Pane> {
    if model.screens.place() != Place::Instance(InstanceTab::History) {
        return None;
    }
    let instance = model.screens.top_instance_mut()?;
    Some(std::mem::replace(&mut instance.history.pane, pane))
}

/// Puts the cursor of the text on the line at `row` of the screen; true when it was there.
pub(crate) fn click_text(model: &mut Model, row: u16) -> bool {
    let Some(instance) = model.screens.top_instance_mut() else {
        return false;
    };
    let event = &mut instance.history.event;
    let index = event.top + usize::from(row);
    let had_it = event.index == index;
    let from = isize::try_from(event.index).unwrap_or(0);
    event.move_by(isize::try_from(index).unwrap_or(0) - from);
    had_it
}
