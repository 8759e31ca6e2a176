//! The actions of a turn that do not end it: one history event and one side effect each.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::CreateTimerAction;
use durascope_proto::EventSentEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::SendEventAction;
use durascope_proto::SubOrchestrationInstanceCreatedEvent;
use durascope_proto::TaskScheduledEvent;
use durascope_proto::TimerCreatedEvent;
use durascope_proto::TimerFiredEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use durascope_proto::time;
use prost::Message as _;
use prost::bytes::Bytes;
use prost_types::Timestamp;

use super::ChildRequest;
use super::EntityMessage;
use super::ScheduledActivity;
use super::SentEvent;
use super::Turn;
use super::building::Building;
use super::building::terminated;
use crate::batch::Kind;
use crate::deliver::Entry;
use crate::deliver::raised;
use crate::entity;
use crate::history::event;
use crate::instance::Instance;

/// How much later than its time a timer fires.
const TIMER_MARGIN_US: i64 = 1_000;

/// Orders actions by id, as Go sends them in any order, and takes the completion out: it is
/// applied last, and only the first one counts. A terminate that the worker did not answer
/// with a completion is completed here.
pub(super) fn sort(
    mut actions: Vec<OrchestratorAction>,
    turn: &Turn,
) -> (
    Vec<OrchestratorAction>,
    Option<(i32, CompleteOrchestrationAction)>,
) {
    actions.sort_by_key(|action| action.id);
    let mut completion = None;
    let mut others = Vec::with_capacity(actions.len());
    for action in actions {
        match action.orchestrator_action_type {
            Some(OrchestratorActionType::CompleteOrchestration(complete)) => {
                completion.get_or_insert((action.id, complete));
            }
            kind => others.push(OrchestratorAction {
                id: action.id,
                orchestrator_action_type: kind,
            }),
        }
    }
    if turn.has(Kind::Terminate) {
        let renewed = OrchestrationStatus::ContinuedAsNew as i32;
        completion = completion
            .filter(|(_, complete)| complete.orchestration_status != renewed)
            .or_else(|| Some((-1, forced_termination(turn))));
    }
    (others, completion)
}

fn forced_termination(turn: &Turn) -> CompleteOrchestrationAction {
    CompleteOrchestrationAction {
        orchestration_status: OrchestrationStatus::Terminated as i32,
        result: terminated(turn).and_then(|request| request.input),
        ..Default::default()
    }
}

/// A timer in the inbox.
pub(crate) fn timer_entry(now_us: i64, timer_id: i32, fire_at: Timestamp) -> Entry {
    // Java compares the turn's time in whole milliseconds, and sets a timer again that is not
    // later than it.
    let visible_us = time::to_micros(&fire_at).saturating_add(TIMER_MARGIN_US);
    // Later than its creation, also when it is due at once: times tell events apart.
    let due_us = visible_us.max(now_us + 1);
    let fired = TimerFiredEvent {
        fire_at: Some(fire_at),
        timer_id,
    };
    Entry {
        kind: Kind::Timer,
        bound: true,
        visible_us: Some(visible_us),
        event: event(-1, due_us, EventType::TimerFired(fired))
            .encode_to_vec()
            .into(),
    }
}

/// The id of a sub-orchestration for which its parent chose none.
pub fn derived_child_id(parent: &Instance, task_id: i32) -> String {
    format!("{}:{task_id:04x}", parent.id)
}

impl Building {
    /// Applies one action. An error is a breach of the protocol, in words for the developer.
    pub(super) fn action(&mut self, action: OrchestratorAction) -> Result<(), String> {
        let id = action.id;
        match action.orchestrator_action_type {
            Some(OrchestratorActionType::ScheduleTask(task)) => self.schedule_task(id, task),
            Some(OrchestratorActionType::CreateTimer(timer)) => self.create_timer(id, timer),
            Some(OrchestratorActionType::CreateSubOrchestration(child)) => {
                return self.create_child(id, child);
            }
            Some(OrchestratorActionType::SendEvent(send)) => return self.send_event(id, send),
            Some(OrchestratorActionType::TerminateOrchestration(terminate)) => {
                if terminate.instance_id.is_empty() {
                    return Err(format!(
                        "action {id}: terminateOrchestration has no instanceId"
                    ));
                }
                self.commit.terminations.push(terminate);
            }
            Some(OrchestratorActionType::SendEntityMessage(send)) => {
                return self.send_entity_message(id, send);
            }
            Some(OrchestratorActionType::RewindOrchestration(_)) => {
                return Err(format!(
                    "action {id}: rewindOrchestration answers a turn without ExecutionRewound"
                ));
            }
            // Taken out before.
            Some(OrchestratorActionType::CompleteOrchestration(_)) => {}
            None => return Err(format!("action {id} has no type that this emulator knows")),
        }
        Ok(())
    }

