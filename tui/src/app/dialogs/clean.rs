//! Cleaning the storage of entities: what a client may do about locks whose holder is gone.

use crate::app::command::Line;
use crate::app::effect::Call;
use crate::app::event::Code;
use crate::app::event::Key;

/// The dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clean {
    pub release_locks: bool,
    pub remove_empty: bool,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Stay,
    Close,
    /// The command goes to the clipboard.
    Copy,
    Do(Call),
}

impl Default for Clean {
    fn default() -> Self {
        Self {
            release_locks: true,
            remove_empty: true,
        }
    }
}

impl Clean {
    /// The command that does the same.
    pub fn command(&self) -> Line {
        Line::new("entities clean")
            .flag("--release-locks", self.release_locks)
            .flag("--remove-empty", self.remove_empty)
    }

    /// Takes a key.
    pub fn on_key(&mut self, key: Key) -> Step {
        if key == Key::ctrl('y') || key == Key::char('Y') {
            return Step::Copy;
        }
        if key.ctrl || key.alt {
            return Step::Stay;
        }
        match key.code {
            Code::Esc | Code::Enter | Code::Char('n' | 'q') => return Step::Close,
            Code::Char('l') => self.release_locks = !self.release_locks,
            Code::Char('e') => self.remove_empty = !self.remove_empty,
            Code::Char('y') if self.release_locks || self.remove_empty => {
                return Step::Do(Call::CleanEntities {
                    remove_empty: self.remove_empty,
                    release_locks: self.release_locks,
                });
            }
            _ => {}
        }
        Step::Stay
    }
}
