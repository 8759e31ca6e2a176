//! Activities: handed out, completed, and kept or dropped when their execution is over before them.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use durascope_engine::deliver::Message;
use durascope_engine::deliver::TaskResult;
use durascope_engine::turn::ScheduledActivity;
use durascope_proto::ActivityResponse;

use super::HubError;
use super::core::Core;
use super::effects::Effect;
use super::effects::Pending;
use crate::dispatch::GroupKey;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::Origin;
use crate::dispatch::StreamId;
use crate::dispatch::Task;
use crate::dispatch::Token;
use crate::dispatch::WorkKind;
use crate::dispatch::wire;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::writer;

/// An activity that goes on for the execution `now` instead of `before`, for which it had a row.
#[derive(Debug)]
pub(super) struct Adopted {
    task_id: i32,
    now: Arc<Origin>,
    before: Arc<Origin>,
    row: i64,
}

impl Core {
    pub(super) fn send_activity(&mut self, hub: HubKey, now_us: i64, stream: StreamId, task: Task) {
        let is_ambiguous = self.is_ambiguous(hub, stream, &task);
        let dispatch = self.dispatch.hub(hub);
        if is_ambiguous {
            dispatch.activities.park(task);
            return;
        }
        let Some(target) = dispatch.stream(stream) else {
            dispatch.activities.push_front(now_us, task);
            return;
        };
        let token = Token::fresh();
        let item = wire::activity_item(wire::activity_request(&task), token);
        if item.0.len() > self.limits.sent_bytes_max {
            self.refuse_activity(hub, now_us, stream, task, item.0.len());
            return;
        }
        let sent = target.hand_out(now_us, WorkKind::Activity, item);
        let lease = Lease {
            hub,
            stream,
            since_us: now_us,
            held: Held::Activity(task),
        };
        self.dispatch.leases.insert(token, lease);
        if !sent {
            self.disconnect(hub, stream);
        }
    }

    pub(super) fn complete_activity(
        &mut self,
        hub: HubKey,
        response: ActivityResponse,
    ) -> Result<(), HubError> {
        let token = if response.completion_token.is_empty() {
            let leases = &self.dispatch.leases;
            let token = leases.activity_of(hub, &response.instance_id, response.task_id);
            self.answers_without_tokens(token);
            token
        } else {
            Token::parse(&response.completion_token)
        };
        let current = token.filter(|token| {
            let lease = self.dispatch.leases.get_mut(*token);
            lease.is_some_and(|it| it.hub == hub && matches!(it.held, Held::Activity(_)))
        });
        let lease = current.and_then(|token| Some((token, self.dispatch.leases.take(token)?)));
        let Some((token, lease)) = lease else {
            tracing::debug!("a completion without a current token changes nothing");
            return Ok(());
        };
        let (result, details) = (response.result, response.failure_details);
        let refused = self.refuse_result(hub, result.as_ref(), details.as_ref());
        let result = match refused.or(details) {
            // Its presence is the failure: the message may be empty.
            Some(details) => TaskResult::Failed(details),
            None => TaskResult::Completed(result),
        };
        let applied = self.apply_result(&lease, result);
        self.effect(Effect::Freed {
            token,
            lease: Box::new(lease),
        });
        Ok(applied?)
    }

    /// Whether the worker's answer could not be told from that of an activity which an earlier
    /// execution has left out under the same id.
    fn is_ambiguous(&mut self, hub: HubKey, stream: StreamId, task: &Task) -> bool {
        let target = self.dispatch.hub(hub).stream(stream);
        let (id, task_id) = (&task.origin.instance_id, task.activity.task_id);
        target.is_some_and(|target| target.without_tokens)
            && self.dispatch.leases.activity_of(hub, id, task_id).is_some()
    }

    /// Remembers of the worker that holds this item that it sends no tokens.
    pub(super) fn answers_without_tokens(&mut self, token: Option<Token>) {
        let lease = token.and_then(|token| self.dispatch.leases.get_mut(token));
        if let Some((hub, stream)) = lease.map(|lease| (lease.hub, lease.stream))
            && let Some(stream) = self.dispatch.hub(hub).stream(stream)
        {
            stream.without_tokens = true;
        }
    }