    fn schedule_task(&mut self, id: i32, task: ScheduleTaskAction) {
        let name = task.name.as_str().into();
        let version = task.version.as_deref().map(Into::into);
        let scheduled = EventType::TaskScheduled(TaskScheduledEvent {
            name: task.name,
            version: task.version,
            input: task.input,
            parent_trace_context: task.parent_trace_context,
            tags: task.tags,
        });
        let place = self.writer.push(&event(id, self.now_us, scheduled));
        self.commit.after.counters.activities.scheduled += 1;
        self.count_in_batch(id);
        let activity = ScheduledActivity {
            task_id: id,
            name,
            version,
            event: Bytes::new(),
        };
        self.placed.push((activity, place));
    }

    fn create_timer(&mut self, id: i32, timer: CreateTimerAction) {
        let fire_at = timer
            .fire_at
            .unwrap_or_else(|| time::from_micros(self.now_us));
        let created = EventType::TimerCreated(TimerCreatedEvent {
            fire_at: Some(fire_at),
        });
        self.writer.push(&event(id, self.now_us, created));
        self.commit.after.counters.timers_pending += 1;
        let entry = timer_entry(self.now_us, id, fire_at);
        self.commit.entries.push(entry);
    }

    fn create_child(
        &mut self,
        id: i32,
        mut child: CreateSubOrchestrationAction,
    ) -> Result<(), String> {
        if child.name.is_empty() {
            return Err(format!("action {id}: createSubOrchestration has no name"));
        }
        if child.instance_id.is_empty() {
            child.instance_id = derived_child_id(&self.commit.after, id);
        }
        let created = SubOrchestrationInstanceCreatedEvent {
            instance_id: child.instance_id.clone(),
            name: child.name.clone(),
            version: child.version.clone(),
            input: child.input.clone(),
            parent_trace_context: child.parent_trace_context.clone(),
            tags: child.tags.clone(),
        };
        let created = EventType::SubOrchestrationInstanceCreated(created);
        self.writer.push(&event(id, self.now_us, created));
        self.commit.after.counters.children.scheduled += 1;
        self.count_in_batch(id);
        self.commit.children.push(ChildRequest {
            task_id: id,
            action: child,
        });
        Ok(())
    }

    fn send_event(&mut self, id: i32, send: SendEventAction) -> Result<(), String> {
        let target = send
            .instance
            .map(|instance| instance.instance_id)
            .unwrap_or_default();
        if target.is_empty() {
            return Err(format!("action {id}: sendEvent has no target instance"));
        }
        let sent = EventSentEvent {
            instance_id: target.clone(),
            name: send.name.clone(),
            input: send.data.clone(),
        };
        self.writer
            .push(&event(id, self.now_us, EventType::EventSent(sent)));
        if *target == *self.commit.after.id {
            // Part of this commit, so that a new generation gets it in its place.
            let raised = raised(self.now_us, send.name, send.data);
            self.commit
                .entries
                .push(Entry::now(Kind::Event, false, &raised));
            self.commit.after.counters.messages_waiting += 1;
        } else {
            let sent = SentEvent {
                instance_id: target,
                name: send.name,
                input: send.data,
            };
            self.commit.sent.push(sent);
        }
        Ok(())
    }

    /// The same message in the history and on its way; a call always says who waits for it.
    fn send_entity_message(
        &mut self,
        id: i32,
        send: SendEntityMessageAction,
    ) -> Result<(), String> {
        let targeted = |target: &Option<String>| match target {
            Some(target) if !target.is_empty() => Ok(()),
            _ => Err(format!(
                "action {id}: sendEntityMessage has no targetInstanceId"
            )),
        };
        let (recorded, message) = match send.entity_message_type {
            Some(EntityMessageType::EntityOperationSignaled(signal)) => {
                targeted(&signal.target_instance_id)?;
                let recorded = EventType::EntityOperationSignaled(signal.clone());
                (recorded, EntityMessage::Signal(signal))
            }
            Some(EntityMessageType::EntityOperationCalled(mut call)) => {
                targeted(&call.target_instance_id)?;
                call.parent_instance_id = Some(self.commit.after.id.to_string());
                call.parent_execution_id = Some(self.commit.after.execution.to_string());
                let recorded = EventType::EntityOperationCalled(call.clone());
                (recorded, EntityMessage::Call(call))
            }
            Some(EntityMessageType::EntityLockRequested(lock)) => {
                if let Err(refused) = entity::Request::new(&lock) {
                    return Err(format!("action {id}: sendEntityMessage: {refused}"));
                }
                let recorded = EventType::EntityLockRequested(lock.clone());
                (recorded, EntityMessage::Lock(lock))
            }
            Some(EntityMessageType::EntityUnlockSent(unlock)) => {
                targeted(&unlock.target_instance_id)?;
                let recorded = EventType::EntityUnlockSent(unlock.clone());
                (recorded, EntityMessage::Unlock(unlock))
            }
            None => return Err(format!("action {id}: sendEntityMessage has no message")),
        };
        self.writer.push(&event(id, self.now_us, recorded));
        self.commit.entities.push(message);
        Ok(())
    }

    fn count_in_batch(&mut self, id: i32) {
        self.batch_first_task = Some(self.batch_first_task.map_or(id, |first| first.min(id)));
        self.batch_scheduled += 1;
    }
}
