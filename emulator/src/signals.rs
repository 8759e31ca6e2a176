//! Requests to end the process, from the terminal and from supervisors.

/// SIGINT and SIGTERM, or ctrl-c where there are no signals.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::SignalKind;
        Ok(Self {
            #[cfg(unix)]
            interrupt: tokio::signal::unix::signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(SignalKind::terminate())?,
        })
    }

    /// Resolves at the next one. Where signals cannot be received any more it never does.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        let heard = tokio::select! {
            signal = self.interrupt.recv() => signal.is_some(),
            signal = self.terminate.recv() => signal.is_some(),
        };
        #[cfg(not(unix))]
        let heard = tokio::signal::ctrl_c().await.is_ok();
        if !heard {
            std::future::pending::<()>().await;
        }
    }
}
