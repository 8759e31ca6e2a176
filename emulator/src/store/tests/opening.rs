//! Opening: a new file, an old one, one that is not ours and one from the future.

use std::path::Path;

use rusqlite::Connection;

use crate::store::Durability;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoreOptions;
use crate::store::migrations;

fn options(folder: &Path) -> StoreOptions {
    StoreOptions {
        path: folder.join("deep/emulator.db"),
        durability: Durability::Normal,
        readers: 2,
    }
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> T {
    connection
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn new_file_is_private_and_readers_see_what_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let store = Store::open(&options).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&options.path), 0o600);
        assert_eq!(mode(options.path.parent().unwrap()), 0o700);
    }
    let writer = store.open_writer().unwrap();
    writer
        .execute(
            "INSERT INTO task_hub (name, created_at_us) VALUES ('a', 1)",
            [],
        )
        .unwrap();
    let names = store
        .read(|connection| {
            Ok(
                connection.query_row("SELECT name FROM task_hub", [], |row| {
                    row.get::<_, String>(0)
                })?,
            )
        })
        .await
        .unwrap();
    assert_eq!(names, "a");
    drop((writer, store));
    assert!(Store::open(&options).is_ok(), "a second start finds it");
}

#[tokio::test]
async fn readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&options(folder.path())).unwrap();
    let refused = store
        .read(|connection| Ok(connection.execute("DELETE FROM task_hub", [])?))
        .await;
    assert!(matches!(refused, Err(StoreError::Sqlite(_))));
}

#[test]
fn writer_has_the_settings_that_durability_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    for (durability, synchronous) in [
        (Durability::Normal, 1),
        (Durability::Full, 2),
        (Durability::Off, 0),
    ] {
        let store = Store::open(&StoreOptions {
            durability,
            ..options(folder.path())
        })
        .unwrap();
        let writer = store.open_writer().unwrap();
        assert_eq!(pragma::<String>(&writer, "journal_mode"), "wal");
        assert_eq!(pragma::<i64>(&writer, "synchronous"), synchronous);
        assert_eq!(pragma::<i64>(&writer, "foreign_keys"), 1);
        assert_eq!(pragma::<i64>(&writer, "wal_autocheckpoint"), 4_000);
        assert_eq!(pragma::<i64>(&writer, "trusted_schema"), 0);
    }
}

#[test]
fn newer_database_is_refused_and_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let store = Store::open(&options).unwrap();
    let writer = store.open_writer().unwrap();
    writer.pragma_update(None, "user_version", 99).unwrap();
    drop((writer, store));
    let before = std::fs::read(&options.path).unwrap();
    assert!(matches!(
        Store::open(&options),
        Err(StoreError::Newer { found: 99, known }) if known == migrations::known_version()
    ));
    assert_eq!(std::fs::read(&options.path).unwrap(), before);
}

#[test]
fn files_that_are_not_ours_are_refused_and_stay_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "shopping list ".repeat(100)).unwrap();
    let other = folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1;")
        .unwrap();
    for path in [text, other] {
        let before = std::fs::read(&path).unwrap();
        let refused = Store::open(&StoreOptions {
            path: path.clone(),
            durability: Durability::Normal,
            readers: 1,
        });
        assert!(
            matches!(refused, Err(StoreError::NotOurs)),
            "{}: {refused:?}",
            path.display()
        );
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = Store::open(&StoreOptions {
        path: file.join("emulator.db"),
        durability: Durability::Normal,
        readers: 1,
    });
    assert!(matches!(refused, Err(StoreError::Io { path, .. }) if path == file));
}
