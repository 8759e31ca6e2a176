//! Reads histories into indexes, and pages by means of these.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use bytes::Bytes;
use durascope_engine::history as encoded;
use durascope_proto::HistoryEvent;
use durascope_proto::monitor as proto;
use durascope_proto::monitor::read_history_request::Order;
use durascope_proto::runs;
use durascope_proto::runs::Run;
use prost::Message;
use prost::encoding::encoded_len_varint;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::monitor::history::cut;
use crate::monitor::history::index::Index;
use crate::monitor::limits;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::history;
use crate::store::instances;
use crate::store::instances::InstanceRow;

const LIMIT_DEFAULT: u32 = 200;
const LIMIT_MAX: u32 = 1_000;

/// Events of a page: with the rest of the message less than the 4 MiB that clients take.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024 - 256 * 1024;

/// Chunks that a page reads for its events: the largest ones may all be in chunks of their own.
const READ_BYTES_MAX: usize = 32 * 1024 * 1024;

/// History that one read indexes; others get their turn in between.
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// Indexes that are kept. Each takes about 50 bytes for an event.
const KEPT_MAX: usize = 4;

/// The indexes of the histories that were asked for last, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histories {
    kept: Arc<Mutex<Vec<Indexed>>>,
}

/// What is on a page.
struct Lines {
    offset: usize,
    /// Numbers of the events, with their runs.
    lines: Vec<(u64, Option<Run>)>,
    matching: u64,
    /// Lines of the whole list.
    rows: u64,
}

/// The index of one execution, as far as it has got.
#[derive(Debug, Default)]
struct Indexed {
    instance: i64,
    execution: String,
    next_chunk: i64,
    index: Index,
}

impl Histories {
    /// Answers ReadHistory.
    pub(crate) async fn read(
        &self,
        hub: &Hub,
        key: HubKey,
        asked: proto::ReadHistoryRequest,
    ) -> Result<proto::HistoryPage, HubError> {
        limits::text("text", &asked.text)?;
        let unfolded = asked.unfolded.len();
        limits::at_most("unfolded", "numbers", unfolded, runs::UNFOLDED_MAX)?;
        loop {
            let (histories, asked) = (self.clone(), asked.clone());
            let step = move |connection: &Db| histories.step(connection, key, &asked);
            if let Some(page) = hub.store().read(step).await? {
                return Ok(page);
            }
        }
    }

    /// Indexes some more; the page when there is nothing more to index.
    fn step(
        &self,
        connection: &Db,
        key: HubKey,
        asked: &proto::ReadHistoryRequest,
    ) -> Result<Option<proto::HistoryPage>, StoreError> {
        let Some(row) = instances::by_id(connection, key.0, &asked.instance_id)? else {
            return Ok(Some(proto::HistoryPage::default()));
        };
        // Who asks for the same one meanwhile makes an index of its own.
        let mut indexed = self.take(&row);
        let current = indexed.extend(connection, &row)?;
        let page = match current {
            true => Some(indexed.page(connection, &row, asked)?),
            false => None,
        };
        self.keep(indexed);
        Ok(page)
    }

    fn take(&self, row: &InstanceRow) -> Indexed {
        let mut kept = self.lock();
        let place = kept.iter().position(|it| it.instance == row.instance);
        let indexed = place.map(|place| kept.remove(place));
        indexed
            .filter(|it| it.execution == row.execution && it.next_chunk <= row.history_chunks)
            .unwrap_or_else(|| Indexed {
                instance: row.instance,
                execution: row.execution.clone(),
                ..Indexed::default()
            })
    }

