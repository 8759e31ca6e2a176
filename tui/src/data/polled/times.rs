//! Times of events on servers that leave them out, as the in-memory backend of the official Python
//! package does: only its turns have one.

use durascope_proto::HistoryEvent;

/// Gives events without a time that of the turn which they are in. What stands before the first
/// time has that one.
pub fn fill(events: &mut [HistoryEvent]) {
    for event in &mut *events {
        // Nothing happened at the epoch: so reads a time that nobody filled in.
        event.timestamp = event.timestamp.filter(|it| it.seconds > 0);
    }
    let mut last = events.iter().find_map(|it| it.timestamp);
    for event in events {
        last = event.timestamp.or(last);
        event.timestamp = last;
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;

    fn filled(seconds: &[Option<i64>]) -> Vec<Option<i64>> {
        let event = |seconds: &Option<i64>| HistoryEvent {
            timestamp: seconds.map(|seconds| Timestamp { seconds, nanos: 0 }),
            ..HistoryEvent::default()
        };
        let mut events: Vec<_> = seconds.iter().map(event).collect();
        fill(&mut events);
        let times = events.iter().map(|it| it.timestamp.map(|it| it.seconds));
        times.collect()
    }

    #[test]
    fn an_event_without_a_time_has_that_of_its_turn() {
        let told = [Some(0), None, Some(7), Some(0), None, Some(9), Some(0)];
        let expected = [7, 7, 7, 7, 7, 9, 9].map(Some);
        assert_eq!(filled(&told), expected);
        assert_eq!(filled(&[Some(3), Some(2)]), [Some(3), Some(2)]);
        assert_eq!(filled(&[Some(0), None]), [None, None]);
    }
}
