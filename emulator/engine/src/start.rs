//! New instances: requests from clients with their reuse policy, and sub-orchestrations.

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::OldReuseAction;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestrationStatus;
use durascope_proto::ParentInstanceInfo;
use durascope_proto::history_event::EventType;
use durascope_proto::time;

use crate::batch::Kind;
use crate::deliver::Entry;
use crate::error::Rejected;
use crate::error::shown;
use crate::history::event;
use crate::instance::Counters;
use crate::instance::Instance;
use crate::instance::Parent;
use crate::instance::Phase;
use crate::status;

/// Longest instance id, in characters; the limit of the Azure service.
pub const INSTANCE_ID_MAX: usize = 100;

/// First character of entity ids, which orchestrations must not use.
pub const ENTITY_PREFIX: char = '@';

/// An instance that is about to exist.
#[derive(Clone, Debug, PartialEq)]
pub struct NewInstance {
    pub instance: Instance,
    pub input: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Its first inbox entry: ExecutionStarted.
    pub entry: Entry,
}

/// What a start request does.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// The existing instance with this id goes away first.
    pub replaces: bool,
    pub new: Box<NewInstance>,
}

/// Checks an id that a client or an orchestration chose. `what` names the field in the error.
///
/// # Errors
/// [`Rejected::Invalid`]: empty, longer than [`INSTANCE_ID_MAX`], or reserved for entities.
pub fn check_instance_id(what: &str, id: &str) -> Result<(), Rejected> {
    check_length(what, id)?;
    if id.starts_with(ENTITY_PREFIX) {
        return Err(Rejected::Invalid(format!(
            "{what} must not start with '{ENTITY_PREFIX}', which is reserved for entities, \
             but is {}",
            shown(id)
        )));
    }
    Ok(())
}

/// Checks an id that a client asks for. One that is an entity's is unknown, and no mistake.
///
/// # Errors
/// [`Rejected::Invalid`]: empty, or longer than [`INSTANCE_ID_MAX`].
pub fn check_length(what: &str, id: &str) -> Result<(), Rejected> {
    if id.is_empty() {
        return Err(Rejected::Invalid(format!("{what} must not be empty")));
    }
    let length = id.chars().count();
    if length > INSTANCE_ID_MAX {
        return Err(Rejected::Invalid(format!(
            "{what} has a length of {length} characters, the limit is {INSTANCE_ID_MAX}"
        )));
    }
    Ok(())
}

/// Decides about StartInstance. `request.instance_id` and `fresh_execution` are made by the caller
/// when absent, as there is no randomness here; `existing` is the instance that has the id now.
///
/// # Errors
/// [`Rejected::Invalid`] for a bad id, name or reuse policy; [`Rejected::AlreadyExists`] when the
/// policy keeps the existing instance.
pub fn request(
    now_us: i64,
    request: CreateInstanceRequest,
    existing: Option<&Instance>,
    fresh_execution: &str,
) -> Result<Started, Rejected> {
    check_instance_id("instanceId", &request.instance_id)?;
    if request.name.is_empty() {
        return Err(Rejected::Invalid("name must not be empty".to_owned()));
    }
    if let Some(existing) = existing {
        check_reuse(existing, request.orchestration_id_reuse_policy.as_ref())?;
    }
    // JavaScript always sends a start time, the epoch when none is meant.
    let later = request
        .scheduled_start_timestamp
        .filter(|at| time::to_micros(at) > now_us);
    let scheduled_start_us = later.as_ref().map(time::to_micros);
    let execution = match request.execution_id.as_deref() {
        Some(given) if !given.is_empty() => given,
        _ => fresh_execution,
    };
    let started = ExecutionStartedEvent {
        name: request.name.clone(),
        version: request.version.clone(),
        input: request.input.clone(),
        orchestration_instance: Some(OrchestrationInstance {
            instance_id: request.instance_id.clone(),
            execution_id: Some(execution.to_owned()),
        }),
        parent_instance: None,
        scheduled_start_timestamp: later,
        parent_trace_context: request.parent_trace_context,
        orchestration_span_id: None,
        tags: request.tags.clone(),
    };
    let new = new_instance(now_us, started, scheduled_start_us, None);
    Ok(Started {
        replaces: existing.is_some(),
        new: Box::new(NewInstance {
            tags: request.tags,
            ..new
        }),
    })
}

