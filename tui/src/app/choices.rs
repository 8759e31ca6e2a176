//! What the user has chosen about the dashboard itself: keys, theme, mouse, zoom.

use durascope_proto::monitor::SortColumn;

use crate::app::keymap::Keys;
use crate::app::look::Theme;
use crate::app::model::Model;

/// Commands that the palette remembers.
const RECENT_MAX: usize = 16;

/// The choices; they change while the dashboard runs, and are gone when it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    pub keys: Keys,
    /// Chosen in the palette; before, the theme of the start holds.
    pub theme: Option<Theme>,
    /// Shown while the palette's cursor is on it.
    pub preview: Option<Theme>,
    /// The terminal has no colours, or they are not wanted.
    pub colors_off: bool,
    /// Clicks and the wheel come to the dashboard, and not to the terminal.
    pub mouse: bool,
    /// The part of the screen that has the keys fills it.
    pub zoom: bool,
    /// The file that this session is recorded to.
    pub recording: Option<String>,
    /// Commands of the palette, the last used first.
    pub recent: Vec<String>,
}

impl Choices {
    /// The theme that is shown, if it was chosen here.
    pub fn shown_theme(&self) -> Option<Theme> {
        self.preview.or(self.theme).filter(|_| !self.colors_off)
    }

    /// Remembers that `command` was used.
    pub fn used(&mut self, command: &str) {
        self.recent.retain(|it| it != command);
        self.recent.insert(0, command.to_owned());
        self.recent.truncate(RECENT_MAX);
    }
}

/// How the list of instances begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListChoices {
    pub sort: Option<SortColumn>,
    pub roots_only: Option<bool>,
}

impl ListChoices {
    /// Sets the list up before anything is asked.
    pub fn apply(self, model: &mut Model) {
        let overview = &mut model.screens.overview;
        if let Some(sort) = self.sort {
            overview.sort = sort;
        }
        if let Some(roots_only) = self.roots_only {
            overview.roots_only = roots_only;
        }
    }
}
