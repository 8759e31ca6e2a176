//! What can be done in the timeline of an instance.

use super::*;

const TIMELINE: Where = Where::Instance(InstanceTab::Timeline);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        TIMELINE,
        &[Key::plain(Code::Enter)],
        "open",
        "open the child, or show the task in the tree",
        1,
    ),
    view(
        A::PanLeft,
        TIMELINE,
        &[Key::char('h'), Key::plain(Code::Left)],
        "earlier",
        "to earlier times",
        0,
    ),
    view(
        A::PanRight,
        TIMELINE,
        &[Key::char('l'), Key::plain(Code::Right)],
        "later",
        "to later times",
        0,
    ),
    view(
        A::ZoomIn,
        TIMELINE,
        &[Key::char('+')],
        "zoom",
        "closer, around the selected lane",
        2,
    ),
    view(
        A::ZoomOut,
        TIMELINE,
        &[Key::char('-')],
        "zoom out",
        "further away",
        2,
    ),
    view(
        A::ZoomFit,
        TIMELINE,
        &[Key::char('0')],
        "fit",
        "all of it",
        2,
    ),
    view(
        A::FoldIdle,
        TIMELINE,
        &[Key::char('i')],
        "idle",
        "fold idle times, or do not",
        0,
    ),
    view(
        A::NextFailure,
        TIMELINE,
        &[Key::char('F')],
        "failure",
        "to the next failure",
        3,
    ),
    view(
        A::Slowest,
        TIMELINE,
        &[Key::char('S')],
        "slowest",
        "to the task that took or runs longest",
        4,
    ),
];
