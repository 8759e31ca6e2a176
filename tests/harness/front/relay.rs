//! The wire between client and server: it can be cut, and it can go dead without a word.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Passes bytes on to one address. Dropping it closes everything.
pub struct Relay {
    port: u16,
    lines: Arc<Lines>,
    accepting: JoinHandle<()>,
}

/// The connections there are now, and how to treat them all.
#[derive(Default)]
struct Lines {
    open: Mutex<Line>,
}

#[derive(Clone, Default)]
struct Line {
    cut: CancellationToken,
    dead: CancellationToken,
}

impl Relay {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let lines = Arc::new(Lines::default());
        let for_new = Arc::clone(&lines);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(for_new.line().carry(client, to));
            }
        });
        Ok(Self {
            port,
            lines,
            accepting,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes the connections there are; new ones are taken.
    pub fn cut(&self) {
        self.lines.replace().cut.cancel();
    }

    /// Nothing passes any more over the connections there are, and nobody is told; new ones
    /// are taken.
    pub fn go_dead(&self) {
        self.lines.replace().dead.cancel();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Lines {
    fn line(&self) -> Line {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone()
    }

    fn replace(&self) -> Line {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut open)
    }
}

impl Line {
    async fn carry(self, mut client: TcpStream, to: SocketAddr) {
        let carried = async {
            let mut server = TcpStream::connect(to).await?;
            tokio::select! {
                copied = copy_bidirectional(&mut client, &mut server) => copied.map(drop),
                () = self.dead.cancelled() => std::future::pending().await,
            }
        };
        tokio::select! {
            // However it ends, both sides are closed now.
            _ = carried => {}
            () = self.cut.cancelled() => {}
        }
    }
}
