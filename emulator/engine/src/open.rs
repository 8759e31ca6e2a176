//! What a history leaves open: activities that were scheduled and have no result.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use prost::bytes::Bytes;

use crate::turn::ScheduledActivity;

/// Folds events into the activities that have no result. Ids may repeat: Python schedules a
/// retry under the id of the first attempt.
#[derive(Debug, Default)]
pub struct OpenActivities {
    open: BTreeMap<i32, VecDeque<ScheduledActivity>>,
}

impl OpenActivities {
    /// Takes in the next event; `encoded` is the same one as bytes. False: it is the result of
    /// an activity that is not open.
    pub fn see(&mut self, event: &HistoryEvent, encoded: &Bytes) -> bool {
        let finished = match &event.event_type {
            Some(EventType::TaskScheduled(scheduled)) => {
                let activity = ScheduledActivity {
                    task_id: event.event_id,
                    name: scheduled.name.as_str().into(),
                    version: scheduled.version.as_deref().map(Into::into),
                    event: encoded.clone(),
                };
                self.open
                    .entry(event.event_id)
                    .or_default()
                    .push_back(activity);
                return true;
            }
            Some(EventType::TaskCompleted(completed)) => completed.task_scheduled_id,
            Some(EventType::TaskFailed(failed)) => failed.task_scheduled_id,
            _ => return true,
        };
        let same_id = self.open.get_mut(&finished);
        same_id.and_then(VecDeque::pop_front).is_some()
    }

    /// Those that are open, by id and in order of scheduling.
    pub fn into_activities(self) -> impl Iterator<Item = ScheduledActivity> {
        self.open.into_values().flatten()
    }
}
