//! The tree of one watched instance: its history is folded once, and then only what is new.

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::ActivityRequest;
use durascope_proto::HistoryChunk;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor as proto;
use durascope_proto::time::from_micros;
use prost::Message;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::hub::queries;
use crate::live::HubKey;
use crate::live::HubLive;
use crate::live::InstanceLive;
use crate::monitor::cost::Cost;
use crate::monitor::fold::Fold;
use crate::monitor::fold::Kind;
use crate::monitor::groups;
use crate::monitor::reports::Reports;
use crate::monitor::rows;
use crate::monitor::waits;
use crate::monitor::waits::WaitFold;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::family;
use crate::store::history;
use crate::store::instances;
use crate::store::instances::InstanceRow;

/// Children that are listed.
const CHILDREN_MAX: i64 = 200;

/// History that one read folds; others get their turn in between.
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// Half of what most clients take in one message, and workers without history streaming get the
/// whole history in one.
const HISTORY_BYTES_WARNING: u64 = 2 * 1024 * 1024;

/// The fold of one execution, as far as it has got.
#[derive(Clone, Debug, Default)]
pub(super) struct TreeReader {
    /// Key and execution of what is folded.
    of: Option<(i64, String)>,
    next_chunk: i64,
    fold: Fold,
    waits: WaitFold,
    reports: Reports,
    cost: Cost,
}

impl TreeReader {
    /// What the last read took; nothing when there was none.
    pub(super) fn cost(&self) -> Cost {
        self.cost
    }

    /// The tree of the instance as it is committed now.
    pub(super) async fn read(
        &mut self,
        hub: &Hub,
        key: HubKey,
        hub_live: &Arc<HubLive>,
        id: &str,
    ) -> Result<proto::InstanceTree, HubError> {
        let live = match hub.inspect(key, id).await {
            Ok(live) => live,
            Err(HubError::UnknownInstance { .. }) => InstanceLive::default(),
            Err(error) => return Err(error),
        };
        let mut cost = Cost::default();
        loop {
            // After a failure the fold begins anew: it is only a cache.
            let mut reader = std::mem::take(self);
            let (id, live) = (id.to_owned(), live.clone());
            let hub_live = Arc::clone(hub_live);
            let (reader, tree, spent) = hub
                .store()
                .read(move |connection| {
                    let step = || reader.step(connection, key, &id, (&live, &hub_live));
                    let tree = cost.of(step)?;
                    Ok((reader, tree, cost))
                })
                .await?;
            (*self, cost) = (reader, spent);
            self.cost = cost;
            if let Some(tree) = tree {
                return Ok(tree);
            }
        }
    }

    /// Folds some more; the tree when there is nothing more to fold.
    fn step(
        &mut self,
        connection: &Db,
        key: HubKey,
        id: &str,
        live: (&InstanceLive, &HubLive),
    ) -> Result<Option<proto::InstanceTree>, StoreError> {
        let Some(row) = instances::by_id(connection, key.0, id)? else {
            *self = Self::default();
            return Ok(Some(proto::InstanceTree {
                instance_id: id.to_owned(),
                ..proto::InstanceTree::default()
            }));
        };
        let of = Some((row.instance, row.execution.clone()));
        if self.of != of {
            *self = Self {
                of,
                ..Self::default()
            };
        }
        let read = history::chunks(
            connection,
            row.instance,
            self.next_chunk,
            i64::MAX,
            STEP_BYTES,
        )?;
        for chunk in &read.chunks {
            let chunk = HistoryChunk::decode(chunk.as_slice())
                .map_err(|error| StoreError::corrupt(format!("history of '{id}': {error}")))?;
            for event in &chunk.events {
                self.fold.apply(event);
                self.waits.apply(event);
            }
        }
        self.next_chunk = read.next;
        if !read.chunks.is_empty() && read.chunks.iter().map(Vec::len).sum::<usize>() >= STEP_BYTES
        {
            return Ok(None);
        }
        self.tree(connection, key, row, live).map(Some)
    }

