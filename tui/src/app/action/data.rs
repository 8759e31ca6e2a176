//! What can be done with the data of an instance.

use super::*;

const DATA: Where = Where::Instance(InstanceTab::Data);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        DATA,
        &[Key::plain(Code::Enter)],
        "fold",
        "fold or unfold the line; open the instance that it names",
        1,
    ),
    view(
        A::Fold,
        DATA,
        &[Key::char('h'), Key::plain(Code::Left)],
        "fold",
        "fold the line, or go to the one around it",
        0,
    ),
    view(
        A::Unfold,
        DATA,
        &[Key::char('l'), Key::plain(Code::Right)],
        "unfold",
        "unfold the line",
        0,
    ),
    view(
        A::Filter,
        DATA,
        &[Key::char('/')],
        "find",
        "find a word, also in what is folded",
        2,
    ),
    view(
        A::FindNext,
        DATA,
        &[Key::char('n')],
        "next",
        "to the next place with it",
        3,
    ),
    view(
        A::FindPrevious,
        DATA,
        &[Key::char('N')],
        "previous",
        "to the previous place with it",
        0,
    ),
    view(
        A::Copy,
        DATA,
        &[Key::char('y')],
        "copy",
        "copy the value of the line with all that is in it",
        3,
    ),
    view(
        A::OpenText,
        DATA,
        &[Key::char('o')],
        "editor",
        "open the whole text in the editor or pager",
        4,
    ),
];
