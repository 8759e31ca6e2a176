//! Which waiting messages make the next batch of an entity.

use super::Caller;
use super::Kind;
use super::section::Lock;

/// Operations in one batch at most.
const OPERATIONS_MAX: usize = 200;

/// Largest sum of the state and the encoded operations of a batch, so that it fits a message.
const BATCH_BYTES: usize = 3 * 1024 * 1024;

/// What to do with an offered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Take,
    /// Not now, but look further.
    Skip,
    /// The batch is complete without it.
    Stop,
}

/// Forms one batch from messages that are offered in order of acceptance.
#[derive(Debug)]
pub struct Forming<'a> {
    lock: Option<&'a Lock>,
    taken: usize,
    bytes: usize,
    bytes_max: usize,
}

impl<'a> Forming<'a> {
    /// A batch of an entity that is locked so, with a state of so many bytes.
    pub fn new(lock: Option<&'a Lock>, state_bytes: usize) -> Self {
        Self {
            lock,
            taken: 0,
            bytes: state_bytes,
            bytes_max: BATCH_BYTES,
        }
    }

    /// The same with less room: what is sent has a limit.
    #[must_use]
    pub fn within(self, bytes_max: usize) -> Self {
        Self {
            bytes_max: self.bytes_max.min(bytes_max),
            ..self
        }
    }

    /// Decides about the next message. While the entity is locked only its holder's calls are
    /// for now; otherwise a critical section that waits is where the batch ends.
    pub fn offer(&mut self, kind: Kind, caller: Option<&Caller>, bytes: usize) -> Offer {
        let belongs = match (self.lock, kind) {
            (Some(lock), _) => lock.admits(kind, caller),
            (None, Kind::Signal | Kind::Call) => true,
            (None, Kind::Lock) => return Offer::Stop,
        };
        if !belongs {
            return Offer::Skip;
        }
        let full = self.taken >= OPERATIONS_MAX || self.bytes + bytes > self.bytes_max;
        if self.taken > 0 && full {
            return Offer::Stop;
        }
        self.taken += 1;
        self.bytes += bytes;
        Offer::Take
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn caller(key: i64) -> Caller {
        Caller {
            key,
            execution: "e".into(),
        }
    }

    #[test]
    fn a_section_that_waits_ends_the_batch() {
        let mut forming = Forming::new(None, 0);
        assert_eq!(forming.offer(Kind::Signal, None, 1), Offer::Take);
        assert_eq!(forming.offer(Kind::Call, Some(&caller(1)), 1), Offer::Take);
        assert_eq!(forming.offer(Kind::Lock, Some(&caller(2)), 1), Offer::Stop);
    }

    #[test]
    fn only_the_holder_of_the_lock_gets_past_the_others() {
        let lock = Lock {
            owner: caller(2),
            owner_id: "holder".into(),
            section: "s".into(),
        };
        let mut forming = Forming::new(Some(&lock), 0);
        let earlier_execution = Caller {
            key: 2,
            execution: "older".into(),
        };
        let offers = [
            (Kind::Signal, None, Offer::Skip),
            (Kind::Call, Some(caller(1)), Offer::Skip),
            (Kind::Lock, Some(caller(1)), Offer::Skip),
            (Kind::Call, Some(earlier_execution), Offer::Skip),
            (Kind::Call, Some(caller(2)), Offer::Take),
        ];
        for (kind, caller, expected) in offers {
            let offered = forming.offer(kind, caller.as_ref(), 1);
            assert_eq!(offered, expected, "{kind:?} {caller:?}");
        }
    }

    #[test]
    fn batches_are_cut_by_number_and_by_size_but_never_empty() {
        let mut forming = Forming::new(None, 10 * BATCH_BYTES);
        assert_eq!(forming.offer(Kind::Signal, None, 5), Offer::Take);
        assert_eq!(forming.offer(Kind::Signal, None, 5), Offer::Stop);
        let mut forming = Forming::new(None, 0);
        let taken = (0..OPERATIONS_MAX + 5)
            .take_while(|_| forming.offer(Kind::Signal, None, 1) == Offer::Take)
            .count();
        assert_eq!(taken, OPERATIONS_MAX);
    }
}
