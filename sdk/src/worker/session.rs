//! The work-item stream: connect, take items, watch for silence, back off, stop in good order.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use durascope_proto as proto;
use durascope_proto::WorkItem;
use durascope_proto::WorkerCapability;
use durascope_proto::work_item::Request;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backoff;
use super::complete;
use super::entities;
use super::error::WorkerError;
use super::execute;
use super::execute::Watch;
use super::registry::Filter;
use super::registry::Registry;
use super::slow_turns::SlowTurns;
use super::sticky::Place;
use super::sticky::Sticky;
use crate::entity::Batch;
use crate::orchestration::HistoryBudget;
use crate::payloads::Payloads;
use crate::schedules::SCHEDULE;
use crate::transport;
use crate::transport::ClientError;
use crate::transport::Connection;
use crate::transport::Status;
use crate::transport::Streaming;
use crate::transport::random;

/// A server that does not answer the greeting in this time is taken for gone.
const HELLO_TIMEOUT: Duration = Duration::from_secs(30);
/// After this many failures in a row the name is resolved and connected to anew.
const RENEW_AFTER_FAILURES: u32 = 5;

/// Bounds and times of a worker.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) activities: usize,
    pub(super) orchestrations: usize,
    pub(super) entities: usize,
    pub(super) sticky_executions: usize,
    pub(super) sticky_bytes: usize,
    pub(super) slow_turn: Duration,
    pub(super) history_budget: HistoryBudget,
    pub(super) only_registered: bool,
    pub(super) silence: Duration,
    pub(super) stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            activities: 1_000,
            orchestrations: 100,
            entities: 100,
            sticky_executions: 1_000,
            sticky_bytes: 128 * 1024 * 1024,
            slow_turn: Duration::from_secs(1),
            history_budget: HistoryBudget::default(),
            only_registered: false,
            silence: Duration::from_secs(120),
            stop: Duration::from_secs(30),
        }
    }
}

pub(super) struct Session {
    pub(super) connection: Arc<Connection>,
    pub(super) registry: Arc<Registry>,
    pub(super) limits: Limits,
    pub(super) stop: CancellationToken,
    sticky: Sticky,
    watch: Watch,
    running: TaskTracker,
    /// Ends what is still running when the time for stopping is over.
    kill: CancellationToken,
    activities: Arc<Semaphore>,
    orchestrations: Arc<Semaphore>,
    entities: Arc<Semaphore>,
}

/// Why a stream ended.
enum Ended {
    StopAsked(Box<Streaming<WorkItem>>),
    Silent,
    Closed,
    Failed(Status),
}

impl Session {
    pub(super) fn new(
        connection: Arc<Connection>,
        registry: Arc<Registry>,
        limits: Limits,
        stop: CancellationToken,
    ) -> Self {
        Self {
            activities: Arc::new(Semaphore::new(limits.activities)),
            orchestrations: Arc::new(Semaphore::new(limits.orchestrations)),
            entities: Arc::new(Semaphore::new(limits.entities)),
            watch: Watch {
                slow_turns: SlowTurns::after(limits.slow_turn),
                budget: limits.history_budget,
            },
            sticky: Sticky::new(limits.sticky_executions, limits.sticky_bytes),
            connection,
            registry,
            limits,
            stop,
            running: TaskTracker::new(),
            kill: CancellationToken::new(),
        }
    }

