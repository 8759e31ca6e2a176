//! Dialogs: a small stack over the screens; only the top one gets keys.

pub mod compare_with;
pub mod confirm;
pub mod help;
pub mod palette;
pub mod raise_event;
pub mod saved;
pub mod sort;
pub mod verdict;

use compare_with::CompareWith;
use confirm::Confirm;
use help::Help;
use palette::Palette;
use raise_event::RaiseEvent;
use saved::SaveFilter;
use saved::SavedFilters;
use sort::Sort;
use verdict::Verdict;

/// An open dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    RaiseEvent(RaiseEvent),
    Confirm(Confirm),
    Sort(Sort),
    Help(Help),
    CompareWith(CompareWith),
    Verdict(Verdict),
    SaveFilter(SaveFilter),
    SavedFilters(SavedFilters),
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
