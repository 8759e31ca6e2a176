//! When workers took activities, and who they were: kept for dashboards when the activity is over,
//! in memory and bounded.
//!
//! Each execution has a log of what was handed out and what came back, to which handing out adds
//! one entry. Whoever reads it keeps its place and gets what is new. Nothing here is needed to
//! run anything, so a log may go at any time.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

use super::Origin;
use crate::live::InstanceKey;
use crate::live::StartsPlace;
use crate::live::TaskStart;

/// Entries of all logs together; each takes 32 bytes.
const ENTRIES_MAX: usize = 500_000;

/// The log of one execution; a later execution of the instance replaces it.
#[derive(Debug)]
struct Log {
    /// Tells it from others that the instance has had.
    number: u64,
    execution: Arc<str>,
    entries: Vec<TaskStart>,
    /// Entries that are gone from the front.
    dropped: usize,
    last_us: i64,
    /// Its instance has ended.
    ended: bool,
}

/// The logs of all executions that have activities.
#[derive(Debug)]
pub(crate) struct Starts {
    logs: HashMap<InstanceKey, Log>,
    /// In the order in which they ended; some may be gone, or be of a newer execution.
    ended: VecDeque<InstanceKey>,
    entries: usize,
    entries_max: usize,
    numbers: u64,
}

impl Default for Starts {
    fn default() -> Self {
        Self::of_at_most(ENTRIES_MAX)
    }
}

impl Starts {
    fn of_at_most(entries_max: usize) -> Self {
        Self {
            logs: HashMap::new(),
            ended: VecDeque::new(),
            entries: 0,
            entries_max,
            numbers: 0,
        }
    }

    /// A worker has an activity of this execution since `since_us`.
    pub(crate) fn taken(&mut self, origin: &Origin, task_id: i32, since_us: i64, worker: Arc<str>) {
        let start = TaskStart {
            task_id,
            since_us,
            worker: Some(worker),
        };
        self.push(origin, since_us, start);
    }

    /// It came back without a result.
    pub(crate) fn returned(&mut self, origin: &Origin, task_id: i32, now_us: i64) {
        let start = TaskStart {
            task_id,
            since_us: now_us,
            worker: None,
        };
        self.push(origin, now_us, start);
    }

    fn push(&mut self, origin: &Origin, now_us: i64, start: TaskStart) {
        let numbers = &mut self.numbers;
        let mut new = || {
            *numbers += 1;
            Log {
                number: *numbers,
                execution: Arc::clone(&origin.execution),
                entries: Vec::new(),
                dropped: 0,
                last_us: now_us,
                ended: false,
            }
        };
        let log = self.logs.entry(origin.key).or_insert_with(&mut new);
        if log.execution != origin.execution {
            self.entries -= log.entries.len();
            *log = new();
        }
        log.last_us = now_us;
        log.entries.push(start);
        self.entries += 1;
        if self.entries > self.entries_max {
            self.shrink();
        }
    }

    /// The instance has ended: its log may go before those of others.
    pub(crate) fn ended(&mut self, key: InstanceKey) {
        if let Some(log) = self.logs.get_mut(&key)
            && !std::mem::replace(&mut log.ended, true)
        {
            self.ended.push_back(key);
        }
    }

    /// Forgets instances that are gone.
    pub(crate) fn forget(&mut self, keys: &HashSet<InstanceKey>) {
        for key in keys {
            self.remove(*key);
        }
        // Each entry has or had a log; the many of purged instances must not stay.
        if self.ended.len() > 2 * self.logs.len() {
            self.ended.retain(|key| self.logs.contains_key(key));
        }
    }

    /// What was added to the log of this execution after `place`, or all of it where `place` is of
    /// another log; and the place after that. Nothing where there is no log.
    pub(crate) fn since(
        &self,
        key: InstanceKey,
        execution: &str,
        place: Option<StartsPlace>,
    ) -> Option<(StartsPlace, &[TaskStart])> {
        let log = self.logs.get(&key)?;
        if *log.execution != *execution {
            return None;
        }
        let known = match place {
            Some(place) if place.log == log.number => place.entries,
            Some(_) | None => 0,
        };
        let from = known.saturating_sub(log.dropped).min(log.entries.len());
        let place = StartsPlace {
            log: log.number,
            entries: log.dropped + log.entries.len(),
        };
        Some((place, &log.entries[from..]))
    }

