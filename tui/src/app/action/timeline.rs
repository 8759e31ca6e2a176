//! What can be done in the timeline of an instance.

use super::Action;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[];
