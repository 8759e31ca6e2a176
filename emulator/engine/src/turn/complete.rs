//! How a turn ends an execution: completed, failed, terminated, or continued as new.

use std::collections::BTreeMap;

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::ExecutionCompletedEvent;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::ExecutionTerminatedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use prost::Message as _;

use super::Commit;
use super::Ended;
use super::PayloadChange;
use super::Surroundings;
use super::Turn;
use super::building::Building;
use super::building::terminated;
use crate::batch::Kind;
use crate::deliver::Entry;
use crate::deliver::TaskResult;
use crate::deliver::suspended;
use crate::failure::bounded;
use crate::history::event;
use crate::instance::Counters;
use crate::instance::Instance;
use crate::instance::Phase;
use crate::instance::failure_line;

impl Building {
    pub(super) fn complete(
        &mut self,
        turn: &Turn,
        id: i32,
        complete: CompleteOrchestrationAction,
        surroundings: Surroundings,
        fresh_execution: &str,
    ) -> Result<(), String> {
        match OrchestrationStatus::try_from(complete.orchestration_status) {
            Ok(OrchestrationStatus::ContinuedAsNew) => {
                self.renew(turn, complete, surroundings, fresh_execution)
            }
            Ok(
                status @ (OrchestrationStatus::Completed
                | OrchestrationStatus::Failed
                | OrchestrationStatus::Terminated
                | OrchestrationStatus::Canceled),
            ) => {
                let details = complete.failure_details;
                self.end(id, status, complete.result, details, terminated(turn));
                Ok(())
            }
            Ok(
                OrchestrationStatus::Running
                | OrchestrationStatus::Pending
                | OrchestrationStatus::Suspended,
            )
            | Err(_) => Err(format!(
                "action {id}: completeOrchestration has status {}, which ends nothing",
                complete.orchestration_status
            )),
        }
    }

    pub(super) fn end(
        &mut self,
        id: i32,
        status: OrchestrationStatus,
        result: Option<String>,
        details: Option<TaskFailureDetails>,
        terminate: Option<ExecutionTerminatedEvent>,
    ) {
        let details = match (status, details) {
            (OrchestrationStatus::Failed, None) => Some(TaskFailureDetails {
                error_type: "OrchestrationFailed".to_owned(),
                error_message: "the worker reported a failure without details".to_owned(),
                ..Default::default()
            }),
            (OrchestrationStatus::Failed, details) => details.map(bounded),
            (_, _) => None,
        };
        let completed = ExecutionCompletedEvent {
            orchestration_status: status as i32,
            result: result.clone(),
            failure_details: details.clone(),
        };
        self.writer.push(&event(
            id,
            self.now_us,
            EventType::ExecutionCompleted(completed),
        ));
        let after = &mut self.commit.after;
        after.end(status, self.now_us);
        after.failure_line = details.as_ref().map(failure_line);
        self.commit.entries.clear();
        if result.is_some() {
            self.commit
                .payloads
                .push(PayloadChange::Output(result.clone()));
        }
        if details.is_some() {
            self.commit
                .payloads
                .push(PayloadChange::Failure(details.clone()));
        }
        let terminate_children = terminate
            .filter(|terminate| terminate.recurse)
            .map(|terminate| terminate.input);
        let result = result_for_parent(&self.commit.after, status, result, details);
        self.commit.ended = Some(Ended {
            result,
            terminate_children,
        });
    }

