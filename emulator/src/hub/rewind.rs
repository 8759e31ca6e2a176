//! Rewind: a failed instance is asked for a history without its failures, and goes on from there
//! with what that leaves open; children that failed are rewound in turn.

use std::collections::VecDeque;
use std::sync::Arc;

use durascope_engine::Instance;
use durascope_engine::Parent;
use durascope_engine::deliver::Message;
use durascope_engine::deliver::TaskResult;
use durascope_engine::history;
use durascope_engine::rewind;
use durascope_engine::rewind::OpenChild;
use durascope_engine::rewind::Rewound;
use durascope_engine::turn;
use durascope_engine::turn::Answer;
use durascope_engine::turn::PayloadChange;
use durascope_engine::turn::Turn;
use durascope_proto::ExecutionRewoundEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::RewindInstanceRequest;

use super::HubError;
use super::core::Core;
use super::instances::FollowUp;
use super::instances::failed;
use super::instances::fresh_id;
use super::recover::decoded;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store;
use crate::store::StoreError;
use crate::store::instances;
use crate::store::load;
use crate::store::writer;

impl Core {
    pub(super) fn rewind(
        &mut self,
        hub: HubKey,
        request: RewindInstanceRequest,
    ) -> Result<(), HubError> {
        let key = self.known(hub, &request.instance_id)?;
        let rewound = ExecutionRewoundEvent {
            reason: request.reason,
            ..Default::default()
        };
        self.begin_rewind(key, rewound)
    }

    /// It runs again from now on; what it has to tell comes with its next turn.
    fn begin_rewind(
        &mut self,
        key: InstanceKey,
        rewound: ExecutionRewoundEvent,
    ) -> Result<(), HubError> {
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(());
        };
        let state = live.state.clone();
        rewind::check_status(&state)?;
        let past = self.whole_history(key)?;
        let begun = rewind::begin(self.clock.tick(), &state, &past, rewound)?;
        for cleared in [PayloadChange::Output(None), PayloadChange::Failure(None)] {
            writer::change_payload(&self.db, key, &cleared)?;
        }
        self.set_state(key, begun.after);
        Ok(self.put(key, &begun.entry)?)
    }

    fn whole_history(&self, key: InstanceKey) -> Result<Vec<HistoryEvent>, StoreError> {
        let chunks = load::chunks(&self.db, key)?;
        let events = chunks.iter().flat_map(history::events);
        events.map(|event| decoded(&event)).collect()
    }

    /// Applies the answer to a rewind turn, whichever it is.
    pub(super) fn apply_rewind(
        &mut self,
        key: InstanceKey,
        before: &Instance,
        turn: (&Turn, bool),
        answer: Answer,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let now_us = self.clock.tick();
        let past = match rewind::is_answered(&answer) {
            true => Vec::new(),
            false => self.whole_history(key)?,
        };
        let results = store::rewind::results(&self.db, key)?;
        let fresh = fresh_id();
        match rewind::apply(now_us, before, turn.0, answer, past, &results, &fresh) {
            Ok(rewound) => self.commit_rewind(key, before, turn, rewound, follow_ups),
            Err(problem) => {
                let commit = turn::refuse(now_us, before, turn.0, &problem);
                self.commit_turn(key, before, Some(turn), commit, follow_ups)
            }
        }
    }

    fn commit_rewind(
        &mut self,
        key: InstanceKey,
        before: &Instance,
        turn: (&Turn, bool),
        rewound: Rewound,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Rewound {
            after,
            chunks,
            first,
            timers,
            activities,
            children,
            calls,
            stale,
            trace,
            reason,
        } = rewound;
        let Some(live) = self.cache.peek(key) else {
            return Ok(());
        };
        let hub = live.hub;
        let last = self.consume(key, Some(turn), turn.0.messages.len(), false)?;
        for (at_us, seq) in stale {
            writer::delete_inbox_row(&self.db, key, at_us, seq)?;
        }
        writer::delete_history(&self.db, key)?;
        writer::append_history(&self.db, key, 0, 0, &chunks)?;
        if trace.is_some() {
            writer::set_trace(&self.db, key, trace.as_ref())?;
        }
        self.move_children(key, before, &after)?;
        self.set_state(key, after.clone());
        self.put_first(key, last, &[first])?;
        for timer in &timers {
            self.put(key, timer)?;
        }
        self.resume_activities(hub, key, &before.execution, activities)?;
        self.publisher.count(hub, |counters| counters.turns += 1);
        let asker = Arc::new(after);
        for request in calls {
            // Whether it ran is not known, so it is not sent again; but nobody waits for ever.
            let lost = "the result of this call went to the execution that failed";
            follow_ups.push_back(FollowUp::Deliver {
                key,
                message: Message::EntityReply {
                    execution: Arc::clone(&asker.execution),
                    request,
                    result: failed("EntityCallLost", lost.to_owned()),
                },
            });
        }
        for child in children {
            follow_ups.push_back(FollowUp::Rewind {
                parent: key,
                asker: Arc::clone(&asker),
                child: Box::new(child),
                reason: reason.clone(),
            });
        }
        Ok(())
    }

    /// The children of the execution that failed are those of the new one.
    fn move_children(
        &mut self,
        key: InstanceKey,
        before: &Instance,
        after: &Instance,
    ) -> Result<(), StoreError> {
        for child in store::rewind::children(&self.db, key, &before.execution)? {
            // What is not in memory is read as it is stored.
            let Some(state) = self.cache.peek(child).map(|live| live.state.clone()) else {
                continue;
            };
            let parent = state.parent.clone().map(|link| Parent {
                execution: Arc::clone(&after.execution),
                ..link
            });
            self.set_state(child, Instance { parent, ..state });
        }
        store::rewind::move_children(&self.db, key, &before.execution, &after.execution)
    }

    /// Sees to a child that its parent, rewound, waits for.
    pub(super) fn rewind_child(
        &mut self,
        parent: InstanceKey,
        asker: &Instance,
        child: OpenChild,
        reason: Option<String>,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Some(hub) = self.cache.by_key(&self.db, parent)?.map(|live| live.hub) else {
            return Ok(());
        };
        let id = &child.created.instance_id;
        let own = self.cache.by_id(&self.db, hub, id)?.and_then(|live| {
            let link = live.state.parent.as_ref()?;
            let is_own = link.key == parent.0 && link.execution == asker.execution;
            is_own.then_some((live.key, live.state.status, link.task_id))
        });
        let Some((key, status, task_id)) = own else {
            return self.start_child(parent, asker, child.request(), follow_ups);
        };
        let result = match status {
            OrchestrationStatus::Failed => {
                match self.begin_rewind(key, child.rewound(asker, reason)) {
                    Ok(()) => return Ok(()),
                    Err(HubError::Store(error)) => return Err(error),
                    Err(refused) => failed("RewindNotAllowed", refused.to_string()),
                }
            }
            OrchestrationStatus::Completed => {
                TaskResult::Completed(instances::payloads(&self.db, key.0)?.output)
            }
            OrchestrationStatus::Terminated | OrchestrationStatus::Canceled => {
                return self.start_child(parent, asker, child.request(), follow_ups);
            }
            // Its result will be told when it is there.
            OrchestrationStatus::Pending
            | OrchestrationStatus::Running
            | OrchestrationStatus::Suspended
            | OrchestrationStatus::ContinuedAsNew => return Ok(()),
        };
        follow_ups.push_back(FollowUp::Deliver {
            key: parent,
            message: Message::ChildResult {
                execution: Arc::clone(&asker.execution),
                task_id,
                result,
            },
        });
        Ok(())
    }
}
