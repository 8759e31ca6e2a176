//! What unfinished instances wait for: their histories are folded once, and then only what is
//! new, a little in each update. An instance whose fold has not caught up has no facts yet.

mod facts;
mod fold;

use std::collections::BTreeMap;

use durascope_proto::HistoryChunk;
use durascope_proto::HistoryEvent;
use durascope_proto::monitor as proto;
use prost::Message;

pub(super) use self::fold::WaitFold;
use crate::live::HubLive;
use crate::live::InstanceLive;
use crate::monitor::rows;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::history;
use crate::store::instances::InstanceRow;
use crate::store::waits as store;

/// Rows that have facts, from the top of the window.
pub(super) const ROWS_MAX: usize = 50;

/// History that one update folds, over all rows. The rest is for the next ones, which the pace
/// keeps apart.
const STEP_BYTES: usize = 2 * 1024 * 1024;

/// Entries that all folds together may have; then those that were not asked for go, and new ones
/// wait. Each is about a hundred bytes.
const WEIGHT_MAX: usize = 400_000;

/// Messages of one instance that are looked at; with more, the counts are of the last turn.
const WAITING_MAX: i64 = 1_000;

/// Children are counted one by one only up to here; of more, all that are open count as begun.
const CHILDREN_MAX: u64 = 2_000;

const LOCKS_MAX: i64 = 5;

/// Folds of the instances that were asked for lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    folds: BTreeMap<i64, Folded>,
    round: u64,
    behind: bool,
}

/// The fold of one execution, as far as it has got.
#[derive(Clone, Debug)]
struct Folded {
    execution: String,
    next_chunk: i64,
    fold: WaitFold,
    /// The round in which it was asked for last.
    asked: u64,
}

/// What else the store has of an instance, read with its row.
#[derive(Clone, Debug)]
pub(super) struct Stored(facts::Stored);

impl Waits {
    /// Folds what is new of these rows as far as this update may. For each, in order, what else
    /// the store has of it; `None` for those that have ended or whose fold is behind.
    pub(super) fn read(
        &mut self,
        connection: &Db,
        rows: &[InstanceRow],
    ) -> Result<Vec<Option<Stored>>, StoreError> {
        self.round += 1;
        self.behind = false;
        let shown = rows.iter().take(ROWS_MAX);
        for row in shown.clone().filter(|row| rows::is_open(row.status)) {
            self.begin(row);
        }
        let mut left = STEP_BYTES;
        let mut all = Vec::with_capacity(ROWS_MAX);
        for row in shown {
            let current = rows::is_open(row.status) && self.catch_up(connection, row, &mut left)?;
            let read = current.then(|| stored(connection, row));
            all.push(read.transpose()?);
        }
        Ok(all)
    }

    /// Makes room: the fold of another execution, and what nobody asks for any more.
    fn begin(&mut self, row: &InstanceRow) {
        let round = self.round;
        let folded = self.folds.entry(row.instance);
        let folded = folded.or_insert_with(|| Folded::of(row));
        if folded.execution != row.execution || folded.next_chunk > row.history_chunks {
            *folded = Folded::of(row);
        }
        folded.asked = round;
        while self.weight() > WEIGHT_MAX {
            let unasked = self.folds.iter().filter(|(_, it)| it.asked < round);
            let oldest = unasked.min_by_key(|(_, it)| it.asked).map(|(key, _)| *key);
            match oldest {
                Some(key) => drop(self.folds.remove(&key)),
                None => break,
            }
        }
    }

    fn weight(&self) -> usize {
        self.folds.values().map(|it| it.fold.weight()).sum()
    }

    /// True when the fold of this row has nothing more to fold.
    fn catch_up(
        &mut self,
        connection: &Db,
        row: &InstanceRow,
        left: &mut usize,
    ) -> Result<bool, StoreError> {
        let full = self.weight() > WEIGHT_MAX;
        let Some(folded) = self.folds.get_mut(&row.instance) else {
            return Ok(false);
        };
        if folded.next_chunk < row.history_chunks && !full && *left > 0 {
            let from = folded.next_chunk;
            let read = history::chunks(connection, row.instance, from, i64::MAX, *left)?;
            for chunk in &read.chunks {
                *left = left.saturating_sub(chunk.len());
                let chunk = HistoryChunk::decode(chunk.as_slice()).map_err(|error| {
                    StoreError::corrupt(format!("history of '{}': {error}", row.id))
                })?;
                chunk.events.iter().for_each(|it| folded.fold.apply(it));
            }
            folded.next_chunk = read.next;
        }
        let current = folded.next_chunk >= row.history_chunks;
        self.behind |= !current && !full;
        Ok(current)
    }

    /// Whether something was left for the next update though nothing new happens.
    pub(super) fn is_behind(&self) -> bool {
        self.behind
    }

    /// What the instance of this row waits for.
    pub(super) fn facts(
        &self,
        row: &InstanceRow,
        stored: &Stored,
        live: &InstanceLive,
        hub: &HubLive,
    ) -> Option<proto::WaitFacts> {
        let fold = &self.folds.get(&row.instance)?.fold;
        Some(facts(row, fold, stored, live, hub))
    }
}

impl Folded {
    fn of(row: &InstanceRow) -> Self {
        Self {
            execution: row.execution.clone(),
            next_chunk: 0,
            fold: WaitFold::default(),
            asked: 0,
        }
    }
}

/// What the store has of an unfinished instance besides its row and its history.
pub(super) fn stored(connection: &Db, row: &InstanceRow) -> Result<Stored, StoreError> {
    let waiting = match row.messages_waiting {
        0 => Vec::new(),
        _ => store::waiting(connection, row.instance, WAITING_MAX)?,
    };
    let decode = |event: &Vec<u8>| {
        HistoryEvent::decode(event.as_slice())
            .map_err(|error| StoreError::corrupt(format!("inbox of '{}': {error}", row.id)))
    };
    let begun = match row.children.scheduled {
        0 => Some(BTreeMap::new()),
        1..=CHILDREN_MAX => Some(store::begun(connection, row.instance, &row.execution)?),
        _ => None,
    };
    Ok(Stored(facts::Stored {
        waiting: waiting.iter().map(decode).collect::<Result<_, _>>()?,
        locks: store::locks(connection, row.instance, &row.execution, LOCKS_MAX)?,
        begun,
    }))
}

/// What the instance of this row waits for, by a fold of its whole history.
pub(super) fn facts(
    row: &InstanceRow,
    fold: &WaitFold,
    stored: &Stored,
    live: &InstanceLive,
    hub: &HubLive,
) -> proto::WaitFacts {
    facts::facts(row, fold, &stored.0, live, hub)
}
