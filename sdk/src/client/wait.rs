//! Waiting for an instance to start or to end; the deadline is kept here, not by the server.

use std::future::Future;
use std::time::Duration;
use std::time::Instant;

use durascope_proto as proto;

use super::Client;
use super::ClientError;
use super::existing;
use super::instance::OrchestrationState;
use crate::transport::Repeat;

/// Longest single call; a longer wait is several of them, so that none hangs on a dead server.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Pause before a wait that the connection broke off is taken up again.
const PAUSE: Duration = Duration::from_millis(200);

/// A failure is recent for as long as one more call takes to fail again.
const RECENT: Duration = Duration::from_secs(5);

impl Client {
    /// Waits until an instance has made its first turn, at most for `timeout`.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]: no such instance; [`ClientError::DeadlineExceeded`]: it has
    /// not started; [`ClientError::Unavailable`]: the server could not be reached in that time.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait and nothing else.
    pub async fn wait_for_start(
        &self,
        instance_id: &str,
        timeout: Duration,
    ) -> Result<OrchestrationState, ClientError> {
        let limit = timeout.min(CALL_TIMEOUT);
        let wait = |request| async {
            self.connection()
                .unary_within(
                    limit,
                    Repeat::Safe,
                    request,
                    |mut stub, mut request| async move {
                        request.set_timeout(limit);
                        stub.wait_for_instance_start(request).await
                    },
                )
                .await
                .map_err(ClientError::from)
        };
        wait_until(instance_id, "start", timeout, wait).await
    }

    /// Waits until an instance has ended, at most for `timeout`.
    ///
    /// # Errors
    /// As [`Self::wait_for_start`]. An instance that failed is no error here.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait and nothing else.
    pub async fn wait_for_completion(
        &self,
        instance_id: &str,
        timeout: Duration,
    ) -> Result<OrchestrationState, ClientError> {
        let limit = timeout.min(CALL_TIMEOUT);
        let wait = |request| async {
            self.connection()
                .unary_within(
                    limit,
                    Repeat::Safe,
                    request,
                    |mut stub, mut request| async move {
                        request.set_timeout(limit);
                        stub.wait_for_instance_completion(request).await
                    },
                )
                .await
                .map_err(ClientError::from)
        };
        wait_until(instance_id, "end", timeout, wait).await
    }
}

async fn wait_until<F>(
    instance_id: &str,
    what: &str,
    timeout: Duration,
    wait: impl Fn(proto::GetInstanceRequest) -> F,
) -> Result<OrchestrationState, ClientError>
where
    F: Future<Output = Result<proto::GetInstanceResponse, ClientError>>,
{
    let request = proto::GetInstanceRequest {
        instance_id: instance_id.to_owned(),
        get_inputs_and_outputs: true,
    };
    let mut broken_off = None;
    let mut broken_off_at = Instant::now();
    let waiting = async {
        loop {
            match wait(request.clone()).await {
                Ok(response) => {
                    return existing(response).ok_or_else(|| ClientError::NotFound {
                        message: format!("instance {instance_id:?}"),
                    });
                }
                // Waiting is over when we say so; a server that restarts is waited for too.
                Err(
                    error @ (ClientError::DeadlineExceeded { .. }
                    | ClientError::Unavailable { .. }
                    | ClientError::Cancelled { .. }),
                ) => {
                    broken_off = Some(error);
                    broken_off_at = Instant::now();
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(timeout, waiting).await {
        Ok(result) => result,
        Err(_elapsed) => match broken_off {
            // Only if that was the last thing seen: afterwards it may have come back.
            Some(error @ ClientError::Unavailable { .. }) if broken_off_at.elapsed() < RECENT => {
                Err(error)
            }
            Some(_) | None => Err(ClientError::DeadlineExceeded {
                message: format!(
                    "instance {instance_id:?} did not {what} within {} ms",
                    timeout.as_millis()
                ),
            }),
        },
    }
}
