//! Dialogs: a small stack over the screens; only the top one gets keys.

pub mod clean;
pub mod compare_with;
pub mod confirm;
pub mod form;
pub mod help;
pub mod menu;
pub mod palette;
pub mod raise_event;
pub mod results;
pub mod saved;
pub mod sort;
pub mod verdict;

use clean::Clean;
use compare_with::CompareWith;
use confirm::Confirm;
use form::Form;
use help::Help;
use menu::Menu;
use palette::Palette;
use raise_event::RaiseEvent;
use results::Results;
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
    Form(Form),
    Clean(Clean),
    Results(Results),
    Menu(Menu),
    CompareWith(CompareWith),
    Verdict(Verdict),
    SaveFilter(SaveFilter),
    SavedFilters(SavedFilters),
    Palette(Palette),
}
