//! Schedules, read from their entities.

use std::sync::Arc;

use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::EntityRow;
use durascope_proto::monitor::EntitySort;
use durascope_proto::monitor::ListEntitiesRequest;

use crate::app::action::ActionId;
use crate::app::cursor::Selection;
use crate::app::effect::Effect;
use crate::app::event::Size;
use crate::app::geometry;
use crate::app::model::Model;
use crate::app::outline::Outline;
use crate::app::screens::entities::Pane;
use crate::app::screens::entities::detail_area;
use crate::app::screens::failures::with_ids;
use crate::app::screens::instance;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::typing::Search;
use crate::app::update;
use crate::data::schedules;
use crate::data::schedules::ID_PREFIX;
use crate::data::schedules::Schedule;

/// Schedules that are read; the screen says when there are more.
const ROWS_MAX: u32 = 500;
/// Enough of a state for all but its last members, unless its input is large.
const STATE_BYTES: u32 = 2_048;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Schedules {
    pub search: Search,
    pub selection: Selection,
    pub pane: Pane,
    /// The newest answer.
    pub page: Option<Arc<EntityPage>>,
    /// Why there is none.
    pub refused: Option<String>,
    /// Those that match what is searched for, by id.
    pub rows: Vec<Schedule>,
    /// The selected one in full.
    pub detail: Outline,
    shown: String,
    answered: String,
}

impl Schedules {
    /// The schedule under the cursor.
    pub fn selected(&self) -> Option<&Schedule> {
        self.rows.get(self.selection.index())
    }

    fn entity(&self) -> Option<&EntityRow> {
        let id = &self.selected()?.entity_id;
        let page = self.page.as_ref()?;
        let detail = page.detail.as_ref().filter(|it| it.entity_id == *id);
        detail.or_else(|| page.rows.iter().find(|it| it.entity_id == *id))
    }

    fn read(&mut self) {
        let wanted = self.search.text().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let page = self.page.as_ref();
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
        self.rows = found;
    }

    fn settle(&mut self, size: Size) {
        let same = self.answered == self.search.text();
        if !same {
            self.search.text().clone_into(&mut self.answered);
            self.read();
        }
        let rows = rows_on(size);
        let ids = self.rows.iter().map(|it| it.entity_id.clone()).collect();
        with_ids(ids, |loaded| {
            self.selection.on_answer(loaded, rows, same);
        });
        let id = self.selected().map(|it| it.entity_id.clone());
        let id = id.unwrap_or_default();
        if id != self.shown {
            self.shown = id;
            self.detail.restart();
        }
        let area = detail_area(&geometry::list(size));
        let sections = self.entity().map_or_else(Vec::new, schedules::sections);
        let (columns, lines) = (usize::from(area.width), usize::from(area.height));
        self.detail.set(sections, columns, lines);
    }
}

fn rows_on(size: Size) -> usize {
    usize::from(geometry::list(size).list.height).max(1)
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    Topic::Entities(ListEntitiesRequest {
        text: ID_PREFIX.to_owned(),
        sort: EntitySort::Name.into(),
        limit: ROWS_MAX,
        entity_id: model
            .screens
            .schedules
            .selection
            .id()
            .unwrap_or_default()
            .to_owned(),
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
            view.refused = None;
            // The same answer comes with each update of the rest.
            if view.page.as_ref().is_none_or(|it| !Arc::ptr_eq(it, &page)) {
                view.page = Some(page);
                view.read();
            }
        }
        Some(Told::Refused(reason)) => view.refused = Some(reason),
        _ => {}
    }
    view.settle(size);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let size = model.size;
    let view = &mut model.screens.schedules;
    match view.pane {
        Pane::List => {
            let ids = view.rows.iter().map(|it| it.entity_id.clone()).collect();
            with_ids(ids, |loaded| {
                view.selection.move_by(delta, loaded, rows_on(size));
            });
            view.settle(size);
        }
        Pane::Detail => view.detail.move_by(delta),
    }
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    let shape = geometry::list(model.size);
    let height = match model.screens.schedules.pane {
        Pane::List => shape.list.height,
        Pane::Detail => detail_area(&shape).height,
    };
    usize::from(height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    let size = model.size;
    let view = &mut model.screens.schedules;
    match id {
        ActionId::Filter => view.search.begin(),
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
                    .map(|it| ("schedule id".to_owned(), it.id.clone())),
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
    model.screens.schedules.settle(size);
}

/// Opens the instance of the last run, or what the line of the detail names.
fn enter(model: &mut Model) {
    let view = &mut model.screens.schedules;
    let opens = match view.pane {
        Pane::List => {
            view.selection.pin();
            view.selected().and_then(|it| it.last_instance.clone())
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
                "it has started no instance yet, as far as its state tells",
            );
        }
        None => {}
    }
}
