//! Failures of a hub's activities, sub-orchestrations and instances, grouped.
//!
//! Histories are folded once for each instance with failures, and then only what is new; a call
//! folds a bounded part, and says when there is more.

mod fold;
mod list;

use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::HistoryChunk;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor as proto;
use durascope_proto::time::to_micros;
use prost::Message;
use tokio::sync::Mutex;

use self::fold::FailureFold;
use self::fold::Place;
use self::list::Listing;
use crate::clock;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::monitor::limits;
use crate::monitor::rows;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::failures;
use crate::store::history;
use crate::store::instances::InstanceRow;
use crate::store::waits;

/// Instances that are read, the newest.
const INSTANCES_MAX: usize = 1_000;

/// History that one read folds; others get their turn in between.
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// History that one call folds. What is left is for the next one.
const CALL_BYTES: usize = 32 * 1024 * 1024;

/// Messages of one instance that are looked at.
const WAITING_MAX: i64 = 1_000;

/// Entries that all folds together may have; each is some tens of bytes.
const WEIGHT_MAX: usize = 1_000_000;

/// The failures of the instances that were read last.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailureReader {
    cache: Arc<Mutex<Cache>>,
}

#[derive(Debug, Default)]
struct Cache {
    folds: BTreeMap<i64, Folded>,
    round: u64,
}

/// The fold of one execution, as far as it has got.
#[derive(Debug)]
struct Folded {
    execution: String,
    next_chunk: i64,
    ended: bool,
    fold: FailureFold,
    asked: u64,
}

/// What is left of one call.
struct Call {
    /// The newest last.
    rows: Vec<InstanceRow>,
    /// History that it may still fold.
    left: usize,
    more: bool,
    listing: Listing,
}

impl FailureReader {
    /// Answers ListFailures.
    pub(crate) async fn list(
        &self,
        hub: &Hub,
        key: HubKey,
        asked: proto::ListFailuresRequest,
    ) -> Result<proto::FailureList, HubError> {
        limits::text("text", &asked.text)?;
        let since_us = asked.since.as_ref().map(to_micros);
        // One after the other: the second finds what the first has folded.
        let mut guard = self.cache.lock().await;
        let from_us = since_us.unwrap_or(i64::MIN);
        let limit = i64::try_from(INSTANCES_MAX + 1).unwrap_or(i64::MAX);
        let read = move |connection: &Db| failures::newest(connection, key.0, from_us, limit);
        let mut found = hub.store().read(read).await?;
        let more = found.len() > INSTANCES_MAX;
        found.truncate(INSTANCES_MAX);
        found.reverse();
        guard.round += 1;
        let mut call = Call {
            rows: found,
            left: CALL_BYTES,
            more,
            listing: Listing::new(since_us, clock::wall_us(), &asked.text),
        };
        while !call.rows.is_empty() {
            // After a failure, or when the caller leaves, the histories are read anew: what is
            // kept is only a cache.
            let mut cache = std::mem::take(&mut *guard);
            let step = move |connection: &Db| {
                cache.step(connection, &mut call)?;
                Ok((cache, call))
            };
            (*guard, call) = hub.store().read(step).await?;
        }
        guard.shrink();
        Ok(call.listing.finish(call.more))
    }
}

impl Cache {
    /// Goes on with a call until a step's worth of history is folded.
    fn step(&mut self, connection: &Db, call: &mut Call) -> Result<(), StoreError> {
        let mut step = STEP_BYTES.min(call.left);
        call.left -= step;
        while let Some(row) = call.rows.pop() {
            if self.add(connection, &row, &mut step, &mut call.listing)? {
                continue;
            }
            if call.left > 0 {
                call.rows.push(row);
                break;
            }
            call.more = true;
        }
        call.left += step;
        Ok(())
    }

    /// Lists what failed in an instance; false when its history is not folded to the end.
    fn add(
        &mut self,
        connection: &Db,
        row: &InstanceRow,
        left: &mut usize,
        listing: &mut Listing,
    ) -> Result<bool, StoreError> {
        let mut causes = Vec::new();
        let ahead;
        if row.activities.failed + row.children.failed > 0 {
            if !self.catch_up(connection, row, left)? {
                return Ok(false);
            }
            if let Some(folded) = self.folds.get(&row.instance) {
                ahead = self::ahead(connection, row, &folded.fold)?;
                causes.push(ahead.as_ref().unwrap_or(&folded.fold).causes());
            }
        }
        let own = own(connection, row)?;
        causes.push(own.causes());
        listing.add(row, &causes);
        Ok(true)
    }

