//! The whole state of the dashboard. `update` is the only place that changes it.

use std::sync::Arc;

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceRow;

use crate::app::choices::Choices;
use crate::app::dialogs::Dialog;
use crate::app::effect::Call;
use crate::app::event::Data;
use crate::app::event::Link;
use crate::app::event::Mode;
use crate::app::event::Size;
use crate::app::flow::Pause;
use crate::app::flow::Replay;
use crate::app::geometry;
use crate::app::hubs::Hubs;
use crate::app::look::Theme;
use crate::app::marks::Marks;
use crate::app::memory::Memory;
use crate::app::nav::Screens;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::run::Run;
use crate::app::saved::SavedFilter;
use crate::app::toast::Kind;
use crate::app::toast::TOASTS_MAX;
use crate::app::toast::Toast;
use crate::app::topic::Told;
use crate::app::topic::TopicData;
use crate::app::window;
use crate::app::window::Subscription;
use crate::data::paces::Paces;
use crate::data::series::Series;
use crate::data::status;
use crate::format::MILLI;
use crate::format::Micros;
use crate::format::SECOND;

/// A call shows as being out after this time, so that quick ones do not flicker.
pub const CALL_SHOWN_AFTER: Micros = 300 * MILLI;

/// Differences between the clocks below this are taken for the network's jitter.
const CLOCK_JITTER: Micros = 500 * MILLI;

/// What was chosen at the start; the task hub alone changes later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// For the header, like `localhost:8080`.
    pub endpoint: String,
    /// For command lines, with its scheme.
    pub url: String,
    pub task_hub: String,
    pub read_only: bool,
}

/// A call to the server that is not answered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    pub id: u64,
    pub call: Call,
    pub since: Micros,
}

/// The state.
#[derive(Clone, Debug)]
pub struct Model {
    pub settings: Settings,
    /// The local clock as of the last event.
    pub now: Micros,
    pub size: Size,
    pub link: Link,
    /// Why the connection was lost, until there is one again.
    pub trouble: Option<String>,
    pub data: Option<Data>,
    /// The answer to what the screen on top asks beside that.
    pub topic: Option<Arc<TopicData>>,
    /// The server's clock less the local one.
    clock_offset: Micros,
    pub series: Series,
    /// How fast what the last update told of goes.
    pub paces: Paces,
    pub screens: Screens,
    /// The last one gets the keys.
    pub dialogs: Vec<Dialog>,
    pub toasts: Vec<Toast>,
    pub calls: Vec<Pending>,
    /// What is marked in the list of instances.
    pub marks: Marks,
    /// The deed on many that runs, or whose results are looked at.
    pub run: Option<Run>,
    /// What was sent before.
    pub memory: Memory,
    /// The theme of the start.
    pub theme: Theme,
    /// Plain signs instead of blocks and lines.
    pub ascii: bool,
    /// Filters kept under names.
    pub saved: Vec<SavedFilter>,
    /// The name of the one that is being kept.
    pub(crate) keeping: Option<String>,
    pub choices: Choices,
    pub hubs: Hubs,
    /// While it is there, what comes waits.
    pub pause: Option<Pause>,
    /// There where a recording is shown, and no server.
    pub replay: Option<Replay>,
    pub(crate) next_call: u64,
    pub(crate) subscription: Subscription,
}

impl Model {
    /// The state before anything is known.
    pub fn new(settings: Settings, size: Size, now: Micros) -> Self {
        Self {
            settings,
            now,
            size,
            link: Link::default(),
            trouble: None,
            data: None,
            topic: None,
            clock_offset: 0,
            series: Series::default(),
            paces: Paces::default(),
            screens: Screens::default(),
            dialogs: Vec::new(),
            toasts: Vec::new(),
            calls: Vec::new(),
            marks: Marks::default(),
            run: None,
            memory: Memory::default(),
            theme: Theme::Color,
            ascii: false,
            saved: Vec::new(),
            keeping: None,
            choices: Choices::default(),
            hubs: Hubs::default(),
            pause: None,
            replay: None,
            next_call: 1,
            subscription: Subscription::default(),
        }
    }

    /// The server's clock now, as far as its updates tell, in whole seconds: so all ages on
    /// screen roll over together, once a second.
    pub fn server_now(&self) -> Micros {
        let now = self.stands_since().unwrap_or(self.now);
        let now = now.saturating_add(self.clock_offset);
        now.saturating_sub(now.rem_euclid(SECOND))
    }

    /// The local time at which the picture stands still, if it does.
    fn stands_since(&self) -> Option<Micros> {
        let received = self.data.as_ref().map(|it| it.received_at);
        match (&self.pause, &self.replay) {
            (Some(pause), _) => Some(pause.since),
            (None, Some(replay)) if replay.paused || replay.is_over(self.now) => received,
            _ => None,
        }
    }

    /// The parts of the list of instances, as they are drawn now.
    pub fn overview_shape(&self) -> geometry::OverviewShape {
        let shape = geometry::overview(self.size);
        if self.choices.zoom {
            shape.zoomed()
        } else {
            shape
        }
    }

    /// True when a sign stands for each cell of a grid: half blocks tell two states apart by
    /// colour alone, so they need colours and blocks.
    pub fn has_whole_cells(&self) -> bool {
        let theme = self.choices.shown_theme().unwrap_or(self.theme);
        self.ascii || !theme.has_colors()
    }

