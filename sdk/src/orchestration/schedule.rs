//! Scheduling of activities and sub-orchestrations, with retries as durable timers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::OrchestrationContext;
use super::options::CallOptions;
use super::options::SubOptions;
use super::replay::Call;
use super::task::DurableFuture;
use super::task::TaskHandle;
use super::task::payload_failure;
use crate::data;
use crate::data::PayloadError;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::failure::FailureDetails;
use crate::names::checked;
use crate::retry::RetryPolicy;

/// All of a call but its input, so that it can be made again.
#[derive(Clone)]
struct Spec {
    kind: TaskKind,
    name: Cow<'static, str>,
    version: Option<String>,
    tags: BTreeMap<String, String>,
    /// Of a sub-orchestration.
    instance_id: String,
}

impl OrchestrationContext {
    pub(crate) fn schedule_activity<I: Serialize, O: DeserializeOwned + Send + 'static>(
        &self,
        name: Cow<'static, str>,
        input: &I,
        options: CallOptions,
    ) -> DurableFuture<O> {
        let spec = Spec {
            kind: TaskKind::Activity,
            name,
            version: options.version.or_else(|| self.own_version()),
            tags: options.tags,
            instance_id: String::new(),
        };
        self.schedule(spec, input, options.retry)
    }

    pub(crate) fn schedule_sub<I: Serialize, O: DeserializeOwned + Send + 'static>(
        &self,
        name: Cow<'static, str>,
        input: &I,
        options: SubOptions,
    ) -> DurableFuture<O> {
        let instance_id = options
            .instance_id
            .unwrap_or_else(|| self.child_instance_id());
        let spec = Spec {
            kind: TaskKind::SubOrchestration,
            name,
            version: options
                .version
                .or_else(|| self.shared.lock().default_version.clone()),
            tags: options.tags,
            instance_id,
        };
        self.schedule(spec, input, options.retry)
    }

    /// That of the orchestration, which activities inherit.
    fn own_version(&self) -> Option<String> {
        let version = self.identity.version.clone();
        version.filter(|version| !version.is_empty())
    }

    /// Unique over the instance's generations, and never longer for deeper children.
    pub(crate) fn child_instance_id(&self) -> String {
        let next_id = self.shared.lock().pending.next_id();
        format!("{}:{next_id:04x}", self.identity.execution_id)
    }

    fn schedule<I: Serialize, O: DeserializeOwned + Send + 'static>(
        &self,
        spec: Spec,
        input: &I,
        retry: Option<RetryPolicy>,
    ) -> DurableFuture<O> {
        let Some(policy) = retry else {
            return DurableFuture::of(self.schedule_once(spec, || data::encode(input)));
        };
        let input = match data::encode(input) {
            Ok(input) => input,
            Err(error) => return DurableFuture::of(self.schedule_once(spec, || Err(error))),
        };
        let first = self.schedule_once(spec.clone(), || Ok(input.clone()));
        let first = DurableFuture::of(first);
        let started = self.shared.lock().now_micros;
        DurableFuture::retrying(Box::pin(
            self.clone()
                .retry_until_done(spec, input, policy, started, first),
        ))
    }

    async fn retry_until_done<O: DeserializeOwned + Send + 'static>(
        self,
        spec: Spec,
        input: Option<String>,
        policy: RetryPolicy,
        started_micros: i64,
        mut attempt: DurableFuture<O>,
    ) -> Result<O, TaskFailed> {
        let mut attempts: u32 = 1;
        loop {
            let failed = match attempt.await {
                Ok(output) => return Ok(output),
                Err(failed) => failed,
            };
            let elapsed = self.shared.lock().now_micros.saturating_sub(started_micros);
            let elapsed = Duration::from_micros(u64::try_from(elapsed).unwrap_or(0));
            let Some(delay) = policy.next_delay(attempts, elapsed, &failed) else {
                return Err(failed);
            };
            self.timer(delay).await;
            attempts += 1;
            attempt = DurableFuture::of(self.schedule_once(spec.clone(), || Ok(input.clone())));
        }
    }

    /// Takes the next id and asks for the operation, unless history says it was done already.
    fn schedule_once(
        &self,
        spec: Spec,
        encode: impl FnOnce() -> Result<Option<String>, serde_json::Error>,
    ) -> Result<TaskHandle, TaskFailed> {
        let call = match spec.kind {
            TaskKind::SubOrchestration => Call::SubOrchestration {
                name: spec.name.clone(),
            },
            TaskKind::Activity | TaskKind::ExternalEvent | TaskKind::Entity | TaskKind::Step => {
                Call::Activity {
                    name: spec.name.clone(),
                }
            }
        };
        let mut state = self.shared.lock();
        if spec.kind == TaskKind::SubOrchestration
            && let Err(error) = state.entities.check_sub(&spec.name)
        {
            let id = state.pending.add(Call::Nothing, None);
            let details = FailureDetails::non_retriable("SectionError", error.to_string());
            return Err(TaskFailed::new(spec.kind, &spec.name, id, details));
        }
        if state.pending.next_is_known() {
            let id = state.pending.add(call, None);
            return Ok(self.handle(spec.kind, spec.name, id));
        }
        if let Some(details) = spec.refused() {
            // The id is used up all the same: a replay has to count as this turn did.
            let id = state.pending.add(Call::Nothing, None);
            return Err(TaskFailed::new(spec.kind, &spec.name, id, details));
        }
        drop(state);
        // Outside the lock, as it runs user code.
        let encoded = encode();
        let mut state = self.shared.lock();
        match encoded {
            Ok(input) => {
                let id = state.pending.add(call, Some(spec.clone().action(input)));
                Ok(self.handle(spec.kind, spec.name, id))
            }
            Err(error) => {
                // The id is used up all the same: a replay has to count as this turn did.
                let id = state.pending.add(Call::Nothing, None);
                let error = PayloadError::encoding("input", &spec.name, error);
                Err(TaskFailed::new(
                    spec.kind,
                    &spec.name,
                    id,
                    payload_failure(&error),
                ))
            }
        }
    }

    fn handle(&self, kind: TaskKind, name: Cow<'static, str>, id: i32) -> TaskHandle {
        TaskHandle {
            shared: self.shared.clone(),
            id,
            kind,
            name,
            target: None,
        }
    }
}

impl Spec {
    /// Why no server would take the call.
    fn refused(&self) -> Option<FailureDetails> {
        let refused = |kind: &str, text: String| Some(FailureDetails::non_retriable(kind, text));
        if self.name.is_empty() {
            return refused("EmptyName", format!("an {} needs a name", self.kind));
        }
        if self.kind != TaskKind::SubOrchestration {
            return None;
        }
        let problem = checked(self.instance_id.clone()).err()?;
        refused("InstanceIdError", problem.to_string())
    }

    fn action(self, input: Option<String>) -> OrchestratorActionType {
        match self.kind {
            TaskKind::SubOrchestration => {
                OrchestratorActionType::CreateSubOrchestration(CreateSubOrchestrationAction {
                    instance_id: self.instance_id,
                    name: self.name.into_owned(),
                    version: self.version,
                    input,
                    tags: self.tags,
                    parent_trace_context: None,
                })
            }
            TaskKind::Activity | TaskKind::ExternalEvent | TaskKind::Entity | TaskKind::Step => {
                OrchestratorActionType::ScheduleTask(ScheduleTaskAction {
                    name: self.name.into_owned(),
                    version: self.version,
                    input,
                    tags: self.tags,
                    parent_trace_context: None,
                })
            }
        }
    }
}
