//! Which executions a worker has in memory: those of its latest turns, as many as it says.

use std::collections::BTreeSet;

/// The executions that a worker keeps, each by a number that it was given after its last turn. It
/// drops them as the worker does, so that who is not kept any more is seldom taken for kept.
#[derive(Debug)]
pub(crate) struct Keeping {
    max: usize,
    next: u64,
    kept: BTreeSet<u64>,
}

impl Keeping {
    pub(crate) fn of_at_most(max: u32) -> Self {
        Self {
            max: max as usize,
            next: 0,
            kept: BTreeSet::new(),
        }
    }

    /// Whether the worker keeps anything.
    pub(crate) fn any(&self) -> bool {
        self.max > 0
    }

    /// One more; the one that had no turn for longest goes if there are too many.
    pub(crate) fn add(&mut self) -> u64 {
        self.next += 1;
        self.kept.insert(self.next);
        if self.kept.len() > self.max {
            self.kept.pop_first();
        }
        self.next
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        self.kept.contains(&number)
    }

    pub(crate) fn remove(&mut self, number: u64) {
        self.kept.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_what_ended_takes_no_room() {
        let mut keeping = Keeping::of_at_most(2);
        let first = keeping.add();
        let second = keeping.add();
        let third = keeping.add();
        assert!(!keeping.has(first));
        keeping.remove(third);
        let fourth = keeping.add();
        assert!(keeping.has(second) && keeping.has(fourth));
        assert!(!Keeping::of_at_most(0).any());
    }
}
