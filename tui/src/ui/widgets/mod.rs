//! Parts that know nothing of orchestrations, and the lines common to all screens.

pub mod field;
pub mod footer;
pub mod frame;
pub mod header;
pub mod list;
pub mod marks;
pub mod outline;
pub mod progress;
pub mod toast;
pub mod vtable;
