//! The only place with SQL: how the database file is opened, and the ways to read and write it.
//!
//! One connection writes, and it belongs to the core thread. Reads run on a small pool of
//! read-only connections and never wait for the writer.

pub(crate) mod entities;
pub(crate) mod entity_list;
pub(crate) mod entity_pages;
mod error;
pub(crate) mod failures;
pub(crate) mod family;
pub(crate) mod history;
pub(crate) mod instances;
pub(crate) mod load;
mod migrations;
pub(crate) mod pages;
pub(crate) mod reader;
pub(crate) mod reports;
pub(crate) mod rewind;
pub(crate) mod waits;
pub(crate) mod window;
pub(crate) mod writer;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

pub use error::StoreError;

/// A connection, for who passes it on without reading or writing through it.
pub(crate) use rusqlite::Connection as Db;

use reader::ReaderPool;

// WAL files of 3.7.0 to 3.51.2 could lose commits when a checkpoint met a writer.
const _: () = assert!(rusqlite::ffi::SQLITE_VERSION_NUMBER >= 3_051_003);

/// How long a connection waits for a lock before it reports that the file is busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements that a connection keeps.
const STATEMENTS_CACHED: usize = 128;

/// What a commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Any crash of the process.
    Normal,
    /// Loss of power as well.
    Full,
    /// Nothing: for databases that are thrown away.
    Off,
}

/// Where the database is and how it is used.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub path: PathBuf,
    pub durability: Durability,
    /// Connections for reads.
    pub readers: usize,
}

/// An open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    options: Arc<StoreOptions>,
    readers: ReaderPool,
}

impl Store {
    /// Opens the database, makes the file if there is none, and migrates it.
    ///
    /// The caller holds the lock file: nobody else has the database open.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::NotOurs`] and [`StoreError::Corrupt`] leave the
    /// file as it was; [`StoreError::Io`] names the path that cannot be used.
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        create_private(&options.path)?;
        // A file that is not for us must not be changed, not even by opening it for writing.
        migrations::check(&open_read_only(&options.path)?)?;
        let options = Arc::new(options.clone());
        let store = Self {
            readers: ReaderPool::new(options.path.clone(), options.readers.max(1)),
            options,
        };
        migrations::apply(&mut store.open_writer()?)?;
        Ok(store)
    }

    /// A connection that may write. Only one is to exist at a time.
    pub fn open_writer(&self) -> Result<Connection, StoreError> {
        let connection = Connection::open_with_flags(
            &self.options.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        let mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if !mode.eq_ignore_ascii_case("wal") {
            return Err(StoreError::Unsupported {
                what: format!("journal mode is '{mode}' where WAL is needed"),
            });
        }
        let synchronous = match self.options.durability {
            Durability::Normal => "NORMAL",
            Durability::Full => "FULL",
            Durability::Off => "OFF",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        harden(&connection)?;
        Ok(connection)
    }

    /// Runs `read` on a read-only connection, off the async threads. Everything it reads
    /// belongs to one moment.
    ///
    /// # Cancel safety
    /// Dropping the future loses the result and nothing else.
    pub async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.read(read).await
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.options.path
    }
}

/// A connection that cannot write.
fn open_read_only(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    harden(&connection)?;
    Ok(connection)
}

/// What every connection has in common: distrust of the file, and no surprises.
fn harden(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(())
}

/// Makes the file readable by its owner only, before SQLite would make it for everybody; the
/// log files beside it take over its mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| StoreError::Io { path, source }
    };
    if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(io(folder))?;
    }
    let mut file = std::fs::OpenOptions::new();
    file.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path).map(drop).map_err(io(path))
}

#[cfg(test)]
mod tests;
