//! The history of an instance: pages of events, sizes, replay cost.

use std::sync::Arc;

use durascope_proto::history_event::EventType;
use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::read_history_request::Order;

use crate::app::action::ActionId;
use crate::app::cursor::Loaded;
use crate::app::cursor::Selection;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::outline::Outline;
use crate::app::place::InstanceTab;
use crate::app::screens::instance;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::typing::Search;
use crate::app::update;
use crate::data::history;
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
    answered: Option<ReadHistoryRequest>,
    pub pane: Pane,
    /// The selected event in full.
    pub event: Outline,
    shown: Option<(String, u64)>,
    /// How often pages were too short for the screen: large events make short pages, and then
    /// the window begins where the screen does, or where the cursor is.
    short: u8,
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
pub fn shape(size: Size) -> Shape {
    let mut rest = geometry::instance(size).body();
    let rows = |there: bool| u16::from(there);
    let height = rest.height;
    let kinds = rest.take_top(rows(height >= 10));
    let cost = rest.take_top(rows(height >= 12));
    let rule = rest.take_top(rows(height >= 4));
    let event = rest.take_bottom(if height >= 14 { height * 2 / 5 } else { 0 });
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

    fn visible(&self, size: Size) -> usize {
        usize::from(shape(size).list.height).max(1)
    }

    fn request(&self, instance_id: &str, size: Size) -> ReadHistoryRequest {
        let visible = self.visible(size);
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
        }
    }

    fn take(&mut self, page: &Arc<HistoryPage>, request: ReadHistoryRequest, size: Size) {
        let visible = self.visible(size);
        self.refused = None;
        let list = ReadHistoryRequest {
            offset: 0,
            limit: 0,
            ..request
        };
        let same = self.answered.as_ref().is_none_or(|it| *it == list);
        self.answered = Some(list);
        let ids: Vec<String> = page
            .entries
            .iter()
            .map(|it| it.number.to_string())
            .collect();
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

    fn move_by(&mut self, delta: isize, size: Size) {
        let visible = self.visible(size);
        let Some(page) = self.page.clone() else {
            return;
        };
        let ids: Vec<String> = page
            .entries
            .iter()
            .map(|it| it.number.to_string())
            .collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.selection.move_by(delta, loaded(&page, &ids), visible);
    }

    /// Makes the text of the selected event, unless it is there already.
    fn show_event(&mut self, size: Size) {
        let area = shape(size).event_text();
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

    /// Goes to the event with this number, if need be in another order than the present one.
    fn go_to(&mut self, number: u64, size: Size) {
        let Some(page) = self.page.clone() else {
            return;
        };
        if self.order == Order::LargestFirst || !self.search.text().is_empty() {
            self.search.clear();
            self.order = Order::OldestFirst;
            self.answered = None;
        }
        let index = match self.order {
            Order::NewestFirst => page.events.saturating_sub(number),
            _ => number.saturating_sub(1),
        };
        let count = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
        let visible = self.visible(size);
        self.short = 0;
        self.selection.go_to(
            number.to_string(),
            count(index),
            visible,
            count(page.events),
        );
    }
}

fn offset_of(page: &HistoryPage) -> usize {
    usize::try_from(page.offset).unwrap_or(usize::MAX)
}

fn loaded<'a>(page: &HistoryPage, ids: &'a [&'a str]) -> Loaded<'a> {
    let total = usize::try_from(page.matching).unwrap_or(usize::MAX);
    Loaded {
        offset: offset_of(page),
        ids,
        total: total.max(ids.len()),
    }
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    model.screens.top_instance().map_or(Topic::None, |it| {
        Topic::History(it.history.request(&it.id, model.size))
    })
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let told = model.told().cloned();
    let asked = topic(model);
    let size = model.size;
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.history;
    match (told, asked) {
        (Some(Told::History(page)), Topic::History(request)) => view.take(&page, request, size),
        (Some(Told::Refused(reason)), _) => view.refused = Some(reason),
        _ => {}
    }
    let visible = view.visible(size);
    let total = view.page.as_ref().map_or(0, |it| it.matching);
    let total = usize::try_from(total).unwrap_or(usize::MAX);
    view.selection.scroll(visible, total);
    view.show_event(size);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let size = model.size;
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.history;
    match view.pane {
        Pane::List => {
            view.move_by(delta, size);
            view.show_event(size);
        }
        Pane::Event => view.event.move_by(delta),
    }
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    let shape = shape(model.size);
    let pane = model.screens.top_instance().map(|it| it.history.pane);
    let height = match pane {
        Some(Pane::Event) => shape.event_text().height,
        _ => shape.list.height,
    };
    usize::from(height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let size = model.size;
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
        ActionId::Open => return enter(model),
        ActionId::Fold if view.pane == Pane::Event => view.event.set_fold(false),
        ActionId::Unfold if view.pane == Pane::Event => view.event.set_fold(true),
        ActionId::ToItem => return to_item(model),
        ActionId::Copy => copy(view, effects),
        ActionId::OpenText => open_text(view, effects),
        ActionId::Back if view.search.clear() => {}
        ActionId::Back if view.pane == Pane::Event => view.pane = Pane::List,
        ActionId::Back => return update::back(model),
        _ => {}
    }
    if let Some(instance) = model.screens.top_instance_mut() {
        instance.history.show_event(size);
    }
}

fn enter(model: &mut Model) {
    let size = model.size;
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &mut instance.history;
    if view.pane == Pane::Event {
        let opens = view
            .event
            .selected()
            .and_then(|it| view.event.contents.opens(it));
        match opens.map(str::to_owned) {
            Some(id) => instance::open(model, &id),
            None => {
                view.event.toggle();
            }
        }
        return;
    }
    match view.selected().map(|it| it.pair) {
        None => {}
        Some(0) => model.toast(Kind::Note, "no other event belongs to this one"),
        Some(pair) => {
            view.go_to(pair, size);
            view.show_event(size);
        }
    }
}

/// Goes to the item that the event is about.
fn to_item(model: &mut Model) {
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let view = &instance.history;
    let Some(entry) = view.selected() else {
        return;
    };
    let Some(event) = &entry.event else {
        return;
    };
    let Some(task) = history::task_id(event) else {
        model.toast(Kind::Note, "this event is about no activity and no child");
        return;
    };
    let paired = view.page.iter().flat_map(|it| &it.entries);
    let mut scheduled = paired.filter(|it| {
        it.event
            .as_ref()
            .is_some_and(|it| it.event_id == task && history::task_id(it) == Some(task))
    });
    let scheduled = scheduled.next().unwrap_or(entry);
    let child = match scheduled
        .event
        .as_ref()
        .and_then(|it| it.event_type.as_ref())
    {
        Some(EventType::SubOrchestrationInstanceCreated(it)) => it.instance_id.clone(),
        _ => String::new(),
    };
    let (name, turn) = (history::name(entry).to_owned(), scheduled.turn);
    instance.tab = InstanceTab::Tree;
    if !instance.go_to_item(task, &name, turn, &child) {
        let text = format!("the tree has no line of its own for #{task} {name}");
        model.toast(Kind::Note, text);
    }
    instance::on_resize(model);
}

fn copy(view: &HistoryView, effects: &mut Vec<Effect>) {
    let line = match view.pane {
        Pane::Event => view.event.selected(),
        Pane::List => view.event.lines.first(),
    };
    if let Some((what, text)) = line.and_then(|it| view.event.contents.copy_of(it)) {
        effects.push(Effect::Copy { what, text });
    }
}

/// The payload of the event, or all of it where it has none.
fn open_text(view: &HistoryView, effects: &mut Vec<Effect>) {
    if let Some((name, text)) = view.event.document(view.pane == Pane::Event) {
        effects.push(Effect::View { name, text });
    }
}
