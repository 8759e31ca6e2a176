//! Polls one orchestration's future: single-threaded, without a runtime, only when woken.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;

use futures_util::future::BoxFuture;

use crate::failure::FailureDetails;
use crate::panics::catch;

/// How the code ended: its output as JSON, or why it failed.
pub(crate) type CodeResult = Result<Option<String>, FailureDetails>;

thread_local! {
    static REPLAYING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside an orchestration that repeats what it did before.
pub(crate) fn is_replaying_here() -> bool {
    REPLAYING.get()
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

pub(crate) struct Driver {
    future: Option<BoxFuture<'static, CodeResult>>,
    woken: Arc<Woken>,
    waker: Waker,
}

impl Driver {
    /// Calls the user's function, which may run code before its first await. Nothing is polled.
    pub(crate) fn new(
        replaying: bool,
        start: impl FnOnce() -> BoxFuture<'static, CodeResult>,
    ) -> Result<Self, FailureDetails> {
        let future = guarded(replaying, start)?;
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        Ok(Self {
            future: Some(future),
            woken,
            waker,
        })
    }

    /// Polls until nothing more can happen without another event.
    pub(crate) fn drive(&mut self, replaying: bool) -> Option<CodeResult> {
        while self.woken.0.swap(false, Ordering::Acquire) {
            let future = self.future.as_mut()?;
            let mut cx = Context::from_waker(&self.waker);
            match guarded(replaying, || future.as_mut().poll(&mut cx)) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(result)) => return Some(self.ended(result)),
                Err(panicked) => return Some(self.ended(Err(panicked))),
            }
        }
        None
    }

    /// Whether nothing has woken the code since it was driven.
    pub(crate) fn is_still(&self) -> bool {
        !self.woken.0.load(Ordering::Acquire)
    }

    /// Drops the code's locals, whose destructors are user code too.
    fn ended(&mut self, result: CodeResult) -> CodeResult {
        let future = self.future.take();
        guarded(true, || drop(future))?;
        result
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            // A panicking destructor of a dropped orchestration has nobody left to hear of it.
            drop(guarded(true, || drop(future)));
        }
    }
}

/// Runs user code: a panic becomes a failure, and its thread knows whether it replays.
fn guarded<T>(replaying: bool, code: impl FnOnce() -> T) -> Result<T, FailureDetails> {
    catch(|| {
        // Over before the panic is logged: nothing of the kind is in the history.
        let _replaying = Replaying::begin(replaying);
        code()
    })
}

/// Sets this thread's mark for as long as it lives.
struct Replaying {
    before: bool,
}

impl Replaying {
    fn begin(replaying: bool) -> Self {
        Self {
            before: REPLAYING.replace(replaying),
        }
    }
}

impl Drop for Replaying {
    fn drop(&mut self) {
        REPLAYING.set(self.before);
    }
}
