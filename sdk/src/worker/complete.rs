//! Completions: sent until they arrive, given back if they cannot; large ones in chunks.

use std::future::Future;

use durascope_proto as proto;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use prost::Message;

use super::backoff;
use super::entities::Done;
use crate::failure::FailureDetails;
use crate::transport::ClientError;
use crate::transport::Code;
use crate::transport::Connection;
use crate::transport::Repeat;
use crate::transport::Request;
use crate::transport::Response;
use crate::transport::Status;
use crate::transport::Stub;
use crate::transport::random;
use crate::transport::status::is_transient;

const ATTEMPTS_MAX: u32 = 10;

/// Largest completion in bytes, below the 4 MiB that servers accept at least.
const RESPONSE_BYTES_MAX: usize = 4_089_446;
/// Room for tag and length of one action inside its response.
const ACTION_OVERHEAD_BYTES: usize = 16;

pub(super) async fn complete_activity(connection: &Connection, response: proto::ActivityResponse) {
    let token = response.completion_token.clone();
    let (instance, task) = (response.instance_id.clone(), response.task_id);
    let bytes = response.encoded_len();
    let mut sent = send_activity(connection, response).await;
    if let Some(details) = sent.as_ref().err().and_then(|it| refused_size(it, bytes)) {
        // To give it back would have it run, and refused, for ever.
        let failure = proto::ActivityResponse {
            instance_id: instance.clone(),
            task_id: task,
            result: None,
            failure_details: Some(details.into_proto()),
            completion_token: token.clone(),
        };
        sent = send_activity(connection, failure).await;
    }
    if let Err(status) = sent {
        let error = ClientError::from(status);
        tracing::warn!(?instance, task, %error, "activity result was not accepted");
        abandon_activity(connection, token).await;
    }
}

async fn send_activity(
    connection: &Connection,
    response: proto::ActivityResponse,
) -> Result<(), Status> {
    persistently(connection, response, |mut stub, request| async move {
        stub.complete_activity_task(request).await
    })
    .await
}

pub(super) async fn complete_entity(connection: &Connection, done: Done) {
    let bytes = done.result.encoded_len();
    let mut sent = send_entity(connection, done.result.clone()).await;
    if let Some(details) = sent.as_ref().err().and_then(|it| refused_size(it, bytes)) {
        sent = send_entity(connection, done.refused(&details)).await;
    }
    if let Err(status) = sent {
        let error = ClientError::from(status);
        tracing::warn!(id = ?done.instance_id, %error, "entity results were not accepted");
        abandon_entity(connection, done.result.completion_token).await;
    }
}

async fn send_entity(
    connection: &Connection,
    result: proto::EntityBatchResult,
) -> Result<(), Status> {
    persistently(connection, result, |mut stub, request| async move {
        stub.complete_entity_task(request).await
    })
    .await
}

/// The failure to report if `status` refuses a completion of so many bytes for its size.
fn refused_size(status: &Status, bytes: usize) -> Option<FailureDetails> {
    // Small ones are refused so where a quota has run out, which passes.
    let is_size = status.code() == Code::ResourceExhausted && bytes > RESPONSE_BYTES_MAX;
    is_size.then(|| {
        FailureDetails::non_retriable(
            "PayloadTooLarge",
            format!(
                "a result of {bytes} bytes was refused: {}",
                status.message()
            ),
        )
    })
}

/// Sends the answer to a turn; says whether it was accepted.
pub(super) async fn complete_turn(connection: &Connection, response: OrchestratorResponse) -> bool {
    let token = response.completion_token.clone();
    let instance = response.instance_id.clone();
    for chunk in chunks(response, RESPONSE_BYTES_MAX) {
        let sent = persistently(connection, chunk, |mut stub, request| async move {
            stub.complete_orchestrator_task(request).await
        })
        .await;
        if let Err(status) = sent {
            let error = ClientError::from(status);
            tracing::warn!(?instance, %error, "turn was not accepted");
            abandon_turn(connection, token).await;
            return false;
        }
    }
    true
}

pub(super) async fn abandon_activity(connection: &Connection, completion_token: String) {
    let request = proto::AbandonActivityTaskRequest { completion_token };
    let sent = connection
        .unary(Repeat::Safe, request, |mut stub, request| async move {
            stub.abandon_task_activity_work_item(request).await
        })
        .await;
    if let Err(status) = sent {
        // The server offers the item again once it sees that this worker is gone.
        tracing::debug!(error = %ClientError::from(status), "activity was not given back");
    }
}

pub(super) async fn abandon_turn(connection: &Connection, completion_token: String) {
    let request = proto::AbandonOrchestrationTaskRequest { completion_token };
    let sent = connection
        .unary(Repeat::Safe, request, |mut stub, request| async move {
            stub.abandon_task_orchestrator_work_item(request).await
        })
        .await;
    if let Err(status) = sent {
        tracing::debug!(error = %ClientError::from(status), "turn was not given back");
    }
}

pub(super) async fn abandon_entity(connection: &Connection, completion_token: String) {
    let request = proto::AbandonEntityTaskRequest { completion_token };
    let sent = connection
        .unary(Repeat::Safe, request, |mut stub, request| async move {
            stub.abandon_task_entity_work_item(request).await
        })
        .await;
    if let Err(status) = sent {
        tracing::debug!(error = %ClientError::from(status), "entity work was not given back");
    }
}

