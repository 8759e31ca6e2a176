//! Given a history, when events come, then these actions.