    /// True when the fold of this row has nothing more to fold.
    fn catch_up(
        &mut self,
        connection: &Db,
        row: &InstanceRow,
        left: &mut usize,
    ) -> Result<bool, StoreError> {
        let folded = self.folds.entry(row.instance);
        let folded = folded.or_insert_with(|| Folded::of(row));
        let ended = !rows::is_open(row.status);
        // A rewind goes on where it had ended.
        let stale = folded.ended && !ended;
        if folded.execution != row.execution || folded.next_chunk > row.history_chunks || stale {
            *folded = Folded::of(row);
        }
        folded.asked = self.round;
        if folded.next_chunk < row.history_chunks && *left > 0 {
            let first = folded.next_chunk;
            let read = history::chunks(connection, row.instance, first, i64::MAX, *left)?;
            for chunk in &read.chunks {
                *left = left.saturating_sub(chunk.len());
                let chunk = HistoryChunk::decode(chunk.as_slice());
                let chunk = chunk.map_err(|error| corrupt("history", row, &error))?;
                chunk.events.iter().for_each(|it| folded.fold.apply(it));
            }
            folded.next_chunk = read.next;
        }
        let current = folded.next_chunk >= row.history_chunks;
        if current && ended && !folded.ended {
            folded.ended = true;
            folded.fold.end();
        }
        Ok(current)
    }

    /// Drops what was not asked for lately, and of the rest what is too much.
    fn shrink(&mut self) {
        let mut weight: usize = self.folds.values().map(|it| it.fold.weight()).sum();
        let mut by_age: Vec<(u64, i64)> = self
            .folds
            .iter()
            .map(|(key, it)| (it.asked, *key))
            .collect();
        by_age.sort_unstable();
        for (_, key) in by_age {
            if weight <= WEIGHT_MAX {
                return;
            }
            if let Some(folded) = self.folds.remove(&key) {
                weight -= folded.fold.weight();
            }
        }
    }
}

impl Folded {
    fn of(row: &InstanceRow) -> Self {
        Self {
            execution: row.execution.clone(),
            next_chunk: 0,
            ended: false,
            fold: FailureFold::default(),
            asked: 0,
        }
    }
}

/// What the fold will be once the failures that wait are consumed, if any do.
fn ahead(
    connection: &Db,
    row: &InstanceRow,
    fold: &FailureFold,
) -> Result<Option<FailureFold>, StoreError> {
    if !rows::is_open(row.status) || row.messages_waiting == 0 {
        return Ok(None);
    }
    let mut ahead: Option<FailureFold> = None;
    for event in waits::waiting(connection, row.instance, WAITING_MAX)? {
        let event = HistoryEvent::decode(event.as_slice());
        let event = event.map_err(|error| corrupt("inbox", row, &error))?;
        let fails = matches!(
            event.event_type,
            Some(EventType::TaskFailed(_) | EventType::SubOrchestrationInstanceFailed(_))
        );
        if fails {
            ahead.get_or_insert_with(|| fold.clone()).apply(&event);
        }
    }
    Ok(ahead)
}

/// The failure of the instance itself.
fn own(connection: &Db, row: &InstanceRow) -> Result<FailureFold, StoreError> {
    let mut fold = FailureFold::default();
    if row.status == OrchestrationStatus::Failed as i32
        && let Some(details) = failures::own(connection, row.instance)?
    {
        let details = TaskFailureDetails::decode(details.as_slice());
        let details = details.map_err(|error| corrupt("failure", row, &error))?;
        let at_us = row.completed_at_us.unwrap_or(row.updated_at_us);
        fold.add(Place::Orchestration, &row.name, None, at_us, details);
    }
    Ok(fold)
}

fn corrupt(what: &str, row: &InstanceRow, error: &prost::DecodeError) -> StoreError {
    StoreError::corrupt(format!("{what} of '{}': {error}", row.id))
}
