//! Why an instance is not done, on the screens that show one.

use super::*;

const KEYS: &[Key] = &[Key::char('v')];

const fn verdict(place: Where) -> Action {
    Action {
        enabled: has_target,
        ..view(
            A::Verdict,
            place,
            KEYS,
            "verdict",
            "why it is not done, and where that is proven",
            4,
        )
    }
}

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    verdict(Where::Hub(HubTab::Instances)),
    verdict(Where::AnyInstance),
];
