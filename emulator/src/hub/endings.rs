//! Work that no worker can be given fails with a reason, so that it stands in nobody's way.
//!
//! It is found when work is handed out, between the groups of commands, so it is a transaction of
//! its own.

use std::collections::VecDeque;

use durascope_engine::deliver::TaskResult;
use durascope_engine::entity;
use durascope_engine::entity::Operation;
use durascope_engine::turn;
use durascope_engine::turn::Turn;
use durascope_proto::TaskFailureDetails;

use super::core::Core;
use super::effects::Effect;
use super::instances::FollowUp;
use super::limits::payload_too_large;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::ReadyEntity;
use crate::dispatch::ReadyTurn;
use crate::dispatch::StreamId;
use crate::dispatch::Task;
use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;

/// A turn that fits no message.
#[derive(Debug)]
pub(super) struct Oversized {
    pub(super) turn: Turn,
    /// Whether its messages are everything visible up to the last one.
    pub(super) prefix: bool,
    /// What its new events need, with the head of the message.
    pub(super) news_bytes: usize,
    pub(super) history_bytes: usize,
}

impl Core {
    /// Ends an instance as failed, whatever it is doing; nothing if it is gone or has ended. `turn`
    /// is what it was about to be given: its messages are the last that it took.
    pub(super) fn fail_instance(
        &mut self,
        key: InstanceKey,
        turn: Option<(&Turn, bool)>,
        details: TaskFailureDetails,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let now_us = self.clock.tick();
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(());
        };
        if live.state.is_terminal() {
            return Ok(());
        }
        let state = live.state.clone();
        let none = Turn::new(now_us, &state, Vec::new());
        let taken = turn.map_or(&none, |(turn, _)| turn);
        let commit = turn::fail(now_us, &state, taken, details);
        self.commit_turn(key, &state, turn, commit, follow_ups)?;
        self.effect(Effect::TurnDone {
            key,
            since_us: now_us,
            keeper: None,
        });
        Ok(())
    }

    /// A turn that fits no message ends its instance.
    pub(super) fn refuse_turn(
        &mut self,
        hub: HubKey,
        now_us: i64,
        stream: StreamId,
        ready: ReadyTurn,
        oversized: &Oversized,
    ) {
        let details = self.history_too_large(oversized);
        let name = ready.group.name.as_ref();
        tracing::warn!(name, problem = details.error_message, "an instance fails");
        let key = ready.key;
        let turn = (&oversized.turn, oversized.prefix);
        let failed = self.by_itself(|core| {
            let mut follow_ups = VecDeque::new();
            core.fail_instance(key, Some(turn), details, &mut follow_ups)?;
            core.settle(follow_ups)
        });
        if !failed {
            self.dispatch.hub(hub).turns.defer(now_us, stream, ready);
        }
    }

    fn history_too_large(&self, oversized: &Oversized) -> TaskFailureDetails {
        let limit = self.limits.sent_bytes_max;
        let Oversized {
            news_bytes,
            history_bytes,
            ..
        } = oversized;
        let (what, who) = if *news_bytes > limit {
            let what = format!("the new events of one turn have {news_bytes} bytes");
            (what, "")
        } else {
            let all = news_bytes + history_bytes;
            let what = format!(
                "the history has {history_bytes} bytes, which makes a work item of {all} bytes"
            );
            let who = ", and no connected worker that takes this orchestration announces \
                       HISTORY_STREAMING";
            (what, who)
        };
        TaskFailureDetails {
            error_type: "HistoryTooLarge".to_owned(),
            error_message: format!(
                "{what}: the limit for a message to a worker is {limit} bytes{who}. Continue as \
                 new earlier; pass smaller payloads, or references to them; use a worker that \
                 announces HISTORY_STREAMING; or raise --max-sent-message-bytes if all clients \
                 and workers accept more"
            ),
            is_non_retriable: true,
            ..Default::default()
        }
    }

    /// An activity that fits no message fails.
    pub(super) fn refuse_activity(
        &mut self,
        hub: HubKey,
        now_us: i64,
        stream: StreamId,
        task: Task,
        bytes: usize,
    ) {
        let details = self.item_too_large("the work item of the activity", bytes);
        tracing::warn!(
            name = task.activity.name.as_ref(),
            problem = details.error_message,
            "an activity fails"
        );
        let lease = Lease {
            hub,
            stream,
            since_us: now_us,
            held: Held::Activity(task),
        };
        let result = TaskResult::Failed(details);
        let failed = self.by_itself(|core| core.apply_result(&lease, result));
        if let (false, Held::Activity(task)) = (failed, lease.held) {
            let activities = &mut self.dispatch.hub(hub).activities;
            activities.defer(now_us, stream, task);
        }
    }

    /// An operation that fits no message together with the state fails.
    pub(super) fn refuse_operation(
        &mut self,
        hub: HubKey,
        now_us: i64,
        stream: StreamId,
        ready: &ReadyEntity,
        operation: &Operation,
        bytes: usize,
    ) {
        let what = "the state of the entity and the operation together";
        let details = self.item_too_large(what, bytes);
        tracing::warn!(
            name = ready.group.name.as_ref(),
            problem = details.error_message,
            signal = operation.caller.is_none(),
            "an operation of an entity fails"
        );
        let key: EntityKey = ready.key;
        let batch = std::slice::from_ref(operation);
        let failed = self.by_itself(|core| {
            let mut follow_ups = VecDeque::new();
            let commit = entity::give_up(batch, details);
            core.commit_batch(hub, key, batch, commit, &mut follow_ups)?;
            follow_ups.push_back(FollowUp::Consider(key));
            core.settle(follow_ups)
        });
        if !failed {
            let queues = self.dispatch.hub(hub);
            queues.defer_entity(now_us, stream, ready.clone());
        }
    }

    fn item_too_large(&self, what: &str, bytes: usize) -> TaskFailureDetails {
        payload_too_large(format!(
            "{what} would have {bytes} bytes, the limit for a message to a worker is {} bytes, set \
             by --max-sent-message-bytes",
            self.limits.sent_bytes_max
        ))
    }
}
