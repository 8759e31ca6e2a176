//! Writing a recording while the session runs.

use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use durascope_proto::monitor::Task;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::time;
use prost::Message;
use tokio::sync::mpsc;

use crate::app::event::Link;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::data::tasks::Tasks;
use crate::format::MILLI;
use crate::format::Micros;
use crate::io::export;
use crate::io::recording::MAGIC;
use crate::io::recording::RecordingError;
use crate::io::recording::frame::Body;
use crate::io::recording::frame::EntitiesFrame;
use crate::io::recording::frame::FailuresFrame;
use crate::io::recording::frame::Frame;
use crate::io::recording::frame::HistoryFrame;
use crate::io::recording::frame::LinkFrame;
use crate::io::recording::frame::Start;
use crate::io::recording::frame::TasksFrame;
use crate::io::recording::frame::WorkFrame;

/// Writes what sources bring; all clones write the same file.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    /// Absent once writing has failed.
    file: Option<File>,
    path: PathBuf,
    link: Option<LinkFrame>,
    failed: mpsc::UnboundedSender<String>,
}

impl Recorder {
    /// Begins a new file; the receiver is told in words when writing fails, after which
    /// nothing more is recorded.
    ///
    /// # Errors
    /// [`RecordingError::Create`]: there is such a file already, or the system refuses.
    pub fn create(
        path: &Path,
        start: Start,
        now: Micros,
    ) -> Result<(Self, mpsc::UnboundedReceiver<String>), RecordingError> {
        let refused = |error: io::Error| RecordingError::Create {
            path: path.to_owned(),
            reason: match error.kind() {
                io::ErrorKind::AlreadyExists => "there is such a file already".to_owned(),
                _ => error.to_string(),
            },
        };
        let mut file = export::create_new(path).map_err(refused)?;
        let first = Frame {
            at: now,
            body: Some(Body::Start(start)),
        };
        file.write_all(MAGIC)
            .and_then(|()| file.write_all(&first.encode_length_delimited_to_vec()))
            .map_err(refused)?;
        let (failed, told) = mpsc::unbounded_channel();
        let shared = Shared {
            file: Some(file),
            path: path.to_owned(),
            link: None,
            failed,
        };
        let shared = Arc::new(Mutex::new(shared));
        Ok((Self { shared }, told))
    }

    /// The connection has changed.
    pub fn link(&self, at: Micros, link: &Link) {
        self.with(|it| it.on_link(at, link));
    }

    /// New data.
    pub fn update(&self, at: Micros, link: &Link, update: &WatchUpdate) {
        self.with(|it| {
            it.on_link(at, link);
            let mut update = update.clone();
            // Where the server has no clock, ages are by ours, and those of a replay by this.
            update.server_time.get_or_insert(time::from_micros(at));
            it.write(at, Body::Update(update));
        });
    }

    /// What a stream of tasks brought.
    pub fn tasks(&self, at: Micros, instance_id: &str, update: &TasksUpdate) {
        let frame = TasksFrame {
            instance_id: instance_id.to_owned(),
            update: Some(update.clone()),
            knows_starts: true,
        };
        self.with(|it| it.write(at, Body::Tasks(frame)));
    }

    /// The answer to a question. Tasks that come as a stream are recorded as they come.
    pub fn topic(&self, at: Micros, topic: &Topic, told: &Told) {
        let body = match (topic, told) {
            (Topic::Tasks { instance_id }, Told::Tasks(tasks)) if !tasks.knows_starts => {
                Body::Tasks(TasksFrame {
                    instance_id: instance_id.clone(),
                    update: Some(whole(tasks)),
                    knows_starts: false,
                })
            }
            (Topic::History(request), Told::History(page)) => Body::History(HistoryFrame {
                request: Some(request.clone()),
                page: Some(page.as_ref().clone()),
            }),
            (Topic::Failures(request), Told::Failures(list)) => Body::Failures(FailuresFrame {
                request: Some(request.clone()),
                list: Some(list.as_ref().clone()),
            }),
            (Topic::Entities(request), Told::Entities(page)) => Body::Entities(EntitiesFrame {
                request: Some(request.clone()),
                page: Some(page.as_ref().clone()),
            }),
            (Topic::Work(request), Told::Work(list)) => Body::Work(WorkFrame {
                request: Some(request.clone()),
                list: Some(list.as_ref().clone()),
            }),
            _ => return,
        };
        self.with(|it| it.write(at, body));
    }

    fn with(&self, act: impl FnOnce(&mut Shared)) {
        act(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Shared {
    fn on_link(&mut self, at: Micros, link: &Link) {
        let frame = LinkFrame::from(link);
        if self.link.as_ref() != Some(&frame) {
            self.link = Some(frame.clone());
            self.write(at, Body::Link(frame));
        }
    }

    fn write(&mut self, at: Micros, body: Body) {
        let Some(file) = &mut self.file else {
            return;
        };
        let frame = Frame {
            at,
            body: Some(body),
        };
        if let Err(error) = file.write_all(&frame.encode_length_delimited_to_vec()) {
            self.file = None;
            let path = self.path.display();
            let text = format!("recording to {path} has ended: {error}");
            // The dashboard may be closing.
            self.failed.send(text).ok();
        }
    }
}

/// All of `tasks` as one update.
fn whole(tasks: &Tasks) -> TasksUpdate {
    let mut names: Vec<String> = Vec::new();
    let mut workers: Vec<String> = Vec::new();
    let rows = tasks.iter().enumerate().map(|(index, it)| Task {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        kind: it.kind.into(),
        state: it.state.into(),
        task_id: it.id,
        name: position(&mut names, tasks.name(it)),
        turn: it.turn,
        scheduled_at: it.scheduled_at / MILLI,
        started_at: it.started_at.unwrap_or(0) / MILLI,
        finished_at: it.finished_at.unwrap_or(0) / MILLI,
        worker: tasks
            .worker(it)
            .map_or(0, |name| position(&mut workers, name) + 1),
        label: it.label.to_string(),
        child_id: it.child_id.to_string(),
        attempt: it.attempt,
        failure: it.failure.to_string(),
        input_bytes: it.input_bytes,
        result_bytes: it.result_bytes,
    });
    let rows = rows.collect();
    TasksUpdate {
        found: tasks.found,
        reset: true,
        execution_id: tasks.execution_id.to_string(),
        names,
        workers,
        tasks: rows,
        turns: tasks.turns,
        more: false,
        slots: tasks.slots,
    }
}

/// Where `name` is in the table, which gets it if it is new.
fn position(table: &mut Vec<String>, name: &str) -> u32 {
    let at = table.iter().position(|it| it == name).unwrap_or_else(|| {
        table.push(name.to_owned());
        table.len() - 1
    });
    u32::try_from(at).unwrap_or(u32::MAX)
}
