//! Panics of user code: a failure with text and place, told once, and the worker lives.
//!
//! A panic's place is known to the process's panic hook alone. The first user code that runs
//! here puts a hook in front of the one that is installed: while user code runs on a thread, a
//! panic of it is noted there; any other panic goes on to the hook that was there before. A hook
//! that is installed later sees every panic, and takes the place from this one unless it calls
//! it in turn.

use std::any::Any;
use std::backtrace::Backtrace;
use std::backtrace::BacktraceStatus;
use std::cell::Cell;
use std::cell::RefCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::panic::PanicHookInfo;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::Once;
use std::task::Context;
use std::task::Poll;

use crate::error::panic_text;
use crate::failure::FailureDetails;

/// All of a backtrace that is kept: it goes into the history, once for each attempt.
const BACKTRACE_BYTES_MAX: usize = 8 * 1024;

/// What the hook saw of a panic.
struct Seen {
    /// `file:line:column`
    place: String,
    /// Only if `RUST_BACKTRACE` asks for it.
    backtrace: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Watch {
    No,
    /// Noted, and also told by the hook that was there before: nobody reads our log.
    Aloud,
    /// Noted; our log tells of it.
    Quietly,
}

thread_local! {
    static WATCH: Cell<Watch> = const { Cell::new(Watch::No) };
    static LAST: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Runs user code: a panic becomes a failure of type `Panic`, logged as an error in the current
/// span. Without a subscriber that takes errors the hook that was there before tells of it.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, FailureDetails> {
    install();
    let watch = if tracing::enabled!(tracing::Level::ERROR) {
        Watch::Quietly
    } else {
        Watch::Aloud
    };
    LAST.set(None);
    let before = WATCH.replace(watch);
    let result = catch_unwind(AssertUnwindSafe(code));
    WATCH.set(before);
    result.map_err(|payload| failure(&*payload, LAST.take()))
}

fn failure(payload: &(dyn Any + Send), seen: Option<Seen>) -> FailureDetails {
    let text = panic_text(payload);
    let Some(seen) = seen else {
        tracing::error!("user code panicked: {text}");
        return FailureDetails::new("Panic", text);
    };
    let place = &seen.place;
    tracing::error!("user code panicked at {place}: {text}");
    let mut details = FailureDetails::new("Panic", format!("{text} (at {place})"));
    details.stack_trace = Some(match seen.backtrace {
        Some(mut backtrace) => {
            backtrace.truncate(backtrace.floor_char_boundary(BACKTRACE_BYTES_MAX));
            format!("at {place}\n{backtrace}")
        }
        None => format!("at {place}"),
    });
    details
}

fn install() {
    static INSTALLED: Once = Once::new();
    if INSTALLED.is_completed() || std::thread::panicking() {
        // A thread that panics may not touch the hook; the next one will.
        return;
    }
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let watch = WATCH.get();
            if watch != Watch::No {
                note(info);
            }
            if watch != Watch::Quietly {
                previous(info);
            }
        }));
    });
}

/// Runs inside the hook, where a second panic would end the process.
fn note(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let seen = place.map(|place| Seen { place, backtrace });
    // It cannot be borrowed: nothing of the user's runs while it is.
    LAST.set(seen);
}

/// A future of user code, on whatever thread it is polled.
pub(crate) struct Caught<F> {
    future: Option<F>,
}

impl<F> Caught<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Some(future),
        }
    }
}

impl<F, T> Future for Caught<F>
where
    F: Future<Output = Result<T, FailureDetails>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        let polled = match catch(|| Pin::new(future).poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(panicked) => Err(panicked),
        };
        // Its locals' destructors are user code too.
        let future = self.future.take();
        Poll::Ready(match catch(|| drop(future)) {
            Ok(()) => polled,
            Err(panicked) => Err(panicked),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_its_text_and_place() {
        let line = line!() + 1;
        let details = catch(|| panic!("no stock of {}", "tea")).unwrap_err();
        let place = format!("{}:{line}:", file!());
        assert_eq!(details.error_type, "Panic");
        let expected = format!("no stock of tea (at {place}");
        assert!(details.message.starts_with(&expected), "{details:?}");
        let trace = details.stack_trace.unwrap();
        assert!(trace.starts_with(&format!("at {place}")), "{trace}");
        assert!(!details.non_retriable);
    }

    #[test]
    fn a_panic_that_the_code_catches_itself_is_no_failure() {
        assert_eq!(
            catch(|| catch_unwind(|| panic!("inner")).is_err()),
            Ok(true)
        );
        let details = catch(|| std::panic::resume_unwind(Box::new("rethrown"))).unwrap_err();
        // Without the hook it has no place, and must not get that of another.
        assert_eq!(details.message, "rethrown");
        assert_eq!(details.stack_trace, None);
    }

    #[test]
    fn a_panic_is_logged_once_where_errors_are_logged() {
        let written = Written::default();
        let sink = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || sink.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("activity", task = 3);
            let details = span.in_scope(|| catch(|| panic!("spilt"))).unwrap_err();
            assert!(details.message.contains("panics.rs"), "{details:?}");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in ["ERROR", "activity{task=3}", "panics.rs:", "spilt"] {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
