//! What can be done on the screen of workers and queues.

use super::*;

const WORK: Where = Where::Hub(HubTab::Work);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        WORK,
        &[Key::plain(Code::Enter)],
        "open",
        "to what the worker holds; open the instance of the held item",
        1,
    ),
    view(
        A::Pane,
        WORK,
        &[Key::plain(Code::Tab)],
        "pane",
        "between workers, queues and what the worker holds",
        2,
    ),
    view(
        A::SortStep,
        WORK,
        &[Key::char('s')],
        "sort",
        "by the next column; a click on a title sorts by it",
        0,
    ),
    view(
        A::SortPrevious,
        WORK,
        &[Key::char('<')],
        "sort ‹",
        "previous sort column",
        0,
    ),
    view(
        A::SortNext,
        WORK,
        &[Key::char('>')],
        "sort ›",
        "next sort column",
        0,
    ),
    view(
        A::Reverse,
        WORK,
        &[Key::char('i')],
        "reverse",
        "reverse the order",
        0,
    ),
    view(
        A::Copy,
        WORK,
        &[Key::char('y')],
        "copy",
        "copy the id or name of the line",
        8,
    ),
];