    fn tree(
        &mut self,
        connection: &Db,
        key: HubKey,
        row: InstanceRow,
        (live, hub_live): (&InstanceLive, &HubLive),
    ) -> Result<proto::InstanceTree, StoreError> {
        let waiting = waiting(connection, row.instance)?;
        let with_waiting;
        let fold = if waiting.is_empty() {
            &self.fold
        } else {
            with_waiting = ahead(&self.fold, &waiting);
            &with_waiting
        };
        let waits = match rows::is_open(row.status) {
            true => {
                let stored = waits::stored(connection, &row)?;
                Some(waits::facts_of(&row, &self.waits, &stored, live, hub_live))
            }
            false => None,
        };
        let payloads = instances::payloads(connection, row.instance)?;
        let statuses = family::child_statuses(connection, row.instance, &row.execution)?;
        let left = match rows::is_open(row.status) {
            true => None,
            false => Some(left(connection, &row, &statuses)?),
        };
        let children = family::children(connection, row.instance, &row.execution, CHILDREN_MAX)?;
        let shown = std::iter::once(&row).chain(&children);
        let mut reported = self.reports.read(connection, key, shown)?.into_iter();
        let own_report = reported.next().flatten();
        let descendants = by_status(family::descendants(connection, row.instance)?);
        Ok(proto::InstanceTree {
            found: true,
            instance_id: row.id.clone(),
            input: rows::payload(payloads.input),
            output: rows::payload(payloads.output),
            custom_status: rows::payload(payloads.custom_status),
            failure: payloads
                .failure
                .as_deref()
                .map(queries::failure)
                .transpose()?,
            tags: row.tags()?,
            groups: groups::groups(fold, live, &begun(&statuses), left),
            children_total: u64::try_from(statuses.len()).unwrap_or(u64::MAX),
            children: children
                .into_iter()
                .zip(reported)
                .map(|(child, report)| rows::row(child, false, report, None))
                .collect::<Result<_, _>>()?,
            failures: groups::failures(fold),
            timers: groups::timers(fold),
            events: groups::events(fold),
            history_bytes_warning: HISTORY_BYTES_WARNING,
            descendants,
            last_turn_at: (row.turns > 0).then(|| from_micros(row.history_last_us)),
            turn_out_since: live.turn.as_ref().map(|turn| from_micros(turn.since_us)),
            turn_out_worker: live
                .turn
                .as_ref()
                .map_or_else(String::new, |turn| turn.worker_id.clone()),
            instance: Some(rows::row(row, live.turn.is_some(), own_report, waits)?),
        })
    }
}

/// What the fold will be when the messages that wait are consumed: results count when they
/// are accepted.
fn ahead(fold: &Fold, waiting: &[HistoryEvent]) -> Fold {
    let mut ahead = fold.clone();
    waiting.iter().for_each(|event| ahead.apply(event));
    ahead
}

fn waiting(connection: &Db, instance: i64) -> Result<Vec<HistoryEvent>, StoreError> {
    family::waiting(connection, instance)?
        .iter()
        .map(|event| {
            HistoryEvent::decode(event.as_slice())
                .map_err(|error| StoreError::corrupt(format!("inbox of {instance}: {error}")))
        })
        .collect()
}

/// Activities and children that go on though `row` has ended.
fn left(
    connection: &Db,
    row: &InstanceRow,
    statuses: &[(i32, i32)],
) -> Result<groups::Left, StoreError> {
    let mut left = groups::Left::new();
    for request in family::outliving(connection, row.instance)? {
        let request = ActivityRequest::decode(request.as_slice())
            .map_err(|error| StoreError::corrupt(format!("activity of '{}': {error}", row.id)))?;
        let execution = request
            .orchestration_instance
            .and_then(|it| it.execution_id);
        if execution.as_ref() == Some(&row.execution) {
            *left.entry((Kind::Activity, request.task_id)).or_default() += 1;
        }
    }
    for (task, _) in statuses.iter().filter(|(_, status)| rows::is_open(*status)) {
        *left.entry((Kind::Child, *task)).or_default() += 1;
    }
    Ok(left)
}

/// How many children of each task id have begun and not ended.
fn begun(statuses: &[(i32, i32)]) -> BTreeMap<i32, u64> {
    let mut begun = BTreeMap::new();
    for (task, status) in statuses {
        if rows::is_open(*status) && *status != OrchestrationStatus::Pending as i32 {
            *begun.entry(*task).or_default() += 1;
        }
    }
    begun
}

fn by_status(descendants: Vec<(i64, i32)>) -> Vec<proto::StatusCount> {
    let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
    for (_, status) in descendants {
        *counts.entry(status).or_default() += 1;
    }
    counts.into_iter().map(rows::status_count).collect()
}
