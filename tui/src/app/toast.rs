//! Short answers that go away by themselves.

use crate::format::Micros;
use crate::format::SECOND;

/// Toasts on screen at once; older ones leave first.
pub const TOASTS_MAX: usize = 3;

/// How a toast is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Done,
    Note,
    Bad,
}

/// One message with the moment at which it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub kind: Kind,
    pub text: String,
    pub until: Micros,
}

impl Toast {
    /// A toast that is shown from `now` on; errors stay longer, as they take reading.
    pub fn new(kind: Kind, text: String, now: Micros) -> Self {
        let seconds = match kind {
            Kind::Done | Kind::Note => 5,
            Kind::Bad => 10,
        };
        Self {
            kind,
            text,
            until: now.saturating_add(seconds * SECOND),
        }
    }
}
