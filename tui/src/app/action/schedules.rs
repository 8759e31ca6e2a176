//! What can be done among the schedules.

use super::Action;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[];
