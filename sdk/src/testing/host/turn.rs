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
        let lookup = self.functions.lookup();
        let execution_id = instance.execution_id().to_owned();
        let mut replay = Replay::new(id.to_owned(), execution_id.clone(), lookup);
        let turn = replay.turn(instance.history.clone(), new.clone());
        instance.open = replay.open();
        drop(replay);

        instance.turns += 1;
        instance.history.append(&mut new);
        instance.updated_micros = now;
        if instance.status == OrchestrationStatus::Pending {
            instance.status = OrchestrationStatus::Running;
        }
        let effects = instance.apply(now, turn, next_execution)?;
        for effect in effects {
            self.carry_out(id, &execution_id, effect)?;
        }
        // What a generation sends to itself comes before what had been waiting for it.
        if let Some(instance) = self.instances.get_mut(id)
            && instance.execution_id() != execution_id
        {
            let mut late: VecDeque<HistoryEvent> = std::mem::take(&mut instance.late);
            instance.inbox.append(&mut late);
            self.make_ready(id.to_owned());
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

    fn note(
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
