//! Calls that change one instance, many instances, or the task hub.

use std::time::Duration;

use durascope_proto as proto;
use durascope_proto::purge_instances_request::Request;
use serde::Serialize;

use super::Client;
use super::ClientError;
use super::options::PurgeFilter;
use super::options::Purged;
use crate::data;
use crate::data::PayloadError;
use crate::names::EMPTY_EVENT_NAME;
use crate::names::ExternalEvent;
use crate::transport::Repeat;

impl Client {
    /// Raises an external event for an instance. It is kept until the instance waits for it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]: there is no such instance. One that has ended takes the event
    /// and ignores it. [`ClientError::Unavailable`] or [`ClientError::DeadlineExceeded`]: the
    /// text says so where it is not known whether the event arrived; it is not sent again, as
    /// it might then come twice. [`ClientError::InvalidArgument`]: the name is empty; nothing was
    /// sent.
    pub async fn raise_event<T: Serialize>(
        &self,
        instance_id: &str,
        event: &ExternalEvent<T>,
        payload: T,
    ) -> Result<(), ClientError> {
        self.raise_event_by_name(instance_id, event.name(), payload)
            .await
    }

    /// Raises an external event whose name is not known at compile time.
    ///
    /// # Errors
    /// As [`Self::raise_event`].
    pub async fn raise_event_by_name(
        &self,
        instance_id: &str,
        name: &str,
        payload: impl Serialize,
    ) -> Result<(), ClientError> {
        let payload = data::encode(&payload)
            .map_err(|error| PayloadError::encoding("payload", name, error))?;
        self.raise_event_raw(instance_id, name, payload).await
    }

    /// Raises an external event with a payload that is JSON text already.
    ///
    /// # Errors
    /// As [`Self::raise_event`].
    pub async fn raise_event_raw(
        &self,
        instance_id: &str,
        name: &str,
        payload: Option<String>,
    ) -> Result<(), ClientError> {
        if name.is_empty() {
            return Err(ClientError::InvalidArgument {
                message: EMPTY_EVENT_NAME.to_owned(),
            });
        }
        let request = proto::RaiseEventRequest {
            instance_id: instance_id.to_owned(),
            name: name.to_owned(),
            input: payload,
        };
        self.connection()
            .unary(Repeat::IfUnsent, request, |mut stub, request| async move {
                stub.raise_event(request).await
            })
            .await?;
        Ok(())
    }

