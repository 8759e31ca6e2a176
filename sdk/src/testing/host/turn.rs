//! A turn: the code is replayed as a worker does, and what it decides is carried out.

use std::collections::VecDeque;

use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::EventRaisedEvent;
use durascope_proto::EventSentEvent;
use durascope_proto::ExecutionTerminatedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestratorStartedEvent;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::TerminateOrchestrationAction;
use durascope_proto::TimerFiredEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::time::from_micros;

use super::Call;
use super::CallKind;
use super::HostError;
use super::TestHost;
use super::control::Control;
use super::control::Due;
use super::event;
use crate::client::OrchestrationStatus;
use crate::clock::system_time_of_micros;
use crate::orchestration::replay::Replay;

/// What a turn asks of the world outside of its instance.
pub(super) enum Effect {
    Activity(i32, ScheduleTaskAction),
    Child(i32, CreateSubOrchestrationAction),
    Timer(i32, i64),
    Send(i32, EventSentEvent),
    Entity(i32, Box<EventType>),
    Terminate(TerminateOrchestrationAction),
    /// The execution has ended, and its children are to end with it.
    TerminateChildren(Vec<String>, Option<String>),
    TellParent(Box<EventType>),
}

impl TestHost {
    pub(super) fn make_turn(
        &mut self,
        id: &str,
        batch: Vec<HistoryEvent>,
    ) -> Result<(), HostError> {
        let now = self.now_micros;
        let next_execution = self.fresh_execution(id);
        let Some(instance) = self.instances.get_mut(id) else {
            return Ok(());
        };
        let begins = EventType::OrchestratorStarted(OrchestratorStartedEvent {});
        let mut new = vec![event(now, begins)];
        new.extend(batch);
        let execution_id = instance.execution_id().to_owned();
        let version = instance.start.version.as_deref();
        let turn = match self.functions.mismatch(version) {
            Some(mismatch) => mismatch.failed(&instance.history, &new),
            None => {
                let lookup = self.functions.lookup();
                let mut replay = Replay::new(id.to_owned(), execution_id.clone(), lookup);
                replay.set_default_version(self.functions.sub_default_version());
                let turn = replay.turn(instance.history.clone(), new.clone());
                instance.open = replay.open();
                turn
            }
        };

        instance.turns += 1;
        instance.history.append(&mut new);
        instance.updated_micros = now;
        if instance.status == OrchestrationStatus::Pending {
            instance.status = OrchestrationStatus::Running;
        }
        let effects = instance.apply(now, turn, next_execution);
        for effect in effects {
            self.carry_out(id, &execution_id, effect)?;
        }
        if let Some(instance) = self.instances.get_mut(id) {
            let is_renewed = instance.execution_id() != execution_id;
            let is_over = is_renewed || instance.status.is_terminal();
            // What a generation sends to itself comes before what had been waiting for it.
            if is_renewed {
                let mut late: VecDeque<HistoryEvent> = std::mem::take(&mut instance.late);
                instance.inbox.append(&mut late);
                self.make_ready(id.to_owned());
            }
            if is_over {
                self.release_locks(id, &execution_id);
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, id: &str, execution: &str, effect: Effect) -> Result<(), HostError> {
        let now = self.now_micros;
        match effect {
            Effect::Activity(task_id, action) => {
                self.note(
                    CallKind::Activity,
                    &action.name,
                    &action.input,
                    (id, task_id),
                    None,
                );
                self.call_activity(id, execution, task_id, action)?;
            }
            Effect::Child(task_id, action) => {
                let target = Some(action.instance_id.clone());
                let caller = (id, task_id);
                self.note(
                    CallKind::SubOrchestration,
                    &action.name,
                    &action.input,
                    caller,
                    target,
                );
                self.call_child(id, execution, task_id, action)?;
            }
            Effect::Timer(timer_id, fire_at) => {
                let fired = TimerFiredEvent {
                    fire_at: Some(from_micros(fire_at)),
                    timer_id,
                };
                let due = Due::Message {
                    id: id.to_owned(),
                    execution_id: execution.to_owned(),
                    event: Box::new(EventType::TimerFired(fired)),
                };
                self.put_off(fire_at, due);
            }
            Effect::Send(task_id, sent) => {
                let target = Some(sent.instance_id.clone());
                self.note(
                    CallKind::Event,
                    &sent.name,
                    &sent.input,
                    (id, task_id),
                    target,
                );
                let raised = EventRaisedEvent {
                    name: sent.name,
                    input: sent.input,
                };
                // To nobody, or to somebody who has ended: lost without a trace.
                self.control(&sent.instance_id, Control::Raise(raised)).ok();
            }
            Effect::Entity(task_id, sent) => {
                self.send_to_entity((id, execution, task_id), *sent);
            }
            Effect::Terminate(action) => {
                let terminated = ExecutionTerminatedEvent {
                    input: action.reason,
                    recurse: action.recurse,
                };
                // Of nobody, or of somebody who has ended: nothing comes of it.
                self.control(&action.instance_id, Control::Terminate(terminated))
                    .ok();
            }
            Effect::TerminateChildren(children, output) => {
                for child in children {
                    let terminated = ExecutionTerminatedEvent {
                        input: output.clone(),
                        recurse: true,
                    };
                    self.control(&child, Control::Terminate(terminated)).ok();
                }
            }
            Effect::TellParent(told) => {
                let parent = self
                    .instances
                    .get(id)
                    .and_then(|it| it.start.parent_instance.clone());
                let parent = parent.and_then(|parent| parent.orchestration_instance);
                if let Some(OrchestrationInstance {
                    instance_id,
                    execution_id: Some(parent_execution),
                }) = parent
                {
                    let due = Due::Message {
                        id: instance_id,
                        execution_id: parent_execution,
                        event: told,
                    };
                    self.put_off(now, due);
                }
            }
        }
        Ok(())
    }

    pub(super) fn note(
        &mut self,
        kind: CallKind,
        name: &str,
        input: &Option<String>,
        (caller, task_id): (&str, i32),
        target: Option<String>,
    ) {
        self.calls.push(Call {
            kind,
            name: name.to_owned(),
            raw_input: input.clone(),
            instance_id: caller.to_owned(),
            task_id,
            target,
            at: system_time_of_micros(self.now_micros),
        });
    }
}
