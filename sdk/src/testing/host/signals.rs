//! Signals that a test sends to entities, at once or later.

use durascope_proto::EntityOperationSignaledEvent;
use serde::Serialize;

use super::After;
use super::HostError;
use super::TestHost;
use crate::clock;
use crate::data;
use crate::data::PayloadError;
use crate::names::EntityId;
use crate::names::Operation;

impl TestHost {
    /// Sends an operation to an entity, as a client does. It runs as soon as the host is told to;
    /// nobody gets its result, or its failure.
    ///
    /// # Errors
    /// [`HostError::EntityNotRegistered`]; [`HostError::InvalidId`]: the id is too long; or the
    /// input cannot be written as JSON.
    pub fn signal_entity<I: Serialize, O>(
        &mut self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
    ) -> Result<(), HostError> {
        let signal = self.signal_of_test(entity, operation, input)?;
        self.signal(signal);
        Ok(())
    }

    fn signal_of_test<I: Serialize, O>(
        &mut self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
    ) -> Result<EntityOperationSignaledEvent, HostError> {
        self.check_functions()?;
        if let Err(problem) = entity.check() {
            return Err(HostError::InvalidId {
                instance_id: entity.as_str().to_owned(),
                problem: problem.to_string(),
            });
        }
        if !self.functions.has_entity(entity.name()) {
            return Err(HostError::EntityNotRegistered {
                name: entity.name().to_owned(),
                id: entity.clone(),
            });
        }
        let name = operation.name();
        let input =
            data::encode(&input).map_err(|error| PayloadError::encoding("input", name, error))?;
        Ok(EntityOperationSignaledEvent {
            request_id: self.entities.fresh_request(),
            operation: name.to_owned(),
            scheduled_time: None,
            input,
            target_instance_id: Some(entity.as_str().to_owned()),
        })
    }
}

impl After<'_> {
    /// As [`TestHost::signal_entity`].
    ///
    /// # Errors
    /// As [`TestHost::signal_entity`].
    pub fn signal_entity<I: Serialize, O>(
        self,
        entity: &EntityId,
        operation: &Operation<I, O>,
        input: I,
    ) -> Result<(), HostError> {
        let mut signal = self.host.signal_of_test(entity, operation, input)?;
        let at = clock::later(self.host.now_micros, self.delay);
        signal.scheduled_time = Some(clock::timestamp(clock::system_time_of_micros(at)));
        self.host.signal(signal);
        Ok(())
    }
}
