//! Table of an execution's durable operations by id: what was asked for, and what came of it.
//!
//! Ids count from 1 in the order of calls, so the table is a vector and every access is O(1).

use std::borrow::Cow;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use durascope_proto::OrchestratorAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::orchestrator_action::OrchestratorActionType;

use super::matcher::Confirmation;
use super::matcher::NonDeterminism;
use crate::names::EntityId;

/// What the code asked for, as far as history is compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Activity {
        name: Cow<'static, str>,
    },
    Timer,
    SubOrchestration {
        name: Cow<'static, str>,
    },
    SendEvent {
        target: String,
        name: String,
    },
    /// The end of another instance, which no event confirms.
    Terminate,
    Operation {
        target: EntityId,
        operation: Cow<'static, str>,
    },
    Signal {
        target: EntityId,
        operation: Cow<'static, str>,
    },
    Lock {
        entities: Vec<EntityId>,
    },
    Unlock {
        target: EntityId,
    },
    /// Used an id but asked for nothing, as its input could not be encoded.
    Nothing,
}

/// How an operation ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Completed(Option<String>),
    Failed(Box<TaskFailureDetails>),
    Fired,
    /// A critical section began.
    Granted,
}

impl Call {
    fn is_awaited(&self) -> bool {
        match self {
            Self::Activity { .. }
            | Self::Timer
            | Self::SubOrchestration { .. }
            | Self::Operation { .. }
            | Self::Lock { .. } => true,
            Self::SendEvent { .. }
            | Self::Signal { .. }
            | Self::Unlock { .. }
            | Self::Terminate
            | Self::Nothing => false,
        }
    }

    /// Whether it asks something of an entity.
    pub(crate) fn is_entity_message(&self) -> bool {
        match self {
            Self::Operation { .. }
            | Self::Signal { .. }
            | Self::Lock { .. }
            | Self::Unlock { .. } => true,
            Self::Activity { .. }
            | Self::Timer
            | Self::SubOrchestration { .. }
            | Self::SendEvent { .. }
            | Self::Terminate
            | Self::Nothing => false,
        }
    }
}

#[derive(Debug)]
enum Progress {
    Waiting(Option<Waker>),
    Done(Outcome),
    Taken,
}

struct Slot {
    call: Call,
    /// Present until it is sent; absent from the start if history holds it already.
    action: Option<Box<OrchestratorActionType>>,
    confirmed: bool,
    progress: Progress,
}

#[derive(Default)]
pub(crate) struct Pending {
    slots: Vec<Slot>,
    unconfirmed: usize,
    waiting: usize,
    first_unsent: usize,
    /// All before this one are confirmed.
    first_unsettled: usize,
    /// By id: history is about to confirm it, so its input need not be encoded again.
    known: Vec<bool>,
}

impl Pending {
    pub(crate) fn next_id(&self) -> i32 {
        i32::try_from(self.slots.len() + 1).unwrap_or(i32::MAX)
    }

    pub(crate) fn set_known(&mut self, known: Vec<bool>) {
        self.known = known;
    }

    pub(crate) fn next_is_known(&self) -> bool {
        self.known
            .get(self.slots.len() + 1)
            .copied()
            .unwrap_or(false)
    }

    /// Adds an operation under the next id.
    pub(crate) fn add(&mut self, call: Call, action: Option<OrchestratorActionType>) -> i32 {
        let id = self.next_id();
        let confirmed = matches!(call, Call::Nothing | Call::Terminate);
        let awaited = call.is_awaited();
        self.unconfirmed += usize::from(!confirmed);
        self.waiting += usize::from(awaited);
        self.slots.push(Slot {
            call,
            action: action.map(Box::new),
            confirmed,
            progress: if awaited {
                Progress::Waiting(None)
            } else {
                Progress::Taken
            },
        });
        id
    }

    /// History says that this operation was asked for under this id.
    pub(crate) fn confirm(
        &mut self,
        id: i32,
        confirmation: &Confirmation<'_>,
    ) -> Result<(), NonDeterminism> {
        let index = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let slot = index.and_then(|index| self.slots.get_mut(index));
        let Some(slot) = slot.filter(|slot| !slot.confirmed) else {
            return Err(NonDeterminism::not_asked_for(id, confirmation));
        };
        if !confirmation.matches(&slot.call) {
            return Err(NonDeterminism::differs(id, confirmation, &slot.call));
        }
        slot.confirmed = true;
        slot.action = None;
        self.unconfirmed -= 1;
        Ok(())
    }

