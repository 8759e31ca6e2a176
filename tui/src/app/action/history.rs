//! What can be done in the history of an instance.

use super::*;

const HISTORY: Where = Where::Instance(InstanceTab::History);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        HISTORY,
        &[Key::plain(Code::Enter)],
        "pair",
        "unfold a run; else to the event that scheduled or finished it; in the text, fold or open",
        1,
    ),
    view(
        A::ToItem,
        HISTORY,
        &[Key::char('I')],
        "item",
        "to the activity or child that the event is about",
        2,
    ),
    view(
        A::Filter,
        HISTORY,
        &[Key::char('/')],
        "filter",
        "by kind of event or name",
        3,
    ),
    view(
        A::HistoryOrder,
        HISTORY,
        &[Key::char('s')],
        "order",
        "newest, oldest or largest first",
        4,
    ),
    view(
        A::Pane,
        HISTORY,
        &[Key::plain(Code::Tab)],
        "text",
        "between the events and the selected one in full",
        4,
    ),
    view(
        A::Fold,
        HISTORY,
        &[Key::char('h'), Key::plain(Code::Left)],
        "fold",
        "fold the run that the event is in; in the text, fold the line, or go to the one around it",
        0,
    ),
    view(
        A::Unfold,
        HISTORY,
        &[Key::char('l'), Key::plain(Code::Right)],
        "unfold",
        "unfold the run, or in the text the line",
        0,
    ),
    view(
        A::FoldRuns,
        HISTORY,
        &[Key::char('c')],
        "runs",
        "fold events of one kind and name that follow each other, or show each",
        5,
    ),
    view(
        A::Copy,
        HISTORY,
        &[Key::char('y')],
        "copy",
        "copy the event, or the value of the line",
        0,
    ),
    view(
        A::OpenText,
        HISTORY,
        &[Key::char('o')],
        "open",
        "open its payload in the editor or pager",
        0,
    ),
    view(
        A::WriteEvent,
        HISTORY,
        &[Key::char('W')],
        "write",
        "write the event to a new JSON file in this folder",
        0,
    ),
];
