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
use crate::transport::status::store_error;

const ATTEMPTS_MAX: u32 = 10;

/// Largest completion in bytes, below the 4 MiB that servers accept at least.
const RESPONSE_BYTES_MAX: usize = 4_089_446;
/// Room for tag and length of one action inside its response.
const ACTION_OVERHEAD_BYTES: usize = 16;

pub(super) async fn complete_activity(
    connection: &Connection,
    mut response: proto::ActivityResponse,
) {
    let token = response.completion_token.clone();
    let (instance, task) = (response.instance_id.clone(), response.task_id);
    let failed = |details: FailureDetails| proto::ActivityResponse {
        instance_id: instance.clone(),
        task_id: task,
        result: None,
        failure_details: Some(details.into_proto()),
        completion_token: token.clone(),
    };
    let mut sent = match connection.store_payloads(&mut response).await {
        Ok(()) => {
            let what = if response.failure_details.is_some() {
                "failure"
            } else {
                "result"
            };
            let bytes = response.encoded_len();
            let sent = send_activity(connection, response).await;
            match sent
                .as_ref()
                .err()
                .and_then(|it| refused_size(it, what, bytes))
            {
                // To give it back would have it run, and refused, for ever.
                Some(details) => send_activity(connection, failed(details)).await,
                None => sent,
            }
        }
        Err(status) => Err(status),
    };
    if let Some(details) = sent.as_ref().err().and_then(too_large_to_store) {
        sent = send_activity(connection, failed(details)).await;
    }
    if let Err(status) = sent {
        let error = ClientError::from(status);
        tracing::warn!(?instance, task, %error, "activity result was not accepted");
        abandon_activity(connection, token).await;
    }
}

