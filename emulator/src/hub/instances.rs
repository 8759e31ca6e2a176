//! What arrives at instances: starts, events, suspend, resume, terminate, and what follows from
//! one instance for another within the same transaction.

use std::collections::VecDeque;
use std::sync::Arc;

use durascope_engine::Instance;
use durascope_engine::Kind;
use durascope_engine::deliver::Delivery;
use durascope_engine::deliver::Entry;
use durascope_engine::deliver::Message;
use durascope_engine::deliver::TaskResult;
use durascope_engine::entity::Caller;
use durascope_engine::entity::EntityId;
use durascope_engine::rewind::OpenChild;
use durascope_engine::start;
use durascope_engine::start::NewInstance;
use durascope_engine::turn;
use durascope_engine::turn::ChildRequest;
use durascope_engine::turn::EntityMessage;
use durascope_proto::AnyCreateInstanceRequest;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::SendSignalAction;
use durascope_proto::SuspendRequest;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateRequest;
use prost::Message as _;
use uuid::Uuid;

use super::HubError;
use super::cache::Live;
use super::core::Core;
use super::effects::Effect;
use super::effects::Waking;
use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::load;
use crate::store::writer;

/// What one instance's commit means for others; worked off in order.
#[derive(Debug)]
pub(super) enum FollowUp {
    /// A message for an instance by key; nothing if it is gone.
    Deliver { key: InstanceKey, message: Message },
    /// An event for an instance by id; nothing if there is none.
    Send {
        hub: HubKey,
        id: String,
        message: Message,
    },
    /// Terminate an instance and everything below it, ended ones in between included.
    TerminateTree {
        key: InstanceKey,
        output: Option<String>,
    },
    /// What an orchestration sends to an entity.
    Entity {
        hub: HubKey,
        sender: Caller,
        message: EntityMessage,
    },
    /// An entity may have something to do, or a section may begin at it.
    Consider(EntityKey),
    /// An execution is over: its critical sections are too.
    Release(InstanceKey),
    /// An entity signals another one.
    Signal {
        hub: HubKey,
        signal: SendSignalAction,
    },
    /// An entity starts an orchestration.
    Start {
        hub: HubKey,
        request: Box<CreateInstanceRequest>,
    },
    /// Create a sub-orchestration.
    Child {
        parent: InstanceKey,
        /// The execution that asked: it may have continued as new in the same turn.
        asker: Arc<Instance>,
        request: ChildRequest,
    },
    /// See to a sub-orchestration that a rewound parent waits for.
    Rewind {
        parent: InstanceKey,
        /// The parent after its own rewind.
        asker: Arc<Instance>,
        child: Box<OpenChild>,
        reason: Option<String>,
    },
}

/// A fresh execution id or instance id: 32 lower-case hex digits.
pub(super) fn fresh_id() -> String {
    Uuid::new_v4().simple().to_string()
}

impl Core {
    pub(super) fn start(
        &mut self,
        hub: HubKey,
        start: AnyCreateInstanceRequest,
    ) -> Result<String, HubError> {
        self.check_hub(hub)?;
        let mut request = start.request;
        let bytes = request.encoded_len();
        self.admit_text(hub, "input", request.input.as_ref(), bytes)?;
        if let Some(action) = start.old_action
            && let Some(existing) = self.cache.by_id(&self.db, hub, &request.instance_id)?
            && start::heed_old_action(&existing.state, action, &mut request)
        {
            return Ok(request.instance_id);
        }
        let mut follow_ups = VecDeque::new();
        let id = self.start_with(hub, request, &mut follow_ups)?;
        self.settle(follow_ups)?;
        Ok(id)
    }

    /// Creates or replaces an instance as its request and the reuse policy say.
    pub(super) fn start_with(
        &mut self,
        hub: HubKey,
        mut request: CreateInstanceRequest,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<String, HubError> {
        if request.instance_id.is_empty() {
            request.instance_id = fresh_id();
        }
        let id = request.instance_id.clone();
        let now_us = self.clock.tick();
        let existing = self
            .cache
            .by_id(&self.db, hub, &id)?
            .map(|live| (live.key, &live.state));
        let existing_key = existing.map(|(key, _)| key);
        let started = start::request(
            now_us,
            request,
            existing.map(|(_, state)| state),
            &fresh_id(),
        )?;
        if let Some(key) = existing_key {
            self.replace(key, follow_ups)?;
        }
        self.create(hub, *started.new)?;
        Ok(id)
    }

    /// The instance goes; a parent that waits for it learns that it was terminated.
    fn replace(
        &mut self,
        key: InstanceKey,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(());
        };
        if let Some(parent) = &live.state.parent
            && !live.state.is_terminal()
        {
            let message = format!(
                "sub-orchestration '{}' with id '{}' was replaced by a new instance",
                live.state.name, live.state.id
            );
            follow_ups.push_back(FollowUp::Deliver {
                key: InstanceKey(parent.key),
                message: Message::ChildResult {
                    execution: parent.execution.clone(),
                    task_id: parent.task_id,
                    result: failed("SubOrchestrationTerminated", message),
                },
            });
        }
        self.remove(key, follow_ups)
    }