/// Heeds the action that an older contract has in its reuse policy, for the statuses that the
/// policy lists. True: the existing instance stays as it is, and its id is the answer.
pub fn heed_old_action(
    existing: &Instance,
    action: OldReuseAction,
    request: &mut CreateInstanceRequest,
) -> bool {
    let Some(policy) = &mut request.orchestration_id_reuse_policy else {
        return false;
    };
    let listed = &mut policy.replaceable_status;
    if !listed.contains(&(existing.status as i32)) {
        return false;
    }
    match action {
        OldReuseAction::Error => false,
        OldReuseAction::Ignore => true,
        OldReuseAction::Terminate => {
            // It says what the current contract says by this status in the list.
            listed.push(OrchestrationStatus::Terminated as i32);
            false
        }
    }
}

/// What the reuse policy says about an id that is taken. An absent policy replaces what has ended.
fn check_reuse(
    existing: &Instance,
    policy: Option<&OrchestrationIdReusePolicy>,
) -> Result<(), Rejected> {
    let replaceable = match policy {
        None => existing.is_terminal(),
        Some(policy) => policy
            .replaceable_status
            .contains(&(existing.status as i32)),
    };
    if !replaceable {
        return Err(Rejected::AlreadyExists(format!(
            "orchestration instance already exists: '{}' is {}",
            existing.id,
            status::word(existing.status)
        )));
    }
    let terminated = OrchestrationStatus::Terminated as i32;
    let may_terminate = policy.is_none_or(|policy| policy.replaceable_status.contains(&terminated));
    if !existing.is_terminal() && !may_terminate {
        return Err(Rejected::Invalid(
            "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse \
             of running instances"
                .to_owned(),
        ));
    }
    Ok(())
}

/// A sub-orchestration as `action` of `parent` asks for it. The id must have been checked.
pub fn child(
    now_us: i64,
    parent: &Instance,
    parent_key: i64,
    task_id: i32,
    action: CreateSubOrchestrationAction,
    fresh_execution: &str,
) -> NewInstance {
    let started = ExecutionStartedEvent {
        name: action.name,
        version: action.version,
        input: action.input,
        orchestration_instance: Some(OrchestrationInstance {
            instance_id: action.instance_id,
            execution_id: Some(fresh_execution.to_owned()),
        }),
        parent_instance: Some(ParentInstanceInfo {
            task_scheduled_id: task_id,
            name: Some(parent.name.to_string()),
            version: parent.version.as_deref().map(str::to_owned),
            orchestration_instance: Some(OrchestrationInstance {
                instance_id: parent.id.to_string(),
                execution_id: Some(parent.execution.to_string()),
            }),
        }),
        scheduled_start_timestamp: None,
        parent_trace_context: action.parent_trace_context,
        orchestration_span_id: None,
        tags: action.tags,
    };
    let link = Parent {
        key: parent_key,
        id: Arc::clone(&parent.id),
        execution: Arc::clone(&parent.execution),
        task_id,
    };
    new_instance(now_us, started, None, Some(link))
}

fn new_instance(
    now_us: i64,
    started: ExecutionStartedEvent,
    scheduled_start_us: Option<i64>,
    parent: Option<Parent>,
) -> NewInstance {
    let identity = started.orchestration_instance.clone().unwrap_or_default();
    let instance = Instance {
        id: identity.instance_id.into(),
        execution: identity.execution_id.unwrap_or_default().into(),
        name: started.name.as_str().into(),
        version: started.version.as_deref().map(Into::into),
        status: OrchestrationStatus::Pending,
        phase: Phase::New,
        created_us: now_us,
        updated_us: now_us,
        completed_us: None,
        scheduled_start_us,
        parent,
        failure_line: None,
        custom_status: None,
        counters: Counters {
            messages_waiting: u32::from(scheduled_start_us.is_none()),
            ..Counters::default()
        },
    };
    let input = started.input.clone();
    let tags = started.tags.clone();
    let mut entry = Entry::now(
        Kind::Start,
        true,
        &event(0, now_us, EventType::ExecutionStarted(started)),
    );
    entry.visible_us = scheduled_start_us;
    NewInstance {
        instance,
        input,
        tags,
        entry,
    }
}
