//! The action table: keys, footer, help and the read-only rule all come from it.

mod acts;
mod batches;
mod common;
mod compare;
mod data;
mod entities;
mod failures;
mod grid;
mod guards;
mod history;
mod id;
mod names;
mod overview;
mod schedules;
mod session;
mod site;
mod tabs;
mod timeline;
mod tree;
mod verdict;
mod work;

use ActionId as A;
use guards::*;

pub use id::ActionId;
pub use names::name;
pub use site::Where;

use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;

/// Why an action is off, as a sentence for the screen.
pub type Reason = String;

/// What an action can do to the task hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// Changes the screen only.
    View,
    /// Sends something that changes an instance.
    Send,
    /// Cannot be undone; asks first.
    Destroy,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    pub id: ActionId,
    /// For the footer, one or two words.
    pub title: &'static str,
    /// For the help, one line.
    pub help: &'static str,
    pub keys: &'static [Key],
    pub place: Where,
    pub risk: Risk,
    /// Order in the footer from the left; 0 stays out of it.
    pub footer: u8,
    pub enabled: fn(&Model) -> Result<(), Reason>,
}

impl Action {
    /// Whether it can be done now, the read-only rule included.
    ///
    /// # Errors
    /// The reason, as a sentence.
    pub fn check(&self, model: &Model) -> Result<(), Reason> {
        if self.risk != Risk::View && model.replay.is_some() {
            return Err(format!("{}: off, a replay sends nothing", self.title));
        }
        if self.risk != Risk::View && model.settings.read_only {
            return Err(format!("{}: off, the dashboard is read-only", self.title));
        }
        (self.enabled)(model)
    }

    /// True on the screen that is on top now.
    pub fn is_here(&self, model: &Model) -> bool {
        self.place.holds(model.screens.place())
    }
}

/// The action that `key` means on the screen on top, if any.
pub fn find(model: &Model, key: Key) -> Option<&'static Action> {
    all().find(|it| it.is_here(model) && model.choices.keys.of(it).contains(&key))
}

const fn view(
    id: ActionId,
    place: Where,
    keys: &'static [Key],
    title: &'static str,
    help: &'static str,
    footer: u8,
) -> Action {
    Action {
        id,
        title,
        help,
        keys,
        place,
        risk: Risk::View,
        footer,
        enabled: always,
    }
}

/// All tables, in the order of the help.
const TABLES: &[&[Action]] = &[
    common::ACTIONS,
    session::ACTIONS,
    acts::ACTIONS,
    tabs::ACTIONS,
    overview::ACTIONS,
    tree::ACTIONS,
    grid::ACTIONS,
    batches::ACTIONS,
    timeline::ACTIONS,
    history::ACTIONS,
    data::ACTIONS,
    failures::ACTIONS,
    entities::ACTIONS,
    work::ACTIONS,
    schedules::ACTIONS,
    compare::ACTIONS,
    verdict::ACTIONS,
];

/// Everything that can be done with a key, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static Action> {
    TABLES.iter().flat_map(|it| it.iter())
}
