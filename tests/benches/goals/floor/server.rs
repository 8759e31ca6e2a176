//! The role of the floor's server: the two calls that an activity needs, and nothing else.

use std::convert::Infallible;
use std::task::Context;
use std::task::Poll;

use anyhow::Context as _;
use anyhow::Result;
use durascope_proto::ActivityResponse;
use durascope_proto::CompleteTaskResponse;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::WorkItem;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http;
use tonic::server::Grpc;
use tonic::server::ServerStreamingService;
use tonic::server::UnaryService;
use tonic::transport::Server;
use tonic_prost::ProstCodec;

use super::Bound;
use super::store;
use super::store::Batch;
use super::store::Command;
use crate::process;
use crate::work;

/// Commands that may wait for the database thread.
const COMMANDS_WAITING: usize = 4_096;

/// As the emulator has them.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Serves until the process that started it goes.
///
/// # Errors
/// When there is no port.
pub(crate) async fn run(bound: Bound) -> Result<()> {
    process::end_with_parent();
    let (commands, waiting) = mpsc::channel(COMMANDS_WAITING);
    std::thread::spawn(move || {
        if let Err(error) = store::work(&bound, waiting) {
            work::say(&serde_json::json!({ "error": format!("{error:#}") }));
            std::process::exit(1);
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port")?;
    let address = listener.local_addr().context("the port")?;
    work::say(&serde_json::json!({ "endpoint": format!("http://{address}") }));
    let incoming = TcpListenerStream::new(listener).map(|stream| {
        stream.inspect(|stream| {
            // Without it small answers would wait for the acknowledgement of the one before.
            stream.set_nodelay(true).ok();
        })
    });
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .serve_with_incoming(Floor { commands }, incoming)
        .await
        .context("the floor's server")
}

#[derive(Clone)]
struct Floor {
    commands: mpsc::Sender<Command>,
}

impl Service<http::Request<Body>> for Floor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let floor = self.clone();
        let streams = request.uri().path().ends_with("/GetWorkItems");
        async move {
            Ok(if streams {
                let mut grpc = Grpc::new(ProstCodec::<WorkItem, GetWorkItemsRequest>::default());
                grpc.server_streaming(floor, request).await
            } else {
                let codec = ProstCodec::<CompleteTaskResponse, ActivityResponse>::default();
                Grpc::new(codec).unary(Completions(floor), request).await
            })
        }
        .boxed()
    }
}

impl ServerStreamingService<GetWorkItemsRequest> for Floor {
    type Response = WorkItem;
    type ResponseStream = UnboundedReceiverStream<Result<WorkItem, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<GetWorkItemsRequest>) -> Self::Future {
        let commands = self.commands.clone();
        async move {
            let asked = request.into_inner();
            let (out, items) = mpsc::unbounded_channel();
            let batch = Batch {
                items: asked.max_concurrent_orchestration_work_items.unsigned_abs(),
                outstanding: asked.max_concurrent_activity_work_items.unsigned_abs(),
                chained: asked.max_concurrent_entity_work_items == 1,
                out,
            };
            send(&commands, Command::Begin(batch)).await?;
            Ok(Response::new(UnboundedReceiverStream::new(items)))
        }
        .boxed()
    }
}

struct Completions(Floor);

impl UnaryService<ActivityResponse> for Completions {
    type Response = CompleteTaskResponse;
    type Future = BoxFuture<'static, Result<Response<CompleteTaskResponse>, Status>>;

    fn call(&mut self, _request: Request<ActivityResponse>) -> Self::Future {
        let commands = self.0.commands.clone();
        async move {
            let (answer, committed) = oneshot::channel();
            send(&commands, Command::Complete(answer)).await?;
            committed.await.map_err(|_gone| ended())?;
            Ok(Response::new(CompleteTaskResponse {}))
        }
        .boxed()
    }
}

async fn send(commands: &mpsc::Sender<Command>, command: Command) -> Result<(), Status> {
    commands.send(command).await.map_err(|_gone| ended())
}

fn ended() -> Status {
    Status::unavailable("the database thread has ended")
}
