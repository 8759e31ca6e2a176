//! A fan-out under way: starts items as they are admitted, yields their ends in history order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::future::Either;
use futures_util::future::Shared;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;

use super::admission::Admission;
use super::callable::ItemOptions;
use super::status::Counts;
use super::status::FanOutStatus;
use super::status::Tracker;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::failure::FailureDetails;
use crate::names::EntityId;
use crate::orchestration::OrchestrationContext;
use crate::orchestration::Timer;
use crate::retry::RetryPolicy;

pub(super) type ItemResult<O> = Result<O, TaskFailed>;
type ItemFuture<O> = BoxFuture<'static, ItemResult<O>>;

/// Starts one item: its index and the item in, its future out.
pub(super) type Start<I, O> =
    Box<dyn Fn(&OrchestrationContext, &I, ItemOptions) -> ItemFuture<O> + Send>;

/// All of a fan-out but its items.
pub(super) struct Plan<I, O> {
    pub(super) ctx: OrchestrationContext,
    pub(super) kind: TaskKind,
    pub(super) name: String,
    pub(super) start: Start<I, O>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) version: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) terminates: bool,
    /// Items are returned with their outcomes.
    pub(super) keeps_items: bool,
    pub(super) is_batched: bool,
    pub(super) shows_status: bool,
    pub(super) label: Option<String>,
    pub(super) tracker: Option<EntityId>,
    /// Resolves when the fan-out is to be cancelled, with the name of the event.
    pub(super) cancel: Option<(String, BoxFuture<'static, ()>)>,
}

pub(super) struct Flight<I, O> {
    plan: Plan<I, O>,
    items: Vec<Option<I>>,
    ids: Vec<String>,
    admission: Admission,
    next: usize,
    is_finished: Vec<bool>,
    running: FuturesUnordered<BoxFuture<'static, (usize, ItemResult<O>)>>,
    /// Ids of the children that run.
    children: BTreeMap<usize, String>,
    finished: usize,
    failed: usize,
    is_canceled: bool,
    tracker: Option<Tracker>,
    /// Below it there is no item that a cancellation has left unfinished.
    next_canceled: usize,
    /// One timer for all items that start at the same time.
    deadline: Option<(i64, Shared<Timer>)>,
}