    /// Totals, rates and workers.
    pub fn hub(&self) -> Option<&HubSummary> {
        self.data.as_ref().and_then(|it| it.update.hub.as_ref())
    }

    /// The loaded rows of the list.
    pub fn page(&self) -> Option<&InstancePage> {
        self.data
            .as_ref()
            .and_then(|it| it.update.instances.as_ref())
    }

    /// The answer to what the screen on top asks now, if it has come.
    pub fn told(&self) -> Option<&Told> {
        let topic = self.topic.as_ref()?;
        (topic.topic == window::topic(self)).then_some(&topic.told)
    }

    /// Rows of the list on screen.
    pub fn list_rows(&self) -> usize {
        usize::from(self.overview_shape().list.height).max(1)
    }

    /// The instance that actions are about: the open one, else the one under the cursor.
    pub fn target(&self) -> Option<&InstanceRow> {
        if let Some(instance) = self.screens.top_instance() {
            return instance.row();
        }
        if self.screens.place() != Place::Hub(HubTab::Instances) {
            return None;
        }
        if let Some(row) = self.screens.overview.chosen_row() {
            return Some(row);
        }
        let id = self.screens.overview.selection.id()?;
        self.page()?.rows.iter().find(|it| it.instance_id == id)
    }

    /// True where actions are about the marked instances instead of the one under the cursor.
    pub fn acts_on_marks(&self) -> bool {
        !self.marks.is_empty() && self.screens.place() == Place::Hub(HubTab::Instances)
    }

    /// The status of [`Self::target`].
    pub fn target_status(&self) -> Option<OrchestrationStatus> {
        self.target().map(|it| status::of(it.status))
    }

    /// True while data is coming.
    pub fn is_live(&self) -> bool {
        matches!(self.link, Link::Live(_))
    }

    /// True when the server has no feed and is polled.
    pub fn is_polling(&self) -> bool {
        matches!(self.link, Link::Live(Mode::Poll { .. }))
    }

    /// Totals of one status, when the server tells.
    pub fn total(&self, wanted: OrchestrationStatus) -> Option<u64> {
        let totals = &self.hub()?.totals;
        Some(
            totals
                .iter()
                .find(|it| it.status == wanted as i32)
                .map_or(0, |it| it.count),
        )
    }

    pub(crate) fn toast(&mut self, kind: Kind, text: impl Into<String>) {
        if self.toasts.len() >= TOASTS_MAX {
            self.toasts.remove(0);
        }
        self.toasts.push(Toast::new(kind, text.into(), self.now));
    }

    pub(crate) fn set_link(&mut self, link: Link) {
        match &link {
            Link::Live(_) => self.trouble = None,
            Link::Lost { reason, .. } => self.trouble = Some(reason.clone()),
            // The reason holds until the attempt has an outcome.
            Link::Connecting { .. } => {}
        }
        self.link = link;
    }

    pub(crate) fn set_data(&mut self, data: Data) {
        let is_new = self
            .data
            .as_ref()
            .is_none_or(|it| !Arc::ptr_eq(&it.update, &data.update));
        if !is_new {
            return;
        }
        let server = status::micros(data.update.server_time.as_ref()).unwrap_or(data.received_at);
        let offset = server.saturating_sub(data.received_at);
        // The network's jitter must not move the labels back and forth.
        if offset.saturating_sub(self.clock_offset).saturating_abs() > CLOCK_JITTER {
            self.clock_offset = offset;
        }
        if let Some(counters) = data.update.hub.as_ref().and_then(|it| it.counters.as_ref()) {
            self.series.push(counters, server);
        }
        let rows = data.update.instances.iter().flat_map(|it| &it.rows);
        let tree = data.update.tree.iter();
        let of_tree = tree.flat_map(|it| it.instance.iter().chain(&it.children));
        self.paces.on_rows(rows.chain(of_tree), server);
        self.data = Some(data);
    }

    /// The next moment at which the screen changes by itself, or something must be sent.
    pub fn next_wakeup(&self) -> Option<Micros> {
        let toasts = self.toasts.iter().map(|it| it.until);
        let calls = self
            .calls
            .iter()
            .map(|it| it.since.saturating_add(CALL_SHOWN_AFTER))
            .filter(|at| *at > self.now);
        let labels = self.label_wakeup();
        toasts
            .chain(calls)
            .chain(labels)
            .chain(self.subscription.due())
            .min()
    }

    /// Ages and the countdown roll over with the whole seconds.
    fn label_wakeup(&self) -> Option<Micros> {
        if let Some(replay) = &self.replay {
            return replay.next_label(self.now);
        }
        if let Some(pause) = &self.pause {
            let passed = (self.now - pause.since).rem_euclid(SECOND);
            return Some(self.now + SECOND - passed);
        }
        match &self.link {
            Link::Lost { retry_at, .. } if *retry_at > self.now => {
                let left = (*retry_at - self.now) % SECOND;
                Some(self.now + if left == 0 { SECOND } else { left })
            }
            Link::Lost { .. } | Link::Connecting { .. } if self.data.is_none() => None,
            _ => {
                self.data.as_ref()?;
                let server = self.now.saturating_add(self.clock_offset);
                Some(self.now + SECOND - server.rem_euclid(SECOND))
            }
        }
    }
}
