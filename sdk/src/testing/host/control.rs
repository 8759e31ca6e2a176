//! What reaches instances from outside, at once or later: events, suspension, termination.

use std::time::Duration;

use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::EventRaisedEvent;
use durascope_proto::ExecutionResumedEvent;
use durascope_proto::ExecutionSuspendedEvent;
use durascope_proto::ExecutionTerminatedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use serde::Serialize;

use super::HostError;
use super::TestHost;
use super::event;
use super::run::Ready;
use crate::client::OrchestrationStatus as Status;
use crate::clock;
use crate::data;
use crate::data::PayloadError;
use crate::names::ExternalEvent;

/// Something that happens at its time.
pub(super) enum Due {
    Start {
        id: String,
        execution_id: String,
    },
    /// A timer or a result, for the execution that asked for it.
    Message {
        id: String,
        execution_id: String,
        event: Box<EventType>,
    },
    Control {
        id: String,
        control: Control,
    },
    Signal(EntityOperationSignaledEvent),
}

/// What a client does to an instance.
pub(super) enum Control {
    Raise(EventRaisedEvent),
    Suspend { reason: String },
    Resume { reason: String },
    Terminate(ExecutionTerminatedEvent),
}

/// The host, some virtual time from now: made by [`TestHost::after`].
#[derive(Debug)]
pub struct After<'a> {
    pub(super) host: &'a mut TestHost,
    pub(super) delay: Duration,
}

impl TestHost {
    /// What is asked of the result happens `delay` of virtual time from now.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use durascope_sdk::testing::{HostError, TestHost};
    /// # use durascope_sdk::ExternalEvent;
    /// # const GO: ExternalEvent<u64> = ExternalEvent::named("Go");
    /// # fn f(host: &mut TestHost, id: &str) -> Result<(), HostError> {
    /// host.after(Duration::from_secs(60)).raise_event(id, &GO, 7)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn after(&mut self, delay: Duration) -> After<'_> {
        After { host: self, delay }
    }

    /// Raises an external event.
    ///
    /// # Errors
    /// [`HostError::NotFound`], or the payload cannot be written as JSON.
    pub fn raise_event<T: Serialize>(
        &mut self,
        instance_id: &str,
        event: &ExternalEvent<T>,
        payload: T,
    ) -> Result<(), HostError> {
        self.control(instance_id, raise(event.name(), payload)?)
    }

    /// Halts an instance until it is resumed. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`HostError::NotFound`].
    pub fn suspend(&mut self, instance_id: &str, reason: &str) -> Result<(), HostError> {
        let reason = reason.to_owned();
        self.control(instance_id, Control::Suspend { reason })
    }

    /// Lets a suspended instance go on. Any other stays as it is.
    ///
    /// # Errors
    /// [`HostError::NotFound`].
    pub fn resume(&mut self, instance_id: &str, reason: &str) -> Result<(), HostError> {
        let reason = reason.to_owned();
        self.control(instance_id, Control::Resume { reason })
    }

    /// Ends an instance with `output`. Its sub-orchestrations go on.
    ///
    /// # Errors
    /// [`HostError::NotFound`], or the output cannot be written as JSON.
    pub fn terminate(
        &mut self,
        instance_id: &str,
        output: impl Serialize,
    ) -> Result<(), HostError> {
        self.control(instance_id, terminate(instance_id, output, false)?)
    }

    /// Ends an instance and all its sub-orchestrations, theirs too, with `output`.
    ///
    /// # Errors
    /// As [`Self::terminate`].
    pub fn terminate_recursive(
        &mut self,
        instance_id: &str,
        output: impl Serialize,
    ) -> Result<(), HostError> {
        self.control(instance_id, terminate(instance_id, output, true)?)
    }

    pub(super) fn control(&mut self, id: &str, control: Control) -> Result<(), HostError> {
        let now = self.now_micros;
        let Some(instance) = self.instances.get_mut(id) else {
            return Err(HostError::NotFound {
                instance_id: id.to_owned(),
            });
        };
        if instance.status.is_terminal() {
            return Ok(());
        }
        let event_type = match control {
            Control::Raise(raised) => EventType::EventRaised(raised),
            Control::Suspend { reason } => {
                if instance.status == Status::Suspended {
                    return Ok(());
                }
                instance.status = Status::Suspended;
                let input = Some(reason);
                EventType::ExecutionSuspended(ExecutionSuspendedEvent { input })
            }
            Control::Resume { reason } => {
                if instance.status != Status::Suspended {
                    return Ok(());
                }
                let ran = !instance.history.is_empty();
                instance.status = if ran {
                    Status::Running
                } else {
                    Status::Pending
                };
                let input = Some(reason);
                EventType::ExecutionResumed(ExecutionResumedEvent { input })
            }
            Control::Terminate(terminated) => {
                if instance.is_held {
                    instance.end_unstarted(now, terminated);
                    return Ok(());
                }
                EventType::ExecutionTerminated(terminated)
            }
        };
        instance.inbox.push_back(event(now, event_type));
        self.make_ready(id.to_owned());
        Ok(())
    }

    /// A message for one execution; others do not get it.
    pub(super) fn deliver(&mut self, id: String, execution_id: &str, event_type: EventType) {
        if let Some(instance) = self.instances.get_mut(&id)
            && !instance.status.is_terminal()
            && instance.execution_id() == execution_id
        {
            let event: HistoryEvent = event(self.now_micros, event_type);
            instance.inbox.push_back(event);
            self.make_ready(id);
        }
    }

    pub(super) fn make_ready(&mut self, id: String) {
        if let Some(instance) = self.instances.get_mut(&id)
            && !std::mem::replace(&mut instance.is_ready, true)
        {
            self.ready.push_back(Ready::Instance(id));
        }
    }

    pub(super) fn put_off(&mut self, micros: i64, due: Due) {
        self.dues += 1;
        self.due.insert((micros, self.dues), due);
    }
}

