//! Each command to its use case, and each answer kept until the group is durable.

use std::sync::Arc;

use super::HubError;
use super::command::Command;
use super::command::Fate;
use super::command::Reply;
use super::core::Core;
use crate::store::StoreError;

impl Core {
    /// Applies one command. An error fails the whole group.
    pub(super) fn apply(&mut self, command: Command, fate: Fate) -> Result<(), StoreError> {
        match command {
            Command::Change(change) | Command::Look(change) => change.apply(self, fate),
            Command::Connect { hub, worker, reply } => {
                let result = self.connect(hub, *worker);
                self.answer(reply, result)
            }
            Command::Disconnect { hub, stream } => {
                self.disconnect(hub, stream);
                Ok(())
            }
            Command::Abandon {
                hub,
                token,
                kind,
                reply,
            } => {
                self.abandon(hub, &token, kind);
                self.answer(reply, Ok(()))
            }
            Command::Inspect { hub, id, reply } => {
                let result = self.inspect(hub, &id);
                self.answer(reply, result)
            }
            Command::Shutdown { reply } => {
                self.stopping = Some(reply);
                Ok(())
            }
        }
    }

    /// Keeps the answer until the group is durable. A store error is the group's error.
    pub(super) fn answer<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        result: Result<T, HubError>,
    ) -> Result<(), StoreError> {
        let (result, failure) = match result {
            Err(HubError::Store(error)) => (Err(HubError::ShuttingDown), Err(error)),
            other => (other, Ok(())),
        };
        self.group.answers.push(Box::new(move |failure| {
            let result = match failure {
                None => result,
                Some(error) => Err(HubError::NotCommitted(Arc::clone(error))),
            };
            // The caller may have gone away; what was committed stays.
            drop(reply.send(result));
        }));
        failure
    }
}
