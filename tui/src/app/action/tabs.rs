//! From one screen to another.

use super::*;

const VIEWS: &[Key] = &[Key::char('f')];

/// The list of instances has it among its own.
const fn views(tab: HubTab) -> Action {
    view(
        A::SavedFilters,
        Where::Hub(tab),
        VIEWS,
        "views",
        "choose a saved view; “: save NAME” keeps this one",
        0,
    )
}

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::ToInstances,
        Where::Everywhere,
        &[Key::char('1')],
        "instances",
        "the instances",
        0,
    ),
    view(
        A::ToFailures,
        Where::Everywhere,
        &[Key::char('2')],
        "failures",
        "the failures",
        0,
    ),
    view(
        A::ToEntities,
        Where::Everywhere,
        &[Key::char('3')],
        "entities",
        "the entities",
        0,
    ),
    view(
        A::ToWork,
        Where::Everywhere,
        &[Key::char('4')],
        "workers",
        "the workers and queues",
        0,
    ),
    view(
        A::ToSchedules,
        Where::Everywhere,
        &[Key::char('5')],
        "schedules",
        "the schedules",
        0,
    ),
    view(
        A::PreviousTab,
        Where::AnyInstance,
        &[Key::char('[')],
        "tab ‹",
        "previous tab of the instance",
        0,
    ),
    view(
        A::NextTab,
        Where::AnyInstance,
        &[Key::char(']')],
        "tabs",
        "next tab of the instance",
        5,
    ),
    views(HubTab::Failures),
    views(HubTab::Entities),
    views(HubTab::Work),
    views(HubTab::Schedules),
];
