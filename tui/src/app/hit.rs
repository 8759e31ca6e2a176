//! What is under the pointer. The view says where; the core says what a click does there.

use durascope_proto::monitor::SortColumn;

use crate::app::action::ActionId;
use crate::app::event::Key;
use crate::app::place::InstanceTab;
use crate::app::screens::instance::Pane;

/// A place on the screen that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A line of the list on top, this many below its cursor.
    Line(isize),
    /// The fold sign of such a line.
    Fold(isize),
    /// As if the key were pressed.
    Key(Key),
    Action(ActionId),
    Tab(InstanceTab),
    Sort(SortColumn),
    Pane(Pane),
    /// A part of one of the hub's screens, by its number.
    Part(u8),
    /// A line of such a part, this many below its cursor.
    Row(u8, isize),
    /// A title of such a list: one of the list's orders, by its number.
    Title(u8, u8),
    /// A line of the text beside the list on top, this many below its first on screen.
    Text(u16),
    /// A cell of a grid: column and row on screen, from 0.
    Cell(u16, u16),
    /// Inside a dialog, where nothing can be clicked.
    Dialog,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    Click,
    WheelUp,
    WheelDown,
}
