//! What can be done among queues and workers.

use super::Action;

/// The rows, in the order of the help.
pub(super) const ACTIONS: &[Action] = &[];
