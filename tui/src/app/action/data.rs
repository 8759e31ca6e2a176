//! What can be done with the data of an instance.

use super::Action;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[];