    /// Makes room for an eighth of all entries: ended instances go first, then the logs to which
    /// nothing was added for longest; of the last one, the older half.
    fn shrink(&mut self) {
        let goal = self.entries_max - self.entries_max / 8;
        while self.entries > goal
            && let Some(key) = self.ended.pop_front()
        {
            if self.logs.get(&key).is_some_and(|log| log.ended) {
                self.remove(key);
            }
        }
        if self.entries <= goal {
            return;
        }
        let mut oldest: Vec<(i64, InstanceKey)> = self
            .logs
            .iter()
            .map(|(key, log)| (log.last_us, *key))
            .collect();
        oldest.sort_unstable();
        let newest = oldest.pop();
        for (_, key) in oldest {
            if self.entries <= goal {
                return;
            }
            self.remove(key);
        }
        if self.entries > goal
            && let Some((_, key)) = newest
            && let Some(log) = self.logs.get_mut(&key)
        {
            let half = log.entries.len() / 2;
            log.entries.drain(..half);
            log.dropped += half;
            self.entries -= half;
        }
    }

    fn remove(&mut self, key: InstanceKey) {
        if let Some(log) = self.logs.remove(&key) {
            self.entries -= log.entries.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(key: i64, execution: &str) -> Origin {
        Origin {
            key: InstanceKey(key),
            instance_id: "id".into(),
            execution: execution.into(),
        }
    }

    fn ids(starts: &Starts, key: i64, execution: &str, place: Option<StartsPlace>) -> Vec<i32> {
        let since = starts.since(InstanceKey(key), execution, place);
        since.map_or_else(Vec::new, |(_, it)| it.iter().map(|it| it.task_id).collect())
    }

    #[test]
    fn reader_gets_what_is_new_and_all_of_another_execution() {
        let mut starts = Starts::default();
        let (first, second) = (origin(1, "a"), origin(1, "b"));
        starts.taken(&first, 1, 10, "w".into());
        starts.taken(&first, 2, 11, "w".into());
        let (place, all) = starts.since(InstanceKey(1), "a", None).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(ids(&starts, 1, "a", Some(place)), [0; 0]);
        starts.returned(&first, 2, 12);
        assert_eq!(ids(&starts, 1, "a", Some(place)), [2]);
        starts.taken(&second, 7, 13, "w".into());
        assert_eq!(ids(&starts, 1, "a", Some(place)), [0; 0]);
        assert_eq!(ids(&starts, 1, "b", Some(place)), [7]);
        assert_eq!(starts.entries, 1);
        starts.forget(&HashSet::from([InstanceKey(1)]));
        assert!(starts.logs.is_empty() && starts.entries == 0);
    }

    #[test]
    fn room_is_made_of_ended_ones_then_idle_ones_then_the_past() {
        let mut starts = Starts::of_at_most(80);
        let put = |starts: &mut Starts, key: i64, at: i64, count: i32| {
            for id in 0..count {
                starts.taken(&origin(key, "a"), id, at, "w".into());
            }
        };
        put(&mut starts, 1, 10, 20);
        put(&mut starts, 2, 20, 20);
        put(&mut starts, 3, 30, 20);
        starts.ended(InstanceKey(3));
        put(&mut starts, 4, 40, 21);
        assert_eq!(starts.entries, 61, "the ended one went");
        assert!(ids(&starts, 3, "a", None).is_empty());
        put(&mut starts, 5, 50, 20);
        assert_eq!(starts.entries, 61, "the one that was idle longest went");
        assert!(ids(&starts, 1, "a", None).is_empty());
        let place = starts.since(InstanceKey(5), "a", None).map(|it| it.0);
        put(&mut starts, 5, 60, 500);
        assert!(starts.entries <= 80);
        assert!(ids(&starts, 2, "a", None).is_empty());
        // Who read before it was cut gets what is left, and its place is still right.
        let (place, left) = starts.since(InstanceKey(5), "a", place).unwrap();
        assert_eq!((left.len(), place.entries), (starts.entries, 520));
        put(&mut starts, 5, 70, 1);
        assert_eq!(ids(&starts, 5, "a", Some(place)), [0]);
    }

    #[test]
    fn rerun_of_an_ended_instance_is_not_ended() {
        let mut starts = Starts::of_at_most(8);
        starts.taken(&origin(1, "a"), 1, 1, "w".into());
        starts.ended(InstanceKey(1));
        starts.taken(&origin(1, "b"), 1, 9, "w".into());
        for id in 0..8 {
            starts.taken(&origin(2, "a"), id, 5, "w".into());
        }
        assert_eq!(ids(&starts, 1, "b", None), [1]);
    }
}
