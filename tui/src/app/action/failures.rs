//! What can be done in the list of failures.

use super::*;

const FAILURES: Where = Where::Hub(HubTab::Failures);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        FAILURES,
        &[Key::plain(Code::Enter)],
        "open",
        "to the instances of the group; open the selected one",
        1,
    ),
    view(
        A::Pane,
        FAILURES,
        &[Key::plain(Code::Tab)],
        "pane",
        "between groups, instances and the newest failure in full",
        2,
    ),
    view(
        A::Filter,
        FAILURES,
        &[Key::char('/')],
        "filter",
        "by error type, message or name",
        3,
    ),
    view(
        A::FailureTime,
        FAILURES,
        &[Key::char('h')],
        "time",
        "of the last hour, of the last 24 hours, or all",
        4,
    ),
    view(
        A::SortStep,
        FAILURES,
        &[Key::char('s')],
        "sort",
        "by the next column; a click on a title sorts by it",
        0,
    ),
    view(
        A::SortPrevious,
        FAILURES,
        &[Key::char('<')],
        "sort ‹",
        "previous sort column",
        0,
    ),
    view(
        A::SortNext,
        FAILURES,
        &[Key::char('>')],
        "sort ›",
        "next sort column",
        0,
    ),
    view(
        A::Reverse,
        FAILURES,
        &[Key::char('i')],
        "reverse",
        "reverse the order",
        0,
    ),
    view(
        A::Copy,
        FAILURES,
        &[Key::char('y')],
        "copy",
        "copy the failure with its stack, or the instance id",
        8,
    ),
    view(
        A::OpenText,
        FAILURES,
        &[Key::char('o')],
        "editor",
        "open the failure in the editor or pager",
        8,
    ),
];
