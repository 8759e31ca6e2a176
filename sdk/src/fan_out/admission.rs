//! When the next item may start: windows and batches, as pure arithmetic.

/// Chooses the size of the next batch from the items that are left.
type ChooseSize<I> = Box<dyn FnMut(&[I]) -> usize + Send>;

/// How items are cut into batches.
pub(super) enum Batching<I> {
    Fixed(usize),
    /// A batch ends before its count exceeds the smallest limit among its items.
    ByItem(Box<dyn Fn(&I) -> usize + Send>),
    ByRest(ChooseSize<I>),
}

impl<I> Batching<I> {
    /// The sizes of all batches, each at least 1; together they are all the items.
    pub(super) fn sizes(&mut self, items: &[I]) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut rest = items;
        while !rest.is_empty() {
            let size = match self {
                Self::Fixed(size) => *size,
                Self::ByItem(limit) => smallest_limit(limit, rest),
                Self::ByRest(choose) => choose(rest),
            };
            let size = size.clamp(1, rest.len());
            sizes.push(size);
            rest = &rest[size..];
        }
        sizes
    }
}

fn smallest_limit<I>(limit: &dyn Fn(&I) -> usize, rest: &[I]) -> usize {
    let mut smallest = usize::MAX;
    for (count, item) in rest.iter().enumerate() {
        smallest = smallest.min(limit(item));
        if count >= smallest {
            return count;
        }
    }
    rest.len()
}

/// Who may start now. Knows counts only.
#[derive(Debug)]
pub(super) struct Admission {
    /// Items that may run at a time.
    window: usize,
    /// Sizes of the batches; a single one where there are none.
    batches: Vec<usize>,
    /// Index of the current batch.
    batch: usize,
    /// Items of the current batch that have not started.
    waiting: usize,
    running: usize,
}

impl Admission {
    pub(super) fn new(window: Option<usize>, batches: Vec<usize>) -> Self {
        Self {
            window: window.unwrap_or(usize::MAX).max(1),
            waiting: batches.first().copied().unwrap_or(0),
            batches,
            batch: 0,
            running: 0,
        }
    }

    /// Number of the current batch, from 1, and of how many.
    pub(super) fn batch(&self) -> (usize, usize) {
        (
            self.batch.saturating_add(1).min(self.batches.len()),
            self.batches.len(),
        )
    }

    /// Items in the current batch.
    pub(super) fn batch_size(&self) -> usize {
        self.batches.get(self.batch).copied().unwrap_or(0)
    }

    /// Takes a place for the next item, if it may start.
    pub(super) fn admit(&mut self) -> bool {
        let admitted = self.waiting > 0 && self.running < self.window;
        if admitted {
            self.waiting -= 1;
            self.running += 1;
        }
        admitted
    }

    /// An item has ended. Says whether the next batch begins by it.
    pub(super) fn release(&mut self) -> bool {
        self.running -= 1;
        if self.running > 0 || self.waiting > 0 || self.batch + 1 >= self.batches.len() {
            return false;
        }
        self.batch += 1;
        self.waiting = self.batch_size();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_item_and_none_is_empty() {
        let items: Vec<u32> = (0..10).collect();
        let rows: [(Batching<u32>, &[usize]); 6] = [
            (Batching::Fixed(4), &[4, 4, 2]),
            (Batching::Fixed(0), &[1; 10]),
            (Batching::Fixed(usize::MAX), &[10]),
            (
                Batching::ByItem(Box::new(|it| if *it < 5 { 5 } else { 2 })),
                &[5, 2, 2, 1],
            ),
            // The third item would make the batch too large for itself.
            (
                Batching::ByItem(Box::new(|it| if *it == 2 { 1 } else { 50 })),
                &[2, 1, 7],
            ),
            (
                Batching::ByRest(Box::new(|rest| rest.len() / 2)),
                &[5, 2, 1, 1, 1],
            ),
        ];
        for (mut batching, expected) in rows {
            assert_eq!(batching.sizes(&items), expected);
        }
        assert!(Batching::Fixed(3).sizes(&[] as &[u32]).is_empty());
    }

    #[test]
    fn a_window_refills_on_each_end_and_a_batch_only_when_it_is_over() {
        let mut window = Admission::new(Some(2), vec![5]);
        assert!(window.admit() && window.admit() && !window.admit());
        assert!(!window.release());
        assert!(window.admit() && !window.admit());

        let mut both = Admission::new(Some(2), vec![3, 1]);
        assert_eq!((both.batch(), both.batch_size()), ((1, 2), 3));
        assert!(both.admit() && both.admit() && !both.admit());
        assert!(!both.release());
        assert!(both.admit() && !both.admit());
        assert!(!both.release());
        assert!(!both.admit(), "the second batch waits for the first");
        assert!(both.release());
        assert_eq!((both.batch(), both.batch_size()), ((2, 2), 1));
        assert!(both.admit() && !both.admit());
        assert!(!both.release() && !both.admit());
    }

    #[test]
    fn nothing_to_do_admits_nothing() {
        let mut empty = Admission::new(None, Vec::new());
        assert!(!empty.admit());
        assert_eq!(empty.batch(), (0, 0));
    }
}
