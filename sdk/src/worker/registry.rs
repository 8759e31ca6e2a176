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
use crate::entity;
use crate::entity::EntityFn;
use crate::entity::EntityOperation;
use crate::entity::EntityState;
use crate::entity::Mistake;
use crate::failure::BoxError;
use crate::failure::FailureDetails;
use crate::names::Activity;
use crate::names::Entity;
use crate::names::Orchestration;
use crate::orchestration::OrchestrationContext;
use crate::orchestration::payload_failure;
use crate::orchestration::replay::Lookup;
use crate::orchestration::replay::OrchestrationFn;
use crate::panics::catch;
use crate::versioning::Versioning;

#[derive(Default)]
pub(super) struct Registry {
    orchestrations: HashMap<String, Versions<OrchestrationFn>>,
    activities: HashMap<String, Versions<ActivityFn>>,
    /// By name in lower case.
    entities: HashMap<String, EntityFn>,
    versioning: Option<Versioning>,
    default_version: Option<String>,
    /// The first mistake in registering; reported when the worker is built.
    mistake: Option<WorkerError>,
}

impl Registry {
    /// The function of that very version, else the one that was registered without a version.
    pub(super) fn orchestration(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Option<OrchestrationFn> {
        self.orchestrations.get(name)?.find(version)
    }

    /// As `orchestration`, apart from this registry.
    pub(super) fn lookup(&self) -> Lookup {
        let orchestrations = self.orchestrations.clone();
        Arc::new(move |name, version| orchestrations.get(name)?.find(version))
    }

    /// As `orchestration`.
    pub(super) fn activity(&self, name: &str, version: Option<&str>) -> Option<ActivityFn> {
        self.activities.get(name)?.find(version)
    }

    /// Names of entities are known to the server in lower case.
    pub(super) fn entity(&self, name: &str) -> Option<EntityFn> {
        self.entities.get(name).cloned()
    }

    pub(super) fn entity_names(&self) -> impl Iterator<Item = &str> {
        self.entities.keys().map(String::as_str)
    }

    pub(super) fn add_entity<S: EntityState>(&mut self, entity: &Entity) {
        let (code, mistake) = entity::typed::<S>();
        self.insert_entity(entity.name(), code);
        match mistake {
            Some(Mistake::Empty) => self.note("operation", "", "", false),
            Some(Mistake::Twice(name)) => {
                self.note("operation", &format!("{entity}.{name}"), "", true);
            }
            None => {}
        }
    }

    pub(super) fn add_entity_fn<O, E, F, Fut>(&mut self, entity: &Entity, function: F)
    where
        O: Serialize,
        E: Into<BoxError>,
        F: Fn(EntityOperation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
    {
        let code = entity::function(entity.name(), function);
        self.insert_entity(entity.name(), code);
    }

    fn insert_entity(&mut self, name: &str, code: EntityFn) {
        let previous = self.entities.insert(name.to_lowercase(), code);
        self.note("entity", name, "", previous.is_some());
    }

    /// Names of orchestrations and of activities, each with the versions that can be run here;
    /// none stands for all.
    pub(super) fn names(&self) -> (Vec<Filter<'_>>, Vec<Filter<'_>>) {
        let only = self.versioning.as_ref().and_then(Versioning::only);
        (
            filters(&self.orchestrations, only),
            filters(&self.activities, only),
        )
    }

    pub(super) fn versioning(&self) -> Option<&Versioning> {
        self.versioning.as_ref()
    }

    pub(super) fn set_versioning(&mut self, versioning: Versioning) {
        self.versioning = Some(versioning);
    }

    /// Version of sub-orchestrations that are called without one.
    pub(super) fn default_version(&self) -> Option<&str> {
        self.default_version.as_deref()
    }

    pub(super) fn set_default_version(&mut self, version: String) {
        self.default_version = Some(version);
    }

    /// The first mistake in registering, if one was made.
    pub(super) fn mistake(&self) -> Option<&WorkerError> {
        self.mistake.as_ref()
    }

    /// Adds all that is registered there.
    pub(super) fn merge(&mut self, other: Self) {
        let Self {
            orchestrations,
            activities,
            entities,
            versioning,
            default_version,
            mistake,
        } = other;
        for (name, Versions(versions)) in orchestrations {
            for (version, function) in versions {
                let mine = self.orchestrations.entry(name.clone()).or_default();
                let is_duplicate = mine.insert(&version, function);
                self.note("orchestration", &name, &version, is_duplicate);
            }
        }
        for (name, Versions(versions)) in activities {
            for (version, function) in versions {
                self.insert_activity(&name, &version, function);
            }
        }
        for (name, code) in entities {
            self.insert_entity(&name, code);
        }
        self.versioning = self.versioning.take().or(versioning);
        self.default_version = self.default_version.take().or(default_version);
        self.mistake = self.mistake.take().or(mistake);
    }

    pub(super) fn take_mistake(&mut self) -> Option<WorkerError> {
        self.mistake.take()
    }

    fn note(&mut self, kind: &'static str, name: &str, version: &str, is_duplicate: bool) {
        let mistake = if name.is_empty() {
            WorkerError::EmptyName { kind }
        } else if is_duplicate {
            WorkerError::Duplicate {
                kind,
                name: name.to_owned(),
                version: Some(version.to_owned()).filter(|version| !version.is_empty()),
            }
        } else {
            return;
        };
        self.mistake.get_or_insert(mistake);
    }

    pub(super) fn add_orchestration<I, O, F, Fut, E>(
        &mut self,
        orchestration: &Orchestration<I, O>,
        version: &str,
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
        let versions = self.orchestrations.entry(name.to_owned()).or_default();
        let is_duplicate = versions.insert(version, erased);
        self.note("orchestration", name, version, is_duplicate);
    }

    pub(super) fn add_activity<I, O, F, Fut, E>(
        &mut self,
        activity: &Activity<I, O>,
        version: &str,
        function: F,
    ) where
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
        self.insert_activity(name, version, erased);
    }

    pub(super) fn add_blocking_activity<I, O, F, E>(
        &mut self,
        activity: &Activity<I, O>,
        version: &str,
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
        self.insert_activity(name, version, erased);
    }

    fn insert_activity(&mut self, name: &str, version: &str, erased: ActivityFn) {
        let versions = self.activities.entry(name.to_owned()).or_default();
        let is_duplicate = versions.insert(version, erased);
        self.note("activity", name, version, is_duplicate);
    }
}

/// A name and the versions of it that can be run; none stands for all.
pub(super) type Filter<'a> = (&'a str, Vec<String>);

