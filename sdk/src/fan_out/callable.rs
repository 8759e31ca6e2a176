//! What can be called for each item: an activity or an orchestration, by its typed name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::Activities;
use super::builder::Children;
use crate::error::TaskKind;
use crate::names::Activity;
use crate::names::Orchestration;
use crate::orchestration::CallOptions;
use crate::orchestration::DurableFuture;
use crate::orchestration::OrchestrationContext;
use crate::orchestration::SubOptions;
use crate::retry::RetryPolicy;

/// An [`Activity`] or an [`Orchestration`].
pub trait Callable: Copy + Send + Sync + 'static + sealed::Sealed {
    /// What one call takes.
    type Input: Serialize + Send + 'static;
    /// What it returns.
    type Output: DeserializeOwned + Send + 'static;
    /// Tells a fan-out of activities from one of sub-orchestrations.
    type Kind: 'static;

    #[doc(hidden)]
    const KIND: TaskKind;
    #[doc(hidden)]
    fn callee_name(&self) -> &'static str;
    #[doc(hidden)]
    fn schedule(
        &self,
        ctx: &OrchestrationContext,
        input: &Self::Input,
        options: ItemOptions,
    ) -> DurableFuture<Self::Output>;
}

/// How one item is called.
#[derive(Clone, Debug, Default)]
pub struct ItemOptions {
    pub(super) index: usize,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) version: Option<String>,
    /// Of a sub-orchestration.
    pub(super) instance_id: Option<String>,
}

impl<I: Serialize + Send + 'static, O: DeserializeOwned + Send + 'static> Callable
    for Activity<I, O>
{
    type Input = I;
    type Output = O;
    type Kind = Activities;

    const KIND: TaskKind = TaskKind::Activity;

    fn callee_name(&self) -> &'static str {
        self.name()
    }

    fn schedule(
        &self,
        ctx: &OrchestrationContext,
        input: &I,
        options: ItemOptions,
    ) -> DurableFuture<O> {
        let mut call = CallOptions::new();
        call.retry = options.retry;
        call.version = options.version;
        ctx.schedule_activity(self.name().into(), input, call)
    }
}

impl<I: Serialize + Send + 'static, O: DeserializeOwned + Send + 'static> Callable
    for Orchestration<I, O>
{
    type Input = I;
    type Output = O;
    type Kind = Children;

    const KIND: TaskKind = TaskKind::SubOrchestration;

    fn callee_name(&self) -> &'static str {
        self.name()
    }

    fn schedule(
        &self,
        ctx: &OrchestrationContext,
        input: &I,
        options: ItemOptions,
    ) -> DurableFuture<O> {
        let mut call = SubOptions::new();
        call.retry = options.retry;
        call.version = options.version;
        call.instance_id = options.instance_id;
        ctx.schedule_sub(self.name().into(), input, call)
    }
}

mod sealed {
    pub trait Sealed {}
    impl<I, O> Sealed for super::Activity<I, O> {}
    impl<I, O> Sealed for super::Orchestration<I, O> {}
}
