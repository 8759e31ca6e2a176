//! What can be done in the batches of an instance.

use super::*;

const BATCHES: Where = Where::Instance(InstanceTab::Batches);

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Open,
        BATCHES,
        &[Key::plain(Code::Enter)],
        "tasks",
        "show its tasks in the grid",
        1,
    ),
    view(
        A::NextFailure,
        BATCHES,
        &[Key::char('F')],
        "failure",
        "to the next batch with a failure",
        3,
    ),
    view(
        A::Slowest,
        BATCHES,
        &[Key::char('S')],
        "slowest",
        "to the batch that took longest",
        4,
    ),
];
