//! Entities as an orchestration sees them: calls, signals, and locks as guards.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::SystemTime;

use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::send_entity_message_action::EntityMessageType;
use futures_util::future::FusedFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::OrchestrationContext;
use super::replay::Call;
use super::replay::Outcome;
use super::replay::SectionError;
use super::replay::entity_message;
use super::task::DurableFuture;
use super::task::TaskHandle;
use super::task::payload_failure;
use crate::clock;
use crate::data;
use crate::data::PayloadError;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::failure::FailureDetails;
use crate::names::EntityId;
use crate::names::EntityIdError;
use crate::names::Operation;

/// Why an entity was not called, signalled or locked. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntityError {
    /// No server takes the id.
    #[error(transparent)]
    Id(#[from] EntityIdError),
    /// The input cannot be written as JSON.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// No server takes this as the id of an orchestration's instance.
    #[error(
        "an instance id has 1 to {limit} characters and does not begin with '@', \
         but {id:?} has {length}"
    )]
    InstanceId {
        /// The id.
        id: String,
        /// Its length in characters.
        length: usize,
        /// The longest that is allowed.
        limit: usize,
    },
    /// A rule of critical sections forbids it.
    #[error(transparent)]
    Section(#[from] SectionError),
}

impl EntityError {
    fn details(&self) -> FailureDetails {
        let kind = match self {
            Self::Payload(error) => return payload_failure(error),
            Self::Id(_) | Self::InstanceId { .. } => "EntityIdError",
            Self::Section(_) => "SectionError",
        };
        FailureDetails::non_retriable(kind, self.to_string())
    }
}

