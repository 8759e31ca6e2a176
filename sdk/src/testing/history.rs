//! A history as a file: JSON that people can read, an event a line, without loss.

use std::fmt;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use durascope_proto::ExecutionStartedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use serde::Deserialize;
use serde::Serialize;

use super::json::Read;
use super::json::Written;

/// What happened to one execution of an instance, event by event.
///
/// From [`Client::history`](crate::Client::history), from a file, or from a
/// [`TestHost`](super::TestHost). The file holds instance id, execution id and name, and each
/// event as canonical protobuf JSON on a line of its own. Whatever has been written reads as the
/// same history, and writes as the same bytes.
///
/// ```no_run
/// # async fn f(client: durascope_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use durascope_sdk::testing::History;
/// use futures_util::TryStreamExt;
///
/// let events: Vec<_> = client.history("order-1").await?.try_collect().await?;
/// History::of(events)?.write("tests/histories/order-1.json")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    instance_id: String,
    execution_id: String,
    name: String,
    events: Vec<HistoryEvent>,
}

/// A history could not be made, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// Nothing says what was started: no turn was made yet, or the beginning is missing.
    #[error("the history has no ExecutionStarted among its {events} events")]
    NotStarted {
        /// How many events there are.
        events: usize,
    },
    /// The text is no history: it has a field or a kind of event that the contract does not
    /// know, something is missing, or it is no JSON.
    #[error("the history does not parse at {path}: {problem}")]
    Parse {
        /// Where, such as `events[3].taskScheduled.color`; `.` is the whole.
        path: String,
        /// What is wrong there, with line and column.
        problem: String,
    },
    /// What the head of the file says is not what its ExecutionStarted says.
    #[error("the head has {field} {head:?}, its ExecutionStarted has {event:?}")]
    HeadDiffers {
        /// `instanceId`, `executionId` or `name`.
        field: &'static str,
        /// In the head.
        head: String,
        /// In the event.
        event: String,
    },
    /// The event cannot be written so that it would be read the same: it is of a kind that this
    /// version of the contract does not know, or has a time or a number that JSON cannot hold.
    #[error("event {index} (event id {event_id}) cannot be written without loss: {problem}")]
    NotWritable {
        /// Its place in the history, from 0.
        index: usize,
        /// Its event id.
        event_id: i32,
        /// Why.
        problem: String,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    ReadFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    WriteFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What the file holds is no history.
    #[error("{}: {error}", path.display())]
    InFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: Box<Self>,
    },
}

/// The file as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    instance_id: String,
    execution_id: String,
    name: String,
    events: Vec<Read>,
}

impl History {
    /// The history that these events are, in their order.
    ///
    /// # Errors
    /// [`HistoryError::NotStarted`]: there is no ExecutionStarted among them.
    pub fn of(events: impl IntoIterator<Item = HistoryEvent>) -> Result<Self, HistoryError> {
        let events: Vec<HistoryEvent> = events.into_iter().collect();
        let started = started(&events).ok_or(HistoryError::NotStarted {
            events: events.len(),
        })?;
        let instance = started.orchestration_instance.clone().unwrap_or_default();
        Ok(Self {
            instance_id: instance.instance_id,
            execution_id: instance.execution_id.unwrap_or_default(),
            name: started.name.clone(),
            events,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or what it holds is no history; the error names the file and the
    /// place in it.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, HistoryError> {
        let path = path.as_ref().to_owned();
        match fs::read_to_string(&path) {
            Ok(text) => text.parse().map_err(|error| HistoryError::InFile {
                path,
                error: Box::new(error),
            }),
            Err(source) => Err(HistoryError::ReadFile { path, source }),
        }
    }

    /// Writes a file, or writes it anew.
    ///
    /// # Errors
    /// As [`Self::to_json`], or the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), HistoryError> {
        let path = path.as_ref();
        let text = self.to_json()?;
        fs::write(path, text).map_err(|source| HistoryError::WriteFile {
            path: path.to_owned(),
            source,
        })
    }

    /// The text of the file. Parsing it gives this history.
    ///
    /// # Errors
    /// [`HistoryError::NotWritable`]: an event would not be read as it is.
    pub fn to_json(&self) -> Result<String, HistoryError> {
        let mut text = format!(
            "{{\n  \"instanceId\": {},\n  \"executionId\": {},\n  \"name\": {},\n  \"events\": [",
            quoted(&self.instance_id),
            quoted(&self.execution_id),
            quoted(&self.name)
        );
        for (index, event) in self.events.iter().enumerate() {
            let line = line(event).map_err(|problem| HistoryError::NotWritable {
                index,
                event_id: event.event_id,
                problem,
            })?;
            let comma = if index == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            write!(text, "{comma}\n    {line}").ok();
        }
        text.push_str("\n  ]\n}\n");
        Ok(text)
    }

    /// Id of the instance.
    pub fn instance_id(&self) -> &str {
        &self.instance_id
    }

    /// Id of the execution; empty if its events do not tell.
    pub fn execution_id(&self) -> &str {
        &self.execution_id
    }

    /// Name of the orchestration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version of the orchestration that was asked for, if any.
    pub fn version(&self) -> Option<&str> {
        self.events
            .iter()
            .find_map(|event| match &event.event_type {
                Some(EventType::ExecutionStarted(it)) => it.version.as_deref(),
                Some(_) | None => None,
            })
    }

    /// The events, in order.
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events
    }

    /// The events, in order.
    pub fn into_events(self) -> Vec<HistoryEvent> {
        self.events
    }
}

impl FromStr for History {
    type Err = HistoryError;

    /// Reads the text of a file.
    fn from_str(text: &str) -> Result<Self, HistoryError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let file: File =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| HistoryError::Parse {
                path: error.path().to_string(),
                problem: error.inner().to_string(),
            })?;
        reader.end().map_err(|error| HistoryError::Parse {
            path: ".".to_owned(),
            problem: error.to_string(),
        })?;
        let history = Self::of(file.events.into_iter().map(|event| event.0))?;
        let heads = [
            ("instanceId", file.instance_id, &history.instance_id),
            ("executionId", file.execution_id, &history.execution_id),
            ("name", file.name, &history.name),
        ];
        for (field, head, event) in heads {
            if head != *event {
                return Err(HistoryError::HeadDiffers {
                    field,
                    head,
                    event: event.clone(),
                });
            }
        }
        Ok(history)
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance_id,
            name,
            events,
            ..
        } = self;
        write!(f, "{} events of {instance_id:?} ({name})", events.len())
    }
}

/// What the execution was started with.
pub(super) fn started(events: &[HistoryEvent]) -> Option<&ExecutionStartedEvent> {
    events.iter().find_map(|event| match &event.event_type {
        Some(EventType::ExecutionStarted(started)) => Some(started),
        Some(_) | None => None,
    })
}

/// One event as JSON on one line, which reads as the same event.
fn line(event: &HistoryEvent) -> Result<String, String> {
    if event.event_type.is_none() {
        return Err("it is of a kind that this version of the contract does not know".to_owned());
    }
    let text = serde_json::to_string(&Written(event)).map_err(|error| error.to_string())?;
    let again: Read = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if again.0 != *event {
        return Err(format!("it would read as {:?}", again.0));
    }
    Ok(text)
}

/// A text as a JSON string.
fn quoted(text: &str) -> impl Serialize + fmt::Display {
    serde_json::Value::from(text)
}
