//! What polled rows wait for: the histories of the rows on screen, a few at a time.
//!
//! A query tells status and times. What an instance waits for is in its history, which the
//! official service sends only from its beginning: so it is read for what is on screen, again only
//! when the instance has moved, and not where it is long.

use std::collections::BTreeMap;
use std::time::Duration;

use durascope_proto::HistoryEvent;
use durascope_proto::StreamInstanceHistoryRequest;
use durascope_proto::monitor::InstanceRow;
use durascope_sdk::transport::Repeat;
use prost_types::Timestamp;
use tokio::time::Instant;
use tonic::Code;
use tonic::Status;

use crate::data::fold;
use crate::data::status;
use crate::io::wire::Hub;

/// Histories read at one interval at most, and the time after which no other one is begun.
const CALLS_MAX: usize = 4;
const TIME_MAX: Duration = Duration::from_millis(300);
/// Events of one of them at most; what is longer is read when it is opened.
const EVENTS_MAX: usize = 2_000;
/// Longest wait for one of them, and for its next part.
const READ_MAX: Duration = Duration::from_secs(5);

/// What was read of rows that were on screen.
#[derive(Debug, Default)]
pub(super) struct RowFacts {
    known: BTreeMap<String, Known>,
    reads: u64,
    /// The server keeps histories to itself.
    is_off: bool,
}

#[derive(Debug)]
struct Known {
    execution_id: String,
    moved: Option<Timestamp>,
    /// Which read it was: the oldest is read again first.
    read: u64,
    /// Nothing where the history is too long, or was refused.
    facts: Option<InstanceRow>,
}

impl RowFacts {
    /// Reads some of what is missing or old of `rows`, which are on screen.
    pub(super) async fn refresh(&mut self, hub: &Hub, rows: &[InstanceRow], watched: &str) {
        let begun = Instant::now();
        for row in self.due(rows, watched) {
            if self.is_off || begun.elapsed() >= TIME_MAX {
                return;
            }
            let events = match read(hub, &row.instance_id).await {
                Ok(events) => events,
                Err(status) => {
                    self.is_off = status.code() == Code::Unimplemented;
                    // The list lives without it; a server that is gone is noticed by the query.
                    None
                }
            };
            self.learn(row, events.as_deref());
        }
    }

    /// What to read now, the most urgent first. Forgets what has left the screen.
    fn due(&mut self, rows: &[InstanceRow], watched: &str) -> Vec<InstanceRow> {
        let is_open = |it: &&InstanceRow| !status::has_ended(status::of(it.status));
        let rows: Vec<_> = rows.iter().filter(is_open).collect();
        self.known
            .retain(|id, _| rows.iter().any(|it| it.instance_id == *id));
        let mut due: Vec<_> = rows
            .into_iter()
            .filter(|it| it.instance_id != watched)
            .filter_map(|row| match self.known.get(&row.instance_id) {
                None => Some((0, row)),
                Some(it) if it.execution_id != row.execution_id => Some((0, row)),
                Some(it) => {
                    let is_old = it.facts.is_some() && it.moved != row.updated_at;
                    is_old.then_some((it.read, row))
                }
            })
            .collect();
        due.sort_by_key(|it| it.0);
        let due = due.into_iter().take(CALLS_MAX);
        due.map(|it| it.1.clone()).collect()
    }

    fn learn(&mut self, row: InstanceRow, events: Option<&[HistoryEvent]>) {
        self.reads += 1;
        let (execution_id, moved) = (row.execution_id.clone(), row.updated_at);
        let id = row.instance_id.clone();
        let known = Known {
            execution_id,
            moved,
            read: self.reads,
            facts: events.and_then(|it| fold::tree(row, it).instance),
        };
        self.known.insert(id, known);
    }

    /// Adds to `row` what its history told.
    pub(super) fn fill(&self, row: &mut InstanceRow) {
        let known = self.known.get(&row.instance_id);
        let same = known.filter(|it| it.execution_id == row.execution_id);
        let Some(facts) = same.and_then(|it| it.facts.as_ref()) else {
            return;
        };
        if status::has_ended(status::of(row.status)) {
            return;
        }
        *row = InstanceRow {
            status: row.status,
            updated_at: row.updated_at,
            reported: row.reported.take(),
            ..facts.clone()
        };
    }
}

