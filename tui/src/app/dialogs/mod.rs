//! Dialogs: a small stack over the screens; only the top one gets keys.

pub mod confirm;
pub mod help;
pub mod palette;
pub mod raise_event;
pub mod sort;

use confirm::Confirm;
use help::Help;
use palette::Palette;
use raise_event::RaiseEvent;
use sort::Sort;

/// An open dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    RaiseEvent(RaiseEvent),
    Confirm(Confirm),
    Sort(Sort),
    Help(Help),
    Palette(Palette),
}

/// The instance a dialog is about, as it was when the dialog opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub instance_id: String,
    pub name: String,
    pub status: durascope_proto::OrchestrationStatus,
    pub open_children: u64,
    pub open_activities: u64,
}
