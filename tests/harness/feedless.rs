//! A server without our feed: the emulator behind a door that only the official service has.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::Request;
use tonic::codegen::http::Response;
use tonic::transport::Channel;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::RawClient;

/// The door, until it is dropped.
pub struct Feedless {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Feedless {
    /// Opens a door to where `client` is connected.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn before(client: &RawClient) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let official = Official(client.channel());
        let serving = tokio::spawn(async move {
            let served = Server::builder()
                .serve_with_incoming(official, TcpIncoming::from(listener))
                .await;
            // It ends with the test, or shows there as a connection that fails.
            served.ok();
        });
        Ok(Self { address, serving })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Feedless {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Passes every call of the official service on.
#[derive(Clone)]
struct Official(Channel);

const SERVICE: &str = "/TaskHubSidecarService/";

impl Service<Request<Body>> for Official {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut channel = self.0.clone();
        Box::pin(async move {
            if !request.uri().path().starts_with(SERVICE) {
                return Ok(Status::unimplemented("this server has no such service").into_http());
            }
            let ready = std::future::poll_fn(|cx| channel.poll_ready(cx)).await;
            let answer = match ready {
                Ok(()) => channel.call(request).await,
                Err(error) => Err(error),
            };
            Ok(answer.unwrap_or_else(|error| Status::unavailable(error.to_string()).into_http()))
        })
    }
}
