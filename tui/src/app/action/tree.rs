//! What can be done in the tree of an instance.

use super::*;

const TREE: Where = Where::Instance(InstanceTab::Tree);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        TREE,
        &[Key::plain(Code::Enter)],
        "open",
        "open the child, fold a group, or go to its text",
        1,
    ),
    view(
        A::Fold,
        TREE,
        &[Key::char('h'), Key::plain(Code::Left)],
        "fold",
        "fold, or go to the line above",
        0,
    ),
    view(
        A::Unfold,
        TREE,
        &[Key::char('l'), Key::plain(Code::Right)],
        "unfold",
        "unfold",
        0,
    ),
    view(
        A::Pane,
        TREE,
        &[Key::plain(Code::Tab)],
        "pane",
        "between the tree and the text of the selected line",
        2,
    ),
    view(
        A::NextFailure,
        TREE,
        &[Key::char('F')],
        "failure",
        "to the next failure",
        3,
    ),
    view(
        A::Slowest,
        TREE,
        &[Key::char('S')],
        "slowest",
        "to the task that took or runs longest",
        3,
    ),
    Action {
        enabled: has_parent,
        ..view(
            A::Root,
            TREE,
            &[Key::char('0')],
            "root",
            "open the outermost parent",
            0,
        )
    },
    view(
        A::Compare,
        Where::AnyInstance,
        &[Key::char('=')],
        "compare",
        "side by side with another instance",
        0,
    ),
    Action {
        enabled: has_parent,
        ..view(
            A::Parent,
            Where::AnyInstance,
            &[Key::char('P')],
            "parent",
            "open the parent",
            4,
        )
    },
];
