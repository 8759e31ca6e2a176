//! Termination that does not wait for the orchestrator: many instances end at once.

use std::collections::BTreeSet;
use std::collections::VecDeque;

use durascope_engine::Kind;
use durascope_engine::Phase;
use durascope_engine::entity::EntityId;
use durascope_engine::turn;

use super::HubError;
use super::core::Core;
use super::instances::FollowUp;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::load;

impl Core {
    /// Ends these instances and returns the ids of those that cannot be ended so: unknown ones,
    /// entities, what has ended, and holders of locks, which only the code can give up.
    pub(super) fn skip_graceful_terminations(
        &mut self,
        hub: HubKey,
        ids: Vec<String>,
        reason: Option<String>,
    ) -> Result<Vec<String>, HubError> {
        self.check_hub(hub)?;
        let mut seen = BTreeSet::new();
        let mut unterminated = Vec::new();
        let mut follow_ups = VecDeque::new();
        for id in ids {
            if !seen.insert(id.clone()) {
                continue;
            }
            match self.endable(hub, &id)? {
                Some(key) => self.end_now(key, reason.clone(), &mut follow_ups)?,
                None => unterminated.push(id),
            }
        }
        self.settle(follow_ups)?;
        Ok(unterminated)
    }

    fn endable(&mut self, hub: HubKey, id: &str) -> Result<Option<InstanceKey>, HubError> {
        if EntityId::is_meant(id) {
            return Ok(None);
        }
        let live = self.cache.by_id(&self.db, hub, id)?;
        match live.map(|live| (live.key, live.state.is_terminal())) {
            Some((key, false)) if !self.holds_locks(key)? => Ok(Some(key)),
            Some(_) | None => Ok(None),
        }
    }

    /// What it was about to do is dropped; a turn that is out is worth nothing any more.
    fn end_now(
        &mut self,
        key: InstanceKey,
        reason: Option<String>,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(());
        };
        let state = live.state.clone();
        let start = match state.phase {
            Phase::New | Phase::Renewed => load::first_of_kind(&self.db, key, Kind::Start)?,
            Phase::Running | Phase::Suspended | Phase::Rewinding => None,
        };
        let commit = turn::end_now(self.clock.tick(), &state, start.as_deref(), reason);
        self.commit_turn(key, &state, None, commit, follow_ups)
    }
}
