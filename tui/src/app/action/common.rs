//! What can be done on every screen.

use super::*;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[
    view(
        A::Up,
        Where::Everywhere,
        &[Key::char('k'), Key::plain(Code::Up)],
        "up",
        "one line up",
        0,
    ),
    view(
        A::Down,
        Where::Everywhere,
        &[Key::char('j'), Key::plain(Code::Down)],
        "down",
        "one line down",
        0,
    ),
    view(
        A::PageUp,
        Where::Everywhere,
        &[Key::plain(Code::PageUp)],
        "page up",
        "one page up",
        0,
    ),
    view(
        A::PageDown,
        Where::Everywhere,
        &[Key::plain(Code::PageDown)],
        "page down",
        "one page down",
        0,
    ),
    view(
        A::HalfUp,
        Where::Everywhere,
        &[Key::ctrl('u')],
        "half up",
        "half a page up",
        0,
    ),
    view(
        A::HalfDown,
        Where::Everywhere,
        &[Key::ctrl('d')],
        "half down",
        "half a page down",
        0,
    ),
    view(
        A::First,
        Where::Everywhere,
        &[Key::char('g'), Key::plain(Code::Home)],
        "first",
        "first line",
        0,
    ),
    view(
        A::Last,
        Where::Everywhere,
        &[Key::char('G'), Key::plain(Code::End)],
        "last",
        "last line",
        0,
    ),
    view(
        A::Back,
        Where::Everywhere,
        &[Key::plain(Code::Esc), Key::plain(Code::Backspace)],
        "back",
        "close, clear the filter, or go back",
        0,
    ),
    Action {
        risk: Risk::Send,
        enabled: is_open,
        ..view(
            A::RaiseEvent,
            Where::Everywhere,
            &[Key::char('e')],
            "raise event",
            "raise an external event",
            5,
        )
    },
    Action {
        risk: Risk::Send,
        enabled: can_suspend_or_resume,
        ..view(
            A::SuspendResume,
            Where::Everywhere,
            &[Key::char('z')],
            "suspend",
            "suspend, or resume",
            6,
        )
    },
    Action {
        risk: Risk::Destroy,
        enabled: is_open,
        ..view(
            A::Terminate,
            Where::Everywhere,
            &[Key::char('t')],
            "terminate",
            "terminate; asks first, and can end at once what does not answer",
            7,
        )
    },
    Action {
        risk: Risk::Destroy,
        enabled: has_ended,
        ..view(
            A::Purge,
            Where::Everywhere,
            &[Key::char('x')],
            "purge",
            "delete an ended instance; asks first",
            8,
        )
    },
    Action {
        enabled: can_refresh,
        ..view(
            A::Retry,
            Where::Everywhere,
            &[Key::char('r')],
            "refresh",
            "ask again now, or connect again now",
            0,
        )
    },
    view(
        A::Help,
        Where::Everywhere,
        &[Key::char('?')],
        "help",
        "this help",
        9,
    ),
    view(
        A::Quit,
        Where::Everywhere,
        &[Key::char('q')],
        "quit",
        "leave the dashboard",
        10,
    ),
    view(
        A::QuitNow,
        Where::Everywhere,
        &[Key::ctrl('c')],
        "quit",
        "leave from anywhere",
        0,
    ),
    view(
        A::StopProcess,
        Where::Everywhere,
        &[Key::ctrl('z')],
        "stop",
        "to the shell; fg comes back",
        0,
    ),
];
