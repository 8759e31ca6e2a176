//! What stands before the scheduler in Azure, here before the real emulator: TLS, and a check of
//! hub and token on every call. It forwards what passes, and can be told to misbehave.

mod certificates;
mod relay;
mod service;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Endpoint;
use tonic::transport::Identity;
use tonic::transport::Server;
use tonic::transport::ServerTlsConfig;

pub use certificates::Certificates;
pub use relay::Relay;
pub use service::Mishap;
pub use service::Seen;
pub use service::Tokens;

use service::Gate;

/// A TLS server for one emulator. Its connections end when it is dropped.
pub struct Front {
    relay: Relay,
    certificates: Certificates,
    gate: Gate,
}

impl Front {
    /// A front that only hub `hub` gets through, with a certificate of its own root for
    /// `localhost`.
    ///
    /// # Errors
    /// When there is no port or no certificate.
    pub async fn start(emulator: &str, hub: &str) -> Result<Self> {
        Self::start_with(emulator, hub, Certificates::new(&["localhost"])?).await
    }

    /// The same, with these certificates.
    ///
    /// # Errors
    /// As [`Front::start`].
    pub async fn start_with(emulator: &str, hub: &str, certificates: Certificates) -> Result<Self> {
        let behind = Endpoint::from_shared(emulator.to_owned())?.connect_lazy();
        let gate = Gate::new(behind, hub);
        let identity = Identity::from_pem(certificates.certificate(), certificates.key());
        let server = Server::builder()
            .tls_config(ServerTlsConfig::new().identity(identity))
            .context("TLS of the front")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let inside = listener.local_addr()?;
        let served = gate.clone();
        // Ends with the runtime of the test; what it serves ends with the relay.
        tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            server.serve_with_incoming(served, incoming).await
        });
        Ok(Self {
            relay: Relay::start(inside).await?,
            certificates,
            gate,
        })
    }

    /// Where clients connect to: `https://localhost:PORT`.
    pub fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.relay.port())
    }

    /// The root that signed the certificate, as PEM.
    pub fn root(&self) -> &str {
        self.certificates.root()
    }

    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Who gives out the tokens that get through.
    pub fn tokens(&self) -> Arc<Tokens> {
        self.gate.tokens()
    }

    /// All calls so far, those that were refused too.
    pub fn seen(&self) -> Vec<Seen> {
        self.gate.seen()
    }

    /// How often `method` was called so far.
    pub fn count(&self, method: &str) -> usize {
        let seen = self.seen();
        seen.iter().filter(|call| call.method == method).count()
    }

    /// What happens to the next call of `method`.
    pub fn next(&self, method: &str, mishap: Mishap) {
        self.gate.plan(method, mishap);
    }

    /// Waits until `done` holds, looking again with every call.
    ///
    /// # Errors
    /// When it does not in time; the message says what was seen.
    pub async fn until(&self, done: impl Fn(&[Seen]) -> bool) -> Result<()> {
        let mut calls = self.gate.watch();
        let waiting = async {
            while !done(&self.seen()) {
                // The sender lives as long as the front.
                calls.changed().await.ok();
            }
        };
        let limit: Duration = crate::DEADLINE;
        let waited = tokio::time::timeout(limit, waiting).await;
        waited.with_context(|| format!("the front saw only {:#?}", self.seen()))
    }
}
