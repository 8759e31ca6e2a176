//! Entities of a test host: what waits at them, their batches, and what those set going.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use durascope_proto::EntityBatchResult;
use durascope_proto::EntityOperationCompletedEvent;
use durascope_proto::EntityOperationFailedEvent;
use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::EntityRequest;
use durascope_proto::OperationAction;
use durascope_proto::OperationResult;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_action::OperationActionType;
use durascope_proto::operation_result::ResultType;
use durascope_proto::time::to_micros;
use uuid::Uuid;

use super::CallKind;
use super::HostError;
use super::TestHost;
use super::control::Due;
use super::event;
use super::run::Ready;
use super::sections::Section;
use crate::clock::system_time_of_micros;
use crate::names::EntityId;

/// All entities, and the critical sections over them.
#[derive(Default)]
pub(super) struct Entities {
    pub(super) by_id: BTreeMap<EntityId, HostEntity>,
    /// Those that wait and those that have begun, by their ids.
    pub(super) sections: BTreeMap<String, Section>,
    requests: u64,
}

/// One entity.
#[derive(Default)]
pub(super) struct HostEntity {
    /// Its state as JSON; without one it does not exist for others.
    pub(super) state: Option<String>,
    pub(super) modified_micros: i64,
    pub(super) queue: VecDeque<Waiting>,
    /// The critical section that has locked it.
    pub(super) locked_by: Option<String>,
    /// Whether it is among those that are to be looked at.
    pub(super) is_ready: bool,
}

/// What an entity is to do next.
pub(super) enum Waiting {
    /// A signal or a call.
    Operation(Box<EventType>),
    /// The critical section of this id stands here and lets nobody by.
    Section(String),
}

impl TestHost {
    /// Something that an orchestration sends to an entity, with the id of its action.
    pub(super) fn send_to_entity(
        &mut self,
        (caller, execution, task_id): (&str, &str, i32),
        sent: EventType,
    ) {
        let place = (caller, task_id);
        match sent {
            EventType::EntityOperationSignaled(signal) => {
                let (name, input) = (&signal.operation, &signal.input);
                let target = signal.target_instance_id.clone();
                self.note(CallKind::Signal, name, input, place, target);
                self.signal(signal);
            }
            EventType::EntityOperationCalled(mut call) => {
                let (name, input) = (&call.operation, &call.input);
                let target = call.target_instance_id.clone();
                self.note(CallKind::Entity, name, input, place, target.clone());
                call.parent_instance_id = Some(caller.to_owned());
                call.parent_execution_id = Some(execution.to_owned());
                let call = EventType::EntityOperationCalled(call);
                self.enqueue(target.as_deref(), call);
            }
            EventType::EntityLockRequested(lock) => {
                self.ask_for_locks((caller, execution, task_id), lock);
            }
            EventType::EntityUnlockSent(unlock) => {
                let target = unlock.target_instance_id.as_deref();
                if let Some(target) = target.and_then(EntityId::received) {
                    self.unlock(caller, &target);
                }
            }
            // Nothing else is sent to entities.
            _ => {}
        }
    }

    /// A signal, which arrives at its time.
    pub(super) fn signal(&mut self, signal: EntityOperationSignaledEvent) {
        let at = signal.scheduled_time.as_ref().map(to_micros);
        match at.filter(|at| *at > self.now_micros) {
            Some(micros) => self.put_off(micros, Due::Signal(signal)),
            None => self.take_signal(signal),
        }
    }

    pub(super) fn take_signal(&mut self, signal: EntityOperationSignaledEvent) {
        let target = signal.target_instance_id.clone();
        let signal = EventType::EntityOperationSignaled(signal);
        self.enqueue(target.as_deref(), signal);
    }

    fn enqueue(&mut self, target: Option<&str>, operation: EventType) {
        // Ids were checked by whoever sends, so each is one of an entity.
        if let Some(id) = target.and_then(EntityId::received) {
            let entity = self.entities.by_id.entry(id.clone()).or_default();
            let operation = Waiting::Operation(Box::new(operation));
            entity.queue.push_back(operation);
            self.look_at(&id);
        }
    }

    /// Has an entity looked at: it may have something to do.
    pub(super) fn look_at(&mut self, id: &EntityId) {
        if let Some(entity) = self.entities.by_id.get_mut(id)
            && !std::mem::replace(&mut entity.is_ready, true)
        {
            self.ready.push_back(Ready::Entity(id.clone()));
        }
    }

