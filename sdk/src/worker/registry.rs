//! Names to functions; their types are erased here and nowhere else.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::ready;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::WorkerError;
use crate::activity::ActivityContext;
use crate::activity::ActivityFn;
use crate::data;
use crate::data::Misfit;
use crate::data::PayloadError;
use crate::failure::BoxError;
use crate::failure::FailureDetails;
use crate::names::Activity;
use crate::names::Orchestration;
use crate::orchestration::OrchestrationContext;
use crate::orchestration::payload_failure;
use crate::orchestration::replay::OrchestrationFn;
use crate::panics::catch;

#[derive(Default)]
pub(super) struct Registry {
    orchestrations: HashMap<String, OrchestrationFn>,
    activities: HashMap<String, ActivityFn>,
    /// The first mistake in registering; reported when the worker is built.
    mistake: Option<WorkerError>,
}

impl Registry {
    pub(super) fn orchestration(&self, name: &str) -> Option<OrchestrationFn> {
        self.orchestrations.get(name).cloned()
    }

    pub(super) fn activity(&self, name: &str) -> Option<ActivityFn> {
        self.activities.get(name).cloned()
    }

    pub(super) fn names(&self) -> (Vec<&str>, Vec<&str>) {
        (
            self.orchestrations.keys().map(String::as_str).collect(),
            self.activities.keys().map(String::as_str).collect(),
        )
    }

    pub(super) fn take_mistake(&mut self) -> Option<WorkerError> {
        self.mistake.take()
    }

    fn note(&mut self, kind: &'static str, name: &str, is_duplicate: bool) {
        let mistake = if name.is_empty() {
            WorkerError::EmptyName { kind }
        } else if is_duplicate {
            WorkerError::Duplicate {
                kind,
                name: name.to_owned(),
            }
        } else {
            return;
        };
        self.mistake.get_or_insert(mistake);
    }

    pub(super) fn add_orchestration<I, O, F, Fut, E>(
        &mut self,
        orchestration: &Orchestration<I, O>,
        function: F,
    ) where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(OrchestrationContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let name = orchestration.name();
        let erased: OrchestrationFn = Arc::new(move |context, input| {
            let input = match data::decode(input.as_deref()) {
                Ok(input) => input,
                Err(misfit) => {
                    return ready(Err(unfit_start(&context, misfit))).boxed();
                }
            };
            let code = function(context, input);
            async move { finish(name, code.await) }.boxed()
        });
        let previous = self.orchestrations.insert(name.to_owned(), erased);
        self.note("orchestration", name, previous.is_some());
    }

    pub(super) fn add_activity<I, O, F, Fut, E>(&mut self, activity: &Activity<I, O>, function: F)
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let name = activity.name();
        let erased: ActivityFn = Arc::new(move |context, input| {
            let input = match data::decode(input.as_deref()) {
                Ok(input) => input,
                Err(misfit) => return ready(Err(unfit_call(&context, misfit))).boxed(),
            };
            let code = function(context, input);
            async move { finish(name, code.await) }.boxed()
        });
        self.insert_activity(name, erased);
    }

    pub(super) fn add_blocking_activity<I, O, F, E>(
        &mut self,
        activity: &Activity<I, O>,
        function: F,
    ) where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(ActivityContext, I) -> Result<O, E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        let name = activity.name();
        let function = Arc::new(function);
        let erased: ActivityFn = Arc::new(move |context, input| {
            let function = Arc::clone(&function);
            let span = tracing::Span::current();
            let run = move || {
                let input = data::decode(input.as_deref())
                    .map_err(|misfit| unfit_call(&context, misfit))?;
                finish(name, function(context, input))
            };
            async move {
                // Caught on the thread on which it happens, which alone knows the place.
                let run = move || span.in_scope(|| catch(run).flatten());
                tokio::task::spawn_blocking(run)
                    .await
                    .unwrap_or_else(|error| {
                        Err(FailureDetails::new("Cancelled", error.to_string()))
                    })
            }
            .boxed()
        });
        self.insert_activity(name, erased);
    }

    fn insert_activity(&mut self, name: &str, erased: ActivityFn) {
        let previous = self.activities.insert(name.to_owned(), erased);
        self.note("activity", name, previous.is_some());
    }
}

fn finish<O: Serialize, E: Into<BoxError>>(
    name: &str,
    result: Result<O, E>,
) -> Result<Option<String>, FailureDetails> {
    let output = result.map_err(FailureDetails::of)?;
    data::encode(&output)
        .map_err(|error| payload_failure(&PayloadError::encoding("output", name, error)))
}

fn unfit_start(context: &OrchestrationContext, misfit: Misfit) -> FailureDetails {
    let (name, instance) = (context.name(), context.instance_id());
    let owner = format_args!("orchestration {name:?} (instance {instance:?})");
    payload_failure(&PayloadError::decoding("input", owner, misfit))
}

fn unfit_call(context: &ActivityContext, misfit: Misfit) -> FailureDetails {
    let (name, instance, task) = (context.name(), context.instance_id(), context.task_id());
    let owner = format_args!("activity {name:?} (instance {instance:?}, task {task})");
    payload_failure(&PayloadError::decoding("input", owner, misfit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREET: Activity<String, String> = Activity::named("Greet");
    const NAMELESS: Activity<(), ()> = Activity::named("");

    #[test]
    fn a_name_registered_twice_or_empty_is_a_mistake() {
        let mut registry = Registry::default();
        registry.add_blocking_activity(&GREET, |_, name| Ok::<_, String>(name));
        assert!(registry.take_mistake().is_none());
        registry.add_blocking_activity(&GREET, |_, name| Ok::<_, String>(name));
        let mistake = registry.take_mistake().unwrap().to_string();
        assert_eq!(mistake, "activity \"Greet\" is registered twice");
        registry.add_blocking_activity(&NAMELESS, |_, ()| Ok::<_, String>(()));
        assert!(matches!(
            registry.take_mistake(),
            Some(WorkerError::EmptyName { .. })
        ));
    }
}
