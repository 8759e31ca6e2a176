//! Why the database did not do what was asked, by what the reader can do about it.

use std::path::PathBuf;

/// A failed read or write. A failed write changed nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refused for a reason that has no variant of its own.
    #[error("SQLite: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// No space left for the database or its log.
    #[error("the disk that holds the database is full")]
    Full,
    /// Somebody else holds a lock on the file.
    #[error("the database is busy: another program holds a lock on it")]
    Busy,
    /// A newer Durascope wrote the file; it was not touched.
    #[error("the database has version {found}, and this program knows versions up to {known}")]
    Newer { found: i64, known: i64 },
    /// The file is something else; it was not touched.
    #[error("the file is not a Durascope database")]
    NotOurs,
    /// A row or a page does not hold what it must.
    #[error("the database is corrupt: {what}")]
    Corrupt { what: String },
    /// The file or its folder cannot be used.
    #[error("{}: {source}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The file system or the build lacks something that durability rests on.
    #[error("the database cannot be used here: {what}")]
    Unsupported { what: String },
    /// The process is ending, and reads are no longer served.
    #[error("the database is closed")]
    Closed,
}

impl StoreError {
    /// True when the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy)
    }

    /// A row that cannot be read as what it should be.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::NotADatabase) => Self::NotOurs,
            Some(ErrorCode::DatabaseCorrupt) => Self::corrupt(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
    }

    #[test]
    fn sqlite_codes_become_what_the_reader_can_do() {
        use rusqlite::ffi;
        assert!(matches!(failure(ffi::SQLITE_FULL).into(), StoreError::Full));
        assert!(matches!(failure(ffi::SQLITE_BUSY).into(), StoreError::Busy));
        assert!(matches!(
            failure(ffi::SQLITE_NOTADB).into(),
            StoreError::NotOurs
        ));
        assert!(matches!(
            failure(ffi::SQLITE_CORRUPT).into(),
            StoreError::Corrupt { .. }
        ));
        assert!(matches!(
            failure(ffi::SQLITE_IOERR).into(),
            StoreError::Sqlite(_)
        ));
        assert!(StoreError::Busy.is_retryable());
        assert!(!StoreError::Full.is_retryable());
    }
}
