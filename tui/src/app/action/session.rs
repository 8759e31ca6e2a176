//! What can be done with the dashboard itself: commands, pause, mouse, zoom, export, replay.

use super::*;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Palette,
        Where::Everywhere,
        &[Key::char(':'), Key::ctrl('p')],
        "commands",
        "everything that can be done, by its name",
        8,
    ),
    Action {
        enabled: can_pause,
        ..view(
            A::Pause,
            Where::Everywhere,
            &[Key::char('p')],
            "pause",
            "hold the picture still; what comes waits",
            0,
        )
    },
    view(
        A::Export,
        Where::Everywhere,
        &[Key::ctrl('s')],
        "export",
        "write what is shown to a JSON, CSV or text file",
        0,
    ),
    view(
        A::Zoom,
        Where::Everywhere,
        &[Key::char('Z')],
        "zoom",
        "let the part that has the keys fill the screen",
        0,
    ),
    view(
        A::MouseToggle,
        Where::Everywhere,
        &[Key::char('m')],
        "mouse",
        "give the mouse to the terminal, or take it back",
        0,
    ),
    view(
        A::QuitLeaving,
        Where::Everywhere,
        &[Key::char('Q')],
        "quit",
        "leave, and leave the screen in the scrollback",
        0,
    ),
    Action {
        enabled: is_replay,
        ..view(
            A::ReplayPause,
            Where::Everywhere,
            &[],
            "play",
            "in a replay: Space stops it and goes on",
            0,
        )
    },
    Action {
        enabled: is_replay,
        ..view(
            A::ReplayBack,
            Where::Everywhere,
            &[],
            "replay ‹",
            "in a replay: Left goes back 10 seconds",
            0,
        )
    },
    Action {
        enabled: is_replay,
        ..view(
            A::ReplayForward,
            Where::Everywhere,
            &[],
            "replay ›",
            "in a replay: Right goes on 10 seconds",
            0,
        )
    },
    Action {
        enabled: is_replay,
        ..view(
            A::ReplayFaster,
            Where::Everywhere,
            &[Key::char('}')],
            "faster",
            "in a replay: up to 8 times as fast",
            0,
        )
    },
    Action {
        enabled: is_replay,
        ..view(
            A::ReplaySlower,
            Where::Everywhere,
            &[Key::char('{')],
            "slower",
            "in a replay: slower",
            0,
        )
    },
];
