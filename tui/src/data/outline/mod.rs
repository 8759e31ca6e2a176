//! Facts, payloads and errors as one list of lines that fold: what is in it, how it is laid out,
//! and where a word occurs. A position is told by names, so that it survives new data.

mod contents;
mod search;
mod section;
#[cfg(test)]
mod tests;
mod words;

pub use contents::Contents;
pub use contents::Folds;
pub use contents::Key;
pub use contents::Line;
pub use contents::What;
pub use section::Body;
pub use section::Fact;
pub use section::Ink;
pub use section::Section;
pub use section::fact;
pub use section::instance_fact;
