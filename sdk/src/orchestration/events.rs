//! External events inside one orchestration: first in, first out for each name, early ones kept.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use durascope_proto::HistoryEvent;

/// Buffered events and the code that waits for them.
#[derive(Default)]
pub(crate) struct Mailboxes {
    boxes: HashMap<String, Mailbox>,
    waiters: HashMap<u64, Waiter>,
    waiter_ids: u64,
    arrivals: u64,
}

#[derive(Default)]
struct Mailbox {
    buffered: VecDeque<Letter>,
    /// In the order in which they began to wait; ids of cancelled ones are skipped later.
    queue: VecDeque<u64>,
}

struct Letter {
    arrival: u64,
    event: Box<HistoryEvent>,
}

struct Waiter {
    name: String,
    /// The name as the code has it.
    written: String,
    progress: Progress,
}

enum Progress {
    Waiting(Option<Waker>),
    Delivered(Letter),
}

impl Mailboxes {
    /// Begins to wait for `name`; gets the oldest buffered event, if any, at once.
    pub(crate) fn wait(&mut self, written: &str) -> u64 {
        let name = written.to_lowercase();
        self.waiter_ids += 1;
        let id = self.waiter_ids;
        let mailbox = self.boxes.entry(name.clone()).or_default();
        let progress = if let Some(letter) = mailbox.buffered.pop_front() {
            Progress::Delivered(letter)
        } else {
            mailbox.queue.push_back(id);
            Progress::Waiting(None)
        };
        let written = written.to_owned();
        let waiter = Waiter {
            name,
            written,
            progress,
        };
        self.waiters.insert(id, waiter);
        id
    }

    /// An event arrived: the longest waiting gets it, or it is kept. Wake what is returned.
    pub(crate) fn on_raised(&mut self, name: &str, event: HistoryEvent) -> Option<Waker> {
        self.arrivals += 1;
        let letter = Letter {
            arrival: self.arrivals,
            event: Box::new(event),
        };
        self.deliver(&name.to_lowercase(), letter)
    }

    fn deliver(&mut self, name: &str, letter: Letter) -> Option<Waker> {
        let mailbox = self.boxes.entry(name.to_owned()).or_default();
        while let Some(id) = mailbox.queue.pop_front() {
            if let Some(waiter) = self.waiters.get_mut(&id)
                && let Progress::Waiting(waker) = &mut waiter.progress
            {
                let waker = waker.take();
                waiter.progress = Progress::Delivered(letter);
                return waker;
            }
        }
        // A letter that comes back from a cancelled wait goes before younger ones.
        let at = mailbox
            .buffered
            .partition_point(|other| other.arrival < letter.arrival);
        mailbox.buffered.insert(at, letter);
        None
    }

    pub(crate) fn poll(&mut self, id: u64, cx: &Context<'_>) -> Poll<Box<HistoryEvent>> {
        match self.waiters.remove(&id) {
            Some(Waiter {
                progress: Progress::Delivered(letter),
                ..
            }) => Poll::Ready(letter.event),
            Some(mut waiter) => {
                waiter.progress = Progress::Waiting(Some(cx.waker().clone()));
                self.waiters.insert(id, waiter);
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }

    /// Stops to wait. An event that was delivered but never looked at goes to the next one
    /// that waits, or back to its place in the buffer. Wake what is returned.
    pub(crate) fn cancel(&mut self, id: u64) -> Option<Waker> {
        let waiter = self.waiters.remove(&id)?;
        match waiter.progress {
            Progress::Waiting(_) => None,
            Progress::Delivered(letter) => self.deliver(&waiter.name, letter),
        }
    }

    pub(crate) fn has_waiters(&self) -> bool {
        self.waiting().next().is_some()
    }

    /// Names for which the code waits, in no order.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &str> {
        let waiting = |waiter: &&Waiter| matches!(waiter.progress, Progress::Waiting(_));
        let waiters = self.waiters.values().filter(waiting);
        waiters.map(|waiter| waiter.written.as_str())
    }

    /// Takes all events that nobody consumed, in order of arrival.
    pub(crate) fn take_unprocessed(&mut self) -> Vec<HistoryEvent> {
        let mut letters: Vec<Letter> = self
            .boxes
            .values_mut()
            .flat_map(|mailbox| mailbox.buffered.drain(..))
            .collect();
        letters.sort_by_key(|letter| letter.arrival);
        letters.into_iter().map(|letter| *letter.event).collect()
    }
}