/// The failure to report if a payload is larger than the payload store takes.
fn too_large_to_store(status: &Status) -> Option<FailureDetails> {
    let error = store_error(status).filter(|error| error.is_final())?;
    Some(FailureDetails::non_retriable(
        "PayloadTooLarge",
        error.to_string(),
    ))
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
    let details = sent.as_ref().err().and_then(|status| {
        refused_size(status, "result of operations", bytes).or_else(|| too_large_to_store(status))
    });
    if let Some(details) = details {
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
    mut result: proto::EntityBatchResult,
) -> Result<(), Status> {
    connection.store_payloads(&mut result).await?;
    persistently(connection, result, |mut stub, request| async move {
        stub.complete_entity_task(request).await
    })
    .await
}

/// The failure to report if `status` refuses a completion of so many bytes for its size.
fn refused_size(status: &Status, what: &str, bytes: usize) -> Option<FailureDetails> {
    // Small ones are refused so where a quota has run out, which passes.
    let is_size = status.code() == Code::ResourceExhausted && bytes > RESPONSE_BYTES_MAX;
    is_size.then(|| {
        FailureDetails::non_retriable(
            "PayloadTooLarge",
            format!(
                "a {what} of {bytes} bytes was refused: {}",
                status.message()
            ),
        )
    })
}

/// Sends the answer to a turn; says whether it was accepted.
pub(super) async fn complete_turn(
    connection: &Connection,
    mut response: OrchestratorResponse,
) -> bool {
    let token = response.completion_token.clone();
    let instance = response.instance_id.clone();
    if let Err(status) = store_turn(connection, &mut response).await {
        let error = ClientError::from(status);
        tracing::warn!(?instance, %error, "turn could not be sent, giving it back");
        abandon_turn(connection, token).await;
        return false;
    }
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

/// Puts what is large into the payload store; what even that does not take fails the instance.
async fn store_turn(
    connection: &Connection,
    response: &mut OrchestratorResponse,
) -> Result<(), Status> {
    let id = response.actions.last().map_or(-1, |action| action.id);
    let Err(status) = connection.store_payloads(response).await else {
        return Ok(());
    };
    let details = too_large_to_store(&status).ok_or(status)?;
    response.actions = vec![failure(id, details)];
    // It may be what was too large.
    response.custom_status = None;
    connection.store_payloads(response).await
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
    let largest = actions.iter().zip(&sizes).max_by_key(|(_, size)| **size);
    let problem = match largest {
        _ if base > bytes_max => Some(format!("the custom status takes {base} bytes")),
        Some((action, size)) if base + size > bytes_max => {
            Some(format!("{} takes {} bytes", named(action), base + size))
        }
        Some(_) | None => None,
    };
    if let Some(problem) = problem {
        // No chunk can hold it: the orchestration fails instead of hanging.
        let details = FailureDetails::non_retriable(
            "PayloadTooLarge",
            format!("{problem}, limit {bytes_max}"),
        );
        let id = actions.last().map_or(-1, |action| action.id);
        response.actions = vec![failure(id, details)];
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

/// What of an action is large, in the words of who wrote the orchestration.
fn named(action: &OrchestratorAction) -> String {
    match &action.orchestrator_action_type {
        Some(OrchestratorActionType::ScheduleTask(it)) => {
            format!("the input of activity {:?} (task {})", it.name, action.id)
        }
        Some(OrchestratorActionType::CreateSubOrchestration(it)) => {
            let id = &it.instance_id;
            format!("the input of sub-orchestration {:?} ({id:?})", it.name)
        }
        Some(OrchestratorActionType::SendEvent(it)) => {
            format!("the payload of event {:?}", it.name)
        }
        Some(OrchestratorActionType::CompleteOrchestration(it)) => {
            match it.orchestration_status() {
                proto::OrchestrationStatus::ContinuedAsNew => {
                    "the next generation's input, with the events that it takes over,".into()
                }
                proto::OrchestrationStatus::Failed => "the failure".into(),
                _ => "the output".into(),
            }
        }
        Some(_) | None => format!("action {}", action.id),
    }
}

fn failure(id: i32, details: FailureDetails) -> OrchestratorAction {
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

    /// The message with which the orchestration fails.
    fn failed(response: OrchestratorResponse) -> (String, OrchestratorResponse) {
        let mut cut = chunks(response, 1_000);
        assert_eq!(cut.len(), 1);
        let answer = cut.remove(0);
        assert_eq!(answer.actions.len(), 1);
        let Some(OrchestratorActionType::CompleteOrchestration(completion)) =
            &answer.actions[0].orchestrator_action_type
        else {
            panic!("{:?}", answer.actions);
        };
        let details = completion.failure_details.clone().unwrap();
        assert_eq!(details.error_type, "PayloadTooLarge");
        assert!(details.is_non_retriable);
        assert!(answer.encoded_len() <= 1_000);
        (details.error_message, answer)
    }

    #[test]
    fn what_fits_in_no_chunk_is_named_and_fails_the_orchestration() {
        let (message, answer) = failed(response(3, 5_000));
        assert!(
            message.starts_with("the input of activity \"a\" (task "),
            "{message}"
        );
        assert!(message.ends_with("limit 1000"), "{message}");
        assert_eq!(answer.custom_status.as_deref(), Some("1"));

        let completed = |status: proto::OrchestrationStatus| {
            let mut whole = response(1, 1);
            let completion = proto::CompleteOrchestrationAction {
                orchestration_status: status.into(),
                result: Some("x".repeat(2_000)),
                ..proto::CompleteOrchestrationAction::default()
            };
            let action = OrchestratorActionType::CompleteOrchestration(completion);
            whole.actions[0].orchestrator_action_type = Some(action);
            failed(whole).0
        };
        let message = completed(proto::OrchestrationStatus::Completed);
        assert!(message.starts_with("the output takes 2"), "{message}");
        let message = completed(proto::OrchestrationStatus::ContinuedAsNew);
        assert!(
            message.starts_with("the next generation's input"),
            "{message}"
        );
    }

    #[test]
    fn a_custom_status_that_is_too_large_fails_even_a_turn_that_does_nothing_else() {
        for count in [0, 2] {
            let mut whole = response(count, 10);
            whole.custom_status = Some("x".repeat(3_000));
            let (message, answer) = failed(whole);
            assert!(
                message.starts_with("the custom status takes 30"),
                "{message}"
            );
            assert_eq!(answer.custom_status, None);
        }
    }
}
