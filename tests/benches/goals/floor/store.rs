//! The floor's database thread: groups form by themselves, one transaction each, and everything
//! is told after its commit. Also the bound of SQLite alone.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use durascope_proto::ActivityRequest;
use durascope_proto::OrchestrationInstance;
use durascope_proto::WorkItem;
use durascope_proto::work_item::Request;
use rusqlite::Connection;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tonic::Status;

use super::Bound;

/// Commands in one transaction at most, as in the emulator.
const GROUP_MAX: usize = 1_024;

/// Stands for the encoded event and its keys.
const ROW_BYTES: usize = 160;

const INSTANCE: &str = "0123456789abcdef0123456789abcdef";

/// A client that wants items.
pub(super) struct Batch {
    pub(super) items: u32,
    pub(super) outstanding: u32,
    pub(super) chained: bool,
    pub(super) out: mpsc::UnboundedSender<Result<WorkItem, Status>>,
}

pub(super) enum Command {
    Begin(Batch),
    Complete(oneshot::Sender<()>),
}

/// Opens the database, with the settings that the emulator has.
fn open(path: &Path, full: bool) -> Result<Connection> {
    let db = Connection::open(path).context("the floor's database")?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    db.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })?;
    db.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    db.pragma_update(None, "cache_size", -65_536)?;
    db.execute_batch(
        "CREATE TABLE item (
           item INTEGER PRIMARY KEY, owner INTEGER NOT NULL, kind INTEGER NOT NULL,
           at_us INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
         CREATE INDEX item_owner ON item (owner, at_us);",
    )?;
    Ok(db)
}

/// Rows of both kinds, in order.
struct Rows {
    db: Option<Connection>,
    next: i64,
}

impl Rows {
    fn begin(&self) -> Result<()> {
        self.say("BEGIN IMMEDIATE")
    }

    fn commit(&self) -> Result<()> {
        self.say("COMMIT")
    }

    fn say(&self, statement: &str) -> Result<()> {
        if let Some(db) = &self.db {
            db.prepare_cached(statement)?.execute([])?;
        }
        Ok(())
    }

    fn insert(&mut self, kind: i64) -> Result<()> {
        self.next += 1;
        if let Some(db) = &self.db {
            let data = [0x2a_u8; ROW_BYTES];
            db.prepare_cached(
                "INSERT INTO item (item, owner, kind, at_us, data) VALUES (?1, 1, ?2, ?3, ?4)",
            )?
            .execute((self.next, kind, self.next * 7, &data[..]))?;
        }
        Ok(())
    }
}

const SCHEDULED: i64 = 1;
const COMPLETED: i64 = 2;

/// Works until the last sender is gone.
pub(super) fn work(bound: &Bound, mut commands: mpsc::Receiver<Command>) -> Result<()> {
    let db = bound.database.as_deref();
    let mut rows = Rows {
        db: db.map(|path| open(path, bound.full)).transpose()?,
        next: 0,
    };
    let mut batch: Option<Batch> = None;
    let mut next = 0;
    // Items whose schedule rows are still to be written.
    let mut waiting: VecDeque<u32> = VecDeque::new();
    let mut answers = Vec::new();
    loop {
        if waiting.is_empty() {
            match commands.blocking_recv() {
                Some(command) => take(command, &mut batch, &mut next, &mut waiting, &mut answers),
                None => return Ok(()),
            }
        }
        while answers.len() < GROUP_MAX
            && let Ok(command) = commands.try_recv()
        {
            take(command, &mut batch, &mut next, &mut waiting, &mut answers);
        }
        let Some(current) = &batch else { continue };
        rows.begin()?;
        let mut scheduled = std::mem::take(&mut waiting);
        for _ in 0..scheduled.len() {
            rows.insert(SCHEDULED)?;
        }
        for _ in 0..answers.len() {
            rows.insert(COMPLETED)?;
            if next < current.items {
                if current.chained {
                    rows.insert(SCHEDULED)?;
                    scheduled.push_back(next);
                } else {
                    waiting.push_back(next);
                }
                next += 1;
            }
        }
        rows.commit()?;
        for number in scheduled {
            // A client that has gone wants no items.
            current.out.send(Ok(item(number))).ok();
        }
        for answer in answers.drain(..) {
            let _gone: Result<(), ()> = oneshot::Sender::send(answer, ());
        }
    }
}

fn take(
    command: Command,
    batch: &mut Option<Batch>,
    next: &mut u32,
    waiting: &mut VecDeque<u32>,
    answers: &mut Vec<oneshot::Sender<()>>,
) {
    match command {
        Command::Complete(answer) => answers.push(answer),
        Command::Begin(begun) => {
            *next = begun.outstanding.min(begun.items);
            waiting.extend(0..*next);
            *batch = Some(begun);
        }
    }
}

/// As an echo activity looks on the wire.
fn item(number: u32) -> WorkItem {
    let request = ActivityRequest {
        name: "Echo".to_owned(),
        input: Some(number.to_string()),
        orchestration_instance: Some(OrchestrationInstance {
            instance_id: INSTANCE.to_owned(),
            execution_id: Some(INSTANCE.to_owned()),
        }),
        task_id: i32::try_from(number).unwrap_or(i32::MAX),
        ..ActivityRequest::default()
    };
    WorkItem {
        completion_token: format!("{number:032x}"),
        request: Some(Request::ActivityRequest(request)),
    }
}

/// The bound of SQLite alone: rows a second in transactions of this many.
///
/// # Errors
/// When the database cannot be written.
pub(crate) fn rows_a_second(path: &Path, full: bool, rows: u32, a_commit: u32) -> Result<f64> {
    let mut all = Rows {
        db: Some(open(path, full)?),
        next: 0,
    };
    let began = Instant::now();
    for _ in 0..rows / a_commit {
        all.begin()?;
        for _ in 0..a_commit {
            all.insert(SCHEDULED)?;
        }
        all.commit()?;
    }
    Ok(f64::from(rows) / began.elapsed().as_secs_f64())
}
