//! An execution between two turns: the next one goes on from here as a replay would.

use super::Code;
use super::Replay;

impl Replay {
    /// Readies the execution for a turn without a past, once its last turn is on its way: what
    /// that sent counts as confirmed, as the history will have it. False: there is nothing to go
    /// on with.
    pub(crate) fn keep(&mut self) -> bool {
        if !matches!(self.code, Code::Running(_)) {
            return false;
        }
        let mut state = self.shared.lock();
        state.pending.confirm_sent();
        let id_max = state.pending.next_id().saturating_sub(1);
        drop(state);
        self.event_id_max = self.event_id_max.max(id_max);
        true
    }

    /// Whether it is still what a replay would come to. Code that awaits something foreign, such
    /// as a sleep of the runtime, may have been woken meanwhile; a replay begins such waits anew.
    pub(crate) fn is_still(&self) -> bool {
        match &self.code {
            Code::Running(driver) => driver.is_still(),
            Code::NotStarted | Code::Over(_) => false,
        }
    }
}