/// The functions of one name by version; the empty version is that of calls without one, and
/// takes the versions that have no function of their own. Case means nothing in a version.
#[derive(Clone)]
struct Versions<F>(Vec<(String, F)>);

impl<F> Default for Versions<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Clone> Versions<F> {
    /// Whether there was one of that version before.
    fn insert(&mut self, version: &str, function: F) -> bool {
        let version = version.trim();
        let is_duplicate = self.exactly(version).is_some();
        self.0.push((version.to_owned(), function));
        is_duplicate
    }

    fn exactly(&self, version: &str) -> Option<F> {
        let found = self
            .0
            .iter()
            .find(|(it, _)| it.eq_ignore_ascii_case(version));
        found.map(|(_, function)| function.clone())
    }

    fn find(&self, version: Option<&str>) -> Option<F> {
        let version = version.unwrap_or_default().trim();
        self.exactly(version).or_else(|| self.exactly(""))
    }

    fn listed(&self) -> Vec<String> {
        let versions = self.0.iter().map(|(version, _)| version.clone());
        if self.exactly("").is_some() {
            return Vec::new();
        }
        versions.collect()
    }
}

fn filters<'a, F: Clone>(
    names: &'a HashMap<String, Versions<F>>,
    only: Option<&str>,
) -> Vec<Filter<'a>> {
    let versions = |versions: &Versions<F>| match only {
        Some(version) => vec![version.to_owned()],
        None => versions.listed(),
    };
    names
        .iter()
        .map(|(name, them)| (name.as_str(), versions(them)))
        .collect()
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
        registry.add_blocking_activity(&GREET, "", |_, name| Ok::<_, String>(name));
        assert!(registry.take_mistake().is_none());
        registry.add_blocking_activity(&GREET, "", |_, name| Ok::<_, String>(name));
        let mistake = registry.take_mistake().unwrap().to_string();
        assert_eq!(mistake, "activity \"Greet\" is registered twice");
        registry.add_blocking_activity(&NAMELESS, "", |_, ()| Ok::<_, String>(()));
        assert!(matches!(
            registry.take_mistake(),
            Some(WorkerError::EmptyName { .. })
        ));
    }

    #[test]
    fn a_version_has_its_own_function_else_the_one_without() {
        let answer = |registry: &Registry, version: Option<&str>| {
            let function = registry.activity("Greet", version)?;
            let request = durascope_proto::ActivityRequest {
                input: Some("\"x\"".into()),
                ..Default::default()
            };
            let (context, input) = ActivityContext::of(request);
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(function(context, input)).unwrap()
        };
        let says = |text: &'static str| {
            move |_: ActivityContext, _: String| async move { Ok::<_, String>(text.to_owned()) }
        };
        let mut registry = Registry::default();
        registry.add_activity(&GREET, "2.0", says("two"));
        registry.add_activity(&GREET, "2.0-RC", says("candidate"));
        assert_eq!(answer(&registry, Some("2.0")).unwrap(), "\"two\"");
        assert_eq!(answer(&registry, Some("2.0-rc")).unwrap(), "\"candidate\"");
        assert!(registry.activity("Greet", Some("2")).is_none());
        assert!(registry.activity("Greet", None).is_none());
        let listed = vec!["2.0".to_owned(), "2.0-RC".to_owned()];
        assert_eq!(registry.names().1, [("Greet", listed)]);

        registry.add_activity(&GREET, "", says("any"));
        for version in [None, Some(""), Some("3")] {
            assert_eq!(answer(&registry, version).unwrap(), "\"any\"");
        }
        assert_eq!(registry.names().1, [("Greet", vec![])]);
        assert!(registry.take_mistake().is_none());

        registry.set_versioning(Versioning::strict("2.0"));
        assert_eq!(registry.names().1, [("Greet", vec!["2.0".to_owned()])]);
        registry.set_versioning(Versioning::current_or_older("2.0"));
        assert_eq!(registry.names().1, [("Greet", vec![])]);

        registry.add_activity(&GREET, "2.0", says("two"));
        let mistake = registry.take_mistake().unwrap().to_string();
        assert_eq!(
            mistake,
            "activity \"Greet\" in version \"2.0\" is registered twice"
        );
    }
}
