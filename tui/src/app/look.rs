//! Themes by name. What they look like is the view's; the core only chooses.

/// A set of styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's own sixteen colours on its own background.
    Color,
    /// Colours of its own, for dark backgrounds.
    Dark,
    /// Colours of its own, for light backgrounds.
    Light,
    /// Few and strong colours on black.
    HighContrast,
    /// Good, bad and waiting differ in blue and orange, not in green and red.
    ColorBlind,
    /// Modifiers only, for NO_COLOR and terminals without colours.
    Mono,
}

impl Theme {
    /// All of them, in the order of the palette.
    pub const ALL: [Self; 6] = [
        Self::Color,
        Self::Dark,
        Self::Light,
        Self::HighContrast,
        Self::ColorBlind,
        Self::Mono,
    ];

    /// True when roles can be told apart by colour.
    pub fn has_colors(self) -> bool {
        self != Self::Mono
    }

    /// Its name on the command line, in the configuration and in the palette.
    pub fn name(self) -> &'static str {
        match self {
            Self::Color => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::ColorBlind => "color-blind",
            Self::Mono => "mono",
        }
    }

    /// The theme with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// All names, for a sentence.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}
