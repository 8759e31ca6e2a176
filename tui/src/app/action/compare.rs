//! What can be done in a comparison.

use super::Action;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[];
