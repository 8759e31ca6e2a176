//! Who came and went among the workers of a hub, as far back as a screen shows it.

use std::collections::VecDeque;

/// Older notes are dropped.
const NOTES_MAX: usize = 50;

/// What happened to one worker.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) at_us: i64,
    pub(crate) worker_id: String,
    pub(crate) peer: String,
    pub(crate) text: String,
}

/// The latest notes.
#[derive(Debug, Default)]
pub(crate) struct Notes(VecDeque<Note>);

impl Notes {
    pub(crate) fn add(&mut self, note: Note) {
        self.0.push_front(note);
        self.0.truncate(NOTES_MAX);
    }

    /// The newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Note> {
        self.0.iter()
    }
}
