//! All tasks of one watched instance: its history is folded once, and then only what is new; when
//! workers took them comes from the core, and how its children stand from their own rows.

use durascope_proto::HistoryChunk;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor as proto;
use durascope_proto::tasks::TaskFold;
use prost::Message;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::live::StartsPlace;
use crate::live::TaskStarts;
use crate::monitor::cost::Cost;
use crate::monitor::rows;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::family;
use crate::store::family::InboxPlace;
use crate::store::history;
use crate::store::instances;

/// History that one read folds; others get their turn in between.
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// The tasks of one execution, as far as they have been read.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskReader {
    /// What is folded; nothing while the instance does not exist.
    of: Option<Execution>,
    /// It was not told yet whose tasks these are.
    is_new: bool,
    next_chunk: i64,
    /// What was accepted up to here is in the fold.
    accepted: InboxPlace,
    starts: Option<StartsPlace>,
    fold: TaskFold,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Execution {
    key: InstanceKey,
    id: String,
}

enum Step {
    /// There is more to read.
    More,
    /// It is another execution than before, or the first: what workers took is not known.
    Other,
    Done,
}

impl TaskReader {
    /// Reads what is committed now; what that took.
    pub(super) async fn read(
        &mut self,
        hub: &Hub,
        key: HubKey,
        id: &str,
    ) -> Result<Cost, HubError> {
        let mut cost = Cost::default();
        let mut starts = self.starts(hub, key).await?;
        loop {
            // After a failure the fold begins anew: it is only a cache.
            let mut reader = std::mem::take(self);
            let (id, told) = (id.to_owned(), starts.clone());
            let (reader, step, spent) = hub
                .store()
                .read(move |connection| {
                    let step = cost.of(|| reader.step(connection, key, &id, told))?;
                    Ok((reader, step, cost))
                })
                .await?;
            (*self, cost) = (reader, spent);
            match step {
                Step::More => {}
                Step::Other => starts = self.starts(hub, key).await?,
                Step::Done => return Ok(cost),
            }
        }
    }

    /// What was handed out, asked before the history is read, which then has all these tasks.
    async fn starts(&self, hub: &Hub, key: HubKey) -> Result<TaskStarts, HubError> {
        match &self.of {
            Some(of) => hub.task_starts(key, of.key, &of.id, self.starts).await,
            None => Ok(TaskStarts::default()),
        }
    }

    fn step(
        &mut self,
        connection: &Db,
        key: HubKey,
        id: &str,
        starts: TaskStarts,
    ) -> Result<Step, StoreError> {
        let Some(row) = instances::by_id(connection, key.0, id)? else {
            *self = Self::default();
            return Ok(Step::Done);
        };
        let of = Some(Execution {
            key: InstanceKey(row.instance),
            id: row.execution,
        });
        if self.of != of {
            *self = Self {
                of,
                is_new: true,
                ..Self::default()
            };
            return Ok(Step::Other);
        }
        let first = self.next_chunk;
        let read = history::chunks(connection, row.instance, first, i64::MAX, STEP_BYTES)?;
        for chunk in &read.chunks {
            let chunk = HistoryChunk::decode(chunk.as_slice())
                .map_err(|error| StoreError::corrupt(format!("history of '{id}': {error}")))?;
            chunk.events.iter().for_each(|event| self.fold.apply(event));
        }
        self.next_chunk = read.next;
        if read.chunks.iter().map(Vec::len).sum::<usize>() >= STEP_BYTES {
            return Ok(Step::More);
        }
        if !rows::is_open(row.status) {
            let at_us = row.completed_at_us.unwrap_or(row.updated_at_us);
            self.fold.end(at_us / 1_000);
        }
        self.accept(connection, row.instance)?;
        self.children(connection, row.instance)?;
        self.start(starts);
        Ok(Step::Done)
    }

    /// Results count when they are accepted.
    fn accept(&mut self, connection: &Db, instance: i64) -> Result<(), StoreError> {
        for (place, event) in family::accepted(connection, instance, self.accepted)? {
            let event = HistoryEvent::decode(event.as_slice())
                .map_err(|error| StoreError::corrupt(format!("inbox of {instance}: {error}")))?;
            self.fold.accept(&event);
            self.accepted = place;
        }
        Ok(())
    }

    fn children(&mut self, connection: &Db, instance: i64) -> Result<(), StoreError> {
        let Some(of) = self.of.as_ref().filter(|_| self.fold.has_open_children()) else {
            return Ok(());
        };
        for (task, status) in family::child_statuses(connection, instance, &of.id)? {
            if status != OrchestrationStatus::Pending as i32 {
                self.fold.child_begun(task);
            }
        }
        Ok(())
    }

    fn start(&mut self, told: TaskStarts) {
        self.starts = told.place;
        for start in told.starts {
            match start.worker {
                Some(worker) => {
                    let at_ms = start.since_us / 1_000;
                    self.fold.taken(start.task_id, at_ms, &worker);
                }
                None => self.fold.returned(start.task_id),
            }
        }
    }

    /// True when the next part says something.
    pub(super) fn has_news(&self) -> bool {
        self.is_new || self.fold.has_changes()
    }

    /// True while the instance exists.
    pub(super) fn found(&self) -> bool {
        self.of.is_some()
    }

    /// What was not told yet, or as much of it as goes into one update.
    pub(super) fn part(&mut self) -> proto::TasksUpdate {
        let Some(of) = &self.of else {
            return proto::TasksUpdate::default();
        };
        proto::TasksUpdate {
            found: true,
            reset: std::mem::take(&mut self.is_new),
            execution_id: of.id.clone(),
            ..self.fold.part()
        }
    }
}
