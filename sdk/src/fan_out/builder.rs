//! What is called for which items, and how: the setters of a fan-out.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::ready;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::admission::Admission;
use super::admission::Batching;
use super::callable::Callable;
use super::error::FanOutError;
use super::flight::Flight;
use super::flight::ItemResult;
use super::flight::Plan;
use super::ids;
use super::ids::IdError;
use super::status::Progress;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::names::ExternalEvent;
use crate::orchestration::OrchestrationContext;
use crate::retry::RetryPolicy;

/// A fan-out in the making. Nothing starts before its last word: [`Self::all`],
/// [`Self::fail_fast`], [`Self::outcomes`], [`Self::tolerate`], [`Self::stream`],
/// [`Self::fold`] or [`Self::sum`]; that schedules at once, in the order of the calls.
#[must_use = "nothing is called before the last word: all, fail_fast, outcomes, tolerate, stream, fold or sum"]
pub struct FanOut<I, O, K> {
    plan: Plan<I, O>,
    items: Vec<I>,
    window: Option<usize>,
    batching: Option<Batching<I>>,
    ids: Option<Ids<I>>,
    marker: PhantomData<fn() -> K>,
}

type Ids<I> = Box<dyn Fn(&str, usize, &I) -> Result<String, IdError> + Send>;

/// Marks a fan-out of activities.
#[derive(Debug)]
pub struct Activities;
/// Marks a fan-out of sub-orchestrations.
#[derive(Debug)]
pub struct Children;
/// Marks a fan-out of code.
#[derive(Debug)]
pub struct Steps;

impl OrchestrationContext {
    /// Calls an activity, or an orchestration as a child, for each item.
    ///
    /// See [`crate::fan_out`] for all that can be said of it.
    pub fn fan_out<C: Callable>(
        &self,
        callee: &C,
        items: impl IntoIterator<Item = C::Input>,
    ) -> FanOut<C::Input, C::Output, C::Kind> {
        let callee = *callee;
        let start = Box::new(move |ctx: &Self, item: &C::Input, options| {
            callee.schedule(ctx, item, options).boxed()
        });
        FanOut::new(self, C::KIND, callee.callee_name(), start, items)
    }

    /// Runs `code` for each item: several calls one after another, entities, whatever an
    /// orchestration may do. `name` is what messages call it.
    ///
    /// With the last word the code of each item that may start runs up to its first wait, in the
    /// order of the items; from there on it goes on when the fan-out is awaited. Retries run it
    /// again from its beginning. What it logs carries the item's index.
    pub fn fan_out_with<I, O, F, Fut>(
        &self,
        name: &str,
        items: impl IntoIterator<Item = I>,
        code: F,
    ) -> FanOut<I, O, Steps>
    where
        I: Clone + Send + 'static,
        O: Send + 'static,
        F: Fn(Self, I) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Result<O, TaskFailed>> + Send + 'static,
    {
        let start = Box::new(
            move |ctx: &Self, item: &I, options: super::callable::ItemOptions| {
                let span = tracing::info_span!("item", item = options.index);
                let running = repeat(ctx.clone(), item.clone(), code.clone(), options.retry);
                begun(running.instrument(span).boxed())
            },
        );
        FanOut::new(self, TaskKind::Step, name, start, items)
    }
}

/// The code as far as it comes without waiting: like a call it begins with the last word of the
/// fan-out, and not when somebody first waits for it. Who does polls it again, with a waker.
fn begun<T: Send + 'static>(mut running: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
    match running.poll_unpin(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => ready(result).boxed(),
        Poll::Pending => running,
    }
}

/// The code, run until it succeeds or its policy gives up.
async fn repeat<I: Clone, O, Fut: Future<Output = ItemResult<O>>>(
    ctx: OrchestrationContext,
    item: I,
    code: impl Fn(OrchestrationContext, I) -> Fut,
    retry: Option<RetryPolicy>,
) -> ItemResult<O> {
    let started = ctx.now_micros();
    let mut attempt: u32 = 1;
    loop {
        let failed = match code(ctx.clone(), item.clone()).await {
            Ok(output) => return Ok(output),
            Err(failed) => failed,
        };
        let elapsed = u64::try_from(ctx.now_micros().saturating_sub(started)).unwrap_or(0);
        let delay = retry
            .as_ref()
            .and_then(|it| it.next_delay(attempt, Duration::from_micros(elapsed), &failed));
        let Some(delay) = delay else {
            return Err(failed);
        };
        ctx.timer(delay).await;
        attempt += 1;
    }
}

impl<I, O, K> FanOut<I, O, K> {
    fn new(
        ctx: &OrchestrationContext,
        kind: TaskKind,
        name: &str,
        start: super::flight::Start<I, O>,
        items: impl IntoIterator<Item = I>,
    ) -> Self {
        let plan = Plan {
            ctx: ctx.clone(),
            kind,
            name: name.to_owned(),
            start,
            retry: None,
            version: None,
            timeout: None,
            terminates: false,
            keeps_items: true,
            is_batched: false,
            shows_status: false,
            label: None,
            tracker: None,
            cancel: None,
        };
        Self {
            plan,
            items: items.into_iter().collect(),
            window: None,
            batching: None,
            ids: None,
            marker: PhantomData,
        }
    }

