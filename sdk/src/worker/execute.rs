//! One work item to one completion.

use std::collections::VecDeque;
use std::sync::Arc;

use durascope_proto as proto;
use durascope_proto::ActivityRequest;
use durascope_proto::ActivityResponse;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::history_event::EventType;
use futures_util::FutureExt;
use tokio::sync::oneshot;
use tracing::Instrument;
use uuid::Uuid;

use super::mismatch;
use super::registry::Registry;
use super::slow_turns::SlowTurns;
use super::sticky::Begun;
use super::sticky::Executions;
use super::sticky::Kept;
use super::sticky::Place;
use super::sticky::decided;
use crate::activity::ActivityContext;
use crate::failure::FailureDetails;
use crate::orchestration::HistoryBudget;
use crate::orchestration::replay::Lookup;
use crate::orchestration::replay::Replay;
use crate::orchestration::replay::Turn;
use crate::orchestration::replay::is_rewind;
use crate::orchestration::replay::rewind;
use crate::orchestration::replay::unregistered;
use crate::panics::Caught;
use crate::transport::Connection;
use crate::transport::Repeat;
use crate::transport::Status;

/// Turns over more events than this are made on a thread of their own, so that they do not
/// hold up the activities of a runtime's thread.
const INLINE_EVENTS_MAX: usize = 256;

/// The instance that called an activity, for logs.
pub(super) fn instance_of(request: &ActivityRequest) -> &str {
    let instance = request.orchestration_instance.as_ref();
    instance.map_or("", |instance| &instance.instance_id)
}

/// What a worker has an eye on while turns are made.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) slow_turns: Arc<SlowTurns>,
    pub(super) budget: HistoryBudget,
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

/// Makes one turn of an orchestration: from its history, or from where its last turn left it.
///
/// # Errors
/// The history could not be fetched: the item should be given back.
pub(super) async fn run_turn(
    connection: &Connection,
    registry: &Arc<Registry>,
    executions: &Arc<Executions>,
    watch: &Watch,
    mut request: OrchestratorRequest,
    completion_token: String,
) -> Result<OrchestratorResponse, Status> {
    let begun = executions.begin(&request);
    if matches!(begun, Begun::Missing) {
        return Ok(OrchestratorResponse {
            instance_id: request.instance_id,
            completion_token,
            requires_history: true,
            ..OrchestratorResponse::default()
        });
    }
    if request.requires_history_streaming {
        request.past_events = fetch_history(connection, &request).await?;
    }
    let lengths = match connection.options().large_payloads {
        Some(_) => lengths(&request),
        None => VecDeque::new(),
    };
    connection.load_payloads(&mut request).await?;
    if let Some(refused) = mismatch::refuse(registry, &request, &completion_token)? {
        return Ok(refused);
    }
    let events = request.past_events.len() + request.new_events.len();
    if events <= INLINE_EVENTS_MAX {
        let made = make_turn(
            registry,
            executions,
            watch,
            begun,
            lengths,
            request,
            completion_token,
        );
        return Ok(made);
    }
    // Not on a thread of the runtime's pool: blocking activities may hold all of those.
    let (registry, executions) = (Arc::clone(registry), Arc::clone(executions));
    let watch = watch.clone();
    let runtime = tokio::runtime::Handle::current();
    let (done, turn) = oneshot::channel();
    let make = move || {
        let _entered = runtime.enter();
        let made = make_turn(
            &registry,
            &executions,
            &watch,
            begun,
            lengths,
            request,
            completion_token,
        );
        // A worker that has ended takes no answer.
        drop(done.send(made));
    };
    std::thread::Builder::new()
        .name("durascope-turn".to_owned())
        .spawn(make)
        .map_err(|error| Status::internal(format!("no thread for a turn: {error}")))?;
    turn.await
        .map_err(|_gone| Status::internal("the turn's thread ended without an answer"))
}

/// Of the events as the server has them: what they refer to is not in them yet.
fn lengths(request: &OrchestratorRequest) -> VecDeque<usize> {
    let events = request.past_events.iter().chain(&request.new_events);
    events.map(prost::Message::encoded_len).collect()
}

fn make_turn(
    registry: &Arc<Registry>,
    executions: &Executions,
    watch: &Watch,
    begun: Begun,
    lengths: VecDeque<usize>,
    request: OrchestratorRequest,
    completion_token: String,
) -> OrchestratorResponse {
    let span = tracing::info_span!("orchestration", instance = request.instance_id);
    let _entered = span.enter();
    let place = Place::of(&request);
    let respond = |turn: Turn| OrchestratorResponse {
        instance_id: request.instance_id,
        actions: turn.actions,
        custom_status: turn.custom_status,
        completion_token,
        orchestration_trace_context: request.orchestration_trace_context,
        ..OrchestratorResponse::default()
    };
    if is_rewind(&request.past_events, &request.new_events) {
        let execution_id = Uuid::new_v4().simple().to_string();
        let turn = rewind(request.past_events, request.new_events, &execution_id);
        return respond(turn);
    }
    let Kept {
        mut replay,
        mut history,
    } = match begun {
        Begun::Kept(kept) => {
            let mut kept = *kept;
            kept.replay
                .set_history_size(kept.history.events, kept.history.bytes);
            kept
        }
        Begun::Whole | Begun::Missing => Kept {
            replay: new_replay(registry, &place),
            history: executions.count(&request.past_events),
        },
    };
    history += executions.count(&request.new_events);
    replay.set_lengths(lengths);
    let turn = {
        let events = request.past_events.len() + request.new_events.len();
        let name = started_name(&request.past_events, &request.new_events);
        let name = name.unwrap_or_else(|| replay.name()).to_owned();
        let _watched = watch.slow_turns.watch(&place.instance_id, &name, events);
        replay.turn(request.past_events, request.new_events)
    };
    if let Some(size) = replay.has_passed(watch.budget) {
        let (events, bytes) = (size.events, size.bytes);
        tracing::warn!(
            name = ?replay.name(),
            events,
            bytes,
            "the history has passed its budget: continue as new, or give the work to children"
        );
    }
    let response = respond(turn);
    if executions.keeps() && replay.keep() {
        history += decided(&response);
        executions.keep(place, Kept { replay, history });
    }
    response
}

/// Name of the orchestration, if its start is among these events.
fn started_name<'a>(past: &'a [HistoryEvent], new: &'a [HistoryEvent]) -> Option<&'a str> {
    past.iter()
        .chain(new)
        .find_map(|event| match &event.event_type {
            Some(EventType::ExecutionStarted(it)) => Some(it.name.as_str()),
            Some(_) | None => None,
        })
}

fn new_replay(registry: &Arc<Registry>, place: &Place) -> Replay {
    let registry = Arc::clone(registry);
    let default_version = registry.default_version().map(str::to_owned);
    let lookup: Lookup = Arc::new(move |name, version| registry.orchestration(name, version));
    let (instance_id, execution_id) = (place.instance_id.clone(), place.execution_id.clone());
    let mut replay = Replay::new(instance_id, execution_id, lookup);
    replay.set_default_version(default_version.as_deref());
    replay
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
        .unary(Repeat::Safe, wanted, |mut stub, request| async move {
            stub.stream_instance_history(request).await
        })
        .await?;
    let mut events = Vec::new();
    while let Some(chunk) = chunks.message().await? {
        events.extend(chunk.events);
    }
    Ok(events)
}
