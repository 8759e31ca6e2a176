//! What can be done in the list of schedules.

use super::*;

const SCHEDULES: Where = Where::Hub(HubTab::Schedules);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        SCHEDULES,
        &[Key::plain(Code::Enter)],
        "last run",
        "open the instance that the last run started",
        1,
    ),
    view(
        A::Pane,
        SCHEDULES,
        &[Key::plain(Code::Tab)],
        "state",
        "between the list and the selected schedule in full",
        2,
    ),
    view(
        A::Filter,
        SCHEDULES,
        &[Key::char('/')],
        "filter",
        "by id or orchestration",
        3,
    ),
    view(
        A::SortStep,
        SCHEDULES,
        &[Key::char('s')],
        "sort",
        "by the next column; a click on a title sorts by it",
        0,
    ),
    view(
        A::SortPrevious,
        SCHEDULES,
        &[Key::char('<')],
        "sort ‹",
        "previous sort column",
        0,
    ),
    view(
        A::SortNext,
        SCHEDULES,
        &[Key::char('>')],
        "sort ›",
        "next sort column",
        0,
    ),
    view(
        A::Reverse,
        SCHEDULES,
        &[Key::char('i')],
        "reverse",
        "reverse the order",
        0,
    ),
    view(
        A::Fold,
        SCHEDULES,
        &[Key::char('h'), Key::plain(Code::Left)],
        "fold",
        "fold the line, or go to the one around it; in the text",
        0,
    ),
    view(
        A::Unfold,
        SCHEDULES,
        &[Key::char('l'), Key::plain(Code::Right)],
        "unfold",
        "unfold the line; in the text",
        0,
    ),
    view(
        A::Copy,
        SCHEDULES,
        &[Key::char('y')],
        "copy",
        "copy the id, or the value of the line",
        8,
    ),
    view(
        A::OpenText,
        SCHEDULES,
        &[Key::char('o')],
        "editor",
        "open the state in the editor or pager",
        8,
    ),
];
