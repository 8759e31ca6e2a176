//! The window is the subscription: what is on screen decides what the server sends.

use durascope_proto::monitor::InstanceWindow;

use crate::app::effect::WatchSpec;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::screens::compare;
use crate::app::screens::data;
use crate::app::screens::entities;
use crate::app::screens::failures;
use crate::app::screens::family;
use crate::app::screens::history;
use crate::app::screens::schedules;
use crate::app::screens::work;
use crate::app::topic::Topic;
use crate::format::MILLI;
use crate::format::Micros;

/// Changes of the window within this time go to the server as one.
pub const DEBOUNCE: Micros = 50 * MILLI;
/// Rows asked for at least, so that a page down has its rows at once.
const ROWS_MIN: usize = 100;
/// With one step more, the 1,000 rows that the server sends at most.
const ROWS_MAX: usize = 980;

/// What was sent, and when the next change goes out.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    sent: Option<WatchSpec>,
    due: Option<Micros>,
}

impl Subscription {
    /// When something must be sent.
    pub fn due(&self) -> Option<Micros> {
        self.due
    }

    /// What was sent last.
    pub fn sent(&self) -> Option<&WatchSpec> {
        self.sent.as_ref()
    }

    /// Takes what is wanted now; answers what must be sent now, if anything.
    pub fn on_wanted(&mut self, wanted: WatchSpec, now: Micros) -> Option<WatchSpec> {
        if self.sent.as_ref() == Some(&wanted) {
            self.due = None;
            return None;
        }
        let first = self.sent.is_none();
        let due = *self.due.get_or_insert(now.saturating_add(DEBOUNCE));
        if !first && now < due {
            return None;
        }
        self.due = None;
        self.sent = Some(wanted.clone());
        Some(wanted)
    }
}

/// What `model` shows.
pub fn wanted(model: &Model) -> WatchSpec {
    let overview = &model.screens.overview;
    let visible = model.list_rows();
    let limit = (visible * 3).clamp(ROWS_MIN, ROWS_MAX);
    let offset = overview.selection.top().saturating_sub(visible);
    let window = InstanceWindow {
        sort: overview.sort as i32,
        reverse: overview.reverse,
        // A whole page of steps, so that scrolling by a row does not resubscribe.
        offset: u32::try_from(offset / ROWS_STEP * ROWS_STEP).unwrap_or(u32::MAX),
        limit: u32::try_from(limit + ROWS_STEP).unwrap_or(u32::MAX),
        ..overview
            .applied
            .window(model.server_now(), overview.roots_only)
    };
    let instance_id = match model.screens.top_instance() {
        Some(instance) => instance.id.clone(),
        None => {
            let has_preview = model.overview_shape().preview.height > 0;
            let id = family::watched(overview);
            if has_preview || overview.families.is_unfolded(id) {
                id.to_owned()
            } else {
                String::new()
            }
        }
    };
    let is_list = model.screens.place() == Place::Hub(HubTab::Instances);
    let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    WatchSpec {
        window,
        instance_id,
        topic: topic(model),
        // The feed sends what rows wait for by itself.
        on_screen: (is_list && model.is_polling())
            .then(|| (number(overview.selection.top()), number(visible))),
    }
}

/// What the screen on top asks beside window and tree.
pub fn topic(model: &Model) -> Topic {
    match model.screens.place() {
        Place::Hub(HubTab::Instances) => Topic::None,
        Place::Hub(HubTab::Failures) => failures::topic(model),
        Place::Hub(HubTab::Entities) => entities::topic(model),
        Place::Hub(HubTab::Work) => work::topic(model),
        Place::Hub(HubTab::Schedules) => schedules::topic(model),
        Place::Instance(InstanceTab::History) => history::topic(model),
        Place::Instance(InstanceTab::Data) => data::topic(model),
        Place::Instance(_) => model
            .screens
            .top_instance()
            .map_or(Topic::None, |it| Topic::Tasks {
                instance_id: it.id.clone(),
            }),
        Place::Compare => compare::topic(model),
    }
}

const ROWS_STEP: usize = 20;