    /// Retries each item by `policy`.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.plan.retry = Some(policy);
        self
    }

    /// Gives each item this much time from its start, its retries included. One that takes
    /// longer fails ([`TaskFailed::is_timeout`]); what it called goes on unobserved.
    ///
    /// Items that start in one turn share one durable timer, so this costs two events a turn
    /// that starts items.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.plan.timeout = Some(timeout);
        self
    }

    /// Lets at most `count` items run at a time, at least 1: a window that refills as soon as
    /// one ends. Within batches it bounds each batch.
    pub fn concurrency(mut self, count: usize) -> Self {
        self.window = Some(count.max(1));
        self
    }

    /// Works in batches of `size`, at least 1: the next begins when the last item of the one
    /// before has ended, which leaves places idle; [`Self::concurrency`] does not. Shows the
    /// batch as [`Self::progress`] does.
    pub fn batches(self, size: usize) -> Self {
        self.in_batches(Batching::Fixed(size))
    }

    /// Batches whose size depends on what is in them: one ends before it has more items than
    /// the smallest limit among them.
    ///
    /// # Determinism
    /// `limit` runs inside the orchestration and must decide by its argument alone.
    pub fn batches_by(self, limit: impl Fn(&I) -> usize + Send + 'static) -> Self {
        self.in_batches(Batching::ByItem(Box::new(limit)))
    }

    /// Batches whose size a function chooses, from the items that are left.
    ///
    /// # Determinism
    /// As [`Self::batches_by`].
    pub fn batches_sized(self, size: impl FnMut(&[I]) -> usize + Send + 'static) -> Self {
        self.in_batches(Batching::ByRest(Box::new(size)))
    }

    fn in_batches(mut self, batching: Batching<I>) -> Self {
        self.batching = Some(batching);
        self.plan.is_batched = true;
        self.plan.shows_status = true;
        self
    }

    /// Shows how far it is, from each turn to the next. Of several fan-outs at a time only one can
    /// be seen in the status, see [`Progress::in_status`].
    pub fn progress(mut self, progress: Progress) -> Self {
        self.plan.shows_status = progress.in_status;
        self.plan.label = progress.label;
        self.plan.tracker = progress.tracker;
        self
    }

    /// Ends early when the external event comes, with its payload ignored: nothing more starts,
    /// and every unfinished item fails ([`TaskFailed::is_canceled`]).
    pub fn cancel_on<T: DeserializeOwned + 'static>(mut self, event: &ExternalEvent<T>) -> Self {
        let waiting = self.plan.ctx.wait_for_event(event).map(drop).boxed();
        self.plan.cancel = Some((event.name().to_owned(), waiting));
        self
    }

    pub(super) fn total(&self) -> usize {
        self.items.len()
    }

    /// Lets go of each item once it has started, for a last word that does not return items.
    pub(super) fn without_items(mut self) -> Self {
        self.plan.keeps_items = false;
        self
    }

    /// Schedules what may start at once.
    pub(super) fn launch(mut self) -> Result<Flight<I, O>, FanOutError>
    where
        O: Send + 'static,
    {
        let ids = self.child_instance_ids()?;
        let sizes = match &mut self.batching {
            Some(batching) => batching.sizes(&self.items),
            None => vec![self.items.len()],
        };
        let admission = Admission::new(self.window, sizes);
        Ok(Flight::begin(self.plan, self.items, ids, admission))
    }

    fn child_instance_ids(&self) -> Result<Vec<String>, FanOutError> {
        let Some(make) = &self.ids else {
            return Ok(Vec::new());
        };
        let parent = self.plan.ctx.instance_id();
        let wrong = |(index, problem)| FanOutError::ChildId { index, problem };
        let ids = self.items.iter().enumerate().map(|(index, item)| {
            make(parent, index, item).map_err(|problem| wrong((index, problem)))
        });
        let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
        ids::all_different(&ids).map_err(wrong)?;
        Ok(ids)
    }
}

impl<I: 'static, O> FanOut<I, O, Children> {
    /// Ids of the children: `{parent}-{label}-{index}`. One that is too long is an error of the
    /// fan-out, before anything starts. Without, ids are derived from the execution's.
    pub fn child_ids(mut self, label: impl Into<String>) -> Self {
        let label = label.into();
        self.ids = Some(Box::new(move |parent, index, _| {
            ids::child_id(parent, &label, index)
        }));
        self
    }

    /// As [`Self::child_ids`], but an id that would be too long keeps only the beginning of the
    /// parent's and a digest of it: for trees of any depth.
    pub fn short_child_ids(mut self, label: impl Into<String>) -> Self {
        let label = label.into();
        self.ids = Some(Box::new(move |parent, index, _| {
            ids::short_child_id(parent, &label, index)
        }));
        self
    }

    /// Ids of the children made by a function from the item's index and the item. One that is
    /// too long, or made twice, is an error of the fan-out, before anything starts. They must be
    /// unique in the task hub too; an instance that runs under one makes the call fail.
    ///
    /// # Determinism
    /// As [`Self::batches_by`].
    pub fn child_ids_by(mut self, id: impl Fn(usize, &I) -> String + Send + 'static) -> Self {
        self.ids = Some(Box::new(move |_, index, item| {
            ids::checked(id(index, item))
        }));
        self
    }

    /// Terminates children, and theirs, that still run when the fan-out ends without them: at
    /// the first failure with `fail_fast`, when the tolerance is exceeded or success is certain,
    /// on cancellation, when its future or stream is dropped, and one that takes too long.
    pub fn terminate_children(mut self) -> Self {
        self.plan.terminates = true;
        self
    }
}

impl<I, O> FanOut<I, O, Activities> {
    /// Asks for this version of the activity.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.plan.version = Some(version.into());
        self
    }
}

impl<I, O> FanOut<I, O, Children> {
    /// Asks for this version of the orchestration.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.plan.version = Some(version.into());
        self
    }
}

impl<I, O, K> fmt::Debug for FanOut<I, O, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanOut")
            .field("name", &self.plan.name)
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}
