//! The verdict: why an instance is not done, from facts only, the most telling reason first.
//!
//! Lists, preview, the instance screen and `durascope why` all show what [`findings`] answers.
//! A rule that its facts do not bear out stays silent: a server without the feed tells neither
//! queues nor workers, and then nothing is said about them.

mod facts;
mod figures;
mod finding;
mod rules;
#[cfg(test)]
mod tests;

use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;

use crate::format::Micros;

pub use figures::Figures;
pub use finding::Certainty;
pub use finding::Evidence;
pub use finding::Finding;
pub use finding::Rule;
pub use finding::SHORT_MAX;
pub use finding::Weight;

/// What is known of one instance and of what is around it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub row: &'a InstanceRow,
    /// Of the same instance.
    pub tree: Option<&'a InstanceTree>,
    pub hub: Option<&'a HubSummary>,
    /// What all its tasks together tell.
    pub figures: Option<&'a Figures>,
    /// Rows of other instances, among which its children may be.
    pub others: &'a [InstanceRow],
    /// On the server's clock.
    pub now: Micros,
}

impl<'a> Facts<'a> {
    /// Of a row alone.
    pub fn of_row(row: &'a InstanceRow, now: Micros) -> Self {
        Self {
            row,
            tree: None,
            hub: None,
            figures: None,
            others: &[],
            now,
        }
    }
}

/// Why the instance of `facts` is not done; empty when it is, or when nothing is known.
pub fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    rules::findings(facts, 0)
}
