//! Reading a recording: an index in memory, frames from the file when they are shown.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use prost::Message;

use crate::format::Micros;
use crate::io::recording::FRAME_BYTES_MAX;
use crate::io::recording::MAGIC;
use crate::io::recording::RecordingError;
use crate::io::recording::frame::Body;
use crate::io::recording::frame::Frame;
use crate::io::recording::frame::Start;

/// Bytes of a length at most.
const LENGTH_BYTES_MAX: usize = 5;

/// What a frame holds, as far as seeking needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Link,
    Update,
    /// Of this instance; what was known before is void at a `reset`.
    Tasks {
        instance_id: String,
        reset: bool,
    },
    /// The answer to another question, which is told apart by its kind and its text.
    Topic {
        question: Vec<u8>,
    },
}

/// Where a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Microseconds since the beginning.
    pub at: Micros,
    pub kind: Kind,
    offset: u64,
    length: usize,
}

/// An open recording.
#[derive(Debug)]
pub struct Recording {
    file: File,
    path: PathBuf,
    pub start: Start,
    /// When it began, on the clock of who recorded.
    pub begun: Micros,
    pub entries: Vec<Entry>,
}

impl Recording {
    /// Opens a recording and reads it once for its index. A cut last frame is left out.
    ///
    /// # Errors
    /// [`RecordingError`]: it cannot be read, is no recording, is damaged, or is empty.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let failed = |error: io::Error| RecordingError::Open {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let file = File::open(path).map_err(failed)?;
        let mut reader = BufReader::new(file.try_clone().map_err(failed)?);
        let mut magic = [0; MAGIC.len()];
        match reader.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => {}
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(failed(error)),
            _ => {
                return Err(RecordingError::NotOne {
                    path: path.to_owned(),
                });
            }
        }
        let mut recording = Self {
            file,
            path: path.to_owned(),
            start: Start::default(),
            begun: 0,
            entries: Vec::new(),
        };
        recording.index(&mut reader)?;
        if recording.length() == 0 && recording.entries.is_empty() {
            return Err(RecordingError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(recording)
    }

    fn index(&mut self, reader: &mut impl Read) -> Result<(), RecordingError> {
        let mut offset = u64::try_from(MAGIC.len()).unwrap_or(0);
        let mut buffer = Vec::new();
        let mut is_first = true;
        loop {
            let damaged = |reason: String| RecordingError::Damaged {
                path: self.path.clone(),
                at: offset,
                reason,
            };
            let Some((prefix, length)) = length(reader).map_err(damaged)? else {
                return Ok(());
            };
            buffer.resize(length, 0);
            match reader.read_exact(&mut buffer) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(damaged(error.to_string())),
            }
            let frame = Frame::decode(&buffer[..]).map_err(|error| damaged(error.to_string()))?;
            let kind = match frame.body {
                Some(Body::Start(start)) if is_first => {
                    self.start = start;
                    self.begun = frame.at;
                    None
                }
                _ if is_first => return Err(damaged("the first frame is missing".to_owned())),
                // Of a newer version: there is nothing to show it on.
                Some(Body::Start(_)) | None => None,
                Some(Body::Link(_)) => Some(Kind::Link),
                Some(Body::Update(_)) => Some(Kind::Update),
                Some(Body::Tasks(it)) => Some(Kind::Tasks {
                    instance_id: it.instance_id,
                    reset: it.update.is_some_and(|it| it.reset),
                }),
                Some(body) => Some(Kind::Topic {
                    question: body.question(),
                }),
            };
            is_first = false;
            let body = offset + u64::try_from(prefix).unwrap_or(0);
            if let Some(kind) = kind {
                let last = self.entries.last().map_or(0, |it| it.at);
                self.entries.push(Entry {
                    // Time does not go back, whatever the file says.
                    at: frame.at.saturating_sub(self.begun).max(last),
                    kind,
                    offset: body,
                    length,
                });
            }
            offset = body + u64::try_from(length).unwrap_or(0);
        }
    }

    /// How long it is.
    pub fn length(&self) -> Micros {
        self.entries.last().map_or(0, |it| it.at)
    }

    /// What a frame holds.
    ///
    /// # Errors
    /// [`RecordingError`]: the file has changed since it was opened.
    pub fn body(&mut self, index: usize) -> Result<Option<Body>, RecordingError> {
        let Some(entry) = self.entries.get(index) else {
            return Ok(None);
        };
        let damaged = |reason: String| RecordingError::Damaged {
            path: self.path.clone(),
            at: entry.offset,
            reason,
        };
        let mut buffer = vec![0; entry.length];
        self.file
            .seek(SeekFrom::Start(entry.offset))
            .and_then(|_| self.file.read_exact(&mut buffer))
            .map_err(|error| damaged(error.to_string()))?;
        let frame = Frame::decode(&buffer[..]).map_err(|error| damaged(error.to_string()))?;
        Ok(frame.body)
    }
}

/// The next frame's length, and the bytes that tell it; nothing at the end.
fn length(reader: &mut impl Read) -> Result<Option<(usize, usize)>, String> {
    let mut bytes = Vec::with_capacity(LENGTH_BYTES_MAX);
    loop {
        let mut byte = [0];
        match reader.read_exact(&mut byte) {
            Ok(()) => bytes.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.to_string()),
        }
        if byte[0] < 0x80 {
            break;
        }
        if bytes.len() == LENGTH_BYTES_MAX {
            return Err("a frame without a length".to_owned());
        }
    }
    let length = prost::decode_length_delimiter(&bytes[..]).map_err(|error| error.to_string())?;
    if length > FRAME_BYTES_MAX {
        return Err(format!(
            "a frame of {length} bytes, of {FRAME_BYTES_MAX} at most"
        ));
    }
    Ok(Some((bytes.len(), length)))
}
