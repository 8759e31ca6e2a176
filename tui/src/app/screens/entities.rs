//! Entities with queue, lock and state.

use std::sync::Arc;

use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::EntityRow;
use durascope_proto::monitor::EntitySort;
use durascope_proto::monitor::ListEntitiesRequest;

use crate::app::action::ActionId;
use crate::app::cursor::Loaded;
use crate::app::cursor::Selection;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::geometry::ListShape;
use crate::app::model::Model;
use crate::app::outline::Outline;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::screens::instance;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::typing::Search;
use crate::app::update;
use crate::data::entities;

/// The sort columns in their order, with their names.
pub const SORTS: [(EntitySort, &str); 4] = [
    (EntitySort::Queue, "queue"),
    (EntitySort::Name, "name"),
    (EntitySort::Modified, "modified"),
    (EntitySort::StateSize, "state size"),
];
/// Rows asked for at least, and steps in which the window moves.
const ROWS_MIN: usize = 100;
const STEP: usize = 20;

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    List,
    Detail,
}

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    pub search: Search,
    /// Index into [`SORTS`].
    sort: usize,
    pub reverse: bool,
    pub selection: Selection,
    pub pane: Pane,
    /// The newest answer.
    pub page: Option<Arc<EntityPage>>,
    /// Why there is none.
    pub refused: Option<String>,
    /// The selected one in full.
    pub detail: Outline,
    /// The entity that the detail is of.
    shown: String,
    /// Which list the page is of.
    answered: Option<ListEntitiesRequest>,
}

/// Where the detail of a list is drawn: below its rule, or in the place of the list.
pub fn detail_area(shape: &ListShape) -> Area {
    let mut area = shape.detail;
    if area.is_empty() {
        area = shape.list;
    } else {
        area.take_top(1);
    }
    Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
}

impl Entities {
    /// The name of the sort column.
    pub fn sort_name(&self) -> &'static str {
        SORTS.get(self.sort).map_or("queue", |it| it.1)
    }

    /// The row under the cursor, if it is loaded.
    pub fn selected(&self) -> Option<&EntityRow> {
        let page = self.page.as_ref()?;
        let offset = usize::try_from(page.offset).ok()?;
        page.rows.get(self.selection.index().checked_sub(offset)?)
    }

    /// The row under the cursor with its whole state, as far as that is known.
    pub fn selected_in_full(&self) -> Option<&EntityRow> {
        let row = self.selected()?;
        let detail = self.page.as_ref().and_then(|it| it.detail.as_ref());
        detail
            .filter(|it| it.entity_id == row.entity_id)
            .or(Some(row))
    }

    fn rows(size: Size) -> usize {
        usize::from(geometry::list(size).list.height).max(1)
    }

    fn request(&self, size: Size) -> ListEntitiesRequest {
        let visible = Self::rows(size);
        let offset = self.selection.top().saturating_sub(visible) / STEP * STEP;
        let limit = (visible * 3 + STEP).clamp(ROWS_MIN, 1_000);
        ListEntitiesRequest {
            text: self.search.text().to_owned(),
            sort: SORTS.get(self.sort).map_or(0, |it| it.0 as i32),
            reverse: self.reverse,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            limit: u32::try_from(limit).unwrap_or(1_000),
            entity_id: self.selection.id().unwrap_or_default().to_owned(),
            state_bytes: 0,
        }
    }

    fn take(&mut self, page: Arc<EntityPage>, request: ListEntitiesRequest, size: Size) {
        let list = ListEntitiesRequest {
            offset: 0,
            limit: 0,
            entity_id: String::new(),
            ..request
        };
        let same = self.answered.as_ref().is_none_or(|it| *it == list);
        self.answered = Some(list);
        self.refused = None;
        let ids: Vec<_> = page.rows.iter().map(|it| it.entity_id.as_str()).collect();
        self.selection
            .on_answer(loaded(&page, &ids), Self::rows(size), same);
        self.page = Some(page);
    }

    /// Keeps the detail on the selected entity.
    fn settle(&mut self, size: Size) {
        let total = self.page.as_ref().map_or(0, |it| it.matching);
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        self.selection.scroll(Self::rows(size), total);
        let id = self.selected().map(|it| it.entity_id.clone());
        let id = id.unwrap_or_default();
        if id != self.shown {
            self.shown = id;
            self.detail.restart();
        }
        let area = detail_area(&geometry::list(size));
        let sections = self
            .selected_in_full()
            .map_or_else(Vec::new, entities::sections);
        let (columns, lines) = (usize::from(area.width), usize::from(area.height));
        self.detail.set(sections, columns, lines);
    }
}

