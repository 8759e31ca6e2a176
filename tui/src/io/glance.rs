//! One look at a server, for who does not stay to watch: by the feed, or by the official calls.

use std::time::Duration;

use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::WatchTasksRequest;
use durascope_proto::monitor::WatchUpdate;
use tonic::Code;
use tonic::Status;

use crate::app::effect::WatchSpec;
use crate::config::Server;
use crate::data::tasks::Tasks;
use crate::io::poll::Poll;
use crate::io::wire::Address;
use crate::io::wire::AddressError;
use crate::io::wire::Hub;

/// How long an answer is waited for.
const DEADLINE: Duration = Duration::from_secs(20);
/// Tasks only make findings more exact: nobody waits long for them.
const TASKS_DEADLINE: Duration = Duration::from_secs(5);

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum GlanceError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("cannot connect to {url}: {reason}")]
    Connect { url: String, reason: String },
    #[error("{0}")]
    NotFound(String),
    /// Nobody there knows who asks, or it is not allowed to.
    #[error("{0}")]
    SignIn(String),
    #[error("{0}")]
    Refused(String),
}

/// A connection that is looked through once or a few times.
pub struct Glance {
    hub: Hub,
    /// What is asked instead on servers without the feed.
    poll: Option<Poll>,
}

impl Glance {
    /// Connects to `server`.
    ///
    /// # Errors
    /// [`GlanceError::Address`] and [`GlanceError::Connect`].
    pub async fn connect(server: &Server) -> Result<Self, GlanceError> {
        let hub = Address::new(server)?.connect().await;
        let hub = hub.map_err(|reason| GlanceError::Connect {
            url: server.options.endpoint().to_owned(),
            reason,
        })?;
        Ok(Self { hub, poll: None })
    }

    /// True unless the last look found that the server has no feed.
    pub fn has_feed(&self) -> bool {
        self.poll.is_none()
    }

    /// What is to be seen of `spec` now.
    ///
    /// # Errors
    /// - [`GlanceError::NotFound`]: there is no such task hub.
    /// - [`GlanceError::SignIn`]: the server wants to know who asks.
    /// - [`GlanceError::Refused`]: whatever else the server says, or its silence.
    pub async fn look(&mut self, spec: &WatchSpec) -> Result<WatchUpdate, GlanceError> {
        if self.poll.is_none() {
            match within(DEADLINE, self.feed(spec)).await {
                Err(status) if status.code() == Code::Unimplemented => {
                    self.poll = Some(Poll::new(self.hub.clone()));
                }
                looked => return looked.map_err(|status| self.refusal(&status)),
            }
        }
        let Some(poll) = self.poll.as_mut() else {
            return Err(GlanceError::Refused("nothing was seen".to_owned()));
        };
        let looked = within(DEADLINE, poll.once(spec)).await;
        looked.map_err(|status| self.refusal(&status))
    }

    async fn feed(&self, spec: &WatchSpec) -> Result<WatchUpdate, Status> {
        let request = WatchRequest {
            window: Some(spec.window.clone()),
            instance_id: spec.instance_id.clone(),
        };
        let mut client = self.hub.monitor();
        let opened = client.watch(tokio_stream::iter([request])).await?;
        let update = opened.into_inner().message().await?;
        update.ok_or_else(|| Status::unavailable("the server ended the feed"))
    }

    fn refusal(&self, status: &Status) -> GlanceError {
        let words = self.hub.words(status);
        match status.code() {
            Code::NotFound => GlanceError::NotFound(words),
            Code::Unauthenticated | Code::PermissionDenied => GlanceError::SignIn(words),
            _ => GlanceError::Refused(words),
        }
    }

    /// The tree of one instance; `None` when there is no such instance.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub async fn tree(&mut self, instance_id: &str) -> Result<Option<InstanceTree>, GlanceError> {
        let mut spec = WatchSpec {
            instance_id: instance_id.to_owned(),
            ..WatchSpec::default()
        };
        spec.window.limit = 1;
        let update = self.look(&spec).await?;
        Ok(update.tree.filter(|it| it.found))
    }

    /// All tasks of an instance, on servers that tell them.
    pub async fn tasks(&self, instance_id: &str) -> Option<Tasks> {
        if !self.has_feed() {
            return None;
        }
        let read = within(TASKS_DEADLINE, self.read_tasks(instance_id)).await;
        read.ok().filter(|it| it.found)
    }

    async fn read_tasks(&self, instance_id: &str) -> Result<Tasks, Status> {
        let request = WatchTasksRequest {
            instance_id: instance_id.to_owned(),
        };
        let mut tasks = Tasks::new(true);
        let mut client = self.hub.monitor();
        let mut updates = client.watch_tasks(request).await?.into_inner();
        while let Some(update) = updates.message().await? {
            tasks.apply(update);
            if tasks.is_whole {
                break;
            }
        }
        Ok(tasks)
    }
}

/// The feed's first update for `request`.
///
/// # Errors
/// Words for the screen.
pub async fn glance(server: &Server, request: WatchRequest) -> Result<WatchUpdate, String> {
    let address = Address::new(server).map_err(|error| error.to_string())?;
    let hub = address.connect().await?;
    let opened = hub.monitor().watch(tokio_stream::iter([request])).await;
    let mut updates = opened.map_err(|status| hub.words(&status))?.into_inner();
    let update = updates
        .message()
        .await
        .map_err(|status| hub.words(&status))?;
    update.ok_or_else(|| "the server ended the feed".to_owned())
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(Status::deadline_exceeded(format!(
            "nothing within {}s",
            limit.as_secs()
        ))),
    }
}
