//! Rows of the store in the words of the feed.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor as proto;
use durascope_proto::time::from_micros;
use prost_types::Timestamp;

use crate::store::StoreError;
use crate::store::instances::Counts;
use crate::store::instances::InstanceRow;

/// Longest text that the feed carries; what is longer is cut.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Has not ended.
pub(super) fn is_open(status: i32) -> bool {
    matches!(
        OrchestrationStatus::try_from(status),
        Ok(OrchestrationStatus::Running
            | OrchestrationStatus::Pending
            | OrchestrationStatus::Suspended
            | OrchestrationStatus::ContinuedAsNew)
    )
}

pub(super) fn row(
    row: InstanceRow,
    turn_out: bool,
    reported: Option<proto::ReportedProgress>,
    waits: Option<proto::WaitFacts>,
) -> Result<proto::InstanceRow, StoreError> {
    let tags = row.tags()?;
    Ok(proto::InstanceRow {
        instance_id: row.id,
        execution_id: row.execution,
        name: row.name,
        version: row.version,
        status: row.status,
        created_at: timestamp(row.created_at_us),
        updated_at: timestamp(row.updated_at_us),
        completed_at: row.completed_at_us.map(from_micros),
        scheduled_start: row.scheduled_start_us.map(from_micros),
        parent_instance_id: row.parent_id.unwrap_or_default(),
        activities: Some(progress(row.activities)),
        children: Some(progress(row.children)),
        batch: Some(progress(row.batch)),
        batch_turn: row.batch_turn,
        timers_pending: narrow(row.timers_pending),
        messages_waiting: narrow(row.messages_waiting),
        history_events: row.history_events,
        history_bytes: row.history_bytes,
        turns: row.turns,
        turn_out,
        failure: row.failure_line.unwrap_or_default(),
        reported,
        waits,
        tags,
    })
}

pub(super) fn timestamp(micros: i64) -> Option<Timestamp> {
    Some(from_micros(micros))
}

pub(super) fn status_count((status, count): (i32, u64)) -> proto::StatusCount {
    proto::StatusCount { status, count }
}

/// A text, cut where the feed's limit is.
pub(super) fn payload(text: Option<String>) -> Option<proto::Payload> {
    let mut text = text?;
    let total_bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    Some(proto::Payload {
        text: Some(text),
        total_bytes,
    })
}

fn progress(counts: Counts) -> proto::Progress {
    proto::Progress {
        scheduled: counts.scheduled,
        completed: counts.completed,
        failed: counts.failed,
    }
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_say_their_size() {
        let long = "ü".repeat(TEXT_BYTES_MAX);
        let cut = payload(Some(format!("x{long}"))).unwrap();
        assert_eq!(cut.total_bytes, 2 * 65_536 + 1);
        assert_eq!(cut.text.unwrap().len(), TEXT_BYTES_MAX - 1);
        assert_eq!(payload(None), None);
        assert_eq!(payload(Some(String::new())).unwrap().text.unwrap(), "");
    }
}
