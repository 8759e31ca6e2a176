//! The context of an orchestration: every durable operation, and time, ids and identity.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use durascope_proto::CreateTimerAction;
use durascope_proto::OrchestrationInstance;
use durascope_proto::SendEventAction;
use durascope_proto::TerminateOrchestrationAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::time::from_micros;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::history_size::HistorySize;
use super::options::CallOptions;
use super::options::ContinueOptions;
use super::options::SubOptions;
use super::random;
use super::random::Random;
use super::replay::Call;
use super::replay::Identity;
use super::replay::NextGeneration;
use super::replay::ParentInstance;
use super::replay::Shared;
use super::task::DurableFuture;
use super::task::EventFuture;
use super::task::Timer;
use crate::clock;
use crate::data;
use crate::data::PayloadError;
use crate::error::OrchestrationError;
use crate::names::Activity;
use crate::names::ExternalEvent;
use crate::names::Orchestration;
use crate::trace::TraceContext;

/// What an orchestration may do, and all it may know of the world.
///
/// Cheap to clone. The code must make the same calls in the same order on every replay: take
/// time, ids and results from here, and leave I/O, randomness and sleeping to activities.
///
/// It must not block either: a turn is made on a thread that others wait for. A turn that takes
/// longer than [`slow_turn_after`](crate::worker::WorkerBuilder::slow_turn_after) is logged with
/// the orchestration's name.
#[derive(Clone)]
pub struct OrchestrationContext {
    pub(super) identity: Arc<Identity>,
    pub(super) shared: Shared,
}

impl OrchestrationContext {
    pub(super) fn new(identity: Arc<Identity>, shared: Shared) -> Self {
        Self { identity, shared }
    }

    /// Id of the instance; the same over all its generations.
    pub fn instance_id(&self) -> &str {
        &self.identity.instance_id
    }

    /// Id of this execution; another one after continue-as-new.
    pub fn execution_id(&self) -> &str {
        &self.identity.execution_id
    }

    /// Name under which the orchestration was started.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// Version that was asked for, if any.
    pub fn version(&self) -> Option<&str> {
        self.identity.version.as_deref()
    }

