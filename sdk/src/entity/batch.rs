//! One batch of operations to one result: in order, each as a whole or not at all.

use std::time::SystemTime;

use durascope_proto::EntityBatchRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::EntityRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::OperationAction;
use durascope_proto::OperationInfo;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultFailure;
use durascope_proto::OperationResultSuccess;
use durascope_proto::OrchestrationInstance;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_result::ResultType;
use prost_types::value::Kind;
use tracing::Instrument;

use super::EntityFn;
use super::Ran;
use super::StateChange;
use super::context::EntityContext;
use crate::clock::timestamp;
use crate::failure::FailureDetails;
use crate::names::EntityId;
use crate::panics::Caught;

/// Operations of one entity, in order, and its state.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) instance_id: String,
    pub(crate) state: Option<String>,
    operations: Vec<Request>,
    /// The older kind of request has no place for the callers, and its result none either.
    with_infos: bool,
    /// The server kept the state back, as some workers remember it.
    lacks_state: bool,
    /// The time that operations are told, if it is not that of the clock.
    at: Option<SystemTime>,
}

impl Batch {
    /// The same batch, at a time that is not the clock's.
    pub(crate) fn at(self, time: SystemTime) -> Self {
        Self {
            at: Some(time),
            ..self
        }
    }
}

#[derive(Debug)]
struct Request {
    operation: String,
    info: OperationInfo,
    input: Option<String>,
}

impl From<EntityRequest> for Batch {
    fn from(request: EntityRequest) -> Self {
        Self {
            operations: request
                .operation_requests
                .into_iter()
                .filter_map(|event| operation(&request.instance_id, event))
                .collect(),
            instance_id: request.instance_id,
            state: request.entity_state.filter(|state| !state.is_empty()),
            with_infos: true,
            lacks_state: false,
            at: None,
        }
    }
}

fn operation(instance_id: &str, event: HistoryEvent) -> Option<Request> {
    match event.event_type {
        Some(EventType::EntityOperationSignaled(it)) => Some(Request {
            operation: it.operation,
            info: OperationInfo {
                request_id: it.request_id,
                response_destination: None,
            },
            input: it.input,
        }),
        Some(EventType::EntityOperationCalled(it)) => Some(Request {
            operation: it.operation,
            info: OperationInfo {
                request_id: it.request_id,
                response_destination: Some(OrchestrationInstance {
                    instance_id: it.parent_instance_id.unwrap_or_default(),
                    execution_id: it.parent_execution_id,
                }),
            },
            input: it.input,
        }),
        Some(_) | None => {
            tracing::warn!(instance_id, "an event that is no operation is left out");
            None
        }
    }
}

impl From<EntityBatchRequest> for Batch {
    fn from(request: EntityBatchRequest) -> Self {
        let state_included = request.properties.get("IncludeState");
        let lacks_state =
            state_included.is_some_and(|it| matches!(it.kind, Some(Kind::BoolValue(false))));
        let operations = request.operations.into_iter().map(|it| Request {
            operation: it.operation,
            info: OperationInfo {
                request_id: it.request_id,
                response_destination: None,
            },
            input: it.input,
        });
        Self {
            instance_id: request.instance_id,
            state: request.entity_state.filter(|state| !state.is_empty()),
            operations: operations.collect(),
            with_infos: false,
            lacks_state,
            at: None,
        }
    }
}

/// Runs a batch. Whatever the operations do, there is a result. Once `is_stopping` says so, no
/// further operation begins: the result is of those that are done, and the server keeps the rest.
pub(crate) async fn run(
    entity: &EntityFn,
    id: EntityId,
    batch: Batch,
    is_stopping: impl Fn() -> bool,
) -> EntityBatchResult {
    if batch.lacks_state && batch.state.is_none() {
        return EntityBatchResult {
            requires_state: true,
            ..EntityBatchResult::default()
        };
    }
    let mut loaded = entity();
    let mut state = batch.state;
    let mut result = EntityBatchResult::default();
    for request in batch.operations {
        if is_stopping() && !result.results.is_empty() {
            break;
        }
        let started = SystemTime::now();
        let caller = &request.info.response_destination;
        let ctx = EntityContext::new(
            id.clone(),
            request.operation,
            request.info.request_id.clone(),
            caller.as_ref().map(|caller| caller.instance_id.clone()),
            batch.at.unwrap_or(started),
        );
        let span = tracing::info_span!("entity", id = id.as_str(), operation = ctx.operation());
        let running = Caught::new(loaded.run(state.as_deref(), &ctx, request.input));
        let outcome = running.instrument(span).await;
        let outcome = outcome.map(|Ran { output, state: new }| {
            match new {
                StateChange::Unchanged => {}
                StateChange::Set(text) => state = Some(text),
                StateChange::Deleted => state = None,
            }
            for action in std::mem::take(&mut ctx.effects().actions) {
                let id = i32::try_from(result.actions.len()).unwrap_or(i32::MAX);
                result.actions.push(OperationAction {
                    id,
                    operation_action_type: Some(action),
                });
            }
            output
        });
        result.results.push(operation_result(outcome, started));
        if batch.with_infos {
            result.operation_infos.push(request.info);
        }
    }
    result.entity_state = state;
    result
}

/// The result of a batch of an entity that is not registered.
pub(crate) fn not_found(id: Option<&EntityId>, batch: Batch) -> EntityBatchResult {
    let text = match id {
        Some(id) => {
            let name = id.name();
            format!("no entity named {name:?} is registered with this worker")
        }
        None => format!("{:?} is not the id of an entity", batch.instance_id),
    };
    let details = FailureDetails::non_retriable("EntityTaskNotFound", text);
    let count = batch.operations.len();
    let infos = batch.operations.into_iter().map(|request| request.info);
    let infos = infos.filter(|_| batch.with_infos).collect();
    failed(count, infos, batch.state, &details)
}

/// Every operation fails, and the state stays as it is.
pub(crate) fn failed(
    count: usize,
    operation_infos: Vec<OperationInfo>,
    entity_state: Option<String>,
    details: &FailureDetails,
) -> EntityBatchResult {
    let now = SystemTime::now();
    let failure = || operation_result(Err(details.clone()), now);
    EntityBatchResult {
        results: (0..count).map(|_| failure()).collect(),
        entity_state,
        operation_infos,
        ..EntityBatchResult::default()
    }
}

fn operation_result(
    outcome: Result<Option<String>, FailureDetails>,
    started: SystemTime,
) -> OperationResult {
    let start_time_utc = Some(timestamp(started));
    let end_time_utc = Some(timestamp(SystemTime::now()));
    let result_type = match outcome {
        Ok(result) => ResultType::Success(OperationResultSuccess {
            result,
            start_time_utc,
            end_time_utc,
        }),
        Err(details) => ResultType::Failure(OperationResultFailure {
            failure_details: Some(details.into_proto()),
            start_time_utc,
            end_time_utc,
        }),
    };
    OperationResult {
        result_type: Some(result_type),
    }
}
