//! One instance of a test host: its history, its inbox, and what of it makes a turn.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use durascope_proto::ExecutionCompletedEvent;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::ExecutionTerminatedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorStartedEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;

use crate::client::OrchestrationState;
use crate::client::OrchestrationStatus;
use crate::clock::system_time;
use crate::clock::system_time_of_micros;
use crate::failure::FailureDetails;
use crate::orchestration::replay::Open;

pub(super) struct Instance {
    /// What the current execution was started with.
    pub(super) start: ExecutionStartedEvent,
    pub(super) status: OrchestrationStatus,
    pub(super) created_micros: i64,
    pub(super) updated_micros: i64,
    pub(super) completed_micros: Option<i64>,
    pub(super) history: Vec<HistoryEvent>,
    /// Histories of earlier executions.
    pub(super) generations: Vec<Vec<HistoryEvent>>,
    pub(super) inbox: VecDeque<HistoryEvent>,
    /// What had been waiting when the execution continued as new.
    pub(super) late: VecDeque<HistoryEvent>,
    /// Whether its start is still to come.
    pub(super) is_held: bool,
    /// Whether it is among those that are to have their turn.
    pub(super) is_ready: bool,
    /// Whether the code has been told that it is suspended.
    pub(super) told_suspended: bool,
    pub(super) output: Option<String>,
    pub(super) failure: Option<TaskFailureDetails>,
    pub(super) custom_status: Option<String>,
    pub(super) turns: usize,
    /// What could wake the code after its last turn.
    pub(super) open: Vec<Open>,
    /// Instances that this execution started, by the id of the call.
    pub(super) children: BTreeMap<i32, String>,
}

impl Instance {
    pub(super) fn new(now_micros: i64, start: ExecutionStartedEvent, is_held: bool) -> Self {
        let mut instance = Self {
            start: ExecutionStartedEvent::default(),
            status: OrchestrationStatus::Pending,
            created_micros: now_micros,
            updated_micros: now_micros,
            completed_micros: None,
            history: Vec::new(),
            generations: Vec::new(),
            inbox: VecDeque::new(),
            late: VecDeque::new(),
            is_held,
            is_ready: false,
            told_suspended: false,
            output: None,
            failure: None,
            custom_status: None,
            turns: 0,
            open: Vec::new(),
            children: BTreeMap::new(),
        };
        instance.begin(now_micros, start);
        instance
    }

    /// Makes the inbox of a new execution, which begins with its start.
    pub(super) fn begin(&mut self, now_micros: i64, start: ExecutionStartedEvent) {
        let mut event = super::event(now_micros, EventType::ExecutionStarted(start.clone()));
        event.event_id = 0;
        self.inbox = VecDeque::from([event]);
        self.start = start;
    }

    pub(super) fn id(&self) -> &str {
        let instance = self.start.orchestration_instance.as_ref();
        instance.map_or("", |instance| instance.instance_id.as_str())
    }

    pub(super) fn execution_id(&self) -> &str {
        let instance = self.start.orchestration_instance.as_ref();
        let execution = instance.and_then(|instance| instance.execution_id.as_deref());
        execution.unwrap_or_default()
    }

    /// The messages of the next turn, by the rules of the scheduler: what comes to the code
    /// stays in order; to suspend and to terminate is a turn of its own; a suspended instance
    /// hears of nothing but its resumption and its termination.
    pub(super) fn take_batch(&mut self) -> Vec<HistoryEvent> {
        if self.is_held || self.status.is_terminal() {
            return Vec::new();
        }
        let lead = if self.told_suspended {
            let position = |event: &HistoryEvent| is_resume(event) || is_terminate(event);
            self.inbox
                .iter()
                .position(position)
                .and_then(|at| self.inbox.remove(at))
        } else {
            self.inbox.pop_front()
        };
        let Some(lead) = lead else {
            return Vec::new();
        };
        let alone = is_terminate(&lead) || is_suspend(&lead);
        self.told_suspended = is_suspend(&lead) || (self.told_suspended && !is_resume(&lead));
        let mut batch = vec![lead];
        while !alone
            && let Some(next) = self.inbox.front()
            && !(is_terminate(next) || is_suspend(next) || is_resume(next))
        {
            batch.extend(self.inbox.pop_front());
        }
        batch
    }

    /// Ends an instance whose start is still to come; its code is not asked.
    pub(super) fn end_unstarted(&mut self, now_micros: i64, terminated: ExecutionTerminatedEvent) {
        self.output.clone_from(&terminated.input);
        let completed = ExecutionCompletedEvent {
            orchestration_status: Status::Terminated.into(),
            result: terminated.input.clone(),
            failure_details: None,
        };
        let begins = EventType::OrchestratorStarted(OrchestratorStartedEvent {});
        self.history.push(super::event(now_micros, begins));
        self.history.extend(self.inbox.drain(..));
        for end in [
            EventType::ExecutionTerminated(terminated),
            EventType::ExecutionCompleted(completed),
        ] {
            self.history.push(super::event(now_micros, end));
        }
        self.ended(now_micros, OrchestrationStatus::Terminated);
    }

    pub(super) fn ended(&mut self, now_micros: i64, status: OrchestrationStatus) {
        self.status = status;
        self.updated_micros = now_micros;
        self.completed_micros = Some(now_micros);
        self.inbox.clear();
        self.open.clear();
    }

    /// As a client would see it.
    pub(super) fn state(&self) -> OrchestrationState {
        let parent = self.start.parent_instance.as_ref();
        let parent = parent.and_then(|parent| parent.orchestration_instance.as_ref());
        let scheduled = self.start.scheduled_start_timestamp.as_ref();
        OrchestrationState {
            instance_id: self.id().to_owned(),
            execution_id: Some(self.execution_id().to_owned()),
            name: self.start.name.clone(),
            version: self.start.version.clone(),
            status: self.status,
            created_at: system_time_of_micros(self.created_micros),
            last_updated_at: system_time_of_micros(self.updated_micros),
            completed_at: self.completed_micros.map(system_time_of_micros),
            scheduled_start_at: scheduled.map(system_time),
            raw_input: self.start.input.clone(),
            raw_output: self.output.clone(),
            raw_custom_status: self.custom_status.clone(),
            failure: self.failure.clone().map(FailureDetails::from_proto),
            parent_instance_id: parent.map(|parent| parent.instance_id.clone()),
            tags: self.start.tags.clone(),
        }
    }
}

fn is_suspend(event: &HistoryEvent) -> bool {
    matches!(event.event_type, Some(EventType::ExecutionSuspended(_)))
}

fn is_resume(event: &HistoryEvent) -> bool {
    matches!(event.event_type, Some(EventType::ExecutionResumed(_)))
}

fn is_terminate(event: &HistoryEvent) -> bool {
    matches!(event.event_type, Some(EventType::ExecutionTerminated(_)))
}

/// Whether the message reaches whatever execution is current, and not only the one it is for.
pub(super) fn is_for_any_execution(event: &HistoryEvent) -> bool {
    is_suspend(event)
        || is_resume(event)
        || is_terminate(event)
        || matches!(event.event_type, Some(EventType::EventRaised(_)))
}
