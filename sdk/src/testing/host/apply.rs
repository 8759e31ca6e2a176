//! What a turn decided, written down in its instance's history.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::EventSentEvent;
use durascope_proto::ExecutionCompletedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::SubOrchestrationInstanceCompletedEvent;
use durascope_proto::SubOrchestrationInstanceCreatedEvent;
use durascope_proto::SubOrchestrationInstanceFailedEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TaskScheduledEvent;
use durascope_proto::TimerCreatedEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;

use super::event;
use super::instance::Instance;
use super::instance::is_for_any_execution;
use super::turn::Effect;
use crate::client::OrchestrationStatus;
use crate::orchestration::replay::Turn;

impl Instance {
    /// Writes down what a turn decided, and says what is to be done about it elsewhere.
    pub(super) fn apply(&mut self, now: i64, turn: Turn, next_execution: String) -> Vec<Effect> {
        self.custom_status = turn.custom_status;
        let mut effects = Vec::new();
        let mut completion = None;
        for OrchestratorAction {
            id,
            orchestrator_action_type,
        } in turn.actions
        {
            let decided = match orchestrator_action_type {
                Some(OrchestratorActionType::ScheduleTask(it)) => {
                    let scheduled = TaskScheduledEvent {
                        name: it.name.clone(),
                        version: it.version.clone(),
                        input: it.input.clone(),
                        parent_trace_context: it.parent_trace_context.clone(),
                        tags: it.tags.clone(),
                    };
                    effects.push(Effect::Activity(id, it));
                    EventType::TaskScheduled(scheduled)
                }
                Some(OrchestratorActionType::CreateTimer(it)) => {
                    let fire_at = it.fire_at.as_ref().map_or(now, to_micros);
                    effects.push(Effect::Timer(id, fire_at));
                    EventType::TimerCreated(TimerCreatedEvent {
                        fire_at: Some(from_micros(fire_at)),
                    })
                }
                Some(OrchestratorActionType::CreateSubOrchestration(it)) => {
                    let created = SubOrchestrationInstanceCreatedEvent {
                        instance_id: it.instance_id.clone(),
                        name: it.name.clone(),
                        version: it.version.clone(),
                        input: it.input.clone(),
                        parent_trace_context: it.parent_trace_context.clone(),
                        tags: it.tags.clone(),
                    };
                    effects.push(Effect::Child(id, it));
                    EventType::SubOrchestrationInstanceCreated(created)
                }
                Some(OrchestratorActionType::SendEvent(it)) => {
                    let sent = EventSentEvent {
                        instance_id: it.instance.unwrap_or_default().instance_id,
                        name: it.name,
                        input: it.data,
                    };
                    effects.push(Effect::Send(id, sent.clone()));
                    EventType::EventSent(sent)
                }
                Some(OrchestratorActionType::CompleteOrchestration(it)) => {
                    completion = Some((id, it));
                    continue;
                }
                Some(OrchestratorActionType::SendEntityMessage(it)) => {
                    let Some(sent) = it.entity_message_type.map(sent_to_entity) else {
                        continue;
                    };
                    effects.push(Effect::Entity(id, Box::new(sent.clone())));
                    sent
                }
                // No event tells of it.
                Some(OrchestratorActionType::TerminateOrchestration(it)) => {
                    effects.push(Effect::Terminate(it));
                    continue;
                }
                // Only a rewind is answered so, and a host has none.
                Some(OrchestratorActionType::RewindOrchestration(_)) | None => continue,
            };
            self.history.push(HistoryEvent {
                event_id: id,
                ..event(now, decided)
            });
        }
        if let Some((id, completion)) = completion {
            self.complete(now, id, completion, next_execution, &mut effects);
        }
        effects
    }

    fn complete(
        &mut self,
        now: i64,
        id: i32,
        completion: CompleteOrchestrationAction,
        next_execution: String,
        effects: &mut Vec<Effect>,
    ) {
        let status = completion.orchestration_status();
        let completed = ExecutionCompletedEvent {
            orchestration_status: status.into(),
            result: completion.result.clone(),
            failure_details: completion.failure_details.clone(),
        };
        self.history.push(HistoryEvent {
            event_id: id,
            ..event(now, EventType::ExecutionCompleted(completed))
        });
        if status == Status::ContinuedAsNew {
            self.renew(now, completion, next_execution);
            return;
        }
        let terminated = self
            .history
            .iter()
            .rev()
            .find_map(|event| match &event.event_type {
                Some(EventType::ExecutionTerminated(it)) => Some(it),
                Some(_) | None => None,
            });
        if let Some(terminated) = terminated.filter(|it| it.recurse) {
            let children = self.children.values().cloned().collect();
            effects.push(Effect::TerminateChildren(
                children,
                terminated.input.clone(),
            ));
        }
        self.output.clone_from(&completion.result);
        self.failure.clone_from(&completion.failure_details);
        self.ended(
            now,
            OrchestrationStatus::from_proto(completion.orchestration_status),
        );
        if let Some(parent) = &self.start.parent_instance {
            let told = self.told_to_parent(parent.task_scheduled_id, status, completion);
            effects.push(Effect::TellParent(Box::new(told)));
        }
    }

    /// What waits is for the next generation, unless it is a result that this one asked for.
    fn renew(&mut self, now: i64, completion: CompleteOrchestrationAction, next_execution: String) {
        let mut start = self.start.clone();
        start.input = completion.result;
        start.version = completion.new_version.or(start.version);
        start.tags.extend(completion.tags);
        start.scheduled_start_timestamp = None;
        start.orchestration_instance = Some(OrchestrationInstance {
            instance_id: self.id().to_owned(),
            execution_id: Some(next_execution),
        });
        let waiting = std::mem::take(&mut self.inbox);
        self.late = waiting.into_iter().filter(is_for_any_execution).collect();
        self.generations.push(std::mem::take(&mut self.history));
        self.children.clear();
        self.open.clear();
        self.begin(now, start);
        self.inbox.extend(completion.carryover_events);
    }

    fn told_to_parent(
        &self,
        task_scheduled_id: i32,
        status: Status,
        completion: CompleteOrchestrationAction,
    ) -> EventType {
        let failure = match (status, completion.failure_details) {
            (_, Some(details)) => Some(details),
            (Status::Completed, None) => None,
            (_, None) => Some(TaskFailureDetails {
                error_type: "SubOrchestrationTerminated".to_owned(),
                error_message: format!(
                    "sub-orchestration '{}' with id '{}' was {}: {}",
                    self.start.name,
                    self.id(),
                    OrchestrationStatus::from_proto(status.into()),
                    completion.result.as_deref().unwrap_or("no output")
                ),
                ..TaskFailureDetails::default()
            }),
        };
        match failure {
            Some(details) => {
                EventType::SubOrchestrationInstanceFailed(SubOrchestrationInstanceFailedEvent {
                    task_scheduled_id,
                    failure_details: Some(details),
                })
            }
            None => EventType::SubOrchestrationInstanceCompleted(
                SubOrchestrationInstanceCompletedEvent {
                    task_scheduled_id,
                    result: completion.result,
                },
            ),
        }
    }
}

/// The event that tells of a message to an entity.
fn sent_to_entity(message: EntityMessageType) -> EventType {
    match message {
        EntityMessageType::EntityOperationSignaled(it) => EventType::EntityOperationSignaled(it),
        EntityMessageType::EntityOperationCalled(it) => EventType::EntityOperationCalled(it),
        EntityMessageType::EntityLockRequested(it) => EventType::EntityLockRequested(it),
        EntityMessageType::EntityUnlockSent(it) => EventType::EntityUnlockSent(it),
    }
}
