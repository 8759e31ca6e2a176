//! What a turn changes: named lists, written in one transaction or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::EntityUnlockSentEvent;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateOrchestrationAction;
use prost::bytes::Bytes;

use crate::deliver::Entry;
use crate::deliver::TaskResult;
use crate::history::Chunk;
use crate::instance::Instance;

/// The text or details of an instance that changed; `None` removes it.
#[derive(Clone, Debug, PartialEq)]
pub enum PayloadChange {
    Input(Option<String>),
    Output(Option<String>),
    CustomStatus(Option<String>),
    Failure(Option<TaskFailureDetails>),
}

/// An activity that may run once the commit is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledActivity {
    pub task_id: i32,
    pub name: Arc<str>,
    pub version: Option<Arc<str>>,
    /// Encoded TaskScheduled event, shared with the history chunk.
    pub event: Bytes,
}

/// A sub-orchestration to create.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildRequest {
    pub task_id: i32,
    pub action: CreateSubOrchestrationAction,
}

/// An external event for another instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentEvent {
    pub instance_id: String,
    pub name: String,
    pub input: Option<String>,
}

/// What an orchestration sends to entities.
#[derive(Clone, Debug, PartialEq)]
pub enum EntityMessage {
    Signal(EntityOperationSignaledEvent),
    Call(EntityOperationCalledEvent),
    Lock(EntityLockRequestedEvent),
    Unlock(EntityUnlockSentEvent),
}

/// How the instance ended in this turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// What the parent is told.
    pub result: TaskResult,
    /// A recursive terminate ended it: the children get the same output.
    pub terminate_children: Option<Option<String>>,
}

/// Everything that one turn changes, to be written in one transaction or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    pub after: Instance,
    /// Continue-as-new: the old history goes, and so does every bound inbox row.
    pub renews: bool,
    /// Appended history; numbered on from the instance's counters before the turn, or from 0.
    pub chunks: Vec<Chunk>,
    /// How many of the turn's messages leave the inbox, from the front.
    pub consumed: usize,
    /// Inbox rows that come before whatever waits.
    pub first_entries: Vec<Entry>,
    /// Inbox rows in order of acceptance.
    pub entries: Vec<Entry>,
    pub payloads: Vec<PayloadChange>,
    /// The tags of the new execution, on continue-as-new.
    pub tags: Option<BTreeMap<String, String>>,
    pub trace: Option<OrchestrationTraceContext>,
    pub activities: Vec<ScheduledActivity>,
    pub children: Vec<ChildRequest>,
    pub sent: Vec<SentEvent>,
    /// For entities, in the order in which the orchestrator sent them.
    pub entities: Vec<EntityMessage>,
    pub terminations: Vec<TerminateOrchestrationAction>,
    pub ended: Option<Ended>,
}
