//! A runtime for real activities and entities, on a thread beside: the test may be within one.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::runtime::Runtime;

/// A runtime that is made when it is first needed.
#[derive(Default)]
pub(super) struct Beside(Option<Runtime>);

impl Beside {
    /// Runs code to its end. A panic in it goes on here.
    pub(super) fn run<T: Send>(&mut self, code: impl Future<Output = T> + Send) -> io::Result<T> {
        let runtime = match self.0.take() {
            Some(runtime) => runtime,
            None => Builder::new_current_thread().enable_all().build()?,
        };
        let runtime = self.0.insert(runtime);
        // Logs of the code go where those of the test go.
        let logs = tracing::dispatcher::get_default(Clone::clone);
        let run = || tracing::dispatcher::with_default(&logs, || runtime.block_on(code));
        thread::scope(|scope| {
            let running = thread::Builder::new().spawn_scoped(scope, run)?;
            match running.join() {
                Ok(result) => Ok(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // To wait for its threads is not allowed within another runtime, and there is nothing
        // left that could be waited for.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
