//! One process per database: a lock file beside it, which says who holds it.

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::clock;

/// More than a holder's line; what is longer was not written by us.
const HOLDER_BYTES_MAX: u64 = 4_096;

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has the database open.
    #[error("the database {} is in use by {holder}", .database.display())]
    Held { database: PathBuf, holder: Holder },
    /// The lock file cannot be used.
    #[error("{}: {source}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// Who holds the lock, as the lock file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    pub pid: u32,
    /// Seconds since the Unix epoch, UTC.
    pub started_at_s: u64,
    /// Empty while it starts.
    pub endpoint: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.pid, self.endpoint.as_str()) {
            (0, _) => formatter.write_str("another process"),
            (pid, "") => write!(formatter, "process {pid}, which is starting"),
            (pid, endpoint) => {
                let endpoint = crate::logging::escaped(endpoint);
                write!(formatter, "process {pid}, which serves {endpoint}")
            }
        }
    }
}

/// The lock, held until it is dropped or the process ends in whatever way.
#[derive(Debug)]
pub(crate) struct DatabaseLock {
    file: File,
    path: PathBuf,
    holder: Holder,
}

impl DatabaseLock {
    /// Takes the lock of `database`, whose folder is made if there is none.
    ///
    /// The lock file is never deleted: a process that waits for a deleted file would hold a
    /// lock that nobody else sees.
    ///
    /// # Errors
    /// [`LockError::Held`] names the holder.
    pub(crate) fn take(database: &Path) -> Result<Self, LockError> {
        let path = lock_path(database);
        let io = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        if let Some(folder) = database.parent().filter(|it| !it.as_os_str().is_empty()) {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder).map_err(io)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    database: database.to_path_buf(),
                    holder: read_holder(&file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut lock = Self {
            file,
            holder: Holder {
                pid: std::process::id(),
                started_at_s: u64::try_from(clock::wall_us() / 1_000_000).unwrap_or(0),
                endpoint: String::new(),
            },
            path,
        };
        lock.write()?;
        Ok(lock)
    }

    /// Lets a process that is refused say where this one serves.
    pub(crate) fn announce(&mut self, endpoint: &str) -> Result<(), LockError> {
        endpoint.clone_into(&mut self.holder.endpoint);
        self.write()
    }

    fn write(&mut self) -> Result<(), LockError> {
        let mut line = serde_json::to_string(&self.holder).unwrap_or_default();
        line.push('\n');
        let mut file = &self.file;
        file.rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.write_all(line.as_bytes()))
            .map_err(|source| LockError::Io {
                path: self.path.clone(),
                source,
            })
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// The holder as far as it can be read: it is only told to people.
fn read_holder(file: &File) -> Holder {
    let mut text = String::new();
    match file.take(HOLDER_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Holder::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_taker_is_refused_and_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("new/emulator.db");
        let mut lock = DatabaseLock::take(&database).unwrap();
        lock.announce("http://127.0.0.1:4711").unwrap();
        let refused = DatabaseLock::take(&database).unwrap_err().to_string();
        let pid = std::process::id();
        assert!(
            refused.ends_with(&format!(
                "is in use by process {pid}, which serves http://127.0.0.1:4711"
            )),
            "{refused}"
        );
        drop(lock);
        assert!(DatabaseLock::take(&database).is_ok());
    }

    #[test]
    fn unreadable_holder_is_still_a_holder() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("emulator.db");
        let lock = DatabaseLock::take(&database).unwrap();
        std::fs::write(&lock.path, [0xff, 0x00]).unwrap();
        let refused = DatabaseLock::take(&database).unwrap_err().to_string();
        assert!(
            refused.ends_with("is in use by another process"),
            "{refused}"
        );
    }
}
