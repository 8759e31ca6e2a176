//! Durable futures: what an orchestration awaits. All are `Unpin`, `Send` and fused.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use durascope_proto::history_event::EventType;
use futures_util::future::BoxFuture;
use futures_util::future::FusedFuture;
use serde::de::DeserializeOwned;

use crate::data;
use crate::data::PayloadError;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::failure::FailureDetails;
use crate::names::EMPTY_EVENT_NAME;
use crate::names::EntityId;
use crate::orchestration::replay::Outcome;
use crate::orchestration::replay::Shared;

/// The result of an activity, of a sub-orchestration, or of a call to an entity.
///
/// It was asked for when the future was made, not when it is first polled. Dropping the future
/// does not take it back: the result is recorded and ignored.
#[must_use = "without an await its result, and its failure, are ignored"]
pub struct DurableFuture<O> {
    state: TaskState<O>,
}

enum TaskState<O> {
    Waiting(TaskHandle),
    Retrying(BoxFuture<'static, Result<O, TaskFailed>>),
    Failed(Box<TaskFailed>),
    Done,
}

/// One scheduled operation.
pub(crate) struct TaskHandle {
    pub(crate) shared: Shared,
    pub(crate) id: i32,
    pub(crate) kind: TaskKind,
    pub(crate) name: std::borrow::Cow<'static, str>,
    /// Of a call to an entity.
    pub(crate) target: Option<EntityId>,
}

impl<O> DurableFuture<O> {
    pub(crate) fn of(scheduled: Result<TaskHandle, TaskFailed>) -> Self {
        let state = match scheduled {
            Ok(handle) => TaskState::Waiting(handle),
            Err(failed) => TaskState::Failed(Box::new(failed)),
        };
        Self { state }
    }

    pub(crate) fn retrying(future: BoxFuture<'static, Result<O, TaskFailed>>) -> Self {
        Self {
            state: TaskState::Retrying(future),
        }
    }
}

// Nothing is pinned inside: the one future it may hold is boxed.
impl<O> Unpin for DurableFuture<O> {}

impl<O: DeserializeOwned> Future for DurableFuture<O> {
    type Output = Result<O, TaskFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &mut self.state {
            TaskState::Waiting(handle) => {
                // The lock ends with this statement: decoding runs user code.
                let polled = handle.shared.lock().pending.poll(handle.id, cx);
                match polled {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(outcome) => handle.result(outcome),
                }
            }
            TaskState::Retrying(future) => match future.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(result) => result,
            },
            TaskState::Failed(_) => match std::mem::replace(&mut self.state, TaskState::Done) {
                TaskState::Failed(failed) => Err(*failed),
                TaskState::Waiting(_) | TaskState::Retrying(_) | TaskState::Done => {
                    return Poll::Pending;
                }
            },
            // As a fused future: polled again after its end it never wakes.
            TaskState::Done => return Poll::Pending,
        };
        self.state = TaskState::Done;
        Poll::Ready(result)
    }
}

impl<O: DeserializeOwned> FusedFuture for DurableFuture<O> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, TaskState::Done)
    }
}

impl<O> fmt::Debug for DurableFuture<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("DurableFuture");
        match &self.state {
            TaskState::Waiting(handle) => text.field("id", &handle.id).field("name", &handle.name),
            TaskState::Retrying(_) => text.field("retrying", &true),
            TaskState::Failed(failed) => text.field("failed", failed),
            TaskState::Done => text.field("done", &true),
        }
        .finish()
    }
}

impl TaskHandle {
    fn result<O: DeserializeOwned>(&self, outcome: Outcome) -> Result<O, TaskFailed> {
        let details = match outcome {
            Outcome::Completed(payload) => match data::decode(payload.as_deref()) {
                Ok(value) => return Ok(value),
                Err(misfit) => {
                    let (kind, name, id) = (self.kind, &self.name, self.id);
                    let owner = format_args!("{kind} {name:?} (task {id})");
                    payload_failure(&PayloadError::decoding("output", owner, misfit))
                }
            },
            Outcome::Failed(details) => FailureDetails::from_proto(*details),
            // The end of a timer or of a lock request never reaches another kind of operation.
            Outcome::Fired | Outcome::Granted => FailureDetails::default(),
        };
        let target = self.target.as_ref().map(EntityId::as_str);
        Err(TaskFailed::new(self.kind, &self.name, self.id, details).with_target(target))
    }
}

/// A payload that does not fit fits no better next time.
pub(crate) fn payload_failure(error: &PayloadError) -> FailureDetails {
    FailureDetails::non_retriable("PayloadError", error.to_string())
}

/// A durable timer. It resolves in the first turn after its time.
///
/// Dropping it takes nothing back: its end is recorded and ignored.
#[must_use = "a timer that nobody awaits does nothing"]
pub struct Timer {
    pub(crate) shared: Shared,
    pub(crate) id: i32,
    pub(crate) fired: bool,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.shared.lock().pending.poll(self.id, cx);
        polled.map(|_| self.fired = true)
    }
}

impl FusedFuture for Timer {
    fn is_terminated(&self) -> bool {
        self.fired
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("id", &self.id)
            .field("fired", &self.fired)
            .finish()
    }
}

/// The next external event of one name.
///
/// Its place in the queue is taken when it is made. Dropping it gives the place up; an event
/// that it got but nobody looked at goes to the next in the queue.
#[must_use = "without an await the event goes to whoever waits next"]
pub struct EventFuture<T> {
    pub(crate) shared: Shared,
    pub(crate) name: std::borrow::Cow<'static, str>,
    pub(crate) waiter: Option<u64>,
    /// Fails, as nothing can come, and has not yet said so.
    pub(crate) is_refused: bool,
    pub(crate) marker: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Future for EventFuture<T> {
    type Output = Result<T, TaskFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.is_refused) {
            let details = FailureDetails::non_retriable("EventNameError", EMPTY_EVENT_NAME);
            let failed = TaskFailed::new(TaskKind::ExternalEvent, &self.name, 0, details);
            return Poll::Ready(Err(failed));
        }
        let Some(waiter) = self.waiter else {
            return Poll::Pending;
        };
        let polled = self.shared.lock().mailboxes.poll(waiter, cx);
        let Poll::Ready(event) = polled else {
            return Poll::Pending;
        };
        self.waiter = None;
        let payload = match event.event_type {
            Some(EventType::EventRaised(raised)) => raised.input,
            Some(_) | None => None,
        };
        Poll::Ready(data::decode(payload.as_deref()).map_err(|misfit| {
            let owner = format_args!("{} {:?}", TaskKind::ExternalEvent, self.name);
            let error = PayloadError::decoding("payload", owner, misfit);
            let details = payload_failure(&error);
            TaskFailed::new(TaskKind::ExternalEvent, &self.name, event.event_id, details)
        }))
    }
}

impl<T: DeserializeOwned> FusedFuture for EventFuture<T> {
    fn is_terminated(&self) -> bool {
        self.waiter.is_none() && !self.is_refused
    }
}

impl<T> Drop for EventFuture<T> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            let woken = self.shared.lock().mailboxes.cancel(waiter);
            if let Some(waker) = woken {
                waker.wake();
            }
        }
    }
}

impl<T> fmt::Debug for EventFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventFuture")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