impl OrchestrationContext {
    /// Calls an operation of an entity and waits for its result. It is sent now, in the order of
    /// calls, not when first awaited. Calls and signals of one orchestration reach an entity in
    /// the order in which they were made.
    ///
    /// An operation that fails, an id that is too long, and a call that the rules of the
    /// [critical section](Self::lock) forbid all come back as [`TaskFailed`].
    ///
    /// ```
    /// use durascope_sdk::Entity;
    /// use durascope_sdk::Operation;
    /// use durascope_sdk::OrchestrationContext;
    /// use durascope_sdk::TaskFailed;
    ///
    /// const COUNTER: Entity = Entity::named("Counter");
    /// const ADD: Operation<i64, i64> = Operation::named("Add");
    ///
    /// async fn count(ctx: OrchestrationContext, amount: i64) -> Result<i64, TaskFailed> {
    ///     ctx.call_entity(&COUNTER.id("tea"), &ADD, amount).await
    /// }
    /// ```
    pub fn call_entity<I: Serialize, O: DeserializeOwned>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
    ) -> DurableFuture<O> {
        DurableFuture::of(self.send_call(entity, Cow::Borrowed(operation.name()), &input))
    }

    /// Calls an operation whose name is not known at compile time.
    pub fn call_entity_by_name<O: DeserializeOwned>(
        &self,
        entity: &EntityId,
        operation: &str,
        input: impl Serialize,
    ) -> DurableFuture<O> {
        DurableFuture::of(self.send_call(entity, Cow::Owned(operation.to_owned()), &input))
    }

    /// Sends an operation to an entity without waiting for it; its result and its failure are
    /// lost. It costs one event of the history, a call costs two.
    ///
    /// # Errors
    /// The id is too long, the input cannot be written as JSON, or this critical section holds
    /// the entity. Nothing was sent.
    pub fn signal_entity<I: Serialize, O>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
    ) -> Result<(), EntityError> {
        self.send_signal(entity, Cow::Borrowed(operation.name()), &input, None)
    }

    /// As [`Self::signal_entity`]; the entity gets it at `time`, at once if that is past.
    ///
    /// It is not taken back when this orchestration ends.
    ///
    /// # Errors
    /// As [`Self::signal_entity`].
    pub fn signal_entity_at<I: Serialize, O>(
        &self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
        time: SystemTime,
    ) -> Result<(), EntityError> {
        self.send_signal(entity, Cow::Borrowed(operation.name()), &input, Some(time))
    }

    /// Sends an operation whose name is not known at compile time; at `time`, if there is one.
    ///
    /// # Errors
    /// As [`Self::signal_entity`].
    pub fn signal_entity_by_name(
        &self,
        entity: &EntityId,
        operation: &str,
        input: impl Serialize,
        time: impl Into<Option<SystemTime>>,
    ) -> Result<(), EntityError> {
        let operation = Cow::Owned(operation.to_owned());
        self.send_signal(entity, operation, &input, time.into())
    }

    /// Locks entities: a critical section, which lasts until its guard is dropped.
    ///
    /// Within it nobody else's operations run at these entities. All are locked together; the
    /// order does not matter, and an entity named twice is locked once. The request is sent now;
    /// the future resolves when the locks are there. Dropping the future gives them up.
    ///
    /// # Rules
    /// Within a critical section an orchestration calls locked entities only, each with one call
    /// at a time, does not signal them, calls no sub-orchestrations, and locks nothing more.
    /// What breaks a rule fails with a [`SectionError`] and is not sent.
    ///
    /// # Errors
    /// No entity, an id that is too long, or a lock within a lock. Nothing was sent.
    ///
    /// ```
    /// use durascope_sdk::Entity;
    /// use durascope_sdk::Operation;
    /// use durascope_sdk::OrchestrationContext;
    /// use durascope_sdk::OrchestrationError;
    ///
    /// const ACCOUNT: Entity = Entity::named("Account");
    /// const GET: Operation<(), i64> = Operation::named("Get");
    /// const ADD: Operation<i64, i64> = Operation::named("Add");
    ///
    /// async fn transfer(ctx: OrchestrationContext, amount: i64) -> Result<i64, OrchestrationError> {
    ///     let (from, to) = (ACCOUNT.id("mine"), ACCOUNT.id("yours"));
    ///     let guard = ctx.lock([&from, &to]).await?;
    ///     if ctx.call_entity(&from, &GET, ()).await? >= amount {
    ///         ctx.call_entity(&from, &ADD, -amount).await?;
    ///         ctx.call_entity(&to, &ADD, amount).await?;
    ///     }
    ///     drop(guard); // Not needed here, but before continuing as new.
    ///     ctx.continue_as_new(amount)
    /// }
    /// ```
    ///
    /// A guard cannot be held over continue-as-new:
    ///
    /// ```compile_fail,E0505
    /// # use durascope_sdk::Entity;
    /// # use durascope_sdk::OrchestrationContext;
    /// # use durascope_sdk::OrchestrationError;
    /// const ACCOUNT: Entity = Entity::named("Account");
    ///
    /// async fn forgetful(ctx: OrchestrationContext, n: i64) -> Result<i64, OrchestrationError> {
    ///     let account = ACCOUNT.id("mine");
    ///     let guard = ctx.lock([&account]).await?;
    ///     ctx.continue_as_new(n)
    /// }
    /// ```
    pub fn lock<'a, 'e>(
        &'a self,
        entities: impl IntoIterator<Item = &'e EntityId>,
    ) -> LockFuture<'a> {
        let state = match self.send_lock(entities.into_iter().cloned().collect()) {
            Ok((slot, entities)) => LockState::Waiting { slot, entities },
            Err(error) => LockState::Refused(error),
        };
        LockFuture { ctx: self, state }
    }

    fn send_call<I: Serialize>(
        &self,
        entity: &EntityId,
        operation: Cow<'static, str>,
        input: &I,
    ) -> Result<TaskHandle, TaskFailed> {
        let request = self.new_uuid();
        let call = Call::Operation {
            target: entity.clone(),
            operation: operation.clone(),
        };
        let checked = entity.check().map_err(EntityError::from).and_then(|()| {
            let state = self.shared.lock();
            state.entities.check_call(entity)?;
            Ok(())
        });
        let message = |input| {
            EntityMessageType::EntityOperationCalled(EntityOperationCalledEvent {
                request_id: request.to_string(),
                operation: operation.clone().into_owned(),
                scheduled_time: None,
                input,
                parent_instance_id: Some(self.identity.instance_id.clone()),
                parent_execution_id: Some(self.identity.execution_id.clone()),
                target_instance_id: Some(entity.as_str().to_owned()),
            })
        };
        let sent = checked.and_then(|()| self.send(call, &operation, input, message));
        match sent {
            Ok(id) => {
                self.shared.lock().entities.on_called(id, request, entity);
                Ok(TaskHandle {
                    shared: self.shared.clone(),
                    id,
                    kind: TaskKind::Entity,
                    name: operation,
                    target: Some(entity.clone()),
                })
            }
            Err(error) => {
                let id = self.use_up_id();
                let failed = TaskFailed::new(TaskKind::Entity, &operation, id, error.details());
                Err(failed.with_target(Some(entity.as_str())))
            }
        }
    }

    fn send_signal<I: Serialize>(
        &self,
        entity: &EntityId,
        operation: Cow<'static, str>,
        input: &I,
        time: Option<SystemTime>,
    ) -> Result<(), EntityError> {
        let request = self.new_uuid();
        let call = Call::Signal {
            target: entity.clone(),
            operation: operation.clone(),
        };
        let checked = entity.check().map_err(EntityError::from).and_then(|()| {
            let state = self.shared.lock();
            state.entities.check_signal(entity)?;
            Ok(())
        });
        let message = |input| {
            EntityMessageType::EntityOperationSignaled(EntityOperationSignaledEvent {
                request_id: request.to_string(),
                operation: operation.clone().into_owned(),
                scheduled_time: time.map(clock::timestamp),
                input,
                target_instance_id: Some(entity.as_str().to_owned()),
            })
        };
        let sent = checked.and_then(|()| self.send(call, &operation, input, message));
        match sent {
            Ok(_id) => Ok(()),
            Err(error) => {
                self.use_up_id();
                Err(error)
            }
        }
    }

    /// Sends a message under the next id, unless history says that it was sent already.
    fn send<I: Serialize>(
        &self,
        call: Call,
        operation: &str,
        input: &I,
        message: impl FnOnce(Option<String>) -> EntityMessageType,
    ) -> Result<i32, EntityError> {
        let mut state = self.shared.lock();
        if state.pending.next_is_known() {
            return Ok(state.pending.add(call, None));
        }
        drop(state);
        // Outside the lock, as it runs user code.
        let input = data::encode(input)
            .map_err(|error| PayloadError::encoding("input", operation, error))?;
        let action = entity_message(message(input));
        Ok(self.shared.lock().pending.add(call, Some(action)))
    }

    /// What is refused takes an id all the same: a replay has to count as this turn did.
    fn use_up_id(&self) -> i32 {
        self.shared.lock().pending.add(Call::Nothing, None)
    }

    fn send_lock(&self, wanted: Vec<EntityId>) -> Result<(i32, Vec<EntityId>), EntityError> {
        let section = self.new_uuid();
        let mut state = self.shared.lock();
        let checked = wanted
            .iter()
            .try_for_each(EntityId::check)
            .map_err(EntityError::from)
            .and_then(|()| Ok(state.entities.check_lock(wanted)?));
        let entities = match checked {
            Ok(entities) => entities,
            Err(error) => {
                state.pending.add(Call::Nothing, None);
                return Err(error);
            }
        };
        let owner = &self.identity.instance_id;
        let event = EntityLockRequestedEvent {
            critical_section_id: section.to_string(),
            lock_set: entities.iter().map(ToString::to_string).collect(),
            position: 0,
            parent_instance_id: Some(owner.clone()),
        };
        let action = entity_message(EntityMessageType::EntityLockRequested(event));
        let call = Call::Lock {
            entities: entities.clone(),
        };
        let slot = state.pending.add(call, Some(action));
        let locked = entities.clone();
        state
            .entities
            .on_lock_requested(slot, section, owner, locked);
        Ok((slot, entities))
    }
}

