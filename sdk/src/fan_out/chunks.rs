//! Chunks for sub-orchestrations: sizes that keep parent and children under an event budget.

use crate::orchestration::HistoryBudget;

/// Events of an orchestration besides those of its items: its start, with the turn that begins
/// by it, its end, and one call that brings the results together.
const FIXED_EVENTS: usize = 3 + EVENTS_PER_CALL;
/// Events of one call in the worst case: it is scheduled, it ends, and a turn of its own begins.
const EVENTS_PER_CALL: usize = 3;
const SIZE: usize = 1_000;

/// No chunk size keeps both parent and children under the budget.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{items} items in chunks pass the budget of {budget} events an instance: at most {limit} fit \
     into one parent; nest the parents, or raise the budget"
)]
#[non_exhaustive]
pub struct ChunkError {
    /// How many items there are.
    pub items: usize,
    /// Events that one history may have.
    pub budget: usize,
    /// How many items would fit.
    pub limit: usize,
}

/// How many items go into each sub-orchestration.
///
/// ```
/// use durascope_sdk::HistoryBudget;
/// use durascope_sdk::fan_out::ChunkPlan;
///
/// let plan = ChunkPlan::new(1_000_000, HistoryBudget::events(10_000))?;
/// assert_eq!((plan.size(), plan.count()), (1_000, 1_000));
/// let chunks = plan.split(0..1_000_000);
/// assert_eq!(chunks.len(), 1_000);
/// # Ok::<(), durascope_sdk::fan_out::ChunkError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPlan {
    items: usize,
    size: usize,
}

impl ChunkPlan {
    /// Chunks of 1,000, or of another size if `budget`, the events that the history of the
    /// parent and of each child may have, asks for it. Counted are one activity an item and one
    /// more in the end, at the worst: each result in a turn of its own. The bytes of the budget
    /// do not count.
    ///
    /// # Errors
    /// No size does.
    pub fn new(items: usize, budget: HistoryBudget) -> Result<Self, ChunkError> {
        Self::with_size(items, SIZE, budget)
    }

    /// As [`Self::new`] with another size to begin with.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_size(items: usize, size: usize, budget: HistoryBudget) -> Result<Self, ChunkError> {
        let budget = usize::try_from(budget.events_max()).unwrap_or(usize::MAX);
        let calls = (budget.saturating_sub(FIXED_EVENTS) / EVENTS_PER_CALL).max(1);
        let size = size.clamp(1, calls);
        // Too many chunks for the parent: larger ones, as far as a child can take them.
        let size = size.max(items.div_ceil(calls));
        if size > calls {
            let limit = calls.saturating_mul(calls);
            return Err(ChunkError {
                items,
                budget,
                limit,
            });
        }
        Ok(Self { items, size })
    }

    /// Items in a chunk; in the last one there may be fewer.
    pub fn size(self) -> usize {
        self.size
    }

    /// How many chunks there are.
    pub fn count(self) -> usize {
        self.items.div_ceil(self.size)
    }

    /// The items, as many as were planned, cut into chunks in their order.
    pub fn split<I>(self, items: impl IntoIterator<Item = I>) -> Vec<Vec<I>> {
        let mut chunks = Vec::with_capacity(self.count());
        let mut items = items.into_iter();
        loop {
            let chunk: Vec<I> = items.by_ref().take(self.size).collect();
            if chunk.is_empty() {
                return chunks;
            }
            chunks.push(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_parent_and_child_under_the_budget() {
        let rows = [
            ("few items", 10, 10_000, Ok((1_000, 1))),
            ("nothing", 0, 10_000, Ok((1_000, 0))),
            ("a small budget cuts the chunk", 1_000, 306, Ok((100, 10))),
            ("many items grow it", 5_000_000, 10_000, Ok((1_502, 3_329))),
            ("the most there can be", 10_000, 306, Ok((100, 100))),
            ("one event less", 10_000, 305, Err(9_801)),
            ("one more", 10_001, 306, Err(10_000)),
            ("a budget of nothing", 1, 0, Ok((1, 1))),
        ];
        for (name, items, events, expected) in rows {
            let plan = ChunkPlan::new(items, HistoryBudget::events(events));
            let found = plan
                .map(|it| (it.size(), it.count()))
                .map_err(|it| it.limit);
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn no_item_is_lost() {
        let plan = ChunkPlan::with_size(7, 3, HistoryBudget::events(1_000)).unwrap();
        assert_eq!(plan.split(1..=7), [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    }
}
