//! A session in a file: everything that the feed brought, with its times, to be shown again
//! without a server.
//!
//! The file begins with [`MAGIC`]; then come [`frame::Frame`]s, each behind its length as
//! protobuf has it. The last one may be cut: whoever records may be ended at any time.

pub mod frame;
pub mod play;
pub mod read;
pub mod write;

use std::path::PathBuf;

/// What every recording begins with; the number rises when old readers would misread it.
pub const MAGIC: &[u8] = b"durascope recording 1\n";

/// A longer frame is no frame.
pub const FRAME_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why a recording cannot be written or shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    #[error("the recording {} cannot be written: {reason}", path.display())]
    Create { path: PathBuf, reason: String },
    #[error("the recording {} cannot be read: {reason}", path.display())]
    Open { path: PathBuf, reason: String },
    #[error("{} is no recording of durascope, or one of a newer version", path.display())]
    NotOne { path: PathBuf },
    #[error("the recording {} is damaged at byte {at}: {reason}", path.display())]
    Damaged {
        path: PathBuf,
        at: u64,
        reason: String,
    },
    #[error("the recording {} has nothing to show", path.display())]
    Empty { path: PathBuf },
}
