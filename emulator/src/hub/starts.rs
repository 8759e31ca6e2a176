//! When workers took the activities of one execution, for who watches its tasks.

use super::Hub;
use super::HubError;
use super::core::Core;
use crate::dispatch::Held;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::live::StartsPlace;
use crate::live::TaskStart;
use crate::live::TaskStarts;

impl Hub {
    /// What was handed out and given back of an execution's activities since `place`, oldest
    /// first. The first time, and when the log is another one, what is out now comes last.
    ///
    /// # Errors
    /// [`HubError::ShuttingDown`].
    pub(crate) async fn task_starts(
        &self,
        hub: HubKey,
        key: InstanceKey,
        execution: &str,
        place: Option<StartsPlace>,
    ) -> Result<TaskStarts, HubError> {
        let execution = execution.to_owned();
        self.look(move |core| Ok(core.task_starts(hub, key, &execution, place)))
            .await
    }
}

impl Core {
    fn task_starts(
        &mut self,
        hub: HubKey,
        key: InstanceKey,
        execution: &str,
        place: Option<StartsPlace>,
    ) -> TaskStarts {
        let mut found = TaskStarts::default();
        if let Some((now, starts)) = self.dispatch.starts.since(key, execution, place) {
            found.starts = starts.to_vec();
            found.place = Some(now);
        }
        let log = |place: Option<StartsPlace>| place.map(|it| it.log);
        if place.is_some() && log(place) == log(found.place) {
            return found;
        }
        // Some entries of the log may be gone, or all: what is out is known all the same.
        let mut out = Vec::new();
        for lease in self.dispatch.leases.of_hub(hub) {
            if let Held::Activity(task) = &lease.held
                && task.origin.key == key
                && *task.origin.execution == *execution
            {
                out.push((lease.stream, task.activity.task_id, lease.since_us));
            }
        }
        out.sort_unstable_by_key(|(_, _, since_us)| *since_us);
        for (stream, task_id, since_us) in out {
            if let Some(stream) = self.dispatch.hub(hub).stream(stream) {
                found.starts.push(TaskStart {
                    task_id,
                    since_us,
                    worker: Some(stream.worker_id.clone()),
                });
            }
        }
        found
    }
}
