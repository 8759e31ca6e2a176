//! Sticky executions: what a worker that keeps orchestrations in memory between their turns and
//! a server that knows of it say to each other beyond the official contract.
//!
//! The worker sends [`METADATA`] when it asks for work items: how many it keeps, those of the
//! latest turns. The server's answer has the same key with how many it will remember. From then on a turn that follows directly on one that came by the same stream may leave
//! out its past events; [`Preceding`] is among its properties then. A worker that does not have
//! the execution, or counts other events, answers with `requiresHistory` and gets the turn whole.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use prost::Message;
use prost::encoding::encoded_len_varint;
use prost_types::Value;
use prost_types::value::Kind;

use crate::HistoryEvent;

/// Metadata key of GetWorkItems and of its answer: a number of executions, decimal and above 0.
pub const METADATA: &str = "durascope-sticky";

/// Property of a turn without its past: how many events that has. A decimal number as text.
pub const PAST_EVENTS: &str = "durascope.sticky.pastEvents";

/// The bytes of these events as they stand in a `HistoryChunk`. A decimal number as text.
pub const PAST_BYTES: &str = "durascope.sticky.pastBytes";

/// The history before a turn that does not carry it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preceding {
    /// Its events.
    pub events: u64,
    /// Their bytes as they stand in a `HistoryChunk`, each with its tag and length.
    pub bytes: u64,
}

impl Preceding {
    /// The same of these events.
    pub fn counted(events: &[HistoryEvent]) -> Self {
        let record = |event: &HistoryEvent| {
            let length = event.encoded_len();
            1 + encoded_len_varint(length as u64) + length
        };
        Self {
            events: events.len() as u64,
            bytes: events.iter().map(record).sum::<usize>() as u64,
        }
    }

    /// The properties that say so.
    pub fn properties(self) -> BTreeMap<String, Value> {
        let pair = |key: &str, number: u64| {
            // A number of protobuf's is a float; 64 bits go as text, as its JSON has it.
            let kind = Some(Kind::StringValue(number.to_string()));
            (key.to_owned(), Value { kind })
        };
        BTreeMap::from([pair(PAST_EVENTS, self.events), pair(PAST_BYTES, self.bytes)])
    }

    /// What the properties of a turn say; `None` if its past is with it. A number that cannot be
    /// read counts as 0, which no execution that is kept has.
    pub fn of(properties: &BTreeMap<String, Value>) -> Option<Self> {
        let number = |key: &str| {
            let value = properties.get(key)?;
            Some(match &value.kind {
                Some(Kind::StringValue(text)) => text.parse().unwrap_or(0),
                Some(_) | None => 0,
            })
        };
        Some(Self {
            events: number(PAST_EVENTS)?,
            bytes: number(PAST_BYTES).unwrap_or(0),
        })
    }
}

impl AddAssign for Preceding {
    fn add_assign(&mut self, more: Self) {
        self.events = self.events.saturating_add(more.events);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_precedes_survives_its_properties_and_nonsense_is_no_count() {
        let large = Preceding {
            events: 10_000,
            bytes: u64::MAX,
        };
        assert_eq!(Preceding::of(&large.properties()), Some(large));
        assert_eq!(Preceding::of(&BTreeMap::new()), None);
        let mut odd = large.properties();
        let kind = Some(Kind::StringValue("-1".to_owned()));
        odd.insert(PAST_EVENTS.to_owned(), Value { kind });
        odd.remove(PAST_BYTES);
        let nothing = Preceding {
            events: 0,
            bytes: 0,
        };
        assert_eq!(Preceding::of(&odd), Some(nothing));
    }
}
