//! What has changed in a fold, in updates of bounded size.

use prost::Message;

use super::TaskFold;
use crate::monitor::TasksUpdate;

/// Most tasks in one update.
pub const PART_TASKS_MAX: usize = 2_000;

/// Names and tasks of one update stay below this: most clients take 4 MiB.
const PART_BYTES_MAX: usize = 1024 * 1024;

impl TaskFold {
    /// True when something is to be told.
    pub fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// All tasks as they are, in one update; a later part has only what changes from now on.
    pub fn whole(&mut self) -> TasksUpdate {
        self.changed = (0..).take(self.len()).collect();
        (self.names_told, self.workers_told) = (0, 0);
        self.update(usize::MAX, usize::MAX)
    }

    /// What has changed since the last part, or as much of it as goes into one update: `more`
    /// says that there is another one. Who gets all parts in order knows all tasks.
    pub fn part(&mut self) -> TasksUpdate {
        self.update(PART_TASKS_MAX, PART_BYTES_MAX)
    }

    fn update(&mut self, tasks_max: usize, bytes_max: usize) -> TasksUpdate {
        let mut update = TasksUpdate {
            turns: self.turns(),
            workers: self.workers.texts[self.workers_told..].to_vec(),
            ..TasksUpdate::default()
        };
        self.workers_told = self.workers.texts.len();
        let mut bytes = 0;
        while update.tasks.len() < tasks_max
            && bytes < bytes_max
            && let Some(task) = self.pop_changed().and_then(|index| self.task(index))
        {
            bytes += task.encoded_len();
            // Tasks come first in order of scheduling, and so do their names.
            let known = usize::try_from(task.name).unwrap_or(usize::MAX);
            while self.names_told <= known
                && let Some(name) = self.names.texts.get(self.names_told)
            {
                bytes += name.len();
                update.names.push(name.clone());
                self.names_told += 1;
            }
            update.tasks.push(task);
        }
        update.more = self.has_changes();
        update
    }
}