    /// Tags given at the start.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.identity.tags
    }

    /// The orchestration that called this one, if one did.
    pub fn parent(&self) -> Option<&ParentInstance> {
        self.identity.parent.as_ref()
    }

    /// Where in a trace it was started, if its starter said so.
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.identity.trace_context.as_ref()
    }

    /// Time at which the current turn began, UTC.
    ///
    /// # Determinism
    /// The same on every replay; use it instead of the system's clock.
    pub fn current_time(&self) -> SystemTime {
        clock::system_time_of_micros(self.shared.lock().now_micros)
    }

    pub(crate) fn now_micros(&self) -> i64 {
        self.shared.lock().now_micros
    }

    /// Size of the history up to the event that woke the code.
    ///
    /// # Determinism
    /// The same on every replay, so a [`HistoryBudget`](crate::HistoryBudget) may decide on it.
    pub fn history_size(&self) -> HistorySize {
        self.shared.lock().history_size
    }

    /// Whether the code repeats what it did in an earlier turn.
    ///
    /// # Determinism
    /// For logs and metrics only: a durable call that depends on it breaks the replay.
    pub fn is_replaying(&self) -> bool {
        self.shared.lock().replaying
    }

    /// A new UUID (version 5), made as the official SDKs for .NET and Go make it.
    ///
    /// # Determinism
    /// The n-th call yields the same value on every replay.
    pub fn new_uuid(&self) -> Uuid {
        let mut state = self.shared.lock();
        let counter = state.uuids;
        state.uuids += 1;
        random::uuid(&self.identity.instance_id, state.now_ticks, counter)
    }

    /// A generator of random numbers, another one with each call.
    ///
    /// # Determinism
    /// The n-th call yields the same numbers on every replay; see [`Random`].
    pub fn random(&self) -> Random {
        let mut state = self.shared.lock();
        let counter = state.generators;
        state.generators += 1;
        Random::new(
            &self.identity.instance_id,
            &self.identity.execution_id,
            counter,
        )
    }

    /// Calls an activity. It is scheduled now, in the order of calls, not when first awaited.
    pub fn call<I: Serialize, O: DeserializeOwned + Send + 'static>(
        &self,
        activity: &Activity<I, O>,
        input: I,
    ) -> DurableFuture<O> {
        self.schedule_activity(
            Cow::Borrowed(activity.name()),
            &input,
            CallOptions::default(),
        )
    }

    /// Calls an activity with options; a [`crate::RetryPolicy`] alone will do.
    pub fn call_with<I: Serialize, O: DeserializeOwned + Send + 'static>(
        &self,
        activity: &Activity<I, O>,
        input: I,
        options: impl Into<CallOptions>,
    ) -> DurableFuture<O> {
        self.schedule_activity(Cow::Borrowed(activity.name()), &input, options.into())
    }

    /// Calls an activity whose name is not known at compile time.
    pub fn call_by_name<O: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        input: impl Serialize,
        options: impl Into<CallOptions>,
    ) -> DurableFuture<O> {
        self.schedule_activity(Cow::Owned(name.to_owned()), &input, options.into())
    }

    /// Calls another orchestration as a child of this one.
    pub fn call_sub<I: Serialize, O: DeserializeOwned + Send + 'static>(
        &self,
        orchestration: &Orchestration<I, O>,
        input: I,
    ) -> DurableFuture<O> {
        self.schedule_sub(
            Cow::Borrowed(orchestration.name()),
            &input,
            SubOptions::default(),
        )
    }

    /// Calls another orchestration with options; a [`crate::RetryPolicy`] alone will do.
    pub fn call_sub_with<I: Serialize, O: DeserializeOwned + Send + 'static>(
        &self,
        orchestration: &Orchestration<I, O>,
        input: I,
        options: impl Into<SubOptions>,
    ) -> DurableFuture<O> {
        self.schedule_sub(Cow::Borrowed(orchestration.name()), &input, options.into())
    }

    /// Calls an orchestration whose name is not known at compile time.
    pub fn call_sub_by_name<O: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        input: impl Serialize,
        options: impl Into<SubOptions>,
    ) -> DurableFuture<O> {
        self.schedule_sub(Cow::Owned(name.to_owned()), &input, options.into())
    }

    /// A durable timer that ends `delay` after [`Self::current_time`].
    pub fn timer(&self, delay: Duration) -> Timer {
        let now = self.shared.lock().now_micros;
        self.timer_at_micros(clock::later(now, delay))
    }

    /// A durable timer that ends at `time`, at once if that is past.
    pub fn timer_at(&self, time: SystemTime) -> Timer {
        self.timer_at_micros(clock::micros_of(time))
    }

    fn timer_at_micros(&self, micros: i64) -> Timer {
        let action = CreateTimerAction {
            fire_at: Some(from_micros(micros)),
        };
        let action = OrchestratorActionType::CreateTimer(action);
        let id = self.shared.lock().pending.add(Call::Timer, Some(action));
        Timer {
            shared: self.shared.clone(),
            id,
            fired: false,
        }
    }

    /// Waits for the next external event of a name.
    ///
    /// Events that came early are kept. Each event goes to one wait, in the order in which the
    /// waits were made.
    pub fn wait_for_event<T: DeserializeOwned>(&self, event: &ExternalEvent<T>) -> EventFuture<T> {
        self.wait(Cow::Borrowed(event.name()))
    }

    /// Waits for an external event whose name is not known at compile time. An empty name fails
    /// at once, as no event can have it.
    pub fn wait_for_event_by_name<T: DeserializeOwned>(&self, name: &str) -> EventFuture<T> {
        self.wait(Cow::Owned(name.to_owned()))
    }

    fn wait<T>(&self, name: Cow<'static, str>) -> EventFuture<T> {
        let is_refused = name.is_empty();
        let waiter = (!is_refused).then(|| self.shared.lock().mailboxes.wait(&name));
        EventFuture {
            shared: self.shared.clone(),
            name,
            waiter,
            is_refused,
            marker: PhantomData,
        }
    }

    /// Sends an external event to another orchestration, without waiting for its receipt.
    ///
    /// An event for an instance that does not exist or has ended is lost without a trace.
    ///
    /// # Errors
    /// The payload cannot be written as JSON; nothing was sent.
    pub fn send_event<T: Serialize>(
        &self,
        instance_id: &str,
        event: &ExternalEvent<T>,
        payload: T,
    ) -> Result<(), PayloadError> {
        self.send_event_by_name(instance_id, event.name(), payload)
    }

    /// Sends an external event whose name is not known at compile time.
    ///
    /// # Errors
    /// As [`Self::send_event`].
    pub fn send_event_by_name(
        &self,
        instance_id: &str,
        name: &str,
        payload: impl Serialize,
    ) -> Result<(), PayloadError> {
        let payload = data::encode(&payload)
            .map_err(|error| PayloadError::encoding("payload", name, error))?;
        let action = OrchestratorActionType::SendEvent(SendEventAction {
            instance: Some(OrchestrationInstance {
                instance_id: instance_id.to_owned(),
                execution_id: None,
            }),
            name: name.to_owned(),
            data: payload,
        });
        let call = Call::SendEvent {
            target: instance_id.to_owned(),
            name: name.to_owned(),
        };
        self.shared.lock().pending.add(call, Some(action));
        Ok(())
    }

    /// Asks for the end of another orchestration, which gets `reason` as its output. Its
    /// sub-orchestrations go on. One that has ended, or does not exist, stays as it is.
    pub fn terminate(&self, instance_id: &str, reason: &str) {
        self.terminate_tree(instance_id, reason, false);
    }

    /// As [`Self::terminate`], with all its sub-orchestrations, theirs too.
    pub fn terminate_recursive(&self, instance_id: &str, reason: &str) {
        self.terminate_tree(instance_id, reason, true);
    }

    fn terminate_tree(&self, instance_id: &str, reason: &str, recurse: bool) {
        let mut state = self.shared.lock();
        // No event of the history confirms it: what is repeated was asked for in its turn.
        let action = (!state.replaying).then(|| {
            OrchestratorActionType::TerminateOrchestration(TerminateOrchestrationAction {
                instance_id: instance_id.to_owned(),
                reason: data::encode(reason).ok().flatten(),
                recurse,
            })
        });
        state.pending.add(Call::Terminate, action);
    }

    /// Shows `status` to clients that look at the instance, from the end of this turn on.
    ///
    /// # Errors
    /// It cannot be written as JSON; the status is unchanged.
    pub fn set_custom_status<T: Serialize + ?Sized>(&self, status: &T) -> Result<(), PayloadError> {
        let encoded = data::encode(status)
            .map_err(|error| PayloadError::encoding("custom status", self.name(), error))?;
        self.shared.lock().custom_status = encoded;
        Ok(())
    }

    /// Shows no custom status any more.
    pub fn clear_custom_status(&self) {
        self.shared.lock().custom_status = None;
    }

    /// Ends this execution and begins the next one with `input` and an empty history.
    ///
    /// Return what it returns: `return ctx.continue_as_new(next);`. External events that nobody
    /// consumed reach the next generation. It takes the context, so that no
    /// [lock](Self::lock) can be held over it.
    ///
    /// # Errors
    /// Always: the error carries the wish, or says that `input` cannot be written as JSON.
    pub fn continue_as_new<O>(self, input: impl Serialize) -> Result<O, OrchestrationError> {
        self.continue_as_new_with(input, ContinueOptions::default())
    }

    /// As [`Self::continue_as_new`], with options.
    ///
    /// # Errors
    /// As [`Self::continue_as_new`].
    pub fn continue_as_new_with<O>(
        self,
        input: impl Serialize,
        options: ContinueOptions,
    ) -> Result<O, OrchestrationError> {
        let input = data::encode(&input)
            .map_err(|error| PayloadError::encoding("input", self.name(), error))?;
        self.shared.lock().next_generation = Some(NextGeneration {
            input,
            version: options.version,
            tags: options.tags,
            keeps_events: options.preserves_unprocessed_events,
        });
        Err(OrchestrationError::continued_as_new())
    }
}

impl fmt::Debug for OrchestrationContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrchestrationContext")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