/// The history of `id`; nothing where it is too long.
async fn read(hub: &Hub, id: &str) -> Result<Option<Vec<HistoryEvent>>, Status> {
    let request = StreamInstanceHistoryRequest {
        instance_id: id.to_owned(),
        ..StreamInstanceHistoryRequest::default()
    };
    let opened = hub.call(READ_MAX, Repeat::Safe, || {
        let (mut client, request) = (hub.sidecar(), request.clone());
        async move { client.stream_instance_history(request).await }
    });
    let mut chunks = opened.await?;
    let mut events = Vec::new();
    let silent = |_elapsed| Status::deadline_exceeded("the history does not go on");
    while let Some(chunk) = tokio::time::timeout(READ_MAX, chunks.message())
        .await
        .map_err(silent)??
    {
        events.extend(chunk.events);
        if events.len() > EVENTS_MAX {
            return Ok(None);
        }
    }
    Ok(Some(events))
}

#[cfg(test)]
mod tests {
    use durascope_proto::OrchestrationStatus;
    use durascope_proto::TimerCreatedEvent;
    use durascope_proto::history_event::EventType;

    use super::*;

    fn row(id: &str, moved: i64) -> InstanceRow {
        InstanceRow {
            instance_id: id.to_owned(),
            status: OrchestrationStatus::Running as i32,
            updated_at: Some(Timestamp {
                seconds: moved,
                nanos: 0,
            }),
            ..InstanceRow::default()
        }
    }

    fn history() -> Vec<HistoryEvent> {
        vec![HistoryEvent {
            event_id: 1,
            timestamp: None,
            event_type: Some(EventType::TimerCreated(TimerCreatedEvent { fire_at: None })),
        }]
    }

    fn due(facts: &mut RowFacts, rows: &[InstanceRow]) -> String {
        let due = facts.due(rows, "watched");
        let ids: Vec<_> = due.into_iter().map(|it| it.instance_id).collect();
        ids.join(" ")
    }

    #[test]
    fn a_few_are_read_at_a_time_and_again_only_when_they_moved() {
        let mut facts = RowFacts::default();
        let mut rows: Vec<_> = ["watched", "a", "b", "c", "d", "e", "done"]
            .map(|id| row(id, 1))
            .into();
        rows[6].status = OrchestrationStatus::Completed as i32;
        assert_eq!(due(&mut facts, &rows), "a b c d");
        for row in &rows[1..5] {
            facts.learn(row.clone(), Some(&history()));
        }
        assert_eq!(due(&mut facts, &rows), "e");
        facts.learn(rows[5].clone(), None);
        assert_eq!(due(&mut facts, &rows), "");
        // All move: the longest ago first, and what is too long is left alone.
        let mut moved: Vec<_> = rows.iter().map(|it| row(&it.instance_id, 2)).collect();
        moved.pop();
        moved.reverse();
        assert_eq!(due(&mut facts, &moved), "a b c d");
        facts.learn(row("a", 2), Some(&history()));
        assert_eq!(due(&mut facts, &moved), "b c d");
        assert_eq!(due(&mut facts, &[]), "");
        assert!(facts.known.is_empty(), "off the screen, and forgotten");
    }

    #[test]
    fn a_row_gets_what_its_history_told_and_keeps_what_the_query_told() {
        let mut facts = RowFacts::default();
        facts.learn(row("a", 1), Some(&history()));
        let mut newer = row("a", 2);
        facts.fill(&mut newer);
        assert_eq!((newer.timers_pending, newer.history_events), (1, 1));
        assert!(newer.waits.is_some());
        assert_eq!(newer.updated_at, row("a", 2).updated_at);
        for other in [
            row("b", 1),
            InstanceRow {
                status: OrchestrationStatus::Completed as i32,
                ..row("a", 2)
            },
            InstanceRow {
                execution_id: "e2".to_owned(),
                ..row("a", 2)
            },
        ] {
            let mut filled = other.clone();
            facts.fill(&mut filled);
            assert_eq!(filled, other);
        }
    }
}
