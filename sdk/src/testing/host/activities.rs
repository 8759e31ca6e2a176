//! Calls: answered by a fake, or by the real thing.

use std::time::Duration;

use durascope_proto::ActivityRequest;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::OrchestrationInstance;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::SubOrchestrationInstanceCompletedEvent;
use durascope_proto::SubOrchestrationInstanceFailedEvent;
use durascope_proto::TaskCompletedEvent;
use durascope_proto::TaskFailedEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;

use super::CallKind;
use super::HostError;
use super::TestHost;
use super::control::Due;
use super::fake::Answer;
use crate::clock;
use crate::failure::FailureDetails;

/// How a call ended, as it goes into the history.
type Ended = Result<Option<String>, TaskFailureDetails>;

/// What came of asking for a fake.
pub(super) enum Faked {
    /// There is none.
    Not,
    Never,
    Ends(Ended, Duration),
}

impl TestHost {
    pub(super) fn call_activity(
        &mut self,
        id: &str,
        execution: &str,
        task_id: i32,
        action: ScheduleTaskAction,
    ) -> Result<(), HostError> {
        let name = action.name.clone();
        match self.ask_fake(CallKind::Activity, &name, action.input.as_deref())? {
            Faked::Ends(ended, time) => {
                self.put_off_result(id, execution, activity_result(task_id, ended), time);
                return Ok(());
            }
            Faked::Never => return Ok(()),
            Faked::Not => {}
        }
        if !self
            .functions
            .has_activity(&name, action.version.as_deref())
        {
            return Err(HostError::NotRegistered {
                kind: CallKind::Activity,
                name,
                instance_id: id.to_owned(),
            });
        }
        let request = ActivityRequest {
            name,
            version: action.version,
            input: action.input,
            orchestration_instance: Some(OrchestrationInstance {
                instance_id: id.to_owned(),
                execution_id: Some(execution.to_owned()),
            }),
            task_id,
            parent_trace_context: action.parent_trace_context,
            tags: action.tags,
        };
        let response = self.beside.run(self.functions.run_activity(request))?;
        let ended = match response.failure_details {
            Some(details) => Err(details),
            None => Ok(response.result),
        };
        self.put_off_result(
            id,
            execution,
            activity_result(task_id, ended),
            Duration::ZERO,
        );
        Ok(())
    }

    pub(super) fn call_child(
        &mut self,
        id: &str,
        execution: &str,
        task_id: i32,
        action: CreateSubOrchestrationAction,
    ) -> Result<(), HostError> {
        let name = &action.name;
        let input = action.input.as_deref();
        match self.ask_fake(CallKind::SubOrchestration, name, input)? {
            Faked::Ends(ended, time) => {
                self.put_off_result(id, execution, child_result(task_id, ended), time);
                return Ok(());
            }
            Faked::Never => return Ok(()),
            Faked::Not => {}
        }
        if self
            .functions
            .find_orchestration(name, action.version.as_deref())
            .is_none()
        {
            return Err(HostError::NotRegistered {
                kind: CallKind::SubOrchestration,
                name: action.name,
                instance_id: id.to_owned(),
            });
        }
        if let Err(details) = self.start_child(id, task_id, action) {
            let ended = Err(details.into_proto());
            self.put_off_result(id, execution, child_result(task_id, ended), Duration::ZERO);
        }
        Ok(())
    }

    pub(super) fn ask_fake(
        &mut self,
        kind: CallKind,
        name: &str,
        input: Option<&str>,
    ) -> Result<Faked, HostError> {
        let fakes = self.fakes.iter_mut();
        let mut found = fakes.filter(|(key, _)| **key == (kind, name));
        let Some((_, fake)) = found.next() else {
            return Ok(Faked::Not);
        };
        let (answer, time) = fake(input);
        match answer {
            Answer::Ends(outcome) => {
                let ended = outcome.map_err(FailureDetails::into_proto);
                Ok(Faked::Ends(ended, time))
            }
            Answer::Never => Ok(Faked::Never),
            Answer::OutOfOutcomes { given } => Err(HostError::OutOfOutcomes {
                kind,
                name: name.to_owned(),
                given,
            }),
        }
    }

    fn put_off_result(&mut self, id: &str, execution: &str, event: EventType, time: Duration) {
        let due = Due::Message {
            id: id.to_owned(),
            execution_id: execution.to_owned(),
            event: Box::new(event),
        };
        self.put_off(clock::later(self.now_micros, time), due);
    }
}

fn activity_result(task_scheduled_id: i32, ended: Ended) -> EventType {
    match ended {
        Ok(result) => EventType::TaskCompleted(TaskCompletedEvent {
            task_scheduled_id,
            result,
        }),
        Err(details) => EventType::TaskFailed(TaskFailedEvent {
            task_scheduled_id,
            failure_details: Some(details),
        }),
    }
}

fn child_result(task_scheduled_id: i32, ended: Ended) -> EventType {
    match ended {
        Ok(result) => {
            EventType::SubOrchestrationInstanceCompleted(SubOrchestrationInstanceCompletedEvent {
                task_scheduled_id,
                result,
            })
        }
        Err(details) => {
            EventType::SubOrchestrationInstanceFailed(SubOrchestrationInstanceFailedEvent {
                task_scheduled_id,
                failure_details: Some(details),
            })
        }
    }
}
