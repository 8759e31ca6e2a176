//! What instances report of their progress: in their custom status, or else in a tracker entity.
//!
//! A custom status changes only with a turn, so it is read once for each. A tracker changes by
//! itself; it is looked up where the hub has any, for rows whose status reports nothing.

use std::collections::BTreeMap;

use durascope_proto::monitor::ReportedProgress;
use durascope_proto::progress;

use crate::live::HubKey;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::instances::InstanceRow;
use crate::store::reports;

/// Reads reports; keeps what the custom statuses said of the rows that it saw last.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports {
    statuses: BTreeMap<i64, Seen>,
}

/// What the custom status said after a turn.
#[derive(Clone, Debug)]
struct Seen {
    execution: String,
    turns: u64,
    report: Option<ReportedProgress>,
}

impl Reports {
    /// The reports of `rows`, one for each, in their order.
    pub(super) fn read<'r>(
        &mut self,
        connection: &Db,
        key: HubKey,
        rows: impl IntoIterator<Item = &'r InstanceRow>,
    ) -> Result<Vec<Option<ReportedProgress>>, StoreError> {
        let has_trackers = reports::has_entity(connection, key.0, progress::TRACKER_PREFIX)?;
        let mut before = std::mem::take(&mut self.statuses);
        let mut found = Vec::new();
        for row in rows {
            let seen = match before.remove(&row.instance) {
                Some(seen) if seen.is_of(row) => seen,
                Some(_) | None => Seen::read(connection, row)?,
            };
            let report = match &seen.report {
                None if has_trackers => tracker(connection, key, row)?,
                report => report.clone(),
            };
            found.push(report);
            self.statuses.insert(row.instance, seen);
        }
        Ok(found)
    }
}

impl Seen {
    fn read(connection: &Db, row: &InstanceRow) -> Result<Self, StoreError> {
        let text = reports::custom_status(connection, row.instance, progress::TEXT_BYTES_MAX)?;
        Ok(Self {
            execution: row.execution.clone(),
            turns: row.turns,
            report: text.and_then(|it| ReportedProgress::from_custom_status(&it)),
        })
    }

    fn is_of(&self, row: &InstanceRow) -> bool {
        self.turns == row.turns && self.execution == row.execution
    }
}

fn tracker(
    connection: &Db,
    key: HubKey,
    row: &InstanceRow,
) -> Result<Option<ReportedProgress>, StoreError> {
    let id = progress::tracker_id(&row.id);
    let state = reports::entity_state(connection, key.0, &id, progress::TEXT_BYTES_MAX)?;
    Ok(state.and_then(|it| ReportedProgress::from_tracker(&it)))
}
