//! What became of each item.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::error::TaskFailed;

/// An item and what became of it. As JSON `{"index":…,"item":…,"result":{"Ok":…}}` or
/// `{"Err":…}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome<I, O> {
    /// Its place among the items, from 0.
    pub index: usize,
    /// The item.
    pub item: I,
    /// Its result, or why there is none.
    pub result: Result<O, TaskFailed>,
}

/// Outcomes in input order. As JSON a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outcomes<I, O> {
    list: Vec<Outcome<I, O>>,
}

/// What is finished, and what is not, of a fan-out that was decided early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Partial<I, O> {
    /// The items that are finished, in input order.
    pub outcomes: Outcomes<I, O>,
    /// The items whose outcome was not waited for, in input order.
    pub unfinished: Vec<I>,
}

impl<I, O> Outcomes<I, O> {
    pub(super) fn new(list: Vec<Outcome<I, O>>) -> Self {
        Self { list }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, in input order.
    pub fn iter(&self) -> std::slice::Iter<'_, Outcome<I, O>> {
        self.list.iter()
    }

    /// Items with their results.
    pub fn successes(&self) -> impl Iterator<Item = (&I, &O)> {
        self.list
            .iter()
            .filter_map(|it| Some((&it.item, it.result.as_ref().ok()?)))
    }

    /// Items with their failures.
    pub fn failures(&self) -> impl Iterator<Item = (&I, &TaskFailed)> {
        self.list
            .iter()
            .filter_map(|it| Some((&it.item, it.result.as_ref().err()?)))
    }

    /// How many succeeded.
    pub fn succeeded(&self) -> usize {
        self.successes().count()
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.failures().count()
    }

    /// Failures counted by their type, as [`crate::FailureDetails::error_type`] has it.
    pub fn errors_by_type(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, failed) in self.failures() {
            *counts.entry(failed.details.error_type.clone()).or_default() += 1;
        }
        counts
    }

    /// The results of those that succeeded, in input order.
    pub fn into_successes(self) -> impl Iterator<Item = O> {
        self.list.into_iter().filter_map(|it| it.result.ok())
    }
}

impl<I, O> IntoIterator for Outcomes<I, O> {
    type Item = Outcome<I, O>;
    type IntoIter = std::vec::IntoIter<Outcome<I, O>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a, I, O> IntoIterator for &'a Outcomes<I, O> {
    type Item = &'a Outcome<I, O>;
    type IntoIter = std::slice::Iter<'a, Outcome<I, O>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}
