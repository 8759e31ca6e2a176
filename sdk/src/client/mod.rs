//! The client: starts, watches and steers orchestration instances.

mod entities;
mod history;
mod instance;
mod lifecycle;
mod options;
mod query;
mod start;
mod wait;

pub use crate::transport::ClientError;
pub use entities::EntitiesCleaned;
pub use entities::EntityMetadata;
pub use entities::EntityPage;
pub use entities::EntityQuery;
pub use instance::OrchestrationState;
pub use instance::OrchestrationStatus;
pub use instance::OutputError;
pub use options::PurgeFilter;
pub use options::Purged;
pub use options::StartOptions;
pub use query::IdPage;
pub use query::IdQuery;
pub use query::InstancePage;
pub use query::InstanceQuery;

use std::fmt;
use std::sync::Arc;

use durascope_proto as proto;

use crate::transport::ConnectOptions;
use crate::transport::Connection;
use crate::transport::Repeat;
use crate::transport::Role;

/// A connection to one task hub. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Client {
    connection: Arc<Connection>,
    default_version: Option<Arc<str>>,
}

impl Client {
    /// Prepares a client from a connection string, its parsed form, or [`ConnectOptions`].
    ///
    /// The first call connects, and later ones connect again if they have to; use
    /// [`Self::hello`] to see whether the server is there.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    ///
    /// # Errors
    /// The string cannot be used, or names credentials that this version does not have.
    pub fn connect<C>(to: C) -> Result<Self, ClientError>
    where
        C: TryInto<ConnectOptions>,
        ClientError: From<C::Error>,
    {
        let connection = Arc::new(Connection::open(to.try_into()?, Role::Client)?);
        Ok(Self {
            connection,
            default_version: None,
        })
    }

    /// Prepares a client from the environment, see [`ConnectOptions::from_env`].
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn from_env() -> Result<Self, ClientError> {
        Self::connect(ConnectOptions::from_env()?)
    }

    /// The same client, which starts orchestrations in this version unless
    /// [`StartOptions::version`] names another.
    #[must_use]
    pub fn with_default_version(mut self, version: &str) -> Self {
        self.default_version = Some(version.into());
        self
    }

    /// Where this client connects to.
    pub fn options(&self) -> &ConnectOptions {
        self.connection.options()
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    /// It cannot be reached, or refuses this client.
    pub async fn hello(&self) -> Result<(), ClientError> {
        self.connection
            .unary(Repeat::Safe, (), |mut stub, request| async move {
                stub.hello(request).await
            })
            .await?;
        Ok(())
    }

    /// The state of an instance with its payloads; `None` if there is no such instance.
    ///
    /// # Errors
    /// The call failed.
    pub async fn get(&self, instance_id: &str) -> Result<Option<OrchestrationState>, ClientError> {
        self.get_request(instance_id, true).await
    }

    /// As [`Self::get`], without input, output, custom status and failure.
    ///
    /// # Errors
    /// The call failed.
    pub async fn get_without_payloads(
        &self,
        instance_id: &str,
    ) -> Result<Option<OrchestrationState>, ClientError> {
        self.get_request(instance_id, false).await
    }

    async fn get_request(
        &self,
        instance_id: &str,
        get_inputs_and_outputs: bool,
    ) -> Result<Option<OrchestrationState>, ClientError> {
        let request = proto::GetInstanceRequest {
            instance_id: instance_id.to_owned(),
            get_inputs_and_outputs,
        };
        let response = self
            .connection
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.get_instance(request).await
            })
            .await?;
        Ok(existing(response))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", self.options())
            .finish()
    }
}

fn existing(response: proto::GetInstanceResponse) -> Option<OrchestrationState> {
    response
        .orchestration_state
        .filter(|_| response.exists)
        .map(OrchestrationState::from_proto)
}
