//! Replay: history and new events in, actions and custom status out.
//!
//! Pure and synchronous: no transport, no runtime, no clock. Events are applied one at a time
//! in history order, and the code runs to quiescence after each, so that every replay wakes
//! the same futures in the same order.

mod apply;
mod entities;
mod inspect;
mod keep;
mod look_ahead;
mod matcher;
mod pending;
mod poll;
mod rewind;
mod state;
mod turn;

#[cfg(test)]
mod tests;

pub(crate) use apply::unregistered;
pub use entities::SectionError;
pub(crate) use entities::entity_message;
pub(crate) use inspect::Open;
pub use matcher::NonDeterminism;
pub(crate) use pending::Call;
pub(crate) use pending::Outcome;
pub(crate) use poll::CodeResult;
pub(crate) use poll::is_replaying_here;
pub(crate) use rewind::is_rewind;
pub(crate) use rewind::rewind;
pub(crate) use state::Identity;
pub(crate) use state::NextGeneration;
pub use state::ParentInstance;
pub(crate) use state::Shared;

use std::collections::VecDeque;
use std::sync::Arc;

use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorAction;
use futures_util::future::BoxFuture;
use prost::Message;

use crate::failure::FailureDetails;
use crate::orchestration::HistoryBudget;
use crate::orchestration::HistorySize;
use crate::orchestration::OrchestrationContext;
use look_ahead::is_confirmation;
use poll::Driver;

/// A registered orchestration function, its types erased.
pub(crate) type OrchestrationFn = Arc<
    dyn Fn(OrchestrationContext, Option<String>) -> BoxFuture<'static, CodeResult> + Send + Sync,
>;

/// Finds the function of a name and version.
pub(crate) type Lookup = Arc<dyn Fn(&str, Option<&str>) -> Option<OrchestrationFn> + Send + Sync>;

/// What one turn decided.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Turn {
    pub(crate) actions: Vec<OrchestratorAction>,
    pub(crate) custom_status: Option<String>,
}

/// One execution of an orchestration, between its turns or rebuilt for one.
pub(crate) struct Replay {
    lookup: Lookup,
    instance_id: String,
    execution_id: String,
    shared: Shared,
    code: Code,
    suspended: bool,
    held: VecDeque<HistoryEvent>,
    /// The history was rewritten by a rewind, so calls may lack their confirmation.
    rewound: bool,
    event_id_max: i32,
    lengths: VecDeque<usize>,
    /// Size of the history up to the last message, without what that made the code ask for.
    size_told: HistorySize,
    /// As it was before the last turn.
    size_before: HistorySize,
    name: String,
    /// Events raised after the end, for the next generation.
    late: Vec<HistoryEvent>,
    /// Why the code was refused, if it did not repeat its history.
    difference: Option<NonDeterminism>,
}

enum Code {
    NotStarted,
    Running(Driver),
    Over(Ending),
}

#[derive(Debug)]
enum Ending {
    /// The code returned, or panicked.
    Returned(CodeResult),
    ContinuedAsNew(NextGeneration),
    Terminated(Option<String>),
    /// The code must not go on: non-determinism, unknown name.
    Refused(FailureDetails),
}

impl Replay {
    pub(crate) fn new(instance_id: String, execution_id: String, lookup: Lookup) -> Self {
        Self {
            lookup,
            instance_id,
            execution_id,
            shared: Shared::default(),
            code: Code::NotStarted,
            suspended: false,
            held: VecDeque::new(),
            rewound: false,
            event_id_max: 0,
            lengths: VecDeque::new(),
            size_told: HistorySize::default(),
            size_before: HistorySize::default(),
            name: String::new(),
            late: Vec::new(),
            difference: None,
        }
    }

    /// Version of sub-orchestrations that the code calls without one.
    pub(crate) fn set_default_version(&mut self, version: Option<&str>) {
        self.shared.lock().default_version = version.map(str::to_owned);
    }

    /// Size of the history before a turn that does not carry it.
    pub(crate) fn set_history_size(&mut self, events: u64, bytes: u64) {
        self.shared.lock().history_size = HistorySize { events, bytes };
    }

    /// Name of the orchestration; empty before it has started.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The size of the history, if it passed `budget` in the last turn.
    pub(crate) fn has_passed(&self, budget: HistoryBudget) -> Option<HistorySize> {
        let size = self.shared.lock().history_size;
        (size.exceeds(budget) && !self.size_before.exceeds(budget)).then_some(size)
    }

    /// Bytes of the events of the next turn as the history holds them, the past ones first. Those
    /// in hand may be larger: what was stored elsewhere is back in them.
    pub(crate) fn set_lengths(&mut self, lengths: VecDeque<usize>) {
        self.lengths = lengths;
    }

    /// Applies what the history already holds, then the events of this turn.
    pub(crate) fn turn(&mut self, past: Vec<HistoryEvent>, new: Vec<HistoryEvent>) -> Turn {
        self.look_ahead(&past);
        self.shared.lock().replaying = true;
        for event in past {
            self.count_and_apply(event);
        }
        self.shared.lock().replaying = false;
        self.size_before = self.size_told;
        for event in new {
            self.count_and_apply(event);
        }
        self.refuse_if_stuck();
        self.take_turn()
    }

    fn count_and_apply(&mut self, event: HistoryEvent) {
        let length = self
            .lengths
            .pop_front()
            .unwrap_or_else(|| event.encoded_len());
        let size = {
            let mut state = self.shared.lock();
            state.history_size.add(length);
            state.history_size
        };
        if !event.event_type.as_ref().is_some_and(is_confirmation) {
            self.size_told = size;
        }
        self.on_event(event);
    }
}
