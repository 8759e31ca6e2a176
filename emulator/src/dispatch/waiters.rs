//! Callers parked until an instance starts, ends or goes away.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::Notify;

use crate::live::HubKey;

type Parked = HashMap<(HubKey, String), Arc<Notify>>;

/// Wakes callers by instance id. They look at the store themselves: first after parking, so
/// that no wake-up is missed, and again after each one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiters {
    parked: Arc<Mutex<Parked>>,
}

/// A place in the list; leaving it frees the entry when nobody else waits there.
#[derive(Debug)]
pub(crate) struct Place {
    waiters: Waiters,
    at: (HubKey, String),
    pub(crate) notify: Arc<Notify>,
}

impl Waiters {
    pub(crate) fn park(&self, hub: HubKey, id: &str) -> Place {
        let at = (hub, id.to_owned());
        let notify = Arc::clone(self.lock().entry(at.clone()).or_default());
        Place {
            waiters: self.clone(),
            at,
            notify,
        }
    }

    pub(crate) fn wake(&self, hub: HubKey, id: &str) {
        let parked = self.lock();
        if parked.is_empty() {
            return;
        }
        if let Some(notify) = parked.get(&(hub, id.to_owned())) {
            notify.notify_waiters();
        }
    }

    /// Wakes everybody: a hub is gone, or the process ends.
    pub(crate) fn wake_all(&self) {
        for notify in self.lock().values() {
            notify.notify_waiters();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Parked> {
        // The map is valid after any panic: every change is a single call.
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut parked = self.waiters.lock();
        // This place and the map hold one reference each.
        if Arc::strong_count(&self.notify) <= 2 {
            parked.remove(&self.at);
        }
    }
}
