//! Roles and their styles. Colours are never the only carrier of a meaning.

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;

pub use crate::app::look::Theme;

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

/// The colours of a theme; what is absent is the terminal's own.
struct Colors {
    ground: Option<Color>,
    text: Option<Color>,
    dim: Option<Color>,
    accent: Color,
    ok: Color,
    warn: Color,
    bad: Color,
    wait: Color,
    /// Ground of the selected row; absent where it is reversed.
    selected: Option<Color>,
}

const TERMINAL: Colors = Colors {
    ground: None,
    text: None,
    dim: None,
    accent: Color::Cyan,
    ok: Color::Green,
    warn: Color::Yellow,
    bad: Color::Red,
    wait: Color::Magenta,
    selected: None,
};

const DARK: Colors = Colors {
    ground: Some(Color::Rgb(0x16, 0x18, 0x1d)),
    text: Some(Color::Rgb(0xd8, 0xdc, 0xe3)),
    dim: Some(Color::Rgb(0x8b, 0x93, 0xa1)),
    accent: Color::Rgb(0x6c, 0xc7, 0xe6),
    ok: Color::Rgb(0x8f, 0xcf, 0x7a),
    warn: Color::Rgb(0xe8, 0xc0, 0x5c),
    bad: Color::Rgb(0xf2, 0x7a, 0x72),
    wait: Color::Rgb(0xc3, 0x9a, 0xe8),
    selected: Some(Color::Rgb(0x2f, 0x3a, 0x4d)),
};

const LIGHT: Colors = Colors {
    ground: Some(Color::Rgb(0xfb, 0xfa, 0xf7)),
    text: Some(Color::Rgb(0x23, 0x26, 0x2b)),
    dim: Some(Color::Rgb(0x5f, 0x66, 0x70)),
    accent: Color::Rgb(0x00, 0x62, 0x8a),
    ok: Color::Rgb(0x1f, 0x6b, 0x2a),
    warn: Color::Rgb(0x85, 0x55, 0x00),
    bad: Color::Rgb(0xb3, 0x1b, 0x1b),
    wait: Color::Rgb(0x7a, 0x36, 0xa8),
    selected: Some(Color::Rgb(0xd3, 0xe4, 0xf2)),
};

const HIGH_CONTRAST: Colors = Colors {
    ground: Some(Color::Rgb(0, 0, 0)),
    text: Some(Color::Rgb(255, 255, 255)),
    dim: Some(Color::Rgb(0xd0, 0xd0, 0xd0)),
    accent: Color::Rgb(0x00, 0xff, 0xff),
    ok: Color::Rgb(0x00, 0xff, 0x00),
    warn: Color::Rgb(0xff, 0xff, 0x00),
    bad: Color::Rgb(0xff, 0x80, 0x80),
    wait: Color::Rgb(0xff, 0xa0, 0xff),
    selected: None,
};

/// Blue for good, orange for bad, yellow and grey between: apart for the common kinds of colour
/// blindness, and of different lightness for all.
const COLOR_BLIND: Colors = Colors {
    ground: Some(Color::Rgb(0x14, 0x16, 0x1a)),
    text: Some(Color::Rgb(0xe2, 0xe4, 0xe8)),
    dim: Some(Color::Rgb(0x97, 0x9c, 0xa6)),
    accent: Color::Rgb(0xe2, 0xe4, 0xe8),
    ok: Color::Rgb(0x56, 0xb4, 0xe9),
    warn: Color::Rgb(0xf0, 0xe4, 0x42),
    bad: Color::Rgb(0xe6, 0x8a, 0x00),
    wait: Color::Rgb(0xb0, 0xa8, 0xc9),
    selected: Some(Color::Rgb(0x2c, 0x35, 0x45)),
};

impl Theme {
    fn colors(self) -> Option<&'static Colors> {
        match self {
            Self::Color => Some(&TERMINAL),
            Self::Dark => Some(&DARK),
            Self::Light => Some(&LIGHT),
            Self::HighContrast => Some(&HIGH_CONTRAST),
            Self::ColorBlind => Some(&COLOR_BLIND),
            Self::Mono => None,
        }
    }

    /// What lies under everything.
    pub fn base(self) -> Style {
        let Some(colors) = self.colors() else {
            return Style::new();
        };
        let mut style = Style::new();
        style.fg = colors.text;
        style.bg = colors.ground;
        style
    }

    /// The style of `role`.
    pub fn style(self, role: Role) -> Style {
        let Some(colors) = self.colors() else {
            return modifiers(role);
        };
        let colored = |it: Color| modifiers(role).fg(it);
        match role {
            Role::Text | Role::Head => Style {
                fg: colors.text,
                ..modifiers(role)
            },
            Role::Dim => match colors.dim {
                Some(it) => Style::new().fg(it),
                None => modifiers(role),
            },
            Role::Accent => colored(colors.accent),
            Role::Ok => colored(colors.ok),
            Role::Warn => colored(colors.warn),
            Role::Bad => colored(colors.bad),
            Role::Wait => colored(colors.wait),
            Role::Selected => match colors.selected {
                Some(it) => Style::new().bg(it).add_modifier(Modifier::BOLD),
                None => modifiers(role),
            },
            Role::Caret | Role::Stale => modifiers(role),
        }
    }
}

/// What is there without colours.
fn modifiers(role: Role) -> Style {
    match role {
        Role::Text | Role::Accent | Role::Ok | Role::Wait => Style::new(),
        Role::Dim | Role::Stale => Style::new().add_modifier(Modifier::DIM),
        Role::Head | Role::Warn | Role::Bad => Style::new().add_modifier(Modifier::BOLD),
        Role::Selected | Role::Caret => Style::new().add_modifier(Modifier::REVERSED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 8] = [
        Role::Text,
        Role::Dim,
        Role::Head,
        Role::Accent,
        Role::Ok,
        Role::Warn,
        Role::Bad,
        Role::Wait,
    ];

    /// Relative luminance as the Web Content Accessibility Guidelines define it.
    fn luminance(color: Color) -> f64 {
        let Color::Rgb(r, g, b) = color else {
            panic!("{color:?} is the terminal's own");
        };
        let part = |it: u8| {
            let it = f64::from(it) / 255.0;
            if it <= 0.03928 {
                it / 12.92
            } else {
                ((it + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_of_every_theme_can_be_read_on_its_ground_and_when_selected() {
        let least = |theme| match theme {
            Theme::HighContrast => 7.0,
            _ => 4.5,
        };
        for theme in Theme::ALL {
            let Some(ground) = theme.base().bg else {
                continue;
            };
            for role in ROLES {
                let text = theme.style(role).fg.expect("a colour of its own");
                let found = contrast(text, ground);
                assert!(found >= least(theme), "{theme:?} {role:?}: {found:.1}");
                if let Some(selected) = theme.style(Role::Selected).bg {
                    let found = contrast(text, selected);
                    assert!(found >= 3.0, "{theme:?} {role:?} selected: {found:.1}");
                }
            }
        }
    }

    #[test]
    fn without_colours_no_role_has_one() {
        for role in ROLES
            .into_iter()
            .chain([Role::Selected, Role::Stale, Role::Caret])
        {
            let style = Theme::Mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }
}
