//! What can be done in a comparison.

use super::*;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        Where::Compare,
        &[Key::plain(Code::Enter)],
        "open",
        "open the chosen side",
        1,
    ),
    view(
        A::CompareSide,
        Where::Compare,
        &[Key::plain(Code::Tab)],
        "side",
        "choose the other side",
        2,
    ),
    view(
        A::Compare,
        Where::Compare,
        &[Key::char('=')],
        "other",
        "compare with another instance",
        3,
    ),
];