    pub(super) fn apply_result(
        &mut self,
        lease: &Lease,
        result: TaskResult,
    ) -> Result<(), StoreError> {
        let Held::Activity(task) = &lease.held else {
            return Ok(());
        };
        if let Some(row) = task.orphan_row {
            writer::delete_activity(&self.db, row)?;
        }
        let failed = matches!(result, TaskResult::Failed(_));
        self.publisher.count(lease.hub, |counters| {
            counters.activities += 1;
            counters.activities_failed += u64::from(failed);
        });
        let message = Message::ActivityResult {
            execution: Arc::clone(&task.origin.execution),
            task_id: task.activity.task_id,
            result,
        };
        let mut follow_ups = VecDeque::new();
        self.deliver(task.origin.key, message, &mut follow_ups)?;
        self.settle(follow_ups)
    }

    /// Prepares the activities of a commit for the queue. When the execution is over they, and
    /// those that are queued or out already, get a row: the history that names them is no
    /// longer looked at.
    pub(super) fn schedule(
        &mut self,
        hub: HubKey,
        key: InstanceKey,
        origin: &Arc<Origin>,
        activities: Vec<ScheduledActivity>,
        over: bool,
    ) -> Result<Vec<Pending>, StoreError> {
        let mut items = Vec::with_capacity(activities.len());
        for activity in activities {
            let orphan_row = if over {
                let task = orphan(origin, activity.clone());
                let request = wire::activity_request(&task);
                Some(writer::insert_activity(&self.db, hub, key, &request)?)
            } else {
                None
            };
            items.push(Pending {
                activity,
                orphan_row,
            });
        }
        if over {
            self.orphan_open(hub, key)?;
        }
        Ok(items)
    }

    /// The execution failed: those of its activities that no worker has are
    /// dropped, and those that are out get a row. A rewind finds the dropped ones in the history.
    pub(super) fn drop_activities(
        &mut self,
        hub: HubKey,
        key: InstanceKey,
        origin: &Arc<Origin>,
    ) -> Result<(), StoreError> {
        if self.open_activities(key) == 0 {
            return Ok(());
        }
        let (db, rows) = (&self.db, &mut self.group.orphan_rows);
        for lease in self.dispatch.leases.iter_mut() {
            if let Held::Activity(task) = &mut lease.held
                && task.origin.key == key
                && task.orphan_row.is_none()
            {
                let request = wire::activity_request(task);
                let row = writer::insert_activity(db, hub, key, &request)?;
                rows.insert(row);
                task.orphan_row = Some(row);
            }
        }
        let execution = Arc::clone(&origin.execution);
        self.effect(Effect::Dropped {
            hub,
            key,
            execution,
        });
        Ok(())
    }

    /// How many have no result yet: walking the queue and the leases is not worth it for none.
    fn open_activities(&mut self, key: InstanceKey) -> u64 {
        let known = self.cache.peek(key);
        known.map_or(0, |it| it.state.counters.activities.open())
    }

    fn orphan_open(&mut self, hub: HubKey, key: InstanceKey) -> Result<(), StoreError> {
        if self.open_activities(key) == 0 {
            return Ok(());
        }
        let (db, rows) = (&self.db, &mut self.group.orphan_rows);
        let mut keep = |task: &mut Task| {
            if task.origin.key == key && task.orphan_row.is_none() {
                let request = wire::activity_request(task);
                let row = writer::insert_activity(db, hub, key, &request)?;
                rows.insert(row);
                task.orphan_row = Some(row);
            }
            Ok::<(), StoreError>(())
        };
        for task in self.dispatch.hub(hub).activities.items() {
            keep(task)?;
        }
        for lease in self.dispatch.leases.iter_mut() {
            if let Held::Activity(task) = &mut lease.held {
                keep(task)?;
            }
        }
        // What a turn of the same group has scheduled is in no queue yet.
        for effect in &mut self.group.effects {
            let Effect::Activities { origin, items, .. } = effect else {
                continue;
            };
            if origin.key != key {
                continue;
            }
            for pending in items.iter_mut().filter(|it| it.orphan_row.is_none()) {
                let task = orphan(origin, pending.activity.clone());
                let request = wire::activity_request(&task);
                let row = writer::insert_activity(&self.db, hub, key, &request)?;
                pending.orphan_row = Some(row);
            }
        }
        Ok(())
    }

