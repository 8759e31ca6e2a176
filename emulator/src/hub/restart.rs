//! Restart: the same orchestration with the same input, in place of the old one or beside it.

use std::collections::VecDeque;

use durascope_engine::Kind;
use durascope_engine::history;
use durascope_engine::status;
use durascope_engine::turn;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::RestartInstanceRequest;

use super::HubError;
use super::core::Core;
use super::instances::fresh_id;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::instances;
use crate::store::load;

impl Core {
    /// Starts it anew and returns the id of what was started. An instance that has not ended
    /// can only be started beside itself.
    pub(super) fn restart(
        &mut self,
        hub: HubKey,
        request: RestartInstanceRequest,
    ) -> Result<String, HubError> {
        let RestartInstanceRequest {
            instance_id,
            restart_with_new_instance_id: beside,
        } = request;
        let key = self.known(hub, &instance_id)?;
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Err(self.unknown(hub, &instance_id));
        };
        let state = live.state.clone();
        if !beside && !state.is_terminal() {
            return Err(HubError::WrongState(format!(
                "restarting '{instance_id}' under its own id is not allowed while it is {}: it \
                 must have ended",
                status::word(state.status)
            )));
        }
        let Some(row) = instances::by_id(&self.db, hub.0, &instance_id)? else {
            return Err(self.unknown(hub, &instance_id));
        };
        let again = CreateInstanceRequest {
            instance_id: if beside { fresh_id() } else { instance_id },
            name: state.name.to_string(),
            version: state.version.as_deref().map(str::to_owned),
            input: instances::payloads(&self.db, key.0)?.input,
            tags: row.tags()?,
            parent_trace_context: self
                .started_event(key)?
                .and_then(|started| started.parent_trace_context),
            ..Default::default()
        };
        let mut follow_ups = VecDeque::new();
        let id = self.start_with(hub, again, &mut follow_ups)?;
        self.settle(follow_ups)?;
        Ok(id)
    }

    /// How the current execution was started, which it may not know yet.
    fn started_event(&self, key: InstanceKey) -> Result<Option<ExecutionStartedEvent>, StoreError> {
        let in_history = load::find_chunk(&self.db, key, |chunk| {
            history::events(chunk).find_map(|event| turn::started_event(&event))
        })?;
        if in_history.is_some() {
            return Ok(in_history);
        }
        let waiting = load::first_of_kind(&self.db, key, Kind::Start)?;
        Ok(waiting.and_then(|event| turn::started_event(&event)))
    }
}
