//! Progress for whoever looks: as custom status, and in a tracker entity.

use serde::Deserialize;
use serde::Serialize;

/// Where the progress of a fan-out is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub(super) in_status: bool,
    pub(super) label: Option<String>,
}

impl Progress {
    /// As the orchestration's custom status, a [`FanOutStatus`], which replaces any other.
    pub fn in_status() -> Self {
        Self {
            in_status: true,
            ..Self::default()
        }
    }

    /// Names the work for who reads it; without, the name of what is called.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// The custom status of an orchestration that shows the progress of a fan-out. As JSON
/// `{"progress":{"label":"ResizeImage","finished":30,"failed":1,"total":100,"batch":3,"batches":10}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FanOutStatus {
    /// How far it is.
    pub progress: Counts,
}

/// How far a fan-out is, in items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// What is done.
    pub label: String,
    /// Items with an outcome, failures included.
    pub finished: usize,
    /// Items that failed.
    pub failed: usize,
    /// All items.
    pub total: usize,
    /// Number of the current batch, from 1, if there are batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// How many batches there are, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<usize>,
}
