//! Starting instances: as a client does, and as an orchestration does.

use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::ParentInstanceInfo;
use durascope_proto::StartNewOrchestrationAction;
use durascope_proto::time::to_micros;
use serde::Serialize;
use uuid::Uuid;

use super::CallKind;
use super::HostError;
use super::TestHost;
use super::activities::Faked;
use super::control::Due;
use super::instance::Instance;
use crate::client::OrchestrationStatus;
use crate::client::StartOptions;
use crate::clock;
use crate::data;
use crate::data::PayloadError;
use crate::failure::FailureDetails;
use crate::names::EntityId;
use crate::names::Orchestration;

/// The longest id that servers take, in characters.
const ID_CHARACTERS_MAX: usize = 100;

impl TestHost {
    /// The same host with a version for instances that are started without one, as
    /// [`Client::with_default_version`](crate::Client::with_default_version) has it. That of
    /// sub-orchestrations is [`Functions::default_version`](crate::Functions::default_version).
    pub fn with_default_version(mut self, version: impl Into<String>) -> Self {
        self.default_version = Some(version.into());
        self
    }

    /// Starts an instance and returns its id, which is `{name}-{n}`. It runs as soon as the host
    /// is told to.
    ///
    /// # Errors
    /// The orchestration is not registered, or the input cannot be written as JSON.
    pub fn start<I: Serialize, O>(
        &mut self,
        orchestration: &Orchestration<I, O>,
        input: I,
    ) -> Result<String, HostError> {
        self.start_with(orchestration, input, StartOptions::default())
    }

    /// Starts an instance with options. An instance of that id is replaced if it has ended,
    /// unless the options say otherwise.
    ///
    /// # Errors
    /// As [`Self::start`]; no server takes the id; or [`HostError::AlreadyExists`].
    pub fn start_with<I: Serialize, O>(
        &mut self,
        orchestration: &Orchestration<I, O>,
        input: I,
        mut options: StartOptions,
    ) -> Result<String, HostError> {
        self.check_functions()?;
        options.version = options.version.or_else(|| self.default_version.clone());
        let name = orchestration.name();
        self.starts += 1;
        let number = self.starts;
        let id = options
            .instance_id
            .unwrap_or_else(|| format!("{name}-{number}"));
        if self
            .functions
            .find_orchestration(name, options.version.as_deref())
            .is_none()
        {
            return Err(HostError::NotRegistered {
                kind: CallKind::SubOrchestration,
                name: name.to_owned(),
                instance_id: id,
            });
        }
        if let Err(problem) = check_id(&id) {
            return Err(HostError::InvalidId {
                instance_id: id,
                problem,
            });
        }
        let input =
            data::encode(&input).map_err(|error| PayloadError::encoding("input", name, error))?;
        if let Some(existing) = self.instances.get(&id) {
            let may_be_replaced = match &options.replaceable {
                Some(states) => states.contains(&existing.status),
                None => existing.status.is_terminal(),
            };
            if !may_be_replaced {
                return Err(HostError::AlreadyExists { instance_id: id });
            }
        }
        let later = options
            .scheduled_start
            .filter(|time| clock::micros_of(*time) > self.now_micros);
        let started = ExecutionStartedEvent {
            name: name.to_owned(),
            version: options.version,
            input,
            orchestration_instance: Some(OrchestrationInstance {
                instance_id: id.clone(),
                execution_id: Some(self.fresh_execution(&id)),
            }),
            scheduled_start_timestamp: later.map(clock::timestamp),
            tags: options.tags,
            ..ExecutionStartedEvent::default()
        };
        self.create(started, later.map(clock::micros_of));
        Ok(id)
    }

