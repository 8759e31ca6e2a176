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
        "text, status:failed, name:A*, id:B*, age>5m, idle>5m, hist>1MB, failed>0, tag:k=v",
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
        0,
    ),
    view(
        A::Unfold,
        OVERVIEW,
        &[Key::char('l'), Key::plain(Code::Right)],
        "unfold",
        "show the instance's children below it",
        0,
    ),
    view(
        A::Fold,
        OVERVIEW,
        &[Key::char('h'), Key::plain(Code::Left)],
        "fold",
        "hide the children, or go to their parent",
        0,
    ),
    view(
        A::SavedFilters,
        OVERVIEW,
        &[Key::char('f')],
        "views",
        "choose a saved view",
        0,
    ),
    view(
        A::SaveFilter,
        OVERVIEW,
        &[Key::char('S')],
        "save view",
        "save this tab with its filter and sort under a name",
        0,
    ),
    Action {
        enabled: has_target,
        ..view(
            A::Compare,
            OVERVIEW,
            &[Key::char('=')],
            "compare",
            "two marked ones side by side, or the marked one and this one; else this one and the last of its name that was open",
            0,
        )
    },
];