    /// Works until it is told to stop; no failure of the connection ends it.
    pub(super) async fn run(self) -> Result<(), WorkerError> {
        let mut failures: u32 = 0;
        while !self.stop.is_cancelled() {
            let ended = self.serve(&mut failures).await;
            // The server has forgotten what this worker keeps.
            self.sticky.close();
            match ended {
                Ended::StopAsked(stream) => return self.wind_down(Some(*stream)).await,
                _ if self.stop.is_cancelled() => break,
                Ended::Silent => {
                    let seconds = self.limits.silence.as_secs();
                    tracing::warn!(seconds, "no message from the server, reconnecting");
                }
                Ended::Closed => tracing::info!("the server closed the stream, reconnecting"),
                Ended::Failed(status) => {
                    let error = ClientError::from(status);
                    tracing::warn!(%error, failures, "connection failed, reconnecting");
                }
            }
            failures = failures.saturating_add(1);
            if failures.is_multiple_of(RENEW_AFTER_FAILURES) {
                self.connection.renew();
            }
            let pause = backoff::reconnect(failures, random());
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.wind_down(None).await
    }

    /// One stream, from the greeting to its end.
    async fn serve(&self, failures: &mut u32) -> Ended {
        let mut stream = tokio::select! {
            // Without a stream there is nothing to drain, and nothing to lose.
            () = self.stop.cancelled() => return Ended::Closed,
            opened = self.open() => match opened {
                Ok(stream) => stream,
                Err(status) => return Ended::Failed(status),
            },
        };
        tracing::info!(
            endpoint = self.connection.options().endpoint(),
            "worker connected"
        );
        loop {
            let received = tokio::select! {
                () = self.stop.cancelled() => return Ended::StopAsked(Box::new(stream)),
                received = tokio::time::timeout(self.limits.silence, stream.message()) => received,
            };
            match received {
                Err(_elapsed) => return Ended::Silent,
                Ok(Err(status)) => return Ended::Failed(status),
                Ok(Ok(None)) => return Ended::Closed,
                Ok(Ok(Some(item))) => {
                    *failures = 0;
                    self.take(item);
                }
            }
        }
    }

    async fn open(&self) -> Result<Streaming<WorkItem>, Status> {
        let mut stub = self.connection.stub();
        tokio::time::timeout(HELLO_TIMEOUT, stub.hello(()))
            .await
            .map_err(|_elapsed| Status::deadline_exceeded("no answer to the greeting in 30 s"))??;
        let mut request = transport::Request::new(self.work_wanted());
        self.sticky.announce(request.metadata_mut());
        // Servers may keep the answer until there is work, or a ping, to send.
        let opening = stub.get_work_items(request);
        let opened = tokio::time::timeout(self.limits.silence, opening)
            .await
            .map_err(|_elapsed| Status::deadline_exceeded("the server opened no stream in time"))?;
        let response = opened?;
        self.sticky.open(response.metadata());
        Ok(response.into_inner())
    }

    fn work_wanted(&self) -> proto::GetWorkItemsRequest {
        let wire = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let filters = self.limits.only_registered.then(|| {
            let (orchestrations, activities) = self.registry.names();
            let orchestration = |(name, versions): Filter<'_>| proto::OrchestrationFilter {
                name: name.to_owned(),
                versions,
            };
            let activity = |(name, versions): Filter<'_>| proto::ActivityFilter {
                name: name.to_owned(),
                versions,
            };
            let entity = |name: &str| proto::EntityFilter {
                name: name.to_owned(),
            };
            proto::WorkItemFilters {
                orchestrations: orchestrations.into_iter().map(orchestration).collect(),
                activities: activities.into_iter().map(activity).collect(),
                entities: self.registry.entity_names().map(entity).collect(),
            }
        });
        proto::GetWorkItemsRequest {
            max_concurrent_orchestration_work_items: wire(self.limits.orchestrations),
            max_concurrent_activity_work_items: wire(self.limits.activities),
            max_concurrent_entity_work_items: wire(self.limits.entities),
            capabilities: self.capabilities(),
            work_item_filters: filters,
        }
    }

    fn capabilities(&self) -> Vec<i32> {
        let mut capabilities = vec![WorkerCapability::HistoryStreaming.into()];
        if self.registry.entity(SCHEDULE.name()).is_some() {
            capabilities.push(WorkerCapability::ScheduledTasks.into());
        }
        if self.connection.options().large_payloads.is_some() {
            capabilities.push(WorkerCapability::LargePayloads.into());
        }
        capabilities
    }

    fn take(&self, item: WorkItem) {
        let token = item.completion_token;
        match item.request {
            Some(Request::ActivityRequest(request)) => self.take_activity(request, token),
            Some(Request::OrchestratorRequest(request)) => self.take_turn(request, token),
            Some(Request::EntityRequest(request)) => self.take_batch(request, token),
            Some(Request::EntityRequestV2(request)) => self.take_batch(request, token),
            // A ping has done its work by arriving.
            Some(Request::HealthPing(_)) | None => {}
        }
    }

    fn take_activity(&self, mut request: proto::ActivityRequest, token: String) {
        let (connection, registry) = (Arc::clone(&self.connection), Arc::clone(&self.registry));
        let (slots, stop) = (Arc::clone(&self.activities), self.stop.clone());
        self.spawn(async move {
            let Some(_slot) = slot(&slots, &stop).await else {
                return complete::abandon_activity(&connection, token).await;
            };
            if let Err(status) = connection.load_payloads(&mut request).await {
                let (instance, error) = (execute::instance_of(&request), ClientError::from(status));
                tracing::warn!(instance, %error, "activity could not be run, giving it back");
                return complete::abandon_activity(&connection, token).await;
            }
            let response = execute::run_activity(&registry, request, token).await;
            complete::complete_activity(&connection, response).await;
        });
    }

    fn take_turn(&self, request: proto::OrchestratorRequest, token: String) {
        let (connection, registry) = (Arc::clone(&self.connection), Arc::clone(&self.registry));
        let (slots, stop) = (Arc::clone(&self.orchestrations), self.stop.clone());
        let executions = self.sticky.current();
        let watch = self.watch.clone();
        self.spawn(async move {
            let Some(_slot) = slot(&slots, &stop).await else {
                return complete::abandon_turn(&connection, token).await;
            };
            let instance = request.instance_id.clone();
            let place = Place::of(&request);
            let made = execute::run_turn(
                &connection,
                &registry,
                &executions,
                &watch,
                request,
                token.clone(),
            );
            match made.await {
                Ok(response) => {
                    if !complete::complete_turn(&connection, response).await {
                        executions.forget(&place);
                    }
                }
                Err(status) => {
                    let error = ClientError::from(status);
                    tracing::warn!(?instance, %error, "turn could not be made, giving it back");
                    complete::abandon_turn(&connection, token).await;
                }
            }
        });
    }

    fn take_batch<R>(&self, mut request: R, token: String)
    where
        R: Payloads + Into<Batch> + Send + 'static,
    {
        let (connection, registry) = (Arc::clone(&self.connection), Arc::clone(&self.registry));
        let (slots, stop) = (Arc::clone(&self.entities), self.stop.clone());
        self.spawn(async move {
            let Some(_slot) = slot(&slots, &stop).await else {
                return complete::abandon_entity(&connection, token).await;
            };
            if let Err(status) = connection.load_payloads(&mut request).await {
                let error = ClientError::from(status);
                tracing::warn!(%error, "entity could not be run, giving it back");
                return complete::abandon_entity(&connection, token).await;
            }
            let done = entities::run_batch(&registry, request.into(), token, &stop).await;
            complete::complete_entity(&connection, done).await;
        });
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let kill = self.kill.clone();
        self.running.spawn(async move {
            tokio::select! {
                biased; // Work that is done at once needs no place among those to be told.
                () = work => {}
                () = kill.cancelled() => {}
            }
        });
    }

    /// Lets running items end. The stream stays open meanwhile: to close it would tell the
    /// server to run them again elsewhere. What still arrives on it is given back.
    async fn wind_down(self, stream: Option<Streaming<WorkItem>>) -> Result<(), WorkerError> {
        self.running.close();
        let give_back = async {
            if let Some(mut stream) = stream {
                while let Ok(Some(item)) = stream.message().await {
                    self.take(item);
                }
            }
            std::future::pending::<()>().await;
        };
        let ended = async {
            tokio::select! {
                () = self.running.wait() => {}
                () = give_back => {}
            }
        };
        if tokio::time::timeout(self.limits.stop, ended).await.is_ok() {
            return Ok(());
        }
        let running = self.running.len();
        self.kill.cancel();
        Err(WorkerError::StopTimeout {
            running,
            timeout: self.limits.stop,
        })
    }
}

/// A place to run in; `None` once the worker is to stop.
async fn slot<'a>(
    slots: &'a Semaphore,
    stop: &CancellationToken,
) -> Option<tokio::sync::SemaphorePermit<'a>> {
    if stop.is_cancelled() {
        return None;
    }
    // The common case, without a place in any queue.
    if let Ok(permit) = slots.try_acquire() {
        return Some(permit);
    }
    tokio::select! {
        biased; // Nothing new begins after a stop, even if there is room.
        () = stop.cancelled() => None,
        permit = slots.acquire() => permit.ok(),
    }
}