impl<I, O: Send + 'static> Flight<I, O> {
    /// Starts what may start at once. `ids` are those of the children, or empty.
    pub(super) fn begin(
        plan: Plan<I, O>,
        items: Vec<I>,
        ids: Vec<String>,
        admission: Admission,
    ) -> Self {
        let mut flight = Self {
            is_finished: vec![false; items.len()],
            items: items.into_iter().map(Some).collect(),
            plan,
            ids,
            admission,
            next: 0,
            running: FuturesUnordered::new(),
            children: BTreeMap::new(),
            finished: 0,
            failed: 0,
            is_canceled: false,
            tracker: None,
            next_canceled: 0,
            deadline: None,
        };
        // The event may have come before; then nothing starts at all. The waker is that of
        // whoever polls the fan-out, which is nobody yet.
        if flight.is_cancel_due(&mut Context::from_waker(Waker::noop())) {
            flight.is_canceled = true;
        } else {
            let (ctx, total) = (&flight.plan.ctx, flight.is_finished.len());
            let entity = flight.plan.tracker.take();
            flight.tracker = entity.map(|entity| Tracker::begin(ctx, entity, total));
            flight.announce();
            flight.refill();
        }
        flight
    }

    pub(super) fn total(&self) -> usize {
        self.is_finished.len()
    }

    /// Name of the event that cancelled it, and how many items were finished by then.
    pub(super) fn canceled(&self) -> Option<&str> {
        let (event, _) = self.plan.cancel.as_ref()?;
        self.is_canceled.then_some(event)
    }

    pub(super) fn take_item(&mut self, index: usize) -> Option<I> {
        self.items.get_mut(index)?.take()
    }

    pub(super) async fn next(&mut self) -> Option<(usize, ItemResult<O>)> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next end; `None` after the last. After a cancellation every unfinished item ends so.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(usize, ItemResult<O>)>> {
        if self.is_cancel_due(cx) {
            self.is_canceled = true;
            self.abandon("the fan-out was cancelled");
        }
        if self.is_canceled {
            return Poll::Ready(self.next_canceled());
        }
        match Pin::new(&mut self.running).poll_next_unpin(cx) {
            Poll::Ready(Some((index, result))) => {
                self.on_end(index, &result);
                Poll::Ready(Some((index, result)))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_cancel_due(&mut self, cx: &mut Context<'_>) -> bool {
        if self.is_canceled || self.finished == self.total() {
            return false;
        }
        let cancel = self.plan.cancel.as_mut();
        cancel.is_some_and(|(_, event)| event.poll_unpin(cx).is_ready())
    }

    fn next_canceled(&mut self) -> Option<(usize, ItemResult<O>)> {
        let mut rest = self.is_finished.iter().skip(self.next_canceled);
        let index = self.next_canceled + rest.position(|finished| !finished)?;
        self.next_canceled = index + 1;
        let event = self.plan.cancel.as_ref().map_or("", |(event, _)| event);
        let text = format!("cancelled by event {event:?}");
        let failed = self.local_failure(TaskFailed::CANCELED, text);
        // Not as an end like others: nothing follows on it.
        self.is_finished[index] = true;
        Some((index, Err(failed)))
    }

    fn local_failure(&self, error_type: &str, text: String) -> TaskFailed {
        let details = FailureDetails::non_retriable(error_type, text);
        TaskFailed::new(self.plan.kind, &self.plan.name, 0, details)
    }

    fn on_end(&mut self, index: usize, result: &ItemResult<O>) {
        self.is_finished[index] = true;
        self.finished += 1;
        let child = self.children.remove(&index);
        if let Err(failed) = result {
            self.failed += 1;
            tracing::warn!(item = index, name = ?self.plan.name, error = ?failed.details.message, "item failed");
            if let Some(id) = child.filter(|_| self.plan.terminates && failed.is_timeout()) {
                self.plan.ctx.terminate_recursive(&id, "it took too long");
            }
        }
        if let Some(tracker) = &mut self.tracker {
            let is_last = self.finished == self.is_finished.len();
            tracker.on_end(&self.plan.ctx, result.is_err(), is_last);
        }
        if self.admission.release() {
            self.announce();
        } else {
            self.show();
        }
        self.refill();
    }

    fn refill(&mut self) {
        while self.admission.admit() {
            let index = self.next;
            self.next += 1;
            self.launch(index);
        }
    }

    fn launch(&mut self, index: usize) {
        let Some(Some(item)) = self.items.get(index) else {
            return;
        };
        let instance_id = self.ids.get(index).cloned();
        // Who is to terminate a child has to know its id.
        let instance_id = instance_id.or_else(|| {
            self.plan
                .terminates
                .then(|| self.plan.ctx.child_instance_id())
        });
        if let Some(id) = &instance_id {
            self.children.insert(index, id.clone());
        }
        let options = ItemOptions {
            index,
            retry: self.plan.retry.clone(),
            version: self.plan.version.clone(),
            instance_id,
        };
        let call = (self.plan.start)(&self.plan.ctx, item, options);
        if !self.plan.keeps_items {
            self.items[index] = None;
        }
        let future = match self.plan.timeout {
            None => call.map(move |result| (index, result)).boxed(),
            Some(timeout) => {
                let late = format!("no result within {timeout:?}");
                let late = self.local_failure(TaskFailed::TIMED_OUT, late);
                let deadline = self.deadline(timeout);
                let limited = async move {
                    match select(call, deadline).await {
                        Either::Left((result, _timer)) => (index, result),
                        Either::Right(((), _call)) => (index, Err(late)),
                    }
                };
                limited.boxed()
            }
        };
        self.running.push(future);
    }

    /// The timer of the items that start now: one for all, as each costs two events.
    fn deadline(&mut self, timeout: Duration) -> Shared<Timer> {
        let now = self.plan.ctx.now_micros();
        match &self.deadline {
            Some((since, timer)) if *since == now => timer.clone(),
            Some(_) | None => {
                let timer = self.plan.ctx.timer(timeout).shared();
                self.deadline = Some((now, timer.clone()));
                timer
            }
        }
    }

    /// Says that a batch begins, once in the life of the orchestration.
    fn announce(&mut self) {
        if let Some((batch, batches)) = self.batch() {
            let items = self.admission.batch_size();
            tracing::info!(batch, batches, items, name = ?self.plan.name, "batch begins");
        }
        self.show();
    }

    /// Number of the current batch, from 1, and of how many, if there are any.
    fn batch(&self) -> Option<(usize, usize)> {
        let batch = self.admission.batch();
        (self.plan.is_batched && batch.1 > 0).then_some(batch)
    }

    fn show(&self) {
        if !self.plan.shows_status {
            return;
        }
        let batch = self.batch();
        let counts = Counts {
            label: self
                .plan
                .label
                .clone()
                .unwrap_or_else(|| self.plan.name.clone()),
            finished: self.finished,
            failed: self.failed,
            total: self.total(),
            batch: batch.map(|(number, _)| number),
            batches: batch.map(|(_, of)| of),
        };
        if let Err(error) = self
            .plan
            .ctx
            .set_custom_status(&FanOutStatus { progress: counts })
        {
            tracing::warn!(%error, "progress cannot be shown");
        }
    }
}

impl<I, O> Flight<I, O> {
    /// Lets go of what runs and starts nothing more; terminates children if asked for.
    pub(super) fn abandon(&mut self, reason: &str) {
        self.running.clear();
        if let Some(tracker) = &mut self.tracker {
            tracker.flush(&self.plan.ctx);
        }
        let children = std::mem::take(&mut self.children);
        if self.plan.terminates {
            for id in children.values() {
                self.plan.ctx.terminate_recursive(id, reason);
            }
        }
    }
}

impl<I, O> Drop for Flight<I, O> {
    fn drop(&mut self) {
        self.abandon("nobody waits for the fan-out any more");
    }
}
