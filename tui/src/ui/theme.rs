//! Roles and their styles. Colours are the terminal's own sixteen, on its own background, and
//! never the only carrier of a meaning.

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Text,
    Dim,
    Head,
    Accent,
    Ok,
    Warn,
    Bad,
    Wait,
    /// The selected row; added to what is there.
    Selected,
    /// Old data; added to what is there.
    Stale,
    /// The cursor of a text field.
    Caret,
}

/// A set of styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Color,
    /// Modifiers only, for NO_COLOR and terminals without colours.
    Mono,
}

impl Theme {
    /// True when roles can be told apart by colour.
    pub fn has_colors(self) -> bool {
        self != Self::Mono
    }

    /// The style of `role`.
    pub fn style(self, role: Role) -> Style {
        let color = |it: Color| {
            if self == Self::Color {
                Style::new().fg(it)
            } else {
                Style::new()
            }
        };
        match role {
            Role::Text => Style::new(),
            Role::Dim => Style::new().add_modifier(Modifier::DIM),
            Role::Head => Style::new().add_modifier(Modifier::BOLD),
            Role::Accent => color(Color::Cyan),
            Role::Ok => color(Color::Green),
            Role::Warn => color(Color::Yellow).add_modifier(Modifier::BOLD),
            Role::Bad => color(Color::Red).add_modifier(Modifier::BOLD),
            Role::Wait => color(Color::Magenta),
            Role::Selected | Role::Caret => Style::new().add_modifier(Modifier::REVERSED),
            Role::Stale => Style::new().add_modifier(Modifier::DIM),
        }
    }
}
