//! Starting instances; the id is always made on this side.

use serde::Serialize;
use tracing::Instrument;
use uuid::Uuid;

use super::Client;
use super::ClientError;
use super::options::StartOptions;
use crate::data;
use crate::data::PayloadError;
use crate::names::Orchestration;
use crate::trace;
use crate::transport::Repeat;

impl Client {
    /// Starts an instance under a random id, which it returns.
    ///
    /// # Errors
    /// The input cannot be written as JSON, or the call failed.
    pub async fn start<I: Serialize, O>(
        &self,
        orchestration: &Orchestration<I, O>,
        input: I,
    ) -> Result<String, ClientError> {
        self.start_by_name(orchestration.name(), input, StartOptions::default())
            .await
    }

    /// Starts an instance with options and returns its id.
    ///
    /// # Errors
    /// [`ClientError::AlreadyExists`]: the id is taken and may not be replaced;
    /// [`ClientError::InvalidArgument`]: the server takes no such id or policy.
    pub async fn start_with<I: Serialize, O>(
        &self,
        orchestration: &Orchestration<I, O>,
        input: I,
        options: StartOptions,
    ) -> Result<String, ClientError> {
        self.start_by_name(orchestration.name(), input, options)
            .await
    }

    /// Starts an orchestration whose name is not known at compile time.
    ///
    /// # Errors
    /// As [`Self::start_with`].
    pub async fn start_by_name(
        &self,
        name: &str,
        input: impl Serialize,
        options: StartOptions,
    ) -> Result<String, ClientError> {
        let input =
            data::encode(&input).map_err(|error| PayloadError::encoding("input", name, error))?;
        self.start_raw(name, input, options).await
    }

    /// Starts an orchestration with an input that is JSON text already.
    ///
    /// # Errors
    /// As [`Self::start_with`].
    pub async fn start_raw(
        &self,
        name: &str,
        input: Option<String>,
        mut options: StartOptions,
    ) -> Result<String, ClientError> {
        let default_version = self.default_version.as_deref().map(str::to_owned);
        options.version = options.version.or(default_version);
        let given = options.instance_id.take();
        let is_ours = given.is_none();
        // The id is made here, so that a start whose answer was lost can be repeated: what
        // has it then is the first attempt, and is not replaced even if it has ended already.
        // Under an id of the caller's a second start might replace the first one.
        let repeat = match is_ours {
            true => Repeat::Safe,
            false => Repeat::IfUnsent,
        };
        if is_ours {
            options.replaceable = Some(Vec::new());
        }
        let instance_id = given.unwrap_or_else(|| Uuid::new_v4().simple().to_string());
        let span = trace::start_span(name, options.version.as_deref(), &instance_id);
        if options.trace_context.is_none() {
            options.trace_context = trace::context_of(&span);
        }
        let request = options.into_request(name, instance_id.clone(), input);
        let started = self
            .connection()
            .unary(repeat, request, |mut stub, request| async move {
                stub.start_instance(request).await
            })
            .instrument(span)
            .await;
        match started.map_err(ClientError::from) {
            Ok(response) => Ok(response.instance_id),
            // Nobody else has this id: the first attempt arrived, its answer did not.
            Err(ClientError::AlreadyExists { .. }) if is_ours => Ok(instance_id),
            Err(error) => Err(error),
        }
    }
}
