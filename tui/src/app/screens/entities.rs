//! Entities with queue, lock and state.

use std::sync::Arc;

use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::EntityRow;
use durascope_proto::monitor::EntitySort;
use durascope_proto::monitor::ListEntitiesRequest;

use crate::app::action::ActionId;
use crate::app::cursor::Loaded;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::screens::instance;
use crate::app::screens::listing::Chosen;
use crate::app::screens::listing::Listing;
use crate::app::screens::listing::Pane;
use crate::app::screens::listing::Step;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::update;
use crate::data::entities;

/// What the list can be sorted by, by the server.
const SORTS: [EntitySort; 4] = [
    EntitySort::Queue,
    EntitySort::Name,
    EntitySort::Modified,
    EntitySort::StateSize,
];
/// Their names.
pub const ORDERS: [&str; 4] = ["queue", "name", "modified", "state size"];
/// Rows asked for at least, and steps in which the window moves.
const ROWS_MIN: usize = 100;
const STEP: usize = 20;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    pub list: Listing,
    /// Which list the page is of.
    answered: Option<ListEntitiesRequest>,
    /// The entity that the cursor goes to as soon as it is known where it is.
    aim: Option<String>,
}

impl Entities {
    /// The row under the cursor, if it is loaded.
    pub fn selected(&self) -> Option<&EntityRow> {
        let page = self.list.page.as_ref()?;
        let offset = usize::try_from(page.offset).ok()?;
        page.rows
            .get(self.list.selection.index().checked_sub(offset)?)
    }

    /// The row under the cursor with its whole state, as far as that is known.
    pub fn selected_in_full(&self) -> Option<&EntityRow> {
        let row = self.selected()?;
        let detail = self.list.page.as_ref().and_then(|it| it.detail.as_ref());
        detail
            .filter(|it| it.entity_id == row.entity_id)
            .or(Some(row))
    }

    fn request(&self, size: Size) -> ListEntitiesRequest {
        let visible = Listing::rows(size);
        let list = &self.list;
        let offset = list.selection.top().saturating_sub(visible) / STEP * STEP;
        let limit = (visible * 3 + STEP).clamp(ROWS_MIN, 1_000);
        let selected = self.aim.as_deref().or(list.selection.id());
        ListEntitiesRequest {
            text: list.search.text().to_owned(),
            sort: SORTS.get(list.order.at).map_or(0, |it| *it as i32),
            reverse: list.order.reverse,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            limit: u32::try_from(limit).unwrap_or(1_000),
            entity_id: selected.unwrap_or_default().to_owned(),
            state_bytes: 0,
            locate: self.aim.is_some(),
        }
    }

    fn take(&mut self, page: Arc<EntityPage>, request: ListEntitiesRequest, size: Size) {
        let list = ListEntitiesRequest {
            offset: 0,
            limit: 0,
            entity_id: String::new(),
            locate: false,
            ..request
        };
        let same = self.answered.as_ref().is_none_or(|it| *it == list);
        self.answered = Some(list);
        self.list.refused = None;
        let ids: Vec<_> = page.rows.iter().map(|it| it.entity_id.as_str()).collect();
        let selection = &mut self.list.selection;
        selection.on_answer(loaded(&page, &ids), Listing::rows(size), same);
        self.list.page = Some(page);
    }

    /// Brings the cursor to what it was sent to, by steps where that is not loaded yet, now that
    /// a page has come. Answers its id when there is no such entity.
    fn approach(&mut self, size: Size) -> Option<String> {
        let (aim, page) = (self.aim.clone()?, self.list.page.clone()?);
        if page.detail.as_ref().is_none_or(|it| it.entity_id != aim) {
            return self.aim.take();
        }
        let rows = page.rows.iter().zip(u64::from(page.offset)..);
        let loaded = rows.into_iter().find(|(it, _)| it.entity_id == aim);
        let at = match loaded {
            Some((_, at)) => {
                self.aim = None;
                at
            }
            None if page.detail_at > 0 => page.detail_at - 1,
            None => {
                // Not every server tells its place; alone it has the first.
                self.list.search.field.set(&aim);
                return None;
            }
        };
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let total = usize::try_from(page.matching).unwrap_or(usize::MAX);
        let selection = &mut self.list.selection;
        selection.go_to(aim, at, Listing::rows(size), total);
        None
    }

    /// Keeps the detail on the selected entity.
    fn settle(&mut self, size: Size) {
        let total = self.list.page.as_ref().map_or(0, |it| it.matching);
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        self.list.selection.scroll(Listing::rows(size), total);
        let id = self.selected().map(|it| it.entity_id.clone());
        let sections = self
            .selected_in_full()
            .map_or_else(Vec::new, entities::sections);
        self.list.show(id.unwrap_or_default(), sections, size);
    }

    fn chosen(&self) -> Chosen {
        let row = self.selected();
        Chosen {
            copies: row.map(|it| ("entity id", it.entity_id.clone())),
            opens: row
                .map(|it| it.locked_by.clone())
                .filter(|it| !it.is_empty()),
        }
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

/// Puts the cursor on the entity `id`, in the whole list.
pub(crate) fn go_to(model: &mut Model, id: &str) {
    let view = &mut model.screens.entities;
    view.list.search.clear();
    view.list.pane = Pane::List;
    view.aim = Some(id.to_owned());
}

/// Sorts by the order at `at` of [`ORDERS`]; the same again reverses.
pub(crate) fn sort_by(model: &mut Model, at: usize) {
    model.screens.entities.list.order.choose(at);
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
    let mut missing = None;
    match told {
        Some(Told::Entities(page)) => {
            let request = view.request(size);
            view.take(page, request, size);
            missing = view.approach(size);
        }
        Some(Told::Refused(reason)) => view.list.refused = Some(reason),
        _ => {}
    }
    view.settle(size);
    if let Some(id) = missing {
        model.toast(Kind::Note, format!("{id} has no state: it is not listed"));
    }
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let size = model.size;
    let view = &mut model.screens.entities;
    view.aim = None;
    if let Some(page) = view.list.page.clone() {
        let ids: Vec<_> = page.rows.iter().map(|it| it.entity_id.as_str()).collect();
        view.list.move_by(delta, loaded(&page, &ids), size);
        view.settle(size);
    }
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    model.screens.entities.list.visible(model.size)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let size = model.size;
    let view = &mut model.screens.entities;
    let chosen = view.chosen();
    match view.list.on_action(id, ORDERS.len(), chosen, effects) {
        Step::Done => view.settle(size),
        Step::Back => update::back(model),
        Step::Open(id) => instance::open(model, &id),
        Step::Nothing => model.toast(
            Kind::Note,
            "no instance holds its lock; Tab goes to its state",
        ),
    }
}
