//! Why the emulator did not start: one line, a hint, and an exit code.

use crate::lock::LockError;
use crate::store::StoreError;

/// The start failed; nothing was changed that a later start would miss.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be served.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        listen: String,
        #[source]
        source: std::io::Error,
    },
    /// Another process has the database, or the lock file cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is no place for an ephemeral database.
    #[error("cannot make a temporary folder: {0}")]
    Temporary(#[source] std::io::Error),
    /// The database cannot be used.
    #[error("cannot use the database {path}: {source}")]
    Store {
        path: String,
        #[source]
        source: StoreError,
    },
    /// The emulator could not begin to work.
    #[error("cannot start: {0}")]
    Hub(#[from] crate::hub::HubError),
    /// The server could not be put together.
    #[error("cannot start the server: {0}")]
    Server(String),
}

/// Exit codes after sysexits.h, which has nothing for a file that is in use but "try later".
const EXIT_FAILED: u8 = 1;
const EXIT_BUG: u8 = 70;
const EXIT_CANNOT_CREATE: u8 = 73;
const EXIT_UNUSABLE: u8 = 74;
const EXIT_IN_USE: u8 = 75;

impl StartError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Listen { .. } => EXIT_FAILED,
            Self::Lock(LockError::Held { .. }) => EXIT_IN_USE,
            Self::Lock(LockError::Io { .. }) | Self::Temporary(_) => EXIT_CANNOT_CREATE,
            Self::Store { source, .. } => store_exit_code(source),
            Self::Hub(crate::hub::HubError::Store(source)) => store_exit_code(source),
            Self::Hub(_) | Self::Server(_) => EXIT_BUG,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { source, .. } => match source.kind() {
                std::io::ErrorKind::AddrInUse => {
                    Some("something serves that port: stop it, or give another with --listen")
                }
                _ => Some("--listen takes HOST:PORT; port 0 takes a free one"),
            },
            Self::Lock(LockError::Held { .. }) => {
                Some("use the running emulator, stop it, or give another file with --db")
            }
            Self::Lock(LockError::Io { .. }) => Some("give a writable place with --db"),
            Self::Store { source, .. } => match source {
                StoreError::Newer { .. } => {
                    Some("use the newer durascope-emulator, or give another file with --db")
                }
                StoreError::NotOurs => Some("give another file with --db"),
                StoreError::Corrupt { .. } => {
                    Some("keep a copy of the file, and start with another one with --db")
                }
                StoreError::Unsupported { .. } => Some("give a place on a local disk with --db"),
                _ => Some("give a writable place with --db, or --ephemeral for none"),
            },
            Self::Temporary(_) => Some("TMPDIR names the folder that is used"),
            Self::Hub(_) | Self::Server(_) => None,
        }
    }
}

fn store_exit_code(error: &StoreError) -> u8 {
    match error {
        StoreError::Io { .. } => EXIT_CANNOT_CREATE,
        StoreError::Busy => EXIT_IN_USE,
        _ => EXIT_UNUSABLE,
    }
}
