//! Given a history, when events come, then these actions: one file for each family.

mod activities;
mod combinators;
mod control;
mod determinism;
mod entities;
mod events;
mod fan_out_children;
mod fan_outs;
mod kept;
mod scale;
mod sections;
mod simulation;
mod sub_orchestrations;
mod timers;

use std::future::Future;
use std::sync::Arc;

use durascope_proto as proto;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::time::from_micros;
use futures_util::FutureExt;
use serde::Serialize;
use serde_json::Value;

use super::Lookup;
use super::OrchestrationFn;
use super::Replay;
use super::Turn;
use crate::data;
use crate::failure::BoxError;
use crate::failure::FailureDetails;
use crate::names::Activity;
use crate::names::ExternalEvent;
use crate::names::Orchestration;
use crate::orchestration::OrchestrationContext;

const INSTANCE: &str = "order-1";
const EXECUTION: &str = "00000000000000000000000000000e01";

const CHARGE: Activity<u64, u64> = Activity::named("Charge");
const REFUND: Activity<u64, u64> = Activity::named("Refund");
const CHILD: Orchestration<u64, u64> = Orchestration::named("Child");
const GO: ExternalEvent<u64> = ExternalEvent::named("Go");

fn erased<F, Fut, O, E>(function: F) -> OrchestrationFn
where
    F: Fn(OrchestrationContext, u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
    O: Serialize,
    E: Into<BoxError>,
{
    Arc::new(move |context, input| {
        let code = function(context, data::decode(input.as_deref()).unwrap());
        async move {
            let output = code.await.map_err(FailureDetails::of)?;
            Ok(data::encode(&output).unwrap())
        }
        .boxed()
    })
}

/// Nothing has happened yet to this orchestration, which is named `Test`.
fn replay_of(function: &OrchestrationFn) -> Replay {
    let function = Arc::clone(function);
    let lookup: Lookup = Arc::new(move |name, _| (name == "Test").then(|| Arc::clone(&function)));
    Replay::new(INSTANCE.into(), EXECUTION.into(), lookup)
}

/// One turn of an orchestration named `Test`.
struct Scenario {
    function: OrchestrationFn,
    past: Vec<HistoryEvent>,
}

impl Scenario {
    fn of<F, Fut, O, E>(function: F) -> Self
    where
        F: Fn(OrchestrationContext, u64) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        O: Serialize,
        E: Into<BoxError>,
    {
        Self {
            function: erased(function),
            past: Vec::new(),
        }
    }

    fn given(mut self, past: impl IntoIterator<Item = HistoryEvent>) -> Self {
        self.past = past.into_iter().collect();
        self
    }

    fn when(&self, new: impl IntoIterator<Item = HistoryEvent>) -> Turn {
        let mut replay = replay_of(&self.function);
        replay.turn(self.past.clone(), new.into_iter().collect())
    }
}

impl Turn {
    /// The actions in short: kind, id and name.
    fn summary(&self) -> Vec<String> {
        self.actions.iter().map(short).collect()
    }

    fn completion(&self) -> &CompleteOrchestrationAction {
        let last = self
            .actions
            .last()
            .and_then(|it| it.orchestrator_action_type.as_ref());
        let Some(OrchestratorActionType::CompleteOrchestration(completion)) = last else {
            panic!("the orchestration did not end: {:?}", self.summary());
        };
        completion
    }

    fn output(&self) -> Value {
        let completion = self.completion();
        let status = completion.orchestration_status();
        assert_eq!(
            status,
            proto::OrchestrationStatus::Completed,
            "{completion:?}"
        );
        data::decode(completion.result.as_deref()).unwrap()
    }

    fn failure(&self) -> &TaskFailureDetails {
        let completion = self.completion();
        let status = completion.orchestration_status();
        assert_eq!(status, proto::OrchestrationStatus::Failed, "{completion:?}");
        completion.failure_details.as_ref().unwrap()
    }
}

fn short(action: &OrchestratorAction) -> String {
    let id = action.id;
    match action.orchestrator_action_type.as_ref().unwrap() {
        OrchestratorActionType::ScheduleTask(it) => format!("schedule {id} {}", it.name),
        OrchestratorActionType::CreateTimer(_) => format!("timer {id}"),
        OrchestratorActionType::CreateSubOrchestration(it) => format!("child {id} {}", it.name),
        OrchestratorActionType::SendEvent(it) => format!("send {id} {}", it.name),
        OrchestratorActionType::CompleteOrchestration(it) => {
            format!(
                "{} {id}",
                it.orchestration_status()
                    .as_str_name()
                    .replace("ORCHESTRATION_STATUS_", "")
            )
        }
        OrchestratorActionType::SendEntityMessage(it) => entities::short(id, it),
        other => format!("{id} {other:?}"),
    }
}

fn event(event_id: i32, event_type: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id,
        timestamp: Some(from_micros(0)),
        event_type: Some(event_type),
    }
}