    fn keep(&self, indexed: Indexed) {
        let mut kept = self.lock();
        kept.insert(0, indexed);
        kept.truncate(KEPT_MAX);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Indexed>> {
        // What is kept is whole after any panic: an index is taken out to be changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Indexed {
    /// True when there is nothing more to index.
    fn extend(&mut self, connection: &Db, row: &InstanceRow) -> Result<bool, StoreError> {
        let first = self.next_chunk;
        let read = history::chunks(connection, row.instance, first, i64::MAX, STEP_BYTES)?;
        for (chunk, number) in read.chunks.into_iter().zip(first..) {
            for (event, place) in encoded::events(&Bytes::from(chunk)).zip(0..) {
                let decoded = decode(&event, row)?;
                let length = event.len();
                let bytes = 1 + encoded_len_varint(length as u64) + length;
                let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                self.index.push(&decoded, bytes, number, place);
            }
        }
        self.next_chunk = read.next;
        Ok(self.next_chunk >= row.history_chunks)
    }

    /// What is on a page.
    fn lines(&self, asked: &proto::ReadHistoryRequest, offset: usize, limit: usize) -> Lines {
        let order = asked.order();
        let index = &self.index;
        if asked.fold_runs && asked.text.is_empty() && order != Order::LargestFirst {
            let newest = order == Order::NewestFirst;
            let runs = index.runs();
            let offset = match asked.around {
                0 => offset,
                number => {
                    let line = runs.line_of(number, &asked.unfolded, newest);
                    line.saturating_sub(limit / 2)
                }
            };
            let (lines, rows) = runs.lines(&asked.unfolded, newest, offset, limit);
            let lines = lines.into_iter().map(|it| (it.number, it.run));
            return Lines {
                offset,
                lines: lines.collect(),
                matching: index.events(),
                rows,
            };
        }
        let (numbers, matching) = index.select(&asked.text, order, offset, limit);
        let lines = numbers.into_iter().map(|it| (it, None));
        Lines {
            offset,
            lines: lines.collect(),
            matching,
            rows: matching,
        }
    }

    fn page(
        &self,
        connection: &Db,
        row: &InstanceRow,
        asked: &proto::ReadHistoryRequest,
    ) -> Result<proto::HistoryPage, StoreError> {
        let limit = limits::page(asked.limit, LIMIT_DEFAULT, LIMIT_MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let offset = usize::try_from(asked.offset).unwrap_or(usize::MAX);
        let index = &self.index;
        let Lines {
            offset,
            lines,
            matching,
            rows,
        } = self.lines(asked, offset, limit);
        let mut page = proto::HistoryPage {
            found: true,
            execution_id: row.execution.clone(),
            matching,
            events: index.events(),
            bytes: index.bytes(),
            turns: index.turns(),
            kinds: index.sizes(),
            replayed_events: index.replayed(),
            offset: offset as u64,
            rows,
            entries: Vec::new(),
        };
        let (mut bytes, mut read) = (0, 0);
        let mut chunk: (i64, Vec<Bytes>) = (-1, Vec::new());
        for (number, run) in lines {
            let Some(entry) = index.entry(number) else {
                continue;
            };
            if chunk.0 != entry.chunk {
                if read > READ_BYTES_MAX {
                    break;
                }
                let data = history::chunk(connection, row.instance, entry.chunk)?;
                let data = Bytes::from(data.unwrap_or_default());
                read += data.len();
                chunk = (entry.chunk, encoded::events(&data).collect());
            }
            let event = chunk.1.get(entry.place as usize);
            let mut event = decode(event.unwrap_or(&Bytes::new()), row)?;
            cut::payloads(&mut event);
            let last = run
                .filter(|it| it.folded)
                .and_then(|it| index.entry(it.last));
            let entry = proto::HistoryEntry {
                number,
                turn: u64::from(entry.turn),
                bytes: entry.bytes,
                cumulative_bytes: last.unwrap_or(entry).cumulative,
                event: Some(event),
                pair: u64::from(entry.pair),
                name: index.name(entry).to_owned(),
                run: run.map(|it| index.run(it)),
            };
            bytes += entry.encoded_len() + 5;
            if bytes > PAGE_BYTES_MAX && !page.entries.is_empty() {
                break;
            }
            page.entries.push(entry);
        }
        Ok(page)
    }
}

fn decode(event: &[u8], row: &InstanceRow) -> Result<HistoryEvent, StoreError> {
    HistoryEvent::decode(event)
        .map_err(|error| StoreError::corrupt(format!("history of '{}': {error}", row.id)))
}
