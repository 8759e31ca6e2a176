//! What can be done in the list of instances.

use super::*;

const OVERVIEW: Where = Where::Hub(HubTab::Instances);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    Action {
        enabled: has_target,
        ..view(
            A::Open,
            OVERVIEW,
            &[Key::plain(Code::Enter)],
            "open",
            "open the instance",
            1,
        )
    },
    view(
        A::Filter,
        OVERVIEW,
        &[Key::char('/')],
        "filter",
        "by id or name; also status:failed,pending",
        2,
    ),
    view(
        A::Sort,
        OVERVIEW,
        &[Key::char('s')],
        "sort",
        "choose the sort column",
        3,
    ),
    view(
        A::SortPrevious,
        OVERVIEW,
        &[Key::char('<')],
        "sort ‹",
        "previous sort column",
        0,
    ),
    view(
        A::SortNext,
        OVERVIEW,
        &[Key::char('>')],
        "sort ›",
        "next sort column",
        0,
    ),
    view(
        A::Reverse,
        OVERVIEW,
        &[Key::char('i')],
        "reverse",
        "reverse the order",
        0,
    ),
    view(
        A::Children,
        OVERVIEW,
        &[Key::char('c')],
        "children",
        "show sub-orchestrations too, or roots only",
        4,
    ),
    Action {
        enabled: has_target,
        ..view(
            A::Compare,
            OVERVIEW,
            &[Key::char('=')],
            "compare",
            "side by side with the last instance of this name that was open",
            0,
        )
    },
];
