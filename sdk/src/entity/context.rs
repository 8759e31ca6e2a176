//! What an operation of an entity knows of its call, and what it may set going.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::SystemTime;

use durascope_proto::SendSignalAction;
use durascope_proto::StartNewOrchestrationAction;
use durascope_proto::operation_action::OperationActionType;
use serde::Serialize;
use uuid::Uuid;

use super::StateChange;
use super::options::EntityStartOptions;
use crate::clock::timestamp;
use crate::data;
use crate::data::PayloadError;
use crate::names::EntityId;
use crate::names::INSTANCE_ID_CHARS_MAX;
use crate::names::Operation;
use crate::names::Orchestration;
use crate::orchestration::EntityError;

/// What an operation of an entity knows of its call, and what it may set going.
///
/// Signals and starts go out when the operation has succeeded. Cheap to clone; what is asked for
/// after the operation has ended is lost.
#[derive(Clone)]
pub struct EntityContext {
    call: Arc<Call>,
}

struct Call {
    id: EntityId,
    operation: String,
    request_id: String,
    caller: Option<String>,
    started: SystemTime,
    effects: Mutex<Effects>,
}

/// What an operation asked for, to be done if it succeeds.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) actions: Vec<OperationActionType>,
    pub(super) state: StateChange,
}

impl EntityContext {
    pub(super) fn new(
        id: EntityId,
        operation: String,
        request_id: String,
        caller: Option<String>,
        started: SystemTime,
    ) -> Self {
        let call = Call {
            id,
            operation,
            request_id,
            caller,
            started,
            effects: Mutex::default(),
        };
        Self {
            call: Arc::new(call),
        }
    }

    pub(super) fn effects(&self) -> MutexGuard<'_, Effects> {
        let effects = &self.call.effects;
        effects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which entity this is.
    pub fn id(&self) -> &EntityId {
        &self.call.id
    }

    /// Name of the operation as the caller wrote it.
    pub fn operation(&self) -> &str {
        &self.call.operation
    }

    /// Id of the request. An operation whose outcome was lost runs again under the same id.
    pub fn request_id(&self) -> &str {
        &self.call.request_id
    }

    /// The orchestration instance that waits for the result; `None` for a signal, whose result
    /// nobody gets.
    pub fn caller(&self) -> Option<&str> {
        self.call.caller.as_deref()
    }

    /// Whether somebody waits for the result.
    pub fn is_call(&self) -> bool {
        self.call.caller.is_some()
    }

    /// When the operation began, by the clock of the worker; in a
    /// [test host](crate::testing::TestHost) the virtual time.
    pub fn started(&self) -> SystemTime {
        self.call.started
    }

    /// Deletes the state, when the operation has succeeded, instead of storing it.
    pub fn delete_state(&self) {
        self.effects().state = StateChange::Deleted;
    }

