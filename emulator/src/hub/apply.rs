//! Each command to its use case, and each answer kept until the group is durable.

use std::sync::Arc;

use super::HubError;
use super::command::Command;
use super::command::Reply;
use super::core::Core;
use crate::store::StoreError;

impl Core {
    /// Applies one command. An error fails the whole group.
    pub(super) fn apply(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Resolve { name, reply } => {
                let result = self.resolve(&name);
                self.answer(reply, result)
            }
            Command::CreateTaskHub {
                name,
                recreate,
                reply,
            } => {
                let result = self.create_task_hub(&name, recreate);
                self.answer(reply, result)
            }
            Command::DeleteTaskHub { name, reply } => {
                let result = self.delete_task_hub(&name);
                self.answer(reply, result)
            }
            Command::Start {
                hub,
                request,
                reply,
            } => {
                let result = self.start(hub, *request);
                self.answer(reply, result)
            }
            Command::Raise {
                hub,
                request,
                reply,
            } => {
                let result = self.raise_event(hub, request);
                self.answer(reply, result)
            }
            Command::Terminate {
                hub,
                request,
                reply,
            } => {
                let result = self.terminate(hub, request);
                self.answer(reply, result)
            }
            Command::Suspend {
                hub,
                request,
                reply,
            } => {
                let result = self.suspend(hub, request);
                self.answer(reply, result)
            }
            Command::Resume {
                hub,
                request,
                reply,
            } => {
                let result = self.resume(hub, request);
                self.answer(reply, result)
            }
            Command::Purge {
                hub,
                ids,
                recursive,
                reply,
            } => {
                let result = self.purge_ids(hub, &ids, recursive);
                self.answer(reply, result)
            }
            Command::PurgeFilter {
                hub,
                filter,
                limit,
                reply,
            } => {
                let result = self.purge_filter(hub, &filter, limit);
                self.answer(reply, result)
            }
            Command::CompleteActivity {
                hub,
                response,
                reply,
            } => {
                let result = self.complete_activity(hub, *response);
                self.answer(reply, result)
            }
            Command::CompleteTurn {
                hub,
                response,
                reply,
            } => {
                let result = self.complete_turn(hub, *response);
                self.answer(reply, result)
            }
            other => self.apply_unstored(other),
        }
    }

    /// Commands that change nothing in the store.
    fn apply_unstored(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
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
                turn,
                reply,
            } => {
                self.abandon(hub, &token, turn);
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
            stored => {
                self.refuse(stored);
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

    /// The group has failed before this command's turn: it fails with the others.
    pub(super) fn refuse(&mut self, command: Command) {
        let undone: Result<(), StoreError> = match command {
            Command::Resolve { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            Command::CreateTaskHub { reply, .. }
            | Command::DeleteTaskHub { reply, .. }
            | Command::Raise { reply, .. }
            | Command::Terminate { reply, .. }
            | Command::Suspend { reply, .. }
            | Command::Resume { reply, .. }
            | Command::CompleteActivity { reply, .. }
            | Command::CompleteTurn { reply, .. } => {
                self.answer(reply, Err(HubError::ShuttingDown))
            }
            Command::Start { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            Command::Purge { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            Command::PurgeFilter { reply, .. } => self.answer(reply, Err(HubError::ShuttingDown)),
            unstored @ (Command::Connect { .. }
            | Command::Disconnect { .. }
            | Command::Abandon { .. }
            | Command::Inspect { .. }
            | Command::Shutdown { .. }) => self.apply_unstored(unstored),
        };
        debug_assert!(undone.is_ok(), "refusals are no store errors");
    }
}
