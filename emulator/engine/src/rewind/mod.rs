//! Rewind: a failed execution goes on from a history without its failures.
//!
//! The worker makes that history in a turn of its own. One whose SDK cannot is helped out: then
//! it is made here, by the same rules. What the new history leaves open runs on: timers, activities
//! and children whose results it does not hold.

mod apply;
mod begin;
mod history;
mod open;

pub use apply::apply;
pub use apply::is_answered;
pub use begin::begin;
pub use begin::check_status;

use std::sync::Arc;

use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::ExecutionRewoundEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::ParentInstanceInfo;
use durascope_proto::SubOrchestrationInstanceCreatedEvent;

use crate::deliver::Entry;
use crate::history::Chunk;
use crate::instance::Instance;
use crate::turn::ChildRequest;
use crate::turn::ScheduledActivity;

/// A rewind that has begun: the worker is to be asked for the new history.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    pub after: Instance,
    pub entry: Entry,
}

/// What the new history changes, to be written in one transaction or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewound {
    pub after: Instance,
    /// The whole history; there is no other.
    pub chunks: Vec<Chunk>,
    /// The turn that replays it, before whatever waits.
    pub first: Entry,
    /// Timers that have not fired.
    pub timers: Vec<Entry>,
    /// Activities without a result: those that still run go on, the others run again.
    pub activities: Vec<ScheduledActivity>,
    /// Children that have not completed, each once.
    pub children: Vec<OpenChild>,
    /// Requests of calls to entities whose results are lost: they went to the execution that
    /// failed.
    pub calls: Vec<Arc<str>>,
    /// Places of results in the inbox that the new history does not wait for.
    pub stale: Vec<(i64, i64)>,
    pub trace: Option<OrchestrationTraceContext>,
    /// Why, for the children.
    pub reason: Option<String>,
}

/// A child that the new history waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenChild {
    pub task_id: i32,
    pub created: SubOrchestrationInstanceCreatedEvent,
}

impl OpenChild {
    /// What creates it afresh.
    pub fn request(self) -> ChildRequest {
        let created = self.created;
        ChildRequest {
            task_id: self.task_id,
            action: CreateSubOrchestrationAction {
                instance_id: created.instance_id,
                name: created.name,
                version: created.version,
                input: created.input,
                parent_trace_context: created.parent_trace_context,
                tags: created.tags,
            },
        }
    }

    /// What a child that failed is told when its parent, which is as it is after its own rewind,
    /// has it rewound.
    pub fn rewound(&self, parent: &Instance, reason: Option<String>) -> ExecutionRewoundEvent {
        let created = self.created.clone();
        ExecutionRewoundEvent {
            reason,
            parent_execution_id: Some(parent.execution.to_string()),
            instance_id: Some(created.instance_id),
            parent_trace_context: created.parent_trace_context,
            name: Some(created.name),
            version: created.version,
            input: created.input,
            parent_instance: Some(ParentInstanceInfo {
                task_scheduled_id: self.task_id,
                name: Some(parent.name.to_string()),
                version: parent.version.as_deref().map(str::to_owned),
                orchestration_instance: Some(OrchestrationInstance {
                    instance_id: parent.id.to_string(),
                    execution_id: Some(parent.execution.to_string()),
                }),
            }),
            tags: created.tags,
        }
    }
}
