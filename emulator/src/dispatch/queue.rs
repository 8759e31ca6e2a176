//! A queue in order of arrival, grouped by name and version, so that work which no worker
//! accepts never stands in the way of other work.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// What decides whether a worker accepts an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupKey {
    pub(crate) name: Arc<str>,
    pub(crate) version: Option<Arc<str>>,
    /// An activity without a version also counts under its orchestration's.
    pub(crate) fallback: Option<Arc<str>>,
    /// Only for workers that read large histories: this one fits no message of the common size.
    pub(crate) large: bool,
}

impl GroupKey {
    /// The versions under which a filter may list the item.
    pub(crate) fn versions(&self) -> [Option<&str>; 2] {
        let version = self.version.as_deref();
        [
            version,
            if version.is_some() {
                version
            } else {
                self.fallback.as_deref()
            },
        ]
    }
}

/// Items with the moment at which they became ready.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    groups: BTreeMap<Arc<GroupKey>, VecDeque<(i64, u64, T)>>,
    next: u64,
    len: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        // Items put back in front count down from the middle.
        Self {
            groups: BTreeMap::new(),
            next: u64::MAX / 2,
            len: 0,
        }
    }
}

impl<T> Queue<T> {
    pub(crate) fn push(&mut self, now_us: i64, group: Arc<GroupKey>, item: T) {
        let order = self.next;
        self.next += 1;
        self.len += 1;
        self.groups
            .entry(group)
            .or_default()
            .push_back((now_us, order, item));
    }

    /// Puts an item that was handed out back before everything else.
    pub(crate) fn push_front(&mut self, now_us: i64, group: Arc<GroupKey>, item: T) {
        let first = self.groups.values().filter_map(|items| items.front());
        let order = first
            .map(|(_, order, _)| *order)
            .min()
            .unwrap_or(self.next)
            .saturating_sub(1);
        self.len += 1;
        self.groups
            .entry(group)
            .or_default()
            .push_front((now_us, order, item));
    }

    /// Takes the oldest item of the groups that are accepted.
    pub(crate) fn pop(&mut self, accepts: impl Fn(&GroupKey) -> bool) -> Option<T> {
        let group = self
            .groups
            .iter()
            .filter(|(group, _)| accepts(group))
            .min_by_key(|(_, items)| items.front().map_or(u64::MAX, |(_, order, _)| *order))
            .map(|(group, _)| Arc::clone(group))?;
        let items = self.groups.get_mut(&group)?;
        let (_, _, item) = items.pop_front()?;
        self.len -= 1;
        if items.is_empty() {
            self.groups.remove(&group);
        }
        Some(item)
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for items in self.groups.values_mut() {
            items.retain(|(_, _, item)| keep(item));
        }
        self.groups.retain(|_, items| !items.is_empty());
        self.len = self.groups.values().map(VecDeque::len).sum();
    }

    pub(crate) fn items(&mut self) -> impl Iterator<Item = &mut T> {
        self.groups.values_mut().flatten().map(|(_, _, item)| item)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = (&GroupKey, usize)> {
        self.groups
            .iter()
            .map(|(group, items)| (&**group, items.len()))
    }

    /// Items by group, with the moment at which the first became ready.
    pub(crate) fn since(&self) -> impl Iterator<Item = (&GroupKey, usize, Option<i64>)> {
        self.groups.iter().map(|(group, items)| {
            let first = items.front().map(|(at_us, _, _)| *at_us);
            (&**group, items.len(), first)
        })
    }

    /// Of each group the items at its front for which this holds, at most so many.
    pub(crate) fn fronts(&self, holds: fn(&T) -> bool, most: usize) -> impl Iterator<Item = &T> {
        self.groups.values().flat_map(move |items| {
            let items = items.iter().map(|(_, _, item)| item);
            items.take_while(move |item| holds(item)).take(most)
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn oldest_us(&self) -> Option<i64> {
        self.groups
            .values()
            .filter_map(|items| items.front())
            .map(|(at_us, _, _)| *at_us)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> Arc<GroupKey> {
        Arc::new(GroupKey {
            name: name.into(),
            version: None,
            fallback: None,
            large: false,
        })
    }

    #[test]
    fn items_leave_in_order_across_groups_and_unaccepted_ones_do_not_block() {
        let mut queue = Queue::default();
        queue.push(1, group("a"), 1);
        queue.push(2, group("b"), 2);
        queue.push(3, group("a"), 3);
        queue.push_front(4, group("c"), 0);
        assert_eq!(queue.pop(|group| &*group.name != "a"), Some(0));
        assert_eq!(queue.pop(|group| &*group.name == "b"), Some(2));
        assert_eq!(queue.pop(|group| &*group.name == "b"), None);
        assert_eq!(
            (queue.pop(|_| true), queue.pop(|_| true)),
            (Some(1), Some(3))
        );
        assert!(queue.is_empty());
    }
}
