//! gRPC: translation only. This file puts the server together and serves it.

mod calls;
mod deadline;
mod limits;
mod metadata;
mod monitor;
mod status;
mod task_hub;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use durascope_proto::FILE_DESCRIPTOR_SET;
use durascope_proto::server::monitor_server::MonitorServer;
use durascope_proto::server::task_hub_sidecar_service_server::TaskHubSidecarServiceServer;
use futures_util::stream;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::Router;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::HealthReporter;
use tonic_health::server::HealthService;
use tonic_reflection::server::Builder as ReflectionBuilder;

use crate::hub::Hub;
use crate::monitor::About;
use crate::monitor::failures::FailureReader;
use crate::monitor::history::Histories;
use crate::service::calls::LoggedCalls;
use crate::service::limits::ExactRefusals;
use crate::service::monitor::MonitorService;
use crate::service::task_hub::TaskHubService;
use crate::tasks::Tasks;

/// Names of our services.
const OFFICIAL: &str = "TaskHubSidecarService";
const MONITOR: &str = "durascope.monitor.v1.Monitor";
const HEALTH: &str = "grpc.health.v1.Health";

/// A dead peer is noticed within the sum of these two.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Large inputs and results flow without waiting for window updates.
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// A worker sends thousands of completions at once over one connection, and each is a stream.
const CONCURRENT_STREAMS_MAX: u32 = 100_000;

/// Metadata is a handful of short labels.
const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;

/// What the server needs to know of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct ServiceOptions {
    pub(crate) task_hub_default: String,
    pub(crate) message_bytes_max: usize,
    /// Whether dashboards find their feed.
    pub(crate) feed: bool,
    pub(crate) about: About,
}

/// Tells health checks whether to send anybody here.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    reporter: HealthReporter,
    feed: bool,
}

impl Health {
    pub(crate) async fn serving(feed: bool) -> Self {
        let reporter = HealthReporter::new();
        let health = Self { reporter, feed };
        health.set(ServingStatus::Serving).await;
        health
    }

    pub(crate) async fn stop(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        // What a health check may ask for: the whole, and each service.
        for service in ["", OFFICIAL] {
            self.reporter.set_service_status(service, status).await;
        }
        if self.feed {
            self.reporter.set_service_status(MONITOR, status).await;
        }
    }
}

/// All services on one server.
///
/// # Errors
/// When the embedded descriptors cannot be read, which is a bug.
pub(crate) fn router(
    hub: &Hub,
    options: &ServiceOptions,
    health: &Health,
    tasks: &Tasks,
) -> Result<Router, tonic_reflection::server::Error> {
    let limit = options.message_bytes_max;
    let task_hub =
        TaskHubService::new(hub.clone(), options.task_hub_default.clone(), tasks.clone());
    let task_hub = TaskHubSidecarServiceServer::new(task_hub).max_decoding_message_size(limit);
    let monitor = options.feed.then(|| {
        MonitorServer::new(MonitorService {
            hub: hub.clone(),
            about: options.about.clone(),
            task_hub_default: options.task_hub_default.clone(),
            tasks: tasks.clone(),
            histories: Histories::default(),
            failures: FailureReader::default(),
        })
    });
    let reflection = || {
        let builder = ReflectionBuilder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        match options.feed {
            true => builder,
            // The descriptors are of all services, and named is only what is offered.
            false => builder
                .with_service_name(OFFICIAL)
                .with_service_name(HEALTH),
        }
    };
    let health = HealthService::from_health_reporter(health.reporter.clone());
    Ok(Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(CONCURRENT_STREAMS_MAX)
        .http2_max_header_list_size(HEADER_LIST_BYTES_MAX)
        .add_service(LoggedCalls::new(ExactRefusals::new(task_hub, limit)))
        .add_optional_service(monitor)
        .add_service(HealthServer::new(health))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}

/// The listeners of `HOST:PORT`: one for each address that the host has. An address that this
/// machine lacks is left out, as `localhost` names the one of IPv6 everywhere.
///
/// With port 0 all of them share the port that the first one was given.
pub(crate) async fn bind(listen: &str) -> std::io::Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut lacking = None;
    for mut address in tokio::net::lookup_host(listen).await? {
        if let (0, Some(first)) = (address.port(), listeners.first()) {
            address.set_port(first.local_addr()?.port());
        }
        if bound(&listeners, address)? {
            continue;
        }
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => lacking = Some(error),
            Err(error) => return Err(error),
        }
    }
    if listeners.is_empty() {
        return Err(lacking.unwrap_or_else(|| ErrorKind::AddrNotAvailable.into()));
    }
    Ok(listeners)
}

fn bound(listeners: &[TcpListener], address: SocketAddr) -> std::io::Result<bool> {
    for listener in listeners {
        if listener.local_addr()? == address {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Serves until `stopping`, then until the last open call has ended.
pub(crate) async fn serve(
    router: Router,
    listeners: Vec<TcpListener>,
    stopping: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let incoming = listeners
        .into_iter()
        .map(|listener| TcpIncoming::from(listener).with_nodelay(Some(true)));
    router
        .serve_with_incoming_shutdown(stream::select_all(incoming), stopping)
        .await
}
