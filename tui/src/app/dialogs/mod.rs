//! Dialogs: a small stack over the screens; only the top one gets keys.

pub mod clean;
pub mod compare_with;
pub mod confirm;
pub mod form;
pub mod help;
pub mod menu;
pub mod raise_event;
pub mod results;
pub mod sort;

use clean::Clean;
use compare_with::CompareWith;
use confirm::Confirm;
use form::Form;
use help::Help;
use menu::Menu;
use raise_event::RaiseEvent;
use results::Results;
use sort::Sort;

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
}
