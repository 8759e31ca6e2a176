//! What becomes of each target of a deed on many: it stays until it is closed.

use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::run::Run;

/// Cursor and scroll of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    pub index: usize,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    /// Nothing more begins.
    Stop,
    /// The id under the cursor goes to the clipboard.
    CopyId,
    /// All results go to the clipboard.
    CopyAll,
}

impl Results {
    /// Takes a key, with `page` lines on the screen.
    pub fn on_key(&mut self, run: &Run, page: usize, key: Key) -> Step {
        let last = run.result_count().saturating_sub(1);
        match key.code {
            Code::Up | Code::Char('k') => self.index = self.index.saturating_sub(1),
            Code::Down | Code::Char('j') => self.index += 1,
            Code::PageUp => self.index = self.index.saturating_sub(page),
            Code::PageDown | Code::Char(' ') => self.index += page,
            Code::Home | Code::Char('g') => self.index = 0,
            Code::End | Code::Char('G') => self.index = last,
            Code::Char('y') if !key.ctrl => return Step::CopyId,
            Code::Char('Y') => return Step::CopyAll,
            Code::Esc if !run.is_over() => return Step::Stop,
            Code::Esc | Code::Char('q') if run.is_over() => return Step::Close,
            _ => {}
        }
        self.index = self.index.min(last);
        Step::Stay
    }
}
