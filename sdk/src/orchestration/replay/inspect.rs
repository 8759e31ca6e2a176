//! What can be told of an execution between its turns: for tests and their messages.

use std::fmt;

use super::NonDeterminism;
use super::Replay;

/// Something that may still wake the code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Open {
    /// Id of the call; `None` for a wait for an external event.
    pub(crate) id: Option<i32>,
    /// In words, such as `activity "Charge"`.
    pub(crate) what: String,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "{} #{id}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Replay {
    /// Where the code did not repeat its history, if that was seen.
    pub(crate) fn difference(&self) -> Option<&NonDeterminism> {
        self.difference.as_ref()
    }

    /// The first call that no event has confirmed yet, as the difference that it will be.
    pub(crate) fn unconfirmed(&self) -> Option<NonDeterminism> {
        let state = self.shared.lock();
        let (id, call) = state.pending.first_unconfirmed()?;
        Some(NonDeterminism::not_in_history(id, call))
    }

    /// Whether the instance was suspended and not yet resumed.
    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// All that has not ended yet: the events that are waited for, then the calls. Calls whose
    /// futures were dropped are among them, as the code may not look any more but cannot say so.
    pub(crate) fn open(&self) -> Vec<Open> {
        let state = self.shared.lock();
        let events = state.mailboxes.waiting().map(|name| Open {
            id: None,
            what: format!("event {name:?}"),
        });
        let calls = state.pending.open().map(|(id, call)| Open {
            id: Some(id),
            what: call.to_string(),
        });
        let mut open: Vec<Open> = events.chain(calls).collect();
        open.sort();
        open.dedup();
        open
    }
}
