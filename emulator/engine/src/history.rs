//! Building history: events, and the chunks of encoded events that are stored and sent as they are.

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::time;
use prost::Message;
use prost::bytes::Bytes;
use prost::encoding::encode_varint;
use prost::encoding::encoded_len_varint;

/// Where a chunk is split. Well below the 4 MiB that most clients accept in a message.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// Field 1 of `HistoryChunk`, length-delimited: a chunk is the concatenation of such records.
const EVENT_TAG: u8 = 0x0A;

/// An event with its place in time; -1 is the id of everything that no action made.
pub fn event(event_id: i32, at_us: i64, kind: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id,
        timestamp: Some(time::from_micros(at_us)),
        event_type: Some(kind),
    }
}

/// One stored piece of history: an encoded `HistoryChunk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub events: u32,
    pub data: Bytes,
}

/// Where the writer put an event.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    chunk: usize,
    start: usize,
    end: usize,
}

/// Appends events and cuts chunks.
#[derive(Debug, Default)]
pub struct ChunkWriter {
    done: Vec<Chunk>,
    data: Vec<u8>,
    events: u32,
    total_events: u64,
    total_bytes: u64,
}

impl ChunkWriter {
    /// Appends an event that is encoded already.
    pub fn push_encoded(&mut self, event: &[u8]) -> Place {
        self.begin(event.len());
        let start = self.data.len();
        self.data.extend_from_slice(event);
        self.place(start)
    }

    /// Encodes and appends an event.
    pub fn push(&mut self, event: &HistoryEvent) -> Place {
        let length = event.encoded_len();
        self.begin(length);
        let start = self.data.len();
        // Vec<u8> grows, so encoding cannot run out of room.
        event.encode_raw(&mut self.data);
        self.place(start)
    }

    /// Events and bytes appended so far.
    pub fn totals(&self) -> (u64, u64) {
        (self.total_events, self.total_bytes)
    }

    /// The chunks, in order.
    pub fn finish(mut self) -> Vec<Chunk> {
        self.cut();
        self.done
    }

    fn begin(&mut self, length: usize) {
        let length_u64 = length as u64;
        let record = 1 + encoded_len_varint(length_u64) + length;
        if !self.data.is_empty() && self.data.len() + record > CHUNK_BYTES {
            self.cut();
        }
        self.data.push(EVENT_TAG);
        encode_varint(length_u64, &mut self.data);
        self.events += 1;
        self.total_events += 1;
        self.total_bytes += record as u64;
    }

    fn place(&self, start: usize) -> Place {
        Place {
            chunk: self.done.len(),
            start,
            end: self.data.len(),
        }
    }

    fn cut(&mut self) {
        if self.events == 0 {
            return;
        }
        let data = std::mem::take(&mut self.data);
        self.done.push(Chunk {
            events: std::mem::take(&mut self.events),
            data: data.into(),
        });
    }
}

/// The encoded event at a place, without copying it. `None` if the place is of another writer.
pub fn slice(chunks: &[Chunk], place: Place) -> Option<Bytes> {
    let chunk = chunks.get(place.chunk)?;
    (place.end <= chunk.data.len()).then(|| chunk.data.slice(place.start..place.end))
}

/// The encoded events of a chunk, one after another. Ends at the first malformed record.
pub fn events(chunk: &Bytes) -> impl Iterator<Item = Bytes> + use<> {
    let mut rest = chunk.clone();
    std::iter::from_fn(move || {
        if rest.first() != Some(&EVENT_TAG) {
            return None;
        }
        let mut view = rest.slice(1..);
        let length = usize::try_from(prost::encoding::decode_varint(&mut view).ok()?).ok()?;
        if view.len() < length {
            return None;
        }
        let event = view.slice(..length);
        rest = view.slice(length..);
        Some(event)
    })
}

#[cfg(test)]
mod unit {
    use super::*;
    use durascope_proto::EventRaisedEvent;
    use durascope_proto::HistoryChunk;

    #[test]
    fn chunks_are_history_chunk_messages_and_places_point_at_their_events() {
        let mut writer = ChunkWriter::default();
        let mut expected = Vec::new();
        let mut places = Vec::new();
        for index in 0..40 {
            let raised = EventRaisedEvent {
                name: "x".repeat(20_000),
                input: None,
            };
            let made = event(index, i64::from(index), EventType::EventRaised(raised));
            places.push(writer.push(&made));
            expected.push(made);
        }
        let (count, bytes) = writer.totals();
        let chunks = writer.finish();
        assert!(chunks.len() > 1);
        assert_eq!(count, 40);
        assert_eq!(
            bytes,
            chunks
                .iter()
                .map(|chunk| chunk.data.len() as u64)
                .sum::<u64>()
        );
        let decoded: Vec<HistoryEvent> = chunks
            .iter()
            .flat_map(|chunk| HistoryChunk::decode(chunk.data.clone()).unwrap().events)
            .collect();
        assert_eq!(decoded, expected);
        for (place, event) in places.iter().zip(&expected) {
            let bytes = slice(&chunks, *place).unwrap();
            assert_eq!(HistoryEvent::decode(bytes).unwrap(), *event);
        }
        let walked: usize = chunks.iter().map(|chunk| events(&chunk.data).count()).sum();
        assert_eq!(walked, 40);
    }
}