    /// Deletes an instance with everything that it has; what it had locked is free.
    pub(super) fn remove(
        &mut self,
        key: InstanceKey,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        // In memory first, so that the effects know who it was.
        self.cache.by_key(&self.db, key)?;
        self.remember_removed(key);
        self.release_locks(key, follow_ups)?;
        writer::delete_instance(&self.db, key)
    }

    fn create(&mut self, hub: HubKey, new: NewInstance) -> Result<(), StoreError> {
        let key = writer::insert_instance(&self.db, hub, &new)?;
        self.remember_new(Live::new(key, hub, new.instance));
        self.publisher.count(hub, |counters| counters.started += 1);
        self.put(key, &new.entry)
    }

    /// Puts a message into the inbox, to be noticed once it is durable and visible.
    pub(super) fn put(&mut self, key: InstanceKey, entry: &Entry) -> Result<(), StoreError> {
        let seq = self.clock.tick();
        let at_us = entry
            .visible_us
            .map_or(seq, |visible_us| visible_us.max(seq));
        writer::insert_inbox(&self.db, key, at_us, seq, entry)?;
        self.effect(match entry.visible_us {
            Some(_) => Effect::Due {
                at_us,
                key: Waking::Instance(key),
            },
            None => Effect::Arrived {
                key,
                kind: entry.kind,
            },
        });
        Ok(())
    }

    pub(super) fn raise_event(
        &mut self,
        hub: HubKey,
        request: RaiseEventRequest,
    ) -> Result<(), HubError> {
        if request.name.is_empty() {
            return Err(HubError::Invalid("name must not be empty".to_owned()));
        }
        let key = self.known(hub, &request.instance_id)?;
        let bytes = request.encoded_len();
        self.admit_text(hub, "input", request.input.as_ref(), bytes)?;
        let message = Message::Raised {
            name: request.name,
            input: request.input,
        };
        self.deliver_and_settle(key, message)
    }

    pub(super) fn terminate(
        &mut self,
        hub: HubKey,
        request: TerminateRequest,
    ) -> Result<(), HubError> {
        let key = self.known(hub, &request.instance_id)?;
        let bytes = request.encoded_len();
        self.admit_text(hub, "output", request.output.as_ref(), bytes)?;
        let message = Message::Terminate {
            output: request.output,
            recurse: request.recursive,
        };
        self.deliver_and_settle(key, message)
    }

    pub(super) fn suspend(&mut self, hub: HubKey, request: SuspendRequest) -> Result<(), HubError> {
        let key = self.known(hub, &request.instance_id)?;
        let bytes = request.encoded_len();
        self.admit_text(hub, "reason", request.reason.as_ref(), bytes)?;
        self.deliver_and_settle(
            key,
            Message::Suspend {
                reason: request.reason,
            },
        )
    }

    pub(super) fn resume(&mut self, hub: HubKey, request: ResumeRequest) -> Result<(), HubError> {
        let key = self.known(hub, &request.instance_id)?;
        let bytes = request.encoded_len();
        self.admit_text(hub, "reason", request.reason.as_ref(), bytes)?;
        self.deliver_and_settle(
            key,
            Message::Resume {
                reason: request.reason,
            },
        )
    }

    fn deliver_and_settle(&mut self, key: InstanceKey, message: Message) -> Result<(), HubError> {
        let mut follow_ups = VecDeque::new();
        self.deliver(key, message, &mut follow_ups)?;
        Ok(self.settle(follow_ups)?)
    }

    /// The key of an instance that must exist.
    pub(super) fn known(&mut self, hub: HubKey, id: &str) -> Result<InstanceKey, HubError> {
        self.check_hub(hub)?;
        if let Some(live) = self.cache.by_id(&self.db, hub, id)? {
            // Whatever its id looks like: the server may have made it.
            return Ok(live.key);
        }
        start::check_length("instanceId", id)?;
        // An entity is no instance, and an id of one is not wrong as such.
        if !EntityId::is_meant(id) {
            start::check_instance_id("instanceId", id)?;
        }
        Err(self.unknown(hub, id))
    }

    pub(super) fn unknown(&self, hub: HubKey, id: &str) -> HubError {
        HubError::UnknownInstance {
            hub: self.publisher.name(hub),
            id: id.to_owned(),
        }
    }