    /// Halts an instance until it is resumed. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]: there is no such instance.
    pub async fn suspend(&self, instance_id: &str, reason: &str) -> Result<(), ClientError> {
        let request = proto::SuspendRequest {
            instance_id: instance_id.to_owned(),
            reason: some_text(reason),
        };
        self.connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.suspend_instance(request).await
            })
            .await?;
        Ok(())
    }

    /// Lets a suspended instance go on. Any other stays as it is.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]: there is no such instance.
    pub async fn resume(&self, instance_id: &str, reason: &str) -> Result<(), ClientError> {
        let request = proto::ResumeRequest {
            instance_id: instance_id.to_owned(),
            reason: some_text(reason),
        };
        self.connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.resume_instance(request).await
            })
            .await?;
        Ok(())
    }

    /// Ends an instance with `output`. Its sub-orchestrations go on.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]: there is no such instance.
    pub async fn terminate(
        &self,
        instance_id: &str,
        output: impl Serialize,
    ) -> Result<(), ClientError> {
        self.terminate_tree(instance_id, output, false).await
    }

    /// Ends an instance and all its sub-orchestrations, theirs too, with `output`.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]: there is no such instance.
    pub async fn terminate_recursive(
        &self,
        instance_id: &str,
        output: impl Serialize,
    ) -> Result<(), ClientError> {
        self.terminate_tree(instance_id, output, true).await
    }

    async fn terminate_tree(
        &self,
        instance_id: &str,
        output: impl Serialize,
        recursive: bool,
    ) -> Result<(), ClientError> {
        let output = data::encode(&output)
            .map_err(|error| PayloadError::encoding("output", instance_id, error))?;
        let request = proto::TerminateRequest {
            instance_id: instance_id.to_owned(),
            output,
            recursive,
        };
        self.connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.terminate_instance(request).await
            })
            .await?;
        Ok(())
    }

    /// Ends instances with `output` at once, without a turn of their orchestrations: also those
    /// that no worker runs. Returns the ids of those that could not be ended so, as they are not
    /// there or have ended before. Sub-orchestrations go on.
    ///
    /// # Errors
    /// [`ClientError::Unimplemented`]: this server offers no such call.
    pub async fn skip_graceful_terminations(
        &self,
        instance_ids: impl IntoIterator<Item = impl Into<String>>,
        output: impl Serialize,
    ) -> Result<Vec<String>, ClientError> {
        let output = data::encode(&output)
            .map_err(|error| PayloadError::encoding("output", "the termination", error))?;
        let instance_ids = instance_ids.into_iter().map(Into::into).collect();
        let request = proto::SkipGracefulOrchestrationTerminationsRequest {
            instance_batch: Some(proto::InstanceBatch { instance_ids }),
            reason: output,
        };
        let response = self
            .connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.skip_graceful_orchestration_terminations(request).await
            })
            .await?;
        Ok(response.unterminated_instance_ids)
    }

    /// Deletes an instance that has ended. The count is 0 for one that has not, or is unknown,
    /// or was deleted by this call before its answer was lost and it was repeated.
    ///
    /// # Errors
    /// The call failed.
    pub async fn purge(&self, instance_id: &str) -> Result<Purged, ClientError> {
        self.purge_request(Request::InstanceId(instance_id.to_owned()), false)
            .await
    }

    /// Deletes an instance that has ended, and its sub-orchestrations that have.
    ///
    /// # Errors
    /// The call failed.
    pub async fn purge_recursive(&self, instance_id: &str) -> Result<Purged, ClientError> {
        self.purge_request(Request::InstanceId(instance_id.to_owned()), true)
            .await
    }

    /// Deletes those of the named instances that have ended; at most 500 at a time.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`]: too many ids.
    pub async fn purge_batch(
        &self,
        instance_ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Purged, ClientError> {
        let instance_ids = instance_ids.into_iter().map(Into::into).collect();
        let batch = proto::InstanceBatch { instance_ids };
        self.purge_request(Request::InstanceBatch(batch), false)
            .await
    }

    /// Deletes all ended instances that `filter` describes.
    ///
    /// # Errors
    /// [`ClientError::Unimplemented`]: this server offers no such purge.
    pub async fn purge_where(&self, filter: PurgeFilter) -> Result<Purged, ClientError> {
        self.purge_where_request(filter, false).await
    }

    /// As [`Self::purge_where`], with the sub-orchestrations that have ended.
    ///
    /// # Errors
    /// As [`Self::purge_where`].
    pub async fn purge_where_recursive(&self, filter: PurgeFilter) -> Result<Purged, ClientError> {
        self.purge_where_request(filter, true).await
    }

    async fn purge_where_request(
        &self,
        filter: PurgeFilter,
        recursive: bool,
    ) -> Result<Purged, ClientError> {
        // The server's own time comes on top: its answer says how far it got.
        let extra = filter.timeout.unwrap_or_default();
        let request = Request::PurgeInstanceFilter(filter.into_proto());
        self.purge_request_within(extra, request, recursive).await
    }

    async fn purge_request(
        &self,
        request: Request,
        recursive: bool,
    ) -> Result<Purged, ClientError> {
        self.purge_request_within(Duration::ZERO, request, recursive)
            .await
    }

    async fn purge_request_within(
        &self,
        extra: Duration,
        request: Request,
        recursive: bool,
    ) -> Result<Purged, ClientError> {
        let limit = self.options().call_timeout().saturating_add(extra);
        let request = proto::PurgeInstancesRequest {
            request: Some(request),
            recursive,
            is_orchestration: true,
        };
        let response = self
            .connection()
            .unary_within(
                limit,
                Repeat::Safe,
                request,
                |mut stub, request| async move { stub.purge_instances(request).await },
            )
            .await?;
        Ok(Purged {
            count: u32::try_from(response.deleted_instance_count).unwrap_or(0),
            is_complete: response.is_complete.unwrap_or(true),
        })
    }

    /// Starts an ended instance afresh under its own id, with its original input.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], or [`ClientError::FailedPrecondition`] if it has not ended.
    pub async fn restart(&self, instance_id: &str) -> Result<(), ClientError> {
        self.restart_request(instance_id, false).await?;
        Ok(())
    }

    /// Starts a copy of an instance in any state, and returns the copy's id.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]: there is no such instance.
    pub async fn restart_as_new(&self, instance_id: &str) -> Result<String, ClientError> {
        self.restart_request(instance_id, true).await
    }

    async fn restart_request(
        &self,
        instance_id: &str,
        restart_with_new_instance_id: bool,
    ) -> Result<String, ClientError> {
        let request = proto::RestartInstanceRequest {
            instance_id: instance_id.to_owned(),
            restart_with_new_instance_id,
        };
        let response = self
            .connection()
            .unary(Repeat::IfUnsent, request, |mut stub, request| async move {
                stub.restart_instance(request).await
            })
            .await?;
        Ok(response.instance_id)
    }

    /// Lets a failed instance try again what failed, and keep what succeeded.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], or [`ClientError::FailedPrecondition`] if it has not failed.
    pub async fn rewind(&self, instance_id: &str, reason: &str) -> Result<(), ClientError> {
        let request = proto::RewindInstanceRequest {
            instance_id: instance_id.to_owned(),
            reason: some_text(reason),
        };
        self.connection()
            .unary(Repeat::IfUnsent, request, |mut stub, request| async move {
                stub.rewind_instance(request).await
            })
            .await?;
        Ok(())
    }

    /// Creates the task hub of this client; one that exists stays as it is.
    ///
    /// # Errors
    /// The call failed.
    pub async fn create_task_hub(&self) -> Result<(), ClientError> {
        self.create_task_hub_request(false).await
    }

    /// Creates the task hub of this client anew: all it held is lost.
    ///
    /// # Errors
    /// The call failed.
    pub async fn recreate_task_hub(&self) -> Result<(), ClientError> {
        self.create_task_hub_request(true).await
    }

    async fn create_task_hub_request(&self, recreate_if_exists: bool) -> Result<(), ClientError> {
        // To create it anew a second time would take what has come into it since.
        let repeat = match recreate_if_exists {
            true => Repeat::IfUnsent,
            false => Repeat::Safe,
        };
        let request = proto::CreateTaskHubRequest { recreate_if_exists };
        self.connection()
            .unary(repeat, request, |mut stub, request| async move {
                stub.create_task_hub(request).await
            })
            .await?;
        Ok(())
    }

    /// Deletes the task hub of this client with all it holds.
    ///
    /// # Errors
    /// The call failed.
    pub async fn delete_task_hub(&self) -> Result<(), ClientError> {
        let request = proto::DeleteTaskHubRequest {};
        self.connection()
            .unary(Repeat::IfUnsent, request, |mut stub, request| async move {
                stub.delete_task_hub(request).await
            })
            .await?;
        Ok(())
    }
}

/// An empty reason is none.
fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
