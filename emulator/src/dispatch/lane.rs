//! One kind of ready work: the queue, and what workers gave back for a while.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::GroupKey;
use super::Queue;
use super::StreamId;
use crate::live::LiveQueue;

/// Names listed as unserved at most.
const UNSERVED_MAX: usize = 20;

/// Shortest and longest time before abandoned work goes to the stream that gave it back.
const ABANDON_FIRST_US: i64 = 1_000_000;
const ABANDON_MAX_US: i64 = 30_000_000;

/// Something that waits for a worker.
pub(crate) trait Work {
    fn group(&self) -> &Arc<GroupKey>;
    /// Times that it was given back.
    fn abandoned(&mut self) -> &mut u32;
}

/// Work that a stream gave back: others may have it at once, that stream only later.
#[derive(Debug)]
struct Deferred<T> {
    item: T,
    not_for: StreamId,
    until_us: i64,
}

/// Ready work of one kind.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    queue: Queue<T>,
    deferred: Vec<Deferred<T>>,
    /// What must not go out before something else has come back.
    parked: Vec<T>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            queue: Queue::default(),
            deferred: Vec::new(),
            parked: Vec::new(),
        }
    }
}

impl<T: Work> Lane<T> {
    pub(crate) fn push(&mut self, now_us: i64, item: T) {
        let group = Arc::clone(item.group());
        self.queue.push(now_us, group, item);
    }

    /// Puts an item that was handed out back before everything else.
    pub(crate) fn push_front(&mut self, now_us: i64, item: T) {
        let group = Arc::clone(item.group());
        self.queue.push_front(now_us, group, item);
    }

    /// Takes the next item that this stream accepts.
    pub(crate) fn take(
        &mut self,
        now_us: i64,
        stream: StreamId,
        accepts: impl Fn(&GroupKey) -> bool,
    ) -> Option<T> {
        let ripe = self.deferred.iter().position(|it| {
            (it.not_for != stream || it.until_us <= now_us) && accepts(it.item.group())
        });
        match ripe {
            Some(index) => Some(self.deferred.remove(index).item),
            None => self.queue.pop(accepts),
        }
    }

    /// A stream gave this back.
    pub(crate) fn defer(&mut self, now_us: i64, from: StreamId, mut item: T) {
        let until_us = now_us + abandon_pause_us(*item.abandoned());
        *item.abandoned() += 1;
        self.deferred.push(Deferred {
            item,
            not_for: from,
            until_us,
        });
    }

    /// Keeps an item out of everybody's reach until [`Lane::unpark`].
    pub(crate) fn park(&mut self, item: T) {
        self.parked.push(item);
    }

    /// Something came back: what was parked waits like any other, before everything else.
    pub(crate) fn unpark(&mut self, now_us: i64) {
        for item in std::mem::take(&mut self.parked).into_iter().rev() {
            self.push_front(now_us, item);
        }
    }

    /// When deferred work becomes free for everybody again.
    pub(crate) fn next_deferred_us(&self) -> Option<i64> {
        self.deferred.iter().map(|it| it.until_us).min()
    }

    /// Deferred work whose pause is over waits like any other again.
    pub(crate) fn ripen(&mut self, now_us: i64) {
        for deferred in self.deferred.extract_if(.., |it| it.until_us <= now_us) {
            let group = Arc::clone(deferred.item.group());
            self.queue.push_front(now_us, group, deferred.item);
        }
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.queue.retain(&keep);
        self.deferred.retain(|it| keep(&it.item));
        self.parked.retain(&keep);
    }

    /// Everything that waits.
    pub(crate) fn items(&mut self) -> impl Iterator<Item = &mut T> {
        let deferred = self.deferred.iter_mut().map(|it| &mut it.item);
        self.queue.items().chain(deferred).chain(&mut self.parked)
    }

    /// What waits by group: how many, and since when the first of them that is not put aside.
    pub(crate) fn by_group(&self) -> BTreeMap<&GroupKey, (u64, Option<i64>)> {
        let mut groups = BTreeMap::new();
        for (group, count, since) in self.queue.since() {
            groups.insert(group, (count as u64, since));
        }
        let aside = self.deferred.iter().map(|it| &it.item).chain(&self.parked);
        for item in aside {
            groups.entry(&**item.group()).or_default().0 += 1;
        }
        groups
    }

    /// Items that came back, as `came_back` tells, and wait again: they stand in front. At most so
    /// many of each group.
    pub(crate) fn again(&self, came_back: fn(&T) -> bool, most: usize) -> impl Iterator<Item = &T> {
        let aside = self.deferred.iter().map(|it| &it.item);
        let aside = aside.filter(move |item| came_back(item)).take(most);
        self.queue.fronts(came_back, most).chain(aside)
    }

    /// Whether there is nothing that anybody could take.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.deferred.is_empty()
    }

    /// What it looks like; `out` are with workers, `accepted` tells whether any worker would
    /// take a group.
    pub(crate) fn live(&self, out: u64, accepted: impl Fn(&GroupKey) -> bool) -> LiveQueue {
        let names: BTreeMap<&str, bool> =
            self.queue
                .groups()
                .fold(BTreeMap::new(), |mut names, (group, _)| {
                    *names.entry(&*group.name).or_default() |= accepted(group);
                    names
                });
        LiveQueue {
            waiting: (self.queue.len() + self.deferred.len() + self.parked.len()) as u64,
            out,
            oldest_waiting_us: self.queue.oldest_us(),
            unserved: names
                .into_iter()
                .filter(|(_, served)| !served)
                .map(|(name, _)| name.to_owned())
                .take(UNSERVED_MAX)
                .collect(),
        }
    }
}

fn abandon_pause_us(times: u32) -> i64 {
    ABANDON_FIRST_US
        .saturating_mul(1 << times.min(5))
        .min(ABANDON_MAX_US)
}