    /// Starts a sub-orchestration, or says why it cannot be.
    pub(super) fn start_child(
        &mut self,
        parent_id: &str,
        task_id: i32,
        action: CreateSubOrchestrationAction,
    ) -> Result<(), FailureDetails> {
        let id = action.instance_id.clone();
        check_id(&id).map_err(|problem| {
            let text = format!("{id:?} is no instance id: {problem}");
            FailureDetails::new("InvalidInstanceId", text)
        })?;
        let existing = self.instances.get(&id);
        if existing.is_some_and(|existing| !existing.status.is_terminal()) {
            let text = format!("an instance with id {id:?} exists already and has not ended");
            return Err(FailureDetails::new("OrchestrationAlreadyExists", text));
        }
        let execution_id = self.fresh_execution(&id);
        let Some(parent) = self.instances.get_mut(parent_id) else {
            return Ok(());
        };
        parent.children.insert(task_id, id.clone());
        let started = ExecutionStartedEvent {
            name: action.name,
            version: action.version,
            input: action.input,
            orchestration_instance: Some(OrchestrationInstance {
                instance_id: id,
                execution_id: Some(execution_id),
            }),
            parent_instance: Some(ParentInstanceInfo {
                task_scheduled_id: task_id,
                name: Some(parent.start.name.clone()),
                version: parent.start.version.clone(),
                orchestration_instance: parent.start.orchestration_instance.clone(),
            }),
            tags: action.tags,
            ..ExecutionStartedEvent::default()
        };
        self.create(started, None);
        Ok(())
    }

    /// Starts what an entity asked for. One that runs under this id already stays.
    pub(super) fn start_from_entity(
        &mut self,
        entity: &EntityId,
        action: StartNewOrchestrationAction,
    ) -> Result<(), HostError> {
        let kind = CallKind::SubOrchestration;
        let faked = self.ask_fake(kind, &action.name, action.input.as_deref())?;
        // Nobody waits for what came of it.
        if !matches!(faked, Faked::Not) {
            return Ok(());
        }
        let found = self
            .functions
            .find_orchestration(&action.name, action.version.as_deref());
        if found.is_none() {
            return Err(HostError::NotRegistered {
                kind,
                name: action.name,
                instance_id: entity.as_str().to_owned(),
            });
        }
        let id = action.instance_id;
        let existing = self.instances.get(&id);
        if existing.is_some_and(|existing| !existing.status.is_terminal()) {
            tracing::warn!(%entity, ?id, "an instance of this id runs, so the entity starts none");
            return Ok(());
        }
        let at = action.scheduled_time.as_ref().map(to_micros);
        let later = at.filter(|micros| *micros > self.now_micros);
        let started = ExecutionStartedEvent {
            name: action.name,
            version: action.version,
            input: action.input,
            orchestration_instance: Some(OrchestrationInstance {
                execution_id: Some(self.fresh_execution(&id)),
                instance_id: id,
            }),
            scheduled_start_timestamp: later.and(action.scheduled_time),
            ..ExecutionStartedEvent::default()
        };
        self.create(started, later);
        Ok(())
    }

    /// # Errors
    /// A mistake was made in registering the functions.
    pub(super) fn check_functions(&self) -> Result<(), HostError> {
        match self.functions.mistake() {
            Some(mistake) => Err(HostError::Functions {
                mistake: mistake.to_string(),
            }),
            None => Ok(()),
        }
    }

    fn create(&mut self, start: ExecutionStartedEvent, later_micros: Option<i64>) {
        let instance = Instance::new(self.now_micros, start, later_micros.is_some());
        let (id, execution_id) = (instance.id().to_owned(), instance.execution_id().to_owned());
        if let Some(replaced) = self.instances.insert(id.clone(), instance) {
            self.release_locks(&id, replaced.execution_id());
        }
        match later_micros {
            Some(micros) => self.put_off(micros, Due::Start { id, execution_id }),
            None => self.make_ready(id),
        }
    }

    /// An id as servers make them, the same in every run.
    pub(super) fn fresh_execution(&mut self, instance_id: &str) -> String {
        self.executions += 1;
        let name = format!("{instance_id} {}", self.executions);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
            .simple()
            .to_string()
    }

    /// The time of a start that was put off has come.
    pub(super) fn release(&mut self, id: String, execution_id: &str) {
        if let Some(instance) = self.instances.get_mut(&id)
            && instance.execution_id() == execution_id
            && instance.status != OrchestrationStatus::Terminated
        {
            instance.is_held = false;
            self.make_ready(id);
        }
    }
}

/// What every server asks of an id.
fn check_id(id: &str) -> Result<(), String> {
    let characters = id.chars().count();
    if id.is_empty() {
        return Err("it is empty".to_owned());
    }
    if characters > ID_CHARACTERS_MAX {
        return Err(format!(
            "it has {characters} characters, limit {ID_CHARACTERS_MAX}"
        ));
    }
    if id.starts_with('@') {
        return Err("ids that begin with '@' are those of entities".to_owned());
    }
    Ok(())
}
