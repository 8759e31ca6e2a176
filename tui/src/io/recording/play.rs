//! Showing a recording: a source like feed and polling, which asks no server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::effect::Playing;
use crate::app::effect::WatchSpec;
use crate::app::event::Link;
use crate::app::event::Mode;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::data::status;
use crate::data::tasks::Tasks;
use crate::format::Micros;
use crate::format::SECOND;
use crate::io::recording::RecordingError;
use crate::io::recording::frame::Body;
use crate::io::recording::read::Kind;
use crate::io::recording::read::Recording;
use crate::io::source::Sink;

/// Plays it from its beginning.
pub const FROM_START: Playing = Playing { at: 0, speed: 1 };

const NOT_THERE: &str = "this recording does not have that: it was not on screen";

/// Failures of the last hour are asked for anew each minute: so far apart they still are those.
const SINCE_APART_MAX: u64 = 20 * 60 * SECOND.unsigned_abs();

struct Player {
    recording: Recording,
    sink: Sink,
    /// The first frame that was not shown yet.
    next: usize,
    tasks: BTreeMap<String, Tasks>,
    /// The last answers to other questions.
    topics: Vec<Body>,
    mode: Mode,
}

/// Shows `recording` until the dashboard closes; answers why when it cannot go on.
pub async fn play(
    recording: Recording,
    mut spec: watch::Receiver<WatchSpec>,
    mut playing: watch::Receiver<Playing>,
    sink: Sink,
) -> Option<RecordingError> {
    let mut player = Player {
        recording,
        sink,
        next: 0,
        tasks: BTreeMap::new(),
        topics: Vec::new(),
        mode: Mode::Feed,
    };
    loop {
        let Playing { at, speed } = *playing.borrow_and_update();
        let since = Instant::now();
        if let Err(error) = player.jump(at, &spec.borrow().topic) {
            return Some(error);
        }
        loop {
            let due = player.due(at, speed, since);
            let sleep = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = playing.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return None,
                },
                changed = spec.changed() => {
                    if changed.is_err() {
                        return None;
                    }
                    player.answer(&spec.borrow_and_update().topic);
                }
                () = sleep => {
                    if let Err(error) = player.step(&spec.borrow().topic) {
                        return Some(error);
                    }
                }
            }
        }
    }
}

impl Player {
    /// When the next frame is shown.
    fn due(&self, at: Micros, speed: u32, since: Instant) -> Option<Instant> {
        let next = self.recording.entries.get(self.next)?;
        let ahead = next.at.saturating_sub(at).max(0);
        let ahead = ahead.checked_div(i64::from(speed))?;
        Some(since + Duration::from_micros(u64::try_from(ahead).unwrap_or(0)))
    }

    /// Shows everything as it was at `at`.
    fn jump(&mut self, at: Micros, topic: &Topic) -> Result<(), RecordingError> {
        let entries = &self.recording.entries;
        let end = entries.partition_point(|it| it.at <= at);
        let last = |wanted: &Kind| entries[..end].iter().rposition(|it| it.kind == *wanted);
        let (link, update) = (last(&Kind::Link), last(&Kind::Update));
        // Tasks are told in changes: all since the last beginning count.
        let mut resets: BTreeMap<&str, usize> = BTreeMap::new();
        let mut answers: BTreeMap<&[u8], usize> = BTreeMap::new();
        for (index, entry) in entries[..end].iter().enumerate() {
            match &entry.kind {
                Kind::Tasks {
                    instance_id,
                    reset: true,
                } => {
                    resets.insert(instance_id, index);
                }
                Kind::Topic { question } => {
                    answers.insert(question, index);
                }
                _ => {}
            }
        }
        let counts = |index: usize| match &entries[index].kind {
            Kind::Tasks { instance_id, .. } => resets
                .get(instance_id.as_str())
                .is_some_and(|first| index >= *first),
            Kind::Topic { question } => answers.get(&question[..]) == Some(&index),
            Kind::Link | Kind::Update => false,
        };
        let mut wanted: Vec<usize> = (0..end).filter(|it| counts(*it)).collect();
        // The link after the data, which says that all is well.
        wanted.extend(update);
        wanted.extend(link);
        self.tasks.clear();
        self.topics.clear();
        for index in wanted {
            if let Some(body) = self.recording.body(index)? {
                self.take(body);
            }
        }
        self.next = end;
        self.answer(topic);
        Ok(())
    }