async fn persistently<M, R, F>(
    connection: &Connection,
    message: M,
    call: impl Fn(Stub, Request<M>) -> F,
) -> Result<(), Status>
where
    M: Clone,
    F: Future<Output = Result<Response<R>, Status>>,
{
    let mut attempt = 1;
    loop {
        // A completion is told apart by its token: it may arrive as often as it likes.
        let limit = connection.options().call_timeout();
        let made = call(connection.stub(), Request::new(message.clone()));
        let status = match tokio::time::timeout(limit, made).await {
            Ok(Ok(_accepted)) => return Ok(()),
            Ok(Err(status)) => status,
            Err(_elapsed) => Repeat::Safe.no_answer(limit),
        };
        let may_differ = is_transient(&status) || connection.may_renew_token(&status);
        if !may_differ || attempt >= ATTEMPTS_MAX {
            return Err(status);
        }
        tokio::time::sleep(backoff::completion(attempt, random())).await;
        attempt += 1;
    }
}

/// The response as it is, or cut into chunks of at most `bytes_max`.
fn chunks(mut response: OrchestratorResponse, bytes_max: usize) -> Vec<OrchestratorResponse> {
    if response.encoded_len() <= bytes_max {
        return vec![response];
    }
    let actions = std::mem::take(&mut response.actions);
    let base = response.encoded_len();
    let sizes: Vec<usize> = actions
        .iter()
        .map(|it| it.encoded_len() + ACTION_OVERHEAD_BYTES)
        .collect();
    if let Some(largest) = sizes.iter().max().filter(|size| base + **size > bytes_max) {
        let id = actions.last().map_or(-1, |action| action.id);
        response.actions = vec![too_large(id, base + largest, bytes_max)];
        if response.encoded_len() > bytes_max {
            response.custom_status = None;
        }
        return vec![response];
    }
    let mut slices: Vec<Vec<OrchestratorAction>> = vec![Vec::new()];
    let mut room = bytes_max - base;
    for (action, size) in actions.into_iter().zip(sizes) {
        if size > room {
            slices.push(Vec::new());
            room = bytes_max - base;
        }
        room -= size;
        if let Some(slice) = slices.last_mut() {
            slice.push(action);
        }
    }
    let last = slices.len() - 1;
    let chunk = |(index, actions)| numbered(&response, index, index == last, actions);
    slices.into_iter().enumerate().map(chunk).collect()
}

#[expect(deprecated, reason = "servers take large responses in no other way")]
fn numbered(
    response: &OrchestratorResponse,
    index: usize,
    is_last: bool,
    actions: Vec<OrchestratorAction>,
) -> OrchestratorResponse {
    let is_first = index == 0;
    OrchestratorResponse {
        instance_id: response.instance_id.clone(),
        actions,
        custom_status: response.custom_status.clone(),
        completion_token: response.completion_token.clone(),
        num_events_processed: (!is_first).then_some(0),
        orchestration_trace_context: response
            .orchestration_trace_context
            .clone()
            .filter(|_| is_first),
        requires_history: false,
        is_partial: !is_last,
        chunk_index: i32::try_from(index).ok(),
    }
}

/// No chunk can hold one of the actions: the orchestration fails instead of hanging.
fn too_large(id: i32, bytes: usize, bytes_max: usize) -> OrchestratorAction {
    let details = FailureDetails::non_retriable(
        "PayloadTooLarge",
        format!("one action of the orchestration takes {bytes} bytes, limit {bytes_max}"),
    );
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::CompleteOrchestration(
            proto::CompleteOrchestrationAction {
                orchestration_status: proto::OrchestrationStatus::Failed.into(),
                failure_details: Some(details.into_proto()),
                ..proto::CompleteOrchestrationAction::default()
            },
        )),
    }
}

#[cfg(test)]
#[expect(deprecated, reason = "chunk fields are what is tested")]
mod tests {
    use super::*;

    fn response(count: i32, bytes: usize) -> OrchestratorResponse {
        let action = |id| OrchestratorAction {
            id,
            orchestrator_action_type: Some(OrchestratorActionType::ScheduleTask(
                proto::ScheduleTaskAction {
                    name: "a".into(),
                    input: Some("x".repeat(bytes)),
                    ..proto::ScheduleTaskAction::default()
                },
            )),
        };
        OrchestratorResponse {
            instance_id: "i".into(),
            completion_token: "t".into(),
            custom_status: Some("1".into()),
            actions: (1..=count).map(action).collect(),
            ..OrchestratorResponse::default()
        }
    }

    #[test]
    fn a_small_response_is_not_cut() {
        let whole = response(3, 10);
        assert_eq!(chunks(whole.clone(), 1_000), [whole]);
    }

    #[test]
    fn a_large_response_is_cut_and_every_chunk_fits() {
        let whole = response(100, 100);
        let cut = chunks(whole.clone(), 1_000);
        assert!(cut.len() > 10);
        let actions: Vec<_> = cut.iter().flat_map(|chunk| chunk.actions.clone()).collect();
        assert_eq!(actions, whole.actions);
        for (index, chunk) in cut.iter().enumerate() {
            assert!(chunk.encoded_len() <= 1_000, "{}", chunk.encoded_len());
            assert_eq!(chunk.is_partial, index + 1 < cut.len());
            assert_eq!(chunk.chunk_index, i32::try_from(index).ok());
            assert_eq!(chunk.num_events_processed, (index > 0).then_some(0));
            assert_eq!(chunk.custom_status.as_deref(), Some("1"));
        }
    }

    #[test]
    fn an_action_that_fits_nowhere_fails_the_orchestration() {
        let cut = chunks(response(3, 5_000), 1_000);
        assert_eq!(cut.len(), 1);
        let Some(OrchestratorActionType::CompleteOrchestration(completion)) =
            &cut[0].actions[0].orchestrator_action_type
        else {
            panic!("{:?}", cut[0].actions);
        };
        let details = completion.failure_details.clone().unwrap();
        assert!(details.is_non_retriable);
        assert!(
            details.error_message.contains("limit 1000"),
            "{}",
            details.error_message
        );
    }
}
