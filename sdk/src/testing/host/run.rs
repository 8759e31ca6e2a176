//! The loop: what is due is delivered, who has messages has a turn, and then the clock jumps.

use std::time::Duration;

use durascope_proto::HistoryEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::HostError;
use super::TestHost;
use super::control::Due;
use crate::client::OrchestrationState;
use crate::client::OrchestrationStatus as Status;
use crate::clock;
use crate::names::EntityId;
use crate::names::Orchestration;

/// Who is to have a turn.
pub(super) enum Ready {
    Instance(String),
    Entity(EntityId),
}

/// How many reasons are named for an instance that is stuck.
const REASONS_MAX: usize = 20;

impl TestHost {
    /// Starts an instance, runs it to its end, and returns its output.
    ///
    /// # Errors
    /// As [`Self::start`] and [`Self::run_to_end`]; [`HostError::Output`]: it did not complete.
    pub fn run<I: Serialize, O: DeserializeOwned>(
        &mut self,
        orchestration: &Orchestration<I, O>,
        input: I,
    ) -> Result<O, HostError> {
        let id = self.start(orchestration, input)?;
        Ok(self.run_to_end(&id)?.output()?)
    }

    /// Runs until the instance has ended, however that may be, and returns its state. The clock
    /// jumps as far as need be; other instances go on meanwhile.
    ///
    /// # Errors
    /// [`HostError::Stuck`] with what the instance waits for, if nothing is left that could
    /// happen; [`HostError::TooManyTurns`]; other mistakes of the test.
    pub fn run_to_end(&mut self, instance_id: &str) -> Result<OrchestrationState, HostError> {
        let mut turns = 0;
        loop {
            let Some(instance) = self.instances.get(instance_id) else {
                return Err(HostError::NotFound {
                    instance_id: instance_id.to_owned(),
                });
            };
            if instance.status.is_terminal() {
                return Ok(instance.state());
            }
            if !self.step(i64::MAX, &mut turns)? {
                let mut waits_for = self.reasons(instance_id);
                let more = waits_for.len().saturating_sub(REASONS_MAX);
                if more > 0 {
                    waits_for.truncate(REASONS_MAX);
                    waits_for.push(format!("{more} more"));
                }
                return Err(HostError::Stuck {
                    instance_id: instance_id.to_owned(),
                    waits_for,
                });
            }
        }
    }

    /// Does all that can be done without time going by.
    ///
    /// # Errors
    /// [`HostError::TooManyTurns`], and other mistakes of the test.
    pub fn settle(&mut self) -> Result<(), HostError> {
        self.advance(Duration::ZERO)
    }

    /// Lets so much virtual time go by, and does all that is to happen in it.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub fn advance(&mut self, time: Duration) -> Result<(), HostError> {
        let until = clock::later(self.now_micros, time);
        let mut turns = 0;
        while self.step(until, &mut turns)? {}
        self.now_micros = until;
        Ok(())
    }

    /// Does the next thing, if there is one up to `until`.
    fn step(&mut self, until: i64, turns: &mut usize) -> Result<bool, HostError> {
        while let Some(due) = self.next_due() {
            self.on_due(due)?;
        }
        while let Some(ready) = self.ready.pop_front() {
            match ready {
                Ready::Instance(id) => {
                    let batch = self.next_messages(&id);
                    if batch.is_empty() {
                        continue;
                    }
                    self.count_turn(turns)?;
                    self.make_turn(&id, batch)?;
                    // What a turn of its own has kept out of this one.
                    let instance = self.instances.get(&id);
                    if instance.is_some_and(|it| !it.inbox.is_empty()) {
                        self.make_ready(id);
                    }
                }
                Ready::Entity(id) => {
                    let batch = self.next_operations(&id);
                    if batch.is_empty() {
                        continue;
                    }
                    self.count_turn(turns)?;
                    self.run_batch(&id, batch)?;
                }
            }
            return Ok(true);
        }
        match self.due.first_key_value() {
            Some((&(micros, _), _)) if micros <= until => {
                self.now_micros = self.now_micros.max(micros);
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    fn next_messages(&mut self, id: &str) -> Vec<HistoryEvent> {
        let Some(instance) = self.instances.get_mut(id) else {
            return Vec::new();
        };
        instance.is_ready = false;
        let version = instance.start.version.as_deref();
        match self.functions.mismatch(version) {
            // It waits for a worker that takes it.
            Some(mismatch) if !mismatch.fails => Vec::new(),
            Some(_) | None => instance.take_batch(),
        }
    }

    fn count_turn(&self, turns: &mut usize) -> Result<(), HostError> {
        let limit = self.turns_max;
        if *turns >= limit {
            return Err(HostError::TooManyTurns { limit });
        }
        *turns += 1;
        Ok(())
    }

    fn next_due(&mut self) -> Option<Due> {
        let entry = self.due.first_entry()?;
        (entry.key().0 <= self.now_micros).then(|| entry.remove())
    }

    fn on_due(&mut self, due: Due) -> Result<(), HostError> {
        match due {
            Due::Start { id, execution_id } => self.release(id, &execution_id),
            Due::Message {
                id,
                execution_id,
                event,
            } => self.deliver(id, &execution_id, *event),
            Due::Control { id, control } => self.control(&id, control)?,
            Due::Signal(signal) => self.take_signal(signal),
        }
        Ok(())
    }

    /// What an instance waits for, in words; of its children, what they wait for.
    fn reasons(&self, instance_id: &str) -> Vec<String> {
        let Some(instance) = self.instances.get(instance_id) else {
            return Vec::new();
        };
        if instance.status == Status::Suspended {
            return vec!["its resumption, as it is suspended".to_owned()];
        }
        let version = instance.start.version.as_deref();
        if let Some(mismatch) = self.functions.mismatch(version).filter(|it| !it.fails) {
            return vec![format!("a worker of its version: {}", mismatch.problem)];
        }
        let open = instance.open.iter();
        open.flat_map(|open| {
            let child = open.id.and_then(|id| instance.children.get(&id));
            match child {
                Some(child) => self
                    .reasons(child)
                    .into_iter()
                    .map(|reason| format!("{open}, instance {child:?}, which waits for {reason}"))
                    .collect(),
                None => {
                    let holders = self.lock_holders(instance_id, open.id);
                    let parts = std::iter::once(open.to_string()).chain(holders);
                    vec![parts.collect::<Vec<_>>().join(", and ")]
                }
            }
        })
        .collect()
    }
}
