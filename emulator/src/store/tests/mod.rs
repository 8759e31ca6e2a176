//! The store on real files.

mod family;
mod opening;
mod pages;
mod plans;
mod window;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::store::Durability;
use crate::store::Store;
use crate::store::StoreOptions;

/// A store in a folder that goes with it, and its writer.
struct Fixture {
    _folder: TempDir,
    _store: Store,
    writer: Connection,
}

/// The columns that tests choose; the others get a value that does not matter.
#[derive(Clone, Debug)]
struct Instance {
    id: String,
    name: String,
    status: i32,
    created_at_us: i64,
    updated_at_us: i64,
    completed_at_us: Option<i64>,
    parent: Option<(i64, &'static str)>,
    act: (i64, i64, i64),
    history_bytes: i64,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            id: "id".to_owned(),
            name: "Name".to_owned(),
            status: 0,
            created_at_us: 1_000,
            updated_at_us: 1_000,
            completed_at_us: None,
            parent: None,
            act: (0, 0, 0),
            history_bytes: 0,
        }
    }
}

impl Fixture {
    /// With the task hubs 1 and 2.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreOptions {
            path: folder.path().join("emulator.db"),
            durability: Durability::Off,
            readers: 1,
        })
        .unwrap();
        let writer = store.open_writer().unwrap();
        writer
            .execute_batch("INSERT INTO task_hub (hub, name, created_at_us) VALUES (1, 'one', 0), (2, 'two', 0)")
            .unwrap();
        Self {
            _folder: folder,
            _store: store,
            writer,
        }
    }

    /// Adds an instance to hub 1 and returns its key.
    fn add(&self, instance: &Instance) -> i64 {
        let (parent, execution) = instance.parent.unzip();
        self.writer
            .execute(
                "INSERT INTO instance (hub, id, execution, name, status, phase, created_at_us,
                   updated_at_us, completed_at_us, parent, parent_id, parent_execution,
                   parent_task, act_scheduled, act_completed, act_failed, history_bytes)
                 VALUES (1, ?1, 'x', ?2, ?3, 0, ?4, ?5, ?6, ?7, ?7, ?8, 1, ?9, ?10, ?11, ?12)",
                rusqlite::params![
                    instance.id,
                    instance.name,
                    instance.status,
                    instance.created_at_us,
                    instance.updated_at_us,
                    instance.completed_at_us,
                    parent,
                    execution,
                    instance.act.0,
                    instance.act.1,
                    instance.act.2,
                    instance.history_bytes,
                ],
            )
            .unwrap();
        self.writer.last_insert_rowid()
    }
}
