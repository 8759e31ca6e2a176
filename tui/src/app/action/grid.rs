//! What can be done in the grid of an instance.

use super::*;

const GRID: Where = Where::Instance(InstanceTab::Grid);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        GRID,
        &[Key::plain(Code::Enter)],
        "open",
        "open the child, or show the task in the tree",
        1,
    ),
    view(
        A::CellLeft,
        GRID,
        &[Key::char('h'), Key::plain(Code::Left)],
        "left",
        "one cell to the left",
        0,
    ),
    view(
        A::CellRight,
        GRID,
        &[Key::char('l'), Key::plain(Code::Right)],
        "right",
        "one cell to the right",
        0,
    ),
    view(
        A::ByLatency,
        GRID,
        &[Key::char('c')],
        "colour",
        "colour by state or by latency",
        2,
    ),
    view(
        A::NextFailure,
        GRID,
        &[Key::char('F')],
        "failure",
        "to the next failure",
        3,
    ),
    view(
        A::Slowest,
        GRID,
        &[Key::char('S')],
        "slowest",
        "to the task that took or runs longest",
        4,
    ),
];