    /// Delivers a message to an instance that exists; nothing if it is gone meanwhile.
    pub(super) fn deliver(
        &mut self,
        key: InstanceKey,
        message: Message,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let now_us = self.clock.tick();
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(());
        };
        match live.state.deliver(now_us, message) {
            Delivery::Ignored => Ok(()),
            Delivery::Accepted { after, entry } => {
                self.set_state(key, after);
                self.put(key, &entry)
            }
            Delivery::EndsUnstarted { output, recurse } => {
                let state = live.state.clone();
                let start = load::first_of_kind(&self.db, key, Kind::Start)?.unwrap_or_default();
                let commit = turn::end_unstarted(now_us, &state, &start, output, recurse);
                self.commit_turn(key, &state, None, commit, follow_ups)
            }
        }
    }

    /// Works off what follows for other instances, until nothing follows any more.
    pub(super) fn settle(&mut self, mut follow_ups: VecDeque<FollowUp>) -> Result<(), StoreError> {
        while let Some(next) = follow_ups.pop_front() {
            match next {
                FollowUp::Deliver { key, message } => {
                    self.deliver(key, message, &mut follow_ups)?;
                }
                FollowUp::Send { hub, id, message } => {
                    let live = self.cache.by_id(&self.db, hub, &id)?;
                    if let Some(key) = live.map(|live| live.key) {
                        self.deliver(key, message, &mut follow_ups)?;
                    }
                }
                FollowUp::Entity {
                    hub,
                    sender,
                    message,
                } => self.send_to_entity(hub, sender, message, &mut follow_ups)?,
                FollowUp::Release(key) => self.release_locks(key, &mut follow_ups)?,
                FollowUp::Consider(key) => self.consider(key, &mut follow_ups)?,
                FollowUp::Signal { hub, signal } => {
                    self.signal_from_entity(hub, signal, &mut follow_ups)?;
                }
                FollowUp::Start { hub, request } => {
                    self.start_from_entity(hub, *request, &mut follow_ups)?;
                }
                FollowUp::TerminateTree { key, output } => {
                    self.terminate_tree(key, output, &mut follow_ups)?;
                }
                FollowUp::Child {
                    parent,
                    asker,
                    request,
                } => {
                    self.start_child(parent, &asker, request, &mut follow_ups)?;
                }
                FollowUp::Rewind {
                    parent,
                    asker,
                    child,
                    reason,
                } => self.rewind_child(parent, &asker, *child, reason, &mut follow_ups)?,
            }
        }
        Ok(())
    }

    fn terminate_tree(
        &mut self,
        key: InstanceKey,
        output: Option<String>,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(());
        };
        if !live.state.is_terminal() {
            // Its own children follow when it has ended.
            let message = Message::Terminate {
                output,
                recurse: true,
            };
            return self.deliver(key, message, follow_ups);
        }
        let state = live.state.clone();
        self.terminate_children(key, &state, output.as_ref(), follow_ups)
    }

    /// Terminates what the current execution of an instance started.
    pub(super) fn terminate_children(
        &mut self,
        key: InstanceKey,
        parent: &Instance,
        output: Option<&String>,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        for child in load::children(&self.db, key)? {
            let link = child.instance.parent.as_ref();
            if link.is_some_and(|link| link.execution == parent.execution) {
                let output = output.cloned();
                follow_ups.push_back(FollowUp::TerminateTree {
                    key: child.key,
                    output,
                });
            }
        }
        Ok(())
    }

    /// Creates a child, in place of one that has ended. What cannot be created fails in the
    /// parent, where somebody waits for it.
    pub(super) fn start_child(
        &mut self,
        parent: InstanceKey,
        state: &Instance,
        request: ChildRequest,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Some(live) = self.cache.by_key(&self.db, parent)? else {
            return Ok(());
        };
        let hub = live.hub;
        let ChildRequest { task_id, action } = request;
        let id = action.instance_id.clone();
        let refused = self.refuse_child_id(hub, state, task_id, &id);
        let mut fail = |error_type: &str, message: String| {
            let execution = state.execution.clone();
            let result = failed(error_type, message);
            follow_ups.push_back(FollowUp::Deliver {
                key: parent,
                message: Message::ChildResult {
                    execution,
                    task_id,
                    result,
                },
            });
        };
        if let Some(refused) = refused {
            fail("InvalidInstanceId", refused);
            return Ok(());
        }
        if let Some(existing) = self.cache.by_id(&self.db, hub, &id)? {
            if !existing.state.is_terminal() {
                let message =
                    format!("an instance with id '{id}' exists already and has not ended");
                fail("OrchestrationAlreadyExists", message);
                return Ok(());
            }
            let key = existing.key;
            self.remove(key, follow_ups)?;
        }
        let now_us = self.clock.tick();
        let new = start::child(now_us, state, parent.0, task_id, action, &fresh_id());
        self.create(hub, new)
    }
}

pub(super) fn failed(error_type: &str, message: String) -> TaskResult {
    TaskResult::Failed(TaskFailureDetails {
        error_type: error_type.to_owned(),
        error_message: message,
        ..Default::default()
    })
}

impl From<durascope_engine::Rejected> for HubError {
    fn from(rejected: durascope_engine::Rejected) -> Self {
        match rejected {
            durascope_engine::Rejected::Invalid(text) => Self::Invalid(text),
            durascope_engine::Rejected::AlreadyExists(text) => Self::AlreadyExists(text),
            durascope_engine::Rejected::WrongState(text) => Self::WrongState(text),
        }
    }
}
