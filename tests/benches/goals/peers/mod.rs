//! The other runtimes, each from its registry. One that cannot be had is said to be missing.

pub(crate) mod duroxide;
pub(crate) mod official;

/// A peer, or why there is none.
pub(crate) type Found<T> = Result<T, String>;