    /// Sends an operation to an entity, which may be this one; it runs it in a later batch.
    ///
    /// # Errors
    /// The id is too long, or the input cannot be written as JSON. Nothing will be sent.
    pub fn signal<I: Serialize, O>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
    ) -> Result<(), EntityError> {
        self.signal_by_name(entity, operation.name(), input, None)
    }

    /// As [`Self::signal`]; the entity gets it at `time`, at once if that is past.
    ///
    /// # Errors
    /// As [`Self::signal`].
    pub fn signal_at<I: Serialize, O>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
        time: SystemTime,
    ) -> Result<(), EntityError> {
        self.signal_by_name(entity, operation.name(), input, time)
    }

    /// Sends an operation whose name is not known at compile time; at `time`, if there is one.
    ///
    /// # Errors
    /// As [`Self::signal`].
    pub fn signal_by_name(
        &self,
        entity: &EntityId,
        operation: &str,
        input: impl Serialize,
        time: impl Into<Option<SystemTime>>,
    ) -> Result<(), EntityError> {
        entity.check()?;
        let input = encoded(&input, operation)?;
        let action = SendSignalAction {
            instance_id: entity.as_str().to_owned(),
            name: operation.to_owned(),
            input,
            scheduled_time: time.into().map(timestamp),
            request_time: Some(timestamp(self.call.started)),
            parent_trace_context: None,
        };
        self.push(OperationActionType::SendSignal(action));
        Ok(())
    }

    /// Starts an orchestration under an id of its own, which it returns. Nobody waits for its end.
    ///
    /// # Errors
    /// The input cannot be written as JSON. Nothing will be started.
    pub fn start<I: Serialize, O>(
        &self,
        orchestration: &Orchestration<I, O>,
        input: I,
    ) -> Result<String, EntityError> {
        self.start_by_name(orchestration.name(), input, EntityStartOptions::default())
    }

    /// Starts an orchestration with options and returns its id.
    ///
    /// # Errors
    /// The id is empty, too long, or that of an entity, or the input cannot be written as JSON.
    /// Nothing will be started.
    pub fn start_with<I: Serialize, O>(
        &self,
        orchestration: &Orchestration<I, O>,
        input: I,
        options: EntityStartOptions,
    ) -> Result<String, EntityError> {
        self.start_by_name(orchestration.name(), input, options)
    }

    /// Starts an orchestration whose name is not known at compile time.
    ///
    /// # Errors
    /// As [`Self::start_with`].
    pub fn start_by_name(
        &self,
        name: &str,
        input: impl Serialize,
        options: EntityStartOptions,
    ) -> Result<String, EntityError> {
        let input = encoded(&input, name)?;
        self.start_raw(name, input, options)
    }

    /// Starts an orchestration with an input that is JSON text already.
    ///
    /// # Errors
    /// The id is empty, too long, or that of an entity. Nothing will be started.
    pub fn start_raw(
        &self,
        name: &str,
        input: Option<String>,
        options: EntityStartOptions,
    ) -> Result<String, EntityError> {
        let instance_id = match options.instance_id {
            Some(id) => {
                check_instance_id(&id)?;
                id
            }
            // Made here, so that the operation can tell it to others.
            None => self.derived_instance_id(),
        };
        let action = StartNewOrchestrationAction {
            instance_id: instance_id.clone(),
            name: name.to_owned(),
            version: options.version,
            input,
            scheduled_time: options.scheduled_start.map(timestamp),
            request_time: Some(timestamp(self.call.started)),
            parent_trace_context: None,
        };
        self.push(OperationActionType::StartNewOrchestration(action));
        Ok(instance_id)
    }

    /// Derived from the request, so that an operation that runs again, as its outcome was lost,
    /// starts under the id of which others were told before.
    fn derived_instance_id(&self) -> String {
        let Call { id, request_id, .. } = &*self.call;
        let place = self.effects().actions.len();
        let name = format!("{id} {request_id} {place}");
        let id = match request_id.is_empty() {
            true => Uuid::new_v4(),
            false => Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
        };
        id.simple().to_string()
    }

    fn push(&self, action: OperationActionType) {
        self.effects().actions.push(action);
    }
}

fn check_instance_id(id: &str) -> Result<(), EntityError> {
    let length = id.chars().count();
    if id.starts_with('@') || length == 0 || length > INSTANCE_ID_CHARS_MAX {
        return Err(EntityError::InstanceId {
            id: id.to_owned(),
            length,
            limit: INSTANCE_ID_CHARS_MAX,
        });
    }
    Ok(())
}

fn encoded(input: &impl Serialize, name: &str) -> Result<Option<String>, PayloadError> {
    // Before the effects are locked, as it runs user code.
    data::encode(input).map_err(|error| PayloadError::encoding("input", name, error))
}

impl fmt::Debug for EntityContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntityContext")
            .field("id", &self.call.id)
            .field("operation", &self.call.operation)
            .finish_non_exhaustive()
    }
}