    /// Shows the next frame.
    fn step(&mut self, topic: &Topic) -> Result<(), RecordingError> {
        let body = self.recording.body(self.next)?;
        self.next += 1;
        let is_answer = !matches!(body, Some(Body::Link(_) | Body::Update(_)) | None);
        if let Some(body) = body {
            self.take(body);
        }
        if is_answer {
            self.answer(topic);
        }
        Ok(())
    }

    fn take(&mut self, body: Body) {
        match body {
            Body::Start(_) => {}
            Body::Link(frame) => {
                let link = frame.link(self.sink.clock().now());
                if let Link::Live(mode) = link {
                    self.mode = mode;
                }
                self.sink.link(link);
            }
            Body::Update(update) => self.sink.data(update, self.mode),
            Body::Tasks(frame) => {
                let tasks = self
                    .tasks
                    .entry(frame.instance_id)
                    .or_insert_with(|| Tasks::new(frame.knows_starts));
                if let Some(update) = frame.update {
                    tasks.apply(update);
                }
            }
            body => {
                let question = body.question();
                self.topics.retain(|it| it.question() != question);
                self.topics.push(body);
            }
        }
    }

    /// Tells what is known about what the screen asks.
    fn answer(&self, topic: &Topic) {
        let tasks = |id: &str| self.tasks.get(id).filter(|it| it.is_whole).cloned();
        let told = match topic {
            Topic::None => return,
            Topic::Tasks { instance_id } => tasks(instance_id).map(Told::Tasks),
            Topic::Compare { left, right } => tasks(left)
                .zip(tasks(right))
                .map(|(left, right)| Told::Compare(left, right)),
            _ => {
                let answers = self.topics.iter().rev();
                let answers = answers.filter_map(|it| answer_of(it, topic));
                answers.min_by_key(|it| it.0).map(|it| it.1)
            }
        };
        let told = told.unwrap_or_else(|| Told::Refused(NOT_THERE.to_owned()));
        self.sink.topic(topic.clone(), told);
    }
}

/// What was told about this or nearly the same, and how far apart the questions are: a recording
/// is looked at in another size, and a while later than it was made.
fn answer_of(body: &Body, topic: &Topic) -> Option<(u64, Told)> {
    match (body, topic) {
        (Body::History(it), Topic::History(asked)) => {
            let was = it.request.as_ref()?;
            let same = (&was.instance_id, was.order, &was.text)
                == (&asked.instance_id, asked.order, &asked.text);
            let apart =
                was.offset.abs_diff(asked.offset) + u64::from(was.limit.abs_diff(asked.limit));
            same.then_some((apart, Told::History(Arc::new(it.page.clone()?))))
        }
        (Body::Failures(it), Topic::Failures(asked)) => {
            let was = it.request.as_ref()?;
            let apart = match (
                status::micros(was.since.as_ref()),
                status::micros(asked.since.as_ref()),
            ) {
                (Some(was), Some(asked)) => was.abs_diff(asked),
                (None, None) => 0,
                _ => return None,
            };
            let same = was.text == asked.text && apart <= SINCE_APART_MAX;
            same.then_some((apart, Told::Failures(Arc::new(it.list.clone()?))))
        }
        (Body::Entities(it), Topic::Entities(asked)) => {
            let was = it.request.as_ref()?;
            let same =
                (&was.text, was.sort, was.reverse) == (&asked.text, asked.sort, asked.reverse);
            // First the one with the same entity in full.
            let apart = u64::from(was.offset.abs_diff(asked.offset))
                + u64::from(was.limit.abs_diff(asked.limit))
                + (u64::from(was.entity_id != asked.entity_id) << 33);
            same.then_some((apart, Told::Entities(Arc::new(it.page.clone()?))))
        }
        (Body::Work(it), Topic::Work(asked)) if it.request.as_ref() == Some(asked) => {
            Some((0, Told::Work(Arc::new(it.list.clone()?))))
        }
        _ => None,
    }
}
