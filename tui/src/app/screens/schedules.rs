//! Schedules, read from their entities.

use std::cmp::Ordering;
use std::sync::Arc;

use durascope_proto::monitor::EntityRow;
use durascope_proto::monitor::EntitySort;
use durascope_proto::monitor::ListEntitiesRequest;

use crate::app::action::ActionId;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::model::Model;
use crate::app::screens::instance;
use crate::app::screens::listing::Chosen;
use crate::app::screens::listing::Listing;
use crate::app::screens::listing::Step;
use crate::app::screens::listing::with_ids;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::update;
use crate::data::schedules;
use crate::data::schedules::ID_PREFIX;
use crate::data::schedules::Schedule;

/// What the list can be sorted by.
pub const ORDERS: [&str; 5] = ["id", "orchestration", "status", "next run", "last run"];
/// Schedules that are read; the screen says when there are more.
const ROWS_MAX: u32 = 500;
/// Enough of a state for all but its last members, unless its input is large.
const STATE_BYTES: u32 = 2_048;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Schedules {
    pub list: Listing,
    /// Those that match what is searched for, in their order.
    pub rows: Vec<Schedule>,
    answered: String,
}

impl Schedules {
    /// The schedule under the cursor.
    pub fn selected(&self) -> Option<&Schedule> {
        self.rows.get(self.list.selection.index())
    }

    fn entity(&self) -> Option<&EntityRow> {
        let id = &self.selected()?.entity_id;
        let page = self.list.page.as_ref()?;
        let detail = page.detail.as_ref().filter(|it| it.entity_id == *id);
        detail.or_else(|| page.rows.iter().find(|it| it.entity_id == *id))
    }

    fn read(&mut self) {
        let wanted = self.list.search.text().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let page = self.list.page.as_ref();
        let rows = page.map_or(&[][..], |it| &it.rows);
        let mut found: Vec<_> = rows
            .iter()
            .filter(|it| it.entity_id.starts_with(ID_PREFIX))
            .map(schedules::of)
            .filter(|it| has(&it.id) || has(&it.orchestration))
            .collect();
        // Of the selected one, the whole state may be known.
        let detail = page.and_then(|it| it.detail.as_ref());
        if let Some(detail) = detail {
            let known = found.iter_mut().find(|it| it.entity_id == detail.entity_id);
            if let Some(known) = known {
                *known = schedules::of(detail);
            }
        }
        let order = self.list.order;
        let rows = order.rows(found.len(), |one, other| {
            rank(order.at, &found[one], &found[other])
        });
        self.rows = rows.into_iter().map(|at| found[at].clone()).collect();
    }

    fn settle(&mut self, size: Size) {
        let same = self.answered == self.list.search.text();
        if !same {
            self.list.search.text().clone_into(&mut self.answered);
            self.read();
        }
        let ids = self.rows.iter().map(|it| it.entity_id.clone()).collect();
        with_ids(ids, |loaded| {
            let selection = &mut self.list.selection;
            selection.on_answer(loaded, Listing::rows(size), same);
        });
        let id = self.selected().map(|it| it.entity_id.clone());
        let sections = self.entity().map_or_else(Vec::new, schedules::sections);
        self.list.show(id.unwrap_or_default(), sections, size);
    }

    fn chosen(&self) -> Chosen {
        let row = self.selected();
        Chosen {
            copies: row.map(|it| ("schedule id", it.id.clone())),
            opens: row.and_then(|it| it.last_instance.clone()),
        }
    }
}

/// Which of two comes first in an order of [`ORDERS`]; who has no next run comes last.
fn rank(order: usize, one: &Schedule, other: &Schedule) -> Ordering {
    match order {
        1 => one.orchestration.cmp(&other.orchestration),
        2 => one.state.word().cmp(other.state.word()),
        3 => {
            let next = |it: &Schedule| (it.next_run.is_none(), it.next_run);
            next(one).cmp(&next(other))
        }
        4 => other.last_run.cmp(&one.last_run),
        _ => one.id.cmp(&other.id),
    }
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    let selection = &model.screens.schedules.list.selection;
    Topic::Entities(ListEntitiesRequest {
        text: ID_PREFIX.to_owned(),
        sort: EntitySort::Name.into(),
        limit: ROWS_MAX,
        entity_id: selection.id().unwrap_or_default().to_owned(),
        state_bytes: STATE_BYTES,
        ..ListEntitiesRequest::default()
    })
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let told = model.told().cloned();
    let size = model.size;
    let view = &mut model.screens.schedules;
    match told {
        Some(Told::Entities(page)) => {
            view.list.refused = None;
            // The same answer comes with each update of the rest.
            let known = view.list.page.as_ref();
            if known.is_none_or(|it| !Arc::ptr_eq(it, &page)) {
                view.list.page = Some(page);
                view.read();
            }
        }
        Some(Told::Refused(reason)) => view.list.refused = Some(reason),
        _ => {}
    }
    view.settle(size);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let size = model.size;
    let view = &mut model.screens.schedules;
    let ids = view.rows.iter().map(|it| it.entity_id.clone()).collect();
    with_ids(ids, |loaded| view.list.move_by(delta, loaded, size));
    view.settle(size);
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    model.screens.schedules.list.visible(model.size)
}

/// Sorts by the order at `at` of [`ORDERS`]; the same again reverses.
pub(crate) fn sort_by(model: &mut Model, at: usize) {
    model.screens.schedules.list.order.choose(at);
    resort(model);
}

/// Puts the rows into the order that was chosen.
pub(crate) fn resort(model: &mut Model) {
    let size = model.size;
    let view = &mut model.screens.schedules;
    view.read();
    view.settle(size);
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let size = model.size;
    let view = &mut model.screens.schedules;
    let chosen = view.chosen();
    let order = view.list.order;
    match view.list.on_action(id, ORDERS.len(), chosen, effects) {
        Step::Done => {
            if view.list.order != order {
                view.read();
            }
            view.settle(size);
        }
        Step::Back => update::back(model),
        Step::Open(id) => instance::open(model, &id),
        Step::Nothing => model.toast(
            Kind::Note,
            "it has started no instance yet, as far as its state tells",
        ),
    }
}