/// A critical section that is asked for. Made by [`OrchestrationContext::lock`].
#[must_use = "dropped without an await it gives the locks up"]
pub struct LockFuture<'a> {
    ctx: &'a OrchestrationContext,
    state: LockState,
}

enum LockState {
    Waiting { slot: i32, entities: Vec<EntityId> },
    Refused(EntityError),
    Done,
}

impl<'a> Future for LockFuture<'a> {
    type Output = Result<LockGuard<'a>, EntityError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let LockState::Waiting { slot, .. } = &self.state {
            match self.ctx.shared.lock().pending.poll(*slot, cx) {
                Poll::Ready(Outcome::Granted) => {}
                // Nothing else ever ends a request for locks.
                Poll::Ready(Outcome::Completed(_) | Outcome::Failed(_) | Outcome::Fired)
                | Poll::Pending => return Poll::Pending,
            }
        }
        match std::mem::replace(&mut self.state, LockState::Done) {
            LockState::Waiting { slot, entities } => Poll::Ready(Ok(LockGuard {
                ctx: self.ctx,
                slot,
                entities,
            })),
            LockState::Refused(error) => Poll::Ready(Err(error)),
            // As a fused future: polled again after its end it never wakes.
            LockState::Done => Poll::Pending,
        }
    }
}

impl FusedFuture for LockFuture<'_> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, LockState::Done)
    }
}

impl Drop for LockFuture<'_> {
    fn drop(&mut self) {
        if let LockState::Waiting { slot, .. } = self.state {
            self.ctx.shared.lock().release(slot);
        }
    }
}

impl fmt::Debug for LockFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("LockFuture");
        match &self.state {
            LockState::Waiting { entities, .. } => text.field("entities", entities),
            LockState::Refused(error) => text.field("refused", error),
            LockState::Done => text.field("done", &true),
        }
        .finish()
    }
}

/// A critical section: the entities stay locked until this is dropped, however that happens.
///
/// It borrows the context, so that it cannot be held over [`OrchestrationContext::continue_as_new`].
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct LockGuard<'a> {
    ctx: &'a OrchestrationContext,
    slot: i32,
    entities: Vec<EntityId>,
}

impl LockGuard<'_> {
    /// What is locked, in the order of the ids.
    pub fn entities(&self) -> &[EntityId] {
        &self.entities
    }

    /// Unlocks, as dropping the guard does.
    pub fn unlock(self) {}
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.ctx.shared.lock().release(self.slot);
    }
}

impl fmt::Debug for LockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("entities", &self.entities)
            .finish_non_exhaustive()
    }
}
