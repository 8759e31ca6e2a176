//! A chosen task, by identity: it stays chosen while tasks are added and change.

use std::sync::Arc;

use crate::data::tasks::Tasks;

/// One task of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    execution: Arc<str>,
    pub id: i32,
    index: usize,
}

impl Pick {
    /// The task at `index`, or the last one where there are fewer.
    pub fn at(tasks: &Tasks, index: usize) -> Option<Self> {
        let index = index.min(tasks.len().checked_sub(1)?);
        Some(Self {
            execution: Arc::clone(&tasks.execution_id),
            id: tasks.get(index)?.id,
            index,
        })
    }

    /// Where it is now; of another execution, nowhere.
    pub fn index_in(&self, tasks: &Tasks) -> Option<usize> {
        if self.execution != tasks.execution_id {
            return None;
        }
        tasks.find(self.id, self.index)
    }
}
