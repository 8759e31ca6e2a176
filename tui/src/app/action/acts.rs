//! What can be done to instances and entities, and marking those it is done to.

use super::*;

const LIST: Where = Where::Hub(HubTab::Instances);
const FAILURES: Where = Where::Hub(HubTab::Failures);
const ENTITIES: Where = Where::Hub(HubTab::Entities);

const fn send(
    id: ActionId,
    place: Where,
    keys: &'static [Key],
    title: &'static str,
    help: &'static str,
) -> Action {
    Action {
        risk: Risk::Send,
        ..view(id, place, keys, title, help, 0)
    }
}

const COPY: &[Key] = &[Key::char('y')];

/// Copying is on the screens that are lists; others have text of their own to copy.
const fn copy(place: Where) -> Action {
    Action {
        enabled: has_id,
        ..view(
            A::CopyId,
            place,
            COPY,
            "copy id",
            "copy the id of what is selected",
            0,
        )
    }
}

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Mark,
        LIST,
        &[Key::char(' ')],
        "mark",
        "mark, or take the mark away; what is marked is acted on",
        4,
    ),
    view(
        A::MarkRange,
        LIST,
        &[Key::char('V')],
        "mark range",
        "begin a range, and once more to mark up to here",
        0,
    ),
    view(
        A::MarkAll,
        LIST,
        &[Key::ctrl('a')],
        "mark all",
        "mark all that match the filter, also those not on screen",
        0,
    ),
    view(
        A::Unmark,
        LIST,
        &[Key::char('u')],
        "unmark",
        "take all marks away",
        0,
    ),
    view(
        A::Mark,
        FAILURES,
        &[Key::char(' ')],
        "mark",
        "mark the group, or take its mark away; actions are about the instances of the marked \
         groups, or of the selected one",
        4,
    ),
    view(
        A::MarkAll,
        FAILURES,
        &[Key::ctrl('a')],
        "mark all",
        "mark all groups",
        0,
    ),
    view(
        A::Unmark,
        FAILURES,
        &[Key::char('u')],
        "unmark",
        "take all marks away",
        0,
    ),
    Action {
        risk: Risk::Destroy,
        enabled: can_restart,
        ..view(
            A::Restart,
            Where::Everywhere,
            &[Key::char('R')],
            "restart",
            "run again with the same input, under the same id or a new one; asks first",
            0,
        )
    },
    Action {
        enabled: can_rewind,
        ..send(
            A::Rewind,
            Where::Everywhere,
            &[Key::char('w')],
            "rewind",
            "a failed one goes back to before the failure; asks first",
        )
    },
    Action {
        enabled: is_connected,
        ..send(
            A::StartNew,
            LIST,
            &[Key::char('n')],
            "start new",
            "start a new orchestration",
        )
    },
    Action {
        enabled: can_start_again,
        ..send(
            A::StartAgain,
            Where::Everywhere,
            &[Key::char('A')],
            "start again",
            "start one like it, with its name, input and tags to edit",
        )
    },
    Action {
        enabled: can_signal,
        ..send(
            A::SignalEntity,
            ENTITIES,
            &[Key::char('S')],
            "signal",
            "signal the entity: an operation, without waiting for its result",
        )
    },
    Action {
        enabled: is_connected,
        ..send(
            A::CleanEntities,
            ENTITIES,
            &[Key::char('C')],
            "clean",
            "release locks whose holder is gone, remove empty entities; asks first. \
             Work that a worker holds cannot be taken from it: it comes back by itself",
        )
    },
    view(
        A::Actions,
        Where::Everywhere,
        &[Key::char('a')],
        "actions",
        "all actions on what is selected, with the reason where one is off",
        4,
    ),
    copy(Where::Hub(HubTab::Instances)),
    copy(Where::Instance(InstanceTab::Tree)),
    copy(Where::Instance(InstanceTab::Grid)),
    copy(Where::Instance(InstanceTab::Batches)),
    copy(Where::Instance(InstanceTab::Timeline)),
    copy(Where::Compare),
];