fn loaded<'a>(page: &EntityPage, ids: &'a [&'a str]) -> Loaded<'a> {
    let count = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
    Loaded {
        offset: count(u64::from(page.offset)),
        ids,
        total: count(page.matching).max(ids.len()),
    }
}

/// The entity that an action is about.
pub fn selected_entity(model: &Model) -> Option<String> {
    let screens = &model.screens;
    if screens.place() != Place::Hub(HubTab::Entities) {
        return None;
    }
    screens.entities.selected().map(|it| it.entity_id.clone())
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    Topic::Entities(model.screens.entities.request(model.size))
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let told = model.told().cloned();
    let size = model.size;
    let view = &mut model.screens.entities;
    match told {
        Some(Told::Entities(page)) => {
            let request = view.request(size);
            view.take(page, request, size);
        }
        Some(Told::Refused(reason)) => view.refused = Some(reason),
        _ => {}
    }
    view.settle(size);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let size = model.size;
    let view = &mut model.screens.entities;
    match view.pane {
        Pane::List => {
            if let Some(page) = view.page.clone() {
                let ids: Vec<_> = page.rows.iter().map(|it| it.entity_id.as_str()).collect();
                let rows = Entities::rows(size);
                view.selection.move_by(delta, loaded(&page, &ids), rows);
                view.settle(size);
            }
        }
        Pane::Detail => view.detail.move_by(delta),
    }
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    let shape = geometry::list(model.size);
    let height = match model.screens.entities.pane {
        Pane::List => shape.list.height,
        Pane::Detail => detail_area(&shape).height,
    };
    usize::from(height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let size = model.size;
    let view = &mut model.screens.entities;
    let count = SORTS.len();
    let step = match id {
        ActionId::SortStep | ActionId::SortNext => 1,
        ActionId::SortPrevious => count - 1,
        _ => 0,
    };
    if step > 0 {
        view.sort = (view.sort + step) % count;
        view.reverse = false;
    }
    match id {
        ActionId::Filter => view.search.begin(),
        ActionId::Reverse => view.reverse = !view.reverse,
        ActionId::Pane => {
            view.pane = match view.pane {
                Pane::List => Pane::Detail,
                Pane::Detail => Pane::List,
            };
        }
        ActionId::Fold if view.pane == Pane::Detail => view.detail.set_fold(false),
        ActionId::Unfold if view.pane == Pane::Detail => view.detail.set_fold(true),
        ActionId::Open => return enter(model),
        ActionId::Copy => {
            let copied = match view.pane {
                Pane::List => view
                    .selected()
                    .map(|it| ("entity id".to_owned(), it.entity_id.clone())),
                Pane::Detail => {
                    let line = view.detail.selected();
                    line.and_then(|it| view.detail.contents.copy_of(it))
                }
            };
            if let Some((what, text)) = copied {
                effects.push(Effect::Copy { what, text });
            }
        }
        ActionId::OpenText => {
            let of_cursor = view.pane == Pane::Detail;
            if let Some((name, text)) = view.detail.document(of_cursor) {
                effects.push(Effect::View { name, text });
            }
        }
        ActionId::Back if view.search.clear() => {}
        ActionId::Back if view.pane == Pane::Detail => view.pane = Pane::List,
        ActionId::Back => return update::back(model),
        _ => {}
    }
    model.screens.entities.settle(size);
}

/// Opens who holds the lock, or the instance on the line.
fn enter(model: &mut Model) {
    let view = &mut model.screens.entities;
    let opens = match view.pane {
        Pane::List => {
            let holder = view.selected().map(|it| it.locked_by.clone());
            view.selection.pin();
            holder.filter(|it| !it.is_empty())
        }
        Pane::Detail => {
            let line = view.detail.selected();
            let opens = line.and_then(|it| view.detail.contents.opens(it));
            opens.map(str::to_owned)
        }
    };
    match opens {
        Some(id) => instance::open(model, &id),
        None if view.pane == Pane::Detail => {
            view.detail.toggle();
        }
        None if view.selected().is_some() => {
            model.toast(
                Kind::Note,
                "no instance holds its lock; Tab goes to its state",
            );
        }
        None => {}
    }
}