impl After<'_> {
    /// As [`TestHost::raise_event`].
    ///
    /// # Errors
    /// The payload cannot be written as JSON. That the instance is not there is found when the
    /// time has come.
    pub fn raise_event<T: Serialize>(
        self,
        instance_id: &str,
        event: &ExternalEvent<T>,
        payload: T,
    ) -> Result<(), HostError> {
        self.put_off(instance_id, raise(event.name(), payload)?);
        Ok(())
    }

    /// As [`TestHost::suspend`].
    pub fn suspend(self, instance_id: &str, reason: &str) {
        let reason = reason.to_owned();
        self.put_off(instance_id, Control::Suspend { reason });
    }

    /// As [`TestHost::resume`].
    pub fn resume(self, instance_id: &str, reason: &str) {
        let reason = reason.to_owned();
        self.put_off(instance_id, Control::Resume { reason });
    }

    /// As [`TestHost::terminate`].
    ///
    /// # Errors
    /// The output cannot be written as JSON.
    pub fn terminate(self, instance_id: &str, output: impl Serialize) -> Result<(), HostError> {
        self.put_off(instance_id, terminate(instance_id, output, false)?);
        Ok(())
    }

    /// As [`TestHost::terminate_recursive`].
    ///
    /// # Errors
    /// The output cannot be written as JSON.
    pub fn terminate_recursive(
        self,
        instance_id: &str,
        output: impl Serialize,
    ) -> Result<(), HostError> {
        self.put_off(instance_id, terminate(instance_id, output, true)?);
        Ok(())
    }

    fn put_off(self, instance_id: &str, control: Control) {
        let micros = clock::later(self.host.now_micros, self.delay);
        let id = instance_id.to_owned();
        self.host.put_off(micros, Due::Control { id, control });
    }
}

fn raise(name: &str, payload: impl Serialize) -> Result<Control, HostError> {
    let input =
        data::encode(&payload).map_err(|error| PayloadError::encoding("payload", name, error))?;
    let name = name.to_owned();
    Ok(Control::Raise(EventRaisedEvent { name, input }))
}

fn terminate(id: &str, output: impl Serialize, recurse: bool) -> Result<Control, HostError> {
    let input =
        data::encode(&output).map_err(|error| PayloadError::encoding("output", id, error))?;
    Ok(Control::Terminate(ExecutionTerminatedEvent {
        input,
        recurse,
    }))
}
