//! One work item to one completion.

use std::sync::Arc;

use durascope_proto as proto;
use durascope_proto::ActivityRequest;
use durascope_proto::ActivityResponse;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use futures_util::FutureExt;
use tokio::sync::oneshot;
use tracing::Instrument;
use uuid::Uuid;

use super::mismatch;
use super::registry::Registry;
use crate::activity::ActivityContext;
use crate::failure::FailureDetails;
use crate::orchestration::replay::Replay;
use crate::orchestration::replay::is_rewind;
use crate::orchestration::replay::rewind;
use crate::orchestration::replay::unregistered;
use crate::panics::Caught;
use crate::transport::Connection;
use crate::transport::Status;

/// Turns over more events than this are made on a thread of their own, so that they do not
/// hold up the activities of a runtime's thread.
const INLINE_EVENTS_MAX: usize = 256;

/// The instance that called an activity, for logs.
pub(super) fn instance_of(request: &ActivityRequest) -> &str {
    let instance = request.orchestration_instance.as_ref();
    instance.map_or("", |instance| &instance.instance_id)
}

/// Runs an activity; whatever it does, there is a response.
pub(super) async fn run_activity(
    registry: &Registry,
    request: ActivityRequest,
    completion_token: String,
) -> ActivityResponse {
    let function = registry.activity(&request.name, request.version.as_deref());
    let (context, input) = ActivityContext::of(request);
    let result = match function {
        Some(function) => {
            let span = tracing::info_span!(
                "activity",
                name = context.name(),
                instance = context.instance_id(),
                task = context.task_id()
            );
            let called = context.clone();
            let code = async move { function(called, input).await };
            Caught::new(code.boxed()).instrument(span).await
        }
        None => Err(FailureDetails::non_retriable(
            "ActivityTaskNotFound",
            unregistered("activity", context.name(), context.version()),
        )),
    };
    let (result, failure_details) = match result {
        Ok(output) => (output, None),
        Err(details) => (None, Some(details.into_proto())),
    };
    ActivityResponse {
        instance_id: context.instance_id().to_owned(),
        task_id: context.task_id(),
        result,
        failure_details,
        completion_token,
    }
}

/// Makes one turn of an orchestration.
///
/// # Errors
/// The history could not be fetched: the item should be given back.
pub(super) async fn run_turn(
    connection: &Connection,
    registry: &Arc<Registry>,
    mut request: OrchestratorRequest,
    completion_token: String,
) -> Result<OrchestratorResponse, Status> {
    connection.load_payloads(&mut request).await?;
    if request.requires_history_streaming {
        request.past_events = fetch_history(connection, &request).await?;
    }
    if let Some(refused) = mismatch::refuse(registry, &request, &completion_token)? {
        return Ok(refused);
    }
    let events = request.past_events.len() + request.new_events.len();
    if events <= INLINE_EVENTS_MAX {
        return Ok(make_turn(registry, request, completion_token));
    }
    // Not on a thread of the runtime's pool: blocking activities may hold all of those.
    let registry = Arc::clone(registry);
    let runtime = tokio::runtime::Handle::current();
    let (done, turn) = oneshot::channel();
    let make = move || {
        let _entered = runtime.enter();
        // A worker that has ended takes no answer.
        drop(done.send(make_turn(&registry, request, completion_token)));
    };
    std::thread::Builder::new()
        .name("durascope-turn".to_owned())
        .spawn(make)
        .map_err(|error| Status::internal(format!("no thread for a turn: {error}")))?;
    turn.await
        .map_err(|_gone| Status::internal("the turn's thread ended without an answer"))
}

fn make_turn(
    registry: &Registry,
    request: OrchestratorRequest,
    completion_token: String,
) -> OrchestratorResponse {
    let span = tracing::info_span!("orchestration", instance = request.instance_id);
    let _entered = span.enter();
    let turn = if is_rewind(&request.past_events, &request.new_events) {
        let execution_id = Uuid::new_v4().simple().to_string();
        rewind(request.past_events, request.new_events, &execution_id)
    } else {
        let lookup = |name: &str, version: Option<&str>| registry.orchestration(name, version);
        let instance_id = request.instance_id.clone();
        let execution_id = request.execution_id.unwrap_or_default();
        let mut replay = Replay::new(instance_id, execution_id, &lookup);
        replay.set_default_version(registry.default_version());
        replay.turn(request.past_events, request.new_events)
    };
    OrchestratorResponse {
        instance_id: request.instance_id,
        actions: turn.actions,
        custom_status: turn.custom_status,
        completion_token,
        orchestration_trace_context: request.orchestration_trace_context,
        ..OrchestratorResponse::default()
    }
}

async fn fetch_history(
    connection: &Connection,
    request: &OrchestratorRequest,
) -> Result<Vec<HistoryEvent>, Status> {
    let wanted = proto::StreamInstanceHistoryRequest {
        instance_id: request.instance_id.clone(),
        execution_id: request.execution_id.clone(),
        for_work_item_processing: true,
    };
    let mut chunks = connection
        .unary(wanted, |mut stub, request| async move {
            stub.stream_instance_history(request).await
        })
        .await?;
    let mut events = Vec::new();
    while let Some(mut chunk) = chunks.message().await? {
        connection.load_payloads(&mut chunk).await?;
        events.extend(chunk.events);
    }
    Ok(events)
}