/// The start of a turn, `second` seconds after the epoch.
fn turn(second: i64) -> HistoryEvent {
    HistoryEvent {
        event_id: -1,
        timestamp: Some(from_micros(second * 1_000_000)),
        event_type: Some(EventType::OrchestratorStarted(
            proto::OrchestratorStartedEvent {},
        )),
    }
}

fn started() -> HistoryEvent {
    event(
        0,
        EventType::ExecutionStarted(proto::ExecutionStartedEvent {
            name: "Test".into(),
            input: Some("7".into()),
            orchestration_instance: Some(proto::OrchestrationInstance {
                instance_id: INSTANCE.into(),
                execution_id: Some(EXECUTION.into()),
            }),
            ..proto::ExecutionStartedEvent::default()
        }),
    )
}

fn scheduled(id: i32, name: &str) -> HistoryEvent {
    let it = proto::TaskScheduledEvent {
        name: name.into(),
        ..Default::default()
    };
    event(id, EventType::TaskScheduled(it))
}

fn completed(id: i32, result: &str) -> HistoryEvent {
    let result = Some(result.to_owned());
    event(
        -1,
        EventType::TaskCompleted(proto::TaskCompletedEvent {
            task_scheduled_id: id,
            result,
        }),
    )
}

fn details(message: &str) -> Option<TaskFailureDetails> {
    Some(FailureDetails::new("Boom", message).into_proto())
}

fn failed(id: i32, message: &str) -> HistoryEvent {
    let failure_details = details(message);
    let it = proto::TaskFailedEvent {
        task_scheduled_id: id,
        failure_details,
    };
    event(-1, EventType::TaskFailed(it))
}

fn child_created(id: i32, name: &str) -> HistoryEvent {
    let it = proto::SubOrchestrationInstanceCreatedEvent {
        name: name.into(),
        ..Default::default()
    };
    event(id, EventType::SubOrchestrationInstanceCreated(it))
}

fn child_completed(id: i32, result: &str) -> HistoryEvent {
    let result = Some(result.to_owned());
    let it = proto::SubOrchestrationInstanceCompletedEvent {
        task_scheduled_id: id,
        result,
    };
    event(-1, EventType::SubOrchestrationInstanceCompleted(it))
}

fn child_failed(id: i32, message: &str) -> HistoryEvent {
    let failure_details = details(message);
    let it = proto::SubOrchestrationInstanceFailedEvent {
        task_scheduled_id: id,
        failure_details,
    };
    event(-1, EventType::SubOrchestrationInstanceFailed(it))
}

fn timer_created(id: i32) -> HistoryEvent {
    event(
        id,
        EventType::TimerCreated(proto::TimerCreatedEvent::default()),
    )
}

fn timer_fired(id: i32) -> HistoryEvent {
    event(
        -1,
        EventType::TimerFired(proto::TimerFiredEvent {
            timer_id: id,
            fire_at: None,
        }),
    )
}

fn raised(name: &str, input: &str) -> HistoryEvent {
    let input = Some(input.to_owned());
    event(
        -1,
        EventType::EventRaised(proto::EventRaisedEvent {
            name: name.into(),
            input,
        }),
    )
}

fn sent(id: i32, target: &str, name: &str) -> HistoryEvent {
    let it = proto::EventSentEvent {
        instance_id: target.into(),
        name: name.into(),
        ..Default::default()
    };
    event(id, EventType::EventSent(it))
}

fn suspended() -> HistoryEvent {
    event(
        -1,
        EventType::ExecutionSuspended(proto::ExecutionSuspendedEvent::default()),
    )
}

fn resumed() -> HistoryEvent {
    event(
        -1,
        EventType::ExecutionResumed(proto::ExecutionResumedEvent::default()),
    )
}

fn terminated(output: &str) -> HistoryEvent {
    let input = Some(output.to_owned());
    event(
        -1,
        EventType::ExecutionTerminated(proto::ExecutionTerminatedEvent {
            input,
            recurse: false,
        }),
    )
}
