//! Activities: handed out, completed, and kept when their execution is over before them.

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

impl Core {
    pub(super) fn send_activity(&mut self, hub: HubKey, now_us: i64, stream: StreamId, task: Task) {
        let Some(target) = self.dispatch.hub(hub).stream(stream) else {
            self.dispatch.hub(hub).activities.push_front(now_us, task);
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
            self.dispatch
                .leases
                .activity_of(hub, &response.instance_id, response.task_id)
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

    fn orphan_open(&mut self, hub: HubKey, key: InstanceKey) -> Result<(), StoreError> {
        let open = self
            .cache
            .peek(key)
            .map_or(0, |it| it.state.counters.activities.open());
        if open == 0 {
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
        Ok(())
    }
}

/// A task outside any queue, for its request.
fn orphan(origin: &Arc<Origin>, activity: ScheduledActivity) -> Task {
    let group = GroupKey {
        name: Arc::clone(&activity.name),
        version: activity.version.clone(),
        fallback: None,
        streamed: false,
    };
    Task {
        origin: Arc::clone(origin),
        activity,
        group: Arc::new(group),
        orphan_row: None,
        abandoned: 0,
    }
}