    /// Looks at what comes first at an entity: the operations that may run now are taken, or a
    /// critical section begins; one that has nothing left goes.
    pub(super) fn next_operations(&mut self, id: &EntityId) -> Vec<EventType> {
        let Entities {
            by_id, sections, ..
        } = &mut self.entities;
        let Some(entity) = by_id.get_mut(id) else {
            return Vec::new();
        };
        entity.is_ready = false;
        if entity.is_empty() {
            by_id.remove(id);
            return Vec::new();
        }
        if let Some(section) = entity.next_section() {
            let section = section.to_owned();
            self.try_grant(&section);
            return Vec::new();
        }
        let holder = entity.locked_by.as_ref().and_then(|it| sections.get(it));
        entity.take_batch(holder)
    }

    /// Runs a batch as a worker does, and does what it asks for.
    pub(super) fn run_batch(
        &mut self,
        id: &EntityId,
        batch: Vec<EventType>,
    ) -> Result<(), HostError> {
        let now = self.now_micros;
        let entity = self.entities.by_id.get(id);
        let request = EntityRequest {
            instance_id: id.as_str().to_owned(),
            execution_id: String::new(),
            entity_state: entity.and_then(|entity| entity.state.clone()),
            operation_requests: batch.iter().map(|it| event(now, it.clone())).collect(),
        };
        let at = system_time_of_micros(now);
        let result = self.beside.run(self.functions.run_entity(request, at))?;
        let EntityBatchResult {
            results,
            actions,
            entity_state,
            ..
        } = result;
        if let Some(entity) = self.entities.by_id.get_mut(id) {
            entity.state = entity_state.filter(|state| !state.is_empty());
            entity.modified_micros = now;
        }
        // Before the answers: who has one sees everything that the call did.
        for action in actions {
            self.act_for_entity(id, action)?;
        }
        for (operation, result) in batch.into_iter().zip(results) {
            if let EventType::EntityOperationCalled(call) = operation {
                let caller = call.parent_instance_id.unwrap_or_default();
                let execution = call.parent_execution_id.unwrap_or_default();
                self.deliver(caller, &execution, answer(call.request_id, result));
            }
        }
        self.look_at(id);
        Ok(())
    }

    fn act_for_entity(&mut self, id: &EntityId, action: OperationAction) -> Result<(), HostError> {
        let place = (id.as_str(), action.id);
        match action.operation_action_type {
            Some(OperationActionType::SendSignal(signal)) => {
                let target = Some(signal.instance_id.clone());
                self.note(CallKind::Signal, &signal.name, &signal.input, place, target);
                let signal = EntityOperationSignaledEvent {
                    request_id: self.entities.fresh_request(),
                    operation: signal.name,
                    scheduled_time: signal.scheduled_time,
                    input: signal.input,
                    target_instance_id: Some(signal.instance_id),
                };
                self.signal(signal);
            }
            Some(OperationActionType::StartNewOrchestration(start)) => {
                let (name, input) = (&start.name, &start.input);
                let target = Some(start.instance_id.clone());
                self.note(CallKind::SubOrchestration, name, input, place, target);
                self.start_from_entity(id, start)?;
            }
            None => {}
        }
        Ok(())
    }
}

impl Entities {
    /// The same ids in every run.
    pub(super) fn fresh_request(&mut self) -> String {
        self.requests += 1;
        let name = format!("request {}", self.requests);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }
}

impl HostEntity {
    fn is_empty(&self) -> bool {
        self.state.is_none() && self.queue.is_empty() && self.locked_by.is_none()
    }

    /// The critical section that is to begin next, if nothing stands before it.
    pub(super) fn next_section(&self) -> Option<&str> {
        match self.queue.front() {
            Some(Waiting::Section(section)) if self.locked_by.is_none() => Some(section),
            Some(_) | None => None,
        }
    }

    /// The operations that may run now: up to the next critical section that waits, or, while
    /// one has the entity, the calls of its owner.
    fn take_batch(&mut self, holder: Option<&Section>) -> Vec<EventType> {
        let mut batch = Vec::new();
        let mut later = VecDeque::new();
        let mut is_open = true;
        for waiting in std::mem::take(&mut self.queue) {
            match (waiting, &self.locked_by) {
                (Waiting::Operation(operation), Some(_)) => {
                    if holder.is_some_and(|holder| holder.admits(&operation)) {
                        batch.push(*operation);
                    } else {
                        later.push_back(Waiting::Operation(operation));
                    }
                }
                (Waiting::Operation(operation), None) if is_open => batch.push(*operation),
                (waiting, _) => {
                    is_open = false;
                    later.push_back(waiting);
                }
            }
        }
        self.queue = later;
        batch
    }
}

fn answer(request_id: String, result: OperationResult) -> EventType {
    let output = match result.result_type {
        Some(ResultType::Failure(failure)) => {
            return EventType::EntityOperationFailed(EntityOperationFailedEvent {
                request_id,
                failure_details: failure.failure_details,
            });
        }
        Some(ResultType::Success(success)) => success.result,
        None => None,
    };
    EventType::EntityOperationCompleted(EntityOperationCompletedEvent { request_id, output })
}