    /// The history will confirm what was sent, and no replay asks for it again.
    pub(crate) fn confirm_sent(&mut self) {
        for slot in &mut self.slots[self.first_unsettled..self.first_unsent] {
            slot.confirmed = true;
        }
        self.first_unsettled = self.first_unsent;
        let unsent = &self.slots[self.first_unsent..];
        self.unconfirmed = unsent.iter().filter(|slot| !slot.confirmed).count();
    }

    /// Ends the operation; unknown ids and repeats change nothing. Wake what is returned.
    pub(crate) fn complete(
        &mut self,
        id: i32,
        fits: impl FnOnce(&Call) -> bool,
        outcome: Outcome,
    ) -> Option<Waker> {
        let index = usize::try_from(id).ok()?.checked_sub(1)?;
        let slot = self.slots.get_mut(index).filter(|slot| fits(&slot.call))?;
        let Progress::Waiting(waker) = &mut slot.progress else {
            return None;
        };
        let waker = waker.take();
        slot.progress = Progress::Done(outcome);
        self.waiting -= 1;
        waker
    }

    pub(crate) fn poll(&mut self, id: i32, cx: &Context<'_>) -> Poll<Outcome> {
        let index = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let Some(slot) = index.and_then(|index| self.slots.get_mut(index)) else {
            return Poll::Pending;
        };
        match &mut slot.progress {
            Progress::Waiting(waker) => {
                match waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            Progress::Done(_) => match std::mem::replace(&mut slot.progress, Progress::Taken) {
                Progress::Done(outcome) => Poll::Ready(outcome),
                Progress::Waiting(_) | Progress::Taken => Poll::Pending,
            },
            Progress::Taken => Poll::Pending,
        }
    }

    /// Takes an operation back that was not sent yet: it used its id for nothing.
    ///
    /// Whether it was sent is told by its confirmation, so that a replay decides alike.
    pub(crate) fn withdraw(&mut self, id: i32) -> bool {
        let index = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let slot = index.and_then(|index| self.slots.get_mut(index));
        let Some(slot) = slot.filter(|slot| !slot.confirmed) else {
            return false;
        };
        self.unconfirmed -= 1;
        self.waiting -= usize::from(matches!(slot.progress, Progress::Waiting(_)));
        *slot = Slot {
            call: Call::Nothing,
            action: None,
            confirmed: true,
            progress: Progress::Taken,
        };
        true
    }

    /// Operations that were asked for and have not ended, with their ids.
    pub(crate) fn open(&self) -> impl Iterator<Item = (i32, &Call)> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter(|(_, slot)| matches!(slot.progress, Progress::Waiting(_)))
            .map(|(index, slot)| (i32::try_from(index + 1).unwrap_or(i32::MAX), &slot.call))
    }

    /// Something may still come in for this execution.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// The first operation that history should have confirmed by now.
    pub(crate) fn first_unconfirmed(&self) -> Option<(i32, &Call)> {
        if self.unconfirmed == 0 {
            return None;
        }
        let index = self.slots.iter().position(|slot| !slot.confirmed)?;
        Some((
            i32::try_from(index + 1).unwrap_or(i32::MAX),
            &self.slots[index].call,
        ))
    }

    /// Takes the actions that were not sent yet, in order of their ids.
    pub(crate) fn take_actions(&mut self) -> Vec<OrchestratorAction> {
        self.take_actions_of(|_| true)
    }

    /// As [`Self::take_actions`], of some calls only; those of the others are lost.
    pub(crate) fn take_actions_of(
        &mut self,
        keeps: impl Fn(&Call) -> bool,
    ) -> Vec<OrchestratorAction> {
        let mut actions = Vec::with_capacity(self.unconfirmed);
        for (index, slot) in self.slots.iter_mut().enumerate().skip(self.first_unsent) {
            if let Some(action) = slot.action.take().filter(|_| keeps(&slot.call)) {
                actions.push(OrchestratorAction {
                    id: i32::try_from(index + 1).unwrap_or(i32::MAX),
                    orchestrator_action_type: Some(*action),
                });
            }
        }
        self.first_unsent = self.slots.len();
        actions
    }
}
