//! What can be done in the list of entities.

use super::*;

const ENTITIES: Where = Where::Hub(HubTab::Entities);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        ENTITIES,
        &[Key::plain(Code::Enter)],
        "lock holder",
        "open the instance that holds the lock; in the text, what the line names",
        1,
    ),
    view(
        A::Pane,
        ENTITIES,
        &[Key::plain(Code::Tab)],
        "state",
        "between the list and the selected entity in full",
        2,
    ),
    view(
        A::Filter,
        ENTITIES,
        &[Key::char('/')],
        "filter",
        "by the id",
        3,
    ),
    view(
        A::SortStep,
        ENTITIES,
        &[Key::char('s')],
        "sort",
        "by queue, name, time of change or size of the state",
        4,
    ),
    view(
        A::SortPrevious,
        ENTITIES,
        &[Key::char('<')],
        "sort ‹",
        "previous sort column",
        0,
    ),
    view(
        A::SortNext,
        ENTITIES,
        &[Key::char('>')],
        "sort ›",
        "next sort column",
        0,
    ),
    view(
        A::Reverse,
        ENTITIES,
        &[Key::char('i')],
        "reverse",
        "reverse the order",
        0,
    ),
    view(
        A::Fold,
        ENTITIES,
        &[Key::char('h'), Key::plain(Code::Left)],
        "fold",
        "fold the line, or go to the one around it; in the text",
        0,
    ),
    view(
        A::Unfold,
        ENTITIES,
        &[Key::char('l'), Key::plain(Code::Right)],
        "unfold",
        "unfold the line; in the text",
        0,
    ),
    view(
        A::Copy,
        ENTITIES,
        &[Key::char('y')],
        "copy",
        "copy the id, or the value of the line",
        8,
    ),
    view(
        A::OpenText,
        ENTITIES,
        &[Key::char('o')],
        "editor",
        "open the state in the editor or pager",
        8,
    ),
];
