//! Entities as a raw client and a raw worker see them: signals, batches, answers, metadata.

use durascope_proto::EntityBatchResult;
use durascope_proto::EntityMetadata;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::EntityQuery;
use durascope_proto::EntityRequest;
use durascope_proto::GetEntityRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::OperationAction;
use durascope_proto::OperationInfo;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultFailure;
use durascope_proto::OperationResultSuccess;
use durascope_proto::OrchestrationInstance;
use durascope_proto::QueryEntitiesRequest;
use durascope_proto::QueryEntitiesResponse;
use durascope_proto::SendSignalAction;
use durascope_proto::SignalEntityRequest;
use durascope_proto::StartNewOrchestrationAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_action::OperationActionType;
use durascope_proto::operation_result::ResultType;
use durascope_proto::time;
use tonic::Status;

use crate::RawClient;

/// A batch of operations that a worker holds.
#[derive(Clone, Debug)]
pub struct Batch {
    pub token: String,
    pub request: EntityRequest,
}

/// What waits for an operation, as the work item says it.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation<'a> {
    Signal(&'a EntityOperationSignaledEvent),
    Call(&'a EntityOperationCalledEvent),
}

impl<'a> Operation<'a> {
    /// `None` for an event that must not be in a work item.
    pub fn of(event: &'a HistoryEvent) -> Option<Self> {
        match event.event_type.as_ref()? {
            EventType::EntityOperationSignaled(signal) => Some(Self::Signal(signal)),
            EventType::EntityOperationCalled(call) => Some(Self::Call(call)),
            _ => None,
        }
    }

    pub fn name(&self) -> &'a str {
        match self {
            Self::Signal(signal) => &signal.operation,
            Self::Call(call) => &call.operation,
        }
    }

    pub fn request(&self) -> &'a str {
        match self {
            Self::Signal(signal) => &signal.request_id,
            Self::Call(call) => &call.request_id,
        }
    }

    /// As every SDK echoes it: a destination for a call alone.
    fn info(&self) -> OperationInfo {
        let destination = match self {
            Self::Signal(_) => None,
            Self::Call(call) => Some(OrchestrationInstance {
                instance_id: call.parent_instance_id.clone().unwrap_or_default(),
                execution_id: call.parent_execution_id.clone(),
            }),
        };
        OperationInfo {
            request_id: self.request().to_owned(),
            response_destination: destination,
        }
    }
}

impl Batch {
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let events = self.request.operation_requests.iter();
        events.filter_map(Operation::of).collect()
    }

    /// The names of the operations, in order.
    pub fn names(&self) -> Vec<&str> {
        self.operations().iter().map(Operation::name).collect()
    }

    pub fn state(&self) -> Option<&str> {
        self.request.entity_state.as_deref()
    }

    /// The answer of a worker whose operations have these results.
    pub fn response(
        &self,
        state: Option<&str>,
        results: Vec<OperationResult>,
    ) -> EntityBatchResult {
        let operations = self.operations();
        EntityBatchResult {
            operation_infos: operations
                .iter()
                .take(results.len())
                .map(Operation::info)
                .collect(),
            results,
            entity_state: state.map(str::to_owned),
            completion_token: self.token.clone(),
            ..EntityBatchResult::default()
        }
    }

    /// The answer of a worker all of whose operations give the same result.
    pub fn done(&self, state: Option<&str>, result: Option<&str>) -> EntityBatchResult {
        let count = self.request.operation_requests.len();
        self.response(state, vec![success(result); count])
    }

    /// The answer of a worker that could not run the batch.
    pub fn failed(&self, message: &str) -> EntityBatchResult {
        EntityBatchResult {
            failure_details: Some(details(message)),
            completion_token: self.token.clone(),
            ..EntityBatchResult::default()
        }
    }
}

pub fn success(result: Option<&str>) -> OperationResult {
    OperationResult {
        result_type: Some(ResultType::Success(OperationResultSuccess {
            result: result.map(str::to_owned),
            ..OperationResultSuccess::default()
        })),
    }
}

pub fn failure(details: TaskFailureDetails) -> OperationResult {
    OperationResult {
        result_type: Some(ResultType::Failure(OperationResultFailure {
            failure_details: Some(details),
            ..OperationResultFailure::default()
        })),
    }
}

pub fn details(message: &str) -> TaskFailureDetails {
    TaskFailureDetails {
        error_type: "Boom".to_owned(),
        error_message: message.to_owned(),
        ..TaskFailureDetails::default()
    }
}

/// An operation signals an entity, then if `at_us` is given.
pub fn sends(target: &str, operation: &str, at_us: Option<i64>) -> OperationAction {
    OperationAction {
        id: 0,
        operation_action_type: Some(OperationActionType::SendSignal(SendSignalAction {
            instance_id: target.to_owned(),
            name: operation.to_owned(),
            scheduled_time: at_us.map(time::from_micros),
            ..SendSignalAction::default()
        })),
    }
}

/// An operation starts an orchestration.
pub fn starts(id: &str, name: &str, input: Option<&str>) -> OperationAction {
    OperationAction {
        id: 0,
        operation_action_type: Some(OperationActionType::StartNewOrchestration(
            StartNewOrchestrationAction {
                instance_id: id.to_owned(),
                name: name.to_owned(),
                input: input.map(str::to_owned),
                ..StartNewOrchestrationAction::default()
            },
        )),
    }
}

impl RawClient {
    /// Signals an entity at once.
    ///
    /// # Errors
    /// The server's status.
    pub async fn signal(
        &self,
        id: &str,
        operation: &str,
        input: Option<&str>,
    ) -> Result<(), Status> {
        self.signal_with(SignalEntityRequest {
            instance_id: id.to_owned(),
            name: operation.to_owned(),
            input: input.map(str::to_owned),
            ..SignalEntityRequest::default()
        })
        .await
    }

    /// Signals an entity with every option.
    ///
    /// # Errors
    /// The server's status.
    pub async fn signal_with(&self, request: SignalEntityRequest) -> Result<(), Status> {
        self.rpc.clone().signal_entity(request).await.map(drop)
    }

    /// An entity with its state; `None` when it does not exist.
    ///
    /// # Errors
    /// The server's status.
    pub async fn entity(&self, id: &str) -> Result<Option<EntityMetadata>, Status> {
        let request = GetEntityRequest {
            instance_id: id.to_owned(),
            include_state: true,
        };
        let response = self.rpc.clone().get_entity(request).await?.into_inner();
        Ok(response.entity.filter(|_| response.exists))
    }

    /// A page of entities.
    ///
    /// # Errors
    /// The server's status.
    pub async fn entities(&self, query: EntityQuery) -> Result<QueryEntitiesResponse, Status> {
        let request = QueryEntitiesRequest { query: Some(query) };
        let response = self.rpc.clone().query_entities(request).await?;
        Ok(response.into_inner())
    }

    /// The entity among all there are, those without a state included.
    ///
    /// # Errors
    /// The server's status.
    pub async fn transient(&self, id: &str) -> Result<Option<EntityMetadata>, Status> {
        let query = EntityQuery {
            instance_id_starts_with: Some(id.to_owned()),
            include_state: true,
            include_transient: true,
            ..EntityQuery::default()
        };
        let page = self.entities(query).await?;
        Ok(page.entities.into_iter().find(|it| it.instance_id == id))
    }

    /// Sends this answer to a batch.
    ///
    /// # Errors
    /// The server's status.
    pub async fn complete_batch(&self, response: EntityBatchResult) -> Result<(), Status> {
        self.rpc
            .clone()
            .complete_entity_task(response)
            .await
            .map(drop)
    }
}