    /// Continue-as-new: a new execution with a new input. Its inbox is the start, the events that
    /// were carried over, what this turn sent to itself, and then whatever waits already.
    fn renew(
        &mut self,
        turn: &Turn,
        complete: CompleteOrchestrationAction,
        surroundings: Surroundings,
        fresh_execution: &str,
    ) -> Result<(), String> {
        let mut started = surroundings
            .started
            .or_else(|| started_in(turn))
            .ok_or("the history of the execution has no ExecutionStarted event")?;
        if complete.new_version.is_some() {
            started.version = complete.new_version;
        }
        started.input = complete.result.clone();
        started.scheduled_start_timestamp = None;
        started.tags = merged(started.tags, complete.tags);
        started.orchestration_instance = Some(OrchestrationInstance {
            instance_id: self.commit.after.id.to_string(),
            execution_id: Some(fresh_execution.to_owned()),
        });

        let commit = &mut self.commit;
        commit.tags = Some(started.tags.clone());
        let told_suspended = commit.after.phase == Phase::Suspended;
        commit.after.version = started.version.as_deref().map(Into::into);
        commit.after.execution = fresh_execution.into();
        commit.after.phase = Phase::Renewed;
        commit.renews = true;
        commit.trace = None;
        commit.payloads.push(PayloadChange::Input(complete.result));

        let self_sent = std::mem::take(&mut commit.entries);
        let start = event(0, self.now_us, EventType::ExecutionStarted(started));
        let first = &mut commit.first_entries;
        first.push(Entry::now(Kind::Start, true, &start));
        for carried in &complete.carryover_events {
            first.push(Entry::now(Kind::Event, false, carried));
        }
        // Timers of the old execution are dropped; events to itself reach the new one.
        first.extend(
            self_sent
                .into_iter()
                .filter(|entry| entry.kind == Kind::Event),
        );
        if told_suspended && commit.after.status == OrchestrationStatus::Suspended {
            let again = suspended(self.now_us, None);
            first.push(Entry::now(Kind::Suspend, false, &again));
        }
        let waiting = u32::try_from(first.len()).unwrap_or(u32::MAX);
        commit.after.counters = Counters {
            messages_waiting: waiting.saturating_add(surroundings.unbound_waiting),
            history_last_us: commit.after.counters.history_last_us,
            ..Counters::default()
        };
        Ok(())
    }
}

fn merged(
    mut tags: BTreeMap<String, String>,
    more: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    tags.extend(more);
    tags
}

fn started_in(turn: &Turn) -> Option<ExecutionStartedEvent> {
    let message = turn
        .messages
        .iter()
        .find(|message| message.kind == Kind::Start)?;
    started_event(&message.event)
}

/// The ExecutionStarted event in these bytes, if it is one.
pub fn started_event(event: &[u8]) -> Option<ExecutionStartedEvent> {
    let EventType::ExecutionStarted(started) = HistoryEvent::decode(event).ok()?.event_type? else {
        return None;
    };
    Some(started)
}

/// What a parent is told of a child that ended so. Failures always have details: several
/// clients read type and message without looking.
fn result_for_parent(
    instance: &Instance,
    status: OrchestrationStatus,
    result: Option<String>,
    details: Option<TaskFailureDetails>,
) -> TaskResult {
    match (status, details) {
        (_, Some(details)) => TaskResult::Failed(details),
        (OrchestrationStatus::Terminated | OrchestrationStatus::Canceled, None) => {
            let word = crate::status::word(status);
            TaskResult::Failed(TaskFailureDetails {
                error_type: "SubOrchestrationTerminated".to_owned(),
                error_message: format!(
                    "sub-orchestration '{}' with id '{}' was {word}: {}",
                    instance.name,
                    instance.id,
                    result.as_deref().unwrap_or("no output")
                ),
                ..Default::default()
            })
        }
        (_, None) => TaskResult::Completed(result),
    }
}

/// Ends an instance that has not begun, by terminate or because it is replaced: no worker is asked.
pub fn end_unstarted(
    now_us: i64,
    instance: &Instance,
    start: &[u8],
    output: Option<String>,
    recurse: bool,
) -> Commit {
    terminate_now(now_us, instance, Some(start), output, recurse)
}

/// Ends an instance in whatever it does: no worker is asked. `start` is its ExecutionStarted
/// event if that is not in the history.
pub fn end_now(
    now_us: i64,
    instance: &Instance,
    start: Option<&[u8]>,
    output: Option<String>,
) -> Commit {
    terminate_now(now_us, instance, start, output, false)
}

fn terminate_now(
    now_us: i64,
    instance: &Instance,
    start: Option<&[u8]>,
    output: Option<String>,
    recurse: bool,
) -> Commit {
    let turn = Turn::new(now_us, instance, Vec::new());
    let unchanged = super::Answer {
        custom_status: instance.custom_status.as_deref().map(str::to_owned),
        ..Default::default()
    };
    let mut building = Building::new(now_us, instance, &turn, &unchanged);
    if let Some(start) = start {
        building.writer.push_encoded(start);
    }
    let terminate = ExecutionTerminatedEvent {
        input: output.clone(),
        recurse,
    };
    let event =
        crate::deliver::terminated(turn.started_us, terminate.input.clone(), terminate.recurse);
    building.writer.push(&event);
    let status = OrchestrationStatus::Terminated;
    building.end(-1, status, output, None, Some(terminate));
    building.finish()
}