    /// Runs the activities that the history of a new execution waits for: those that were kept
    /// when the one before failed go on as they are, the others are queued.
    pub(super) fn resume_activities(
        &mut self,
        hub: HubKey,
        key: InstanceKey,
        before: &str,
        activities: Vec<ScheduledActivity>,
    ) -> Result<(), StoreError> {
        let Some(live) = self.cache.peek(key) else {
            return Ok(());
        };
        let (origin, group) = (Arc::clone(&live.origin), Arc::clone(&live.group));
        let mut waited_for: BTreeMap<i32, VecDeque<ScheduledActivity>> = BTreeMap::new();
        for activity in activities {
            let same_id = waited_for.entry(activity.task_id).or_default();
            same_id.push_back(activity);
        }
        let (db, adopted) = (&self.db, &mut self.group.adopted);
        let mut adopt = |task: &mut Task| {
            let is_of_before = task.origin.key == key && *task.origin.execution == *before;
            let task_id = task.activity.task_id;
            if is_of_before
                && let Some(row) = task.orphan_row
                && let Some(same_id) = waited_for.get_mut(&task_id)
                && same_id.pop_front().is_some()
            {
                task.orphan_row = None;
                let before = std::mem::replace(&mut task.origin, Arc::clone(&origin));
                adopted.push(Adopted {
                    task_id,
                    now: Arc::clone(&origin),
                    before,
                    row,
                });
                writer::delete_activity(db, row)?;
            }
            Ok::<(), StoreError>(())
        };
        for task in self.dispatch.hub(hub).activities.items() {
            adopt(task)?;
        }
        for lease in self.dispatch.leases.iter_mut() {
            if let Held::Activity(task) = &mut lease.held {
                adopt(task)?;
            }
        }
        let left = waited_for.into_values().flatten();
        let items: Vec<Pending> = left
            .map(|activity| Pending {
                activity,
                orphan_row: None,
            })
            .collect();
        if !items.is_empty() {
            self.effect(Effect::Activities {
                hub,
                origin,
                group,
                items,
            });
        }
        Ok(())
    }

    /// The transaction failed: what was adopted in it is what it was before.
    pub(super) fn hand_back_adopted(&mut self) {
        for adopted in std::mem::take(&mut self.group.adopted) {
            let is_it = |task: &&mut Task| {
                Arc::ptr_eq(&task.origin, &adopted.now) && task.activity.task_id == adopted.task_id
            };
            let mut queued = self
                .dispatch
                .hubs()
                .flat_map(|(_, hub)| hub.activities.items());
            let mut task = queued.find(is_it);
            drop(queued);
            if task.is_none() {
                let out = self.dispatch.leases.iter_mut();
                let mut out = out.filter_map(|lease| match &mut lease.held {
                    Held::Activity(task) => Some(task),
                    Held::Turn { .. } | Held::Entity { .. } => None,
                });
                task = out.find(is_it);
            }
            if let Some(task) = task {
                task.origin = adopted.before;
                task.orphan_row = Some(adopted.row);
            }
        }
    }
}

/// A task outside any queue, for its request.
fn orphan(origin: &Arc<Origin>, activity: ScheduledActivity) -> Task {
    let group = GroupKey {
        name: Arc::clone(&activity.name),
        version: activity.version.clone(),
        fallback: None,
        large: false,
    };
    Task {
        origin: Arc::clone(origin),
        activity,
        group: Arc::new(group),
        orphan_row: None,
        abandoned: 0,
        given_back: 0,
    }
}
