//! Finished instances, written into the emulator's database as the emulator would have left them.

use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;

use anyhow::Context as _;
use anyhow::Result;
use rusqlite::Connection;

/// Between the creation of one instance and that of the next.
const APART: Duration = Duration::from_millis(20);

/// Moments in what was loaded.
pub(super) struct Times {
    /// Half of the instances were created, and ended, before it.
    pub(super) middle: SystemTime,
}

/// A part of the ids begins with `order-`; they do not rise with the time. One in a thousand has
/// failed, all others completed.
const INSTANCES: &str = "
    WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :count)
    INSERT INTO instance (
      hub, id, execution, name, status, phase, created_at_us, updated_at_us, completed_at_us,
      failure_line, turns, history_chunks, history_events, history_bytes, history_last_us,
      act_scheduled, act_completed)
    SELECT
      (SELECT hub FROM task_hub WHERE name = 'default'),
      printf('%s-%07d',
        CASE n % 4 WHEN 0 THEN 'order' WHEN 1 THEN 'import' WHEN 2 THEN 'check' ELSE 'user' END,
        (n * 7919) % :count),
      printf('%032x', n),
      CASE n % 4 WHEN 0 THEN 'ShipOrder' WHEN 1 THEN 'Import' WHEN 2 THEN 'Check' ELSE 'User' END,
      CASE WHEN n % 1000 = 500 THEN 3 ELSE 1 END, 1,
      :from_us + n * :apart_us, :from_us + (n + 5) * :apart_us, :from_us + (n + 5) * :apart_us,
      CASE WHEN n % 1000 = 500 THEN 'Error: it was told to fail' END,
      2, 0, 0, 0, :from_us + (n + 5) * :apart_us, 1, 1
    FROM number";

const PAYLOADS: &str = "
    INSERT INTO payload (instance, kind, data)
    SELECT instance, kind.column1, CAST('{\"id\":\"' || id || '\"}' AS BLOB)
    FROM instance, (VALUES (1), (2)) AS kind
    ORDER BY instance, kind.column1";

/// Fills the database, which nobody has open.
///
/// # Errors
/// When it is not the emulator's.
pub(super) fn load(path: &Path, count: u32) -> Result<Times> {
    let mut db = Connection::open(path).context("the database")?;
    let span = APART * count;
    let from = SystemTime::now() - span - Duration::from_secs(60);
    let from_us = from.duration_since(SystemTime::UNIX_EPOCH)?.as_micros();
    let from_us = i64::try_from(from_us)?;
    let transaction = db.transaction()?;
    transaction
        .execute(
            INSTANCES,
            rusqlite::named_params! {
                ":count": count,
                ":from_us": from_us,
                ":apart_us": i64::try_from(APART.as_micros())?,
            },
        )
        .context("instances")?;
    transaction.execute(PAYLOADS, []).context("payloads")?;
    transaction.commit()?;
    // The log goes into the file, as the emulator's last act would do it.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(Times {
        middle: from + span / 2,
    })
}
