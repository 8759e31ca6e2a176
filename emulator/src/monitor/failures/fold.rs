//! Folds the history of one instance into what failed in it, grouped by cause and place.
//!
//! Pure. Of each group the newest failure is kept in full, and of all of them the time.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use durascope_proto::HistoryEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::shape::message_shape;
use durascope_proto::time::to_micros;

use crate::monitor::fold::Kind;
use crate::monitor::history::cut_details;

/// Groups of one instance that are told apart; messages may be data.
const GROUPS_MAX: usize = 500;

/// Times of one group that are kept; what failed more often than that is counted no further.
const TIMES_MAX: usize = 100_000;

/// Where something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Activity,
    Child,
    Orchestration,
}

/// Failures that have one cause, as far as text can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) error_type: String,
    pub(super) shape: String,
}

/// The failures of one cause in one instance.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failures {
    /// When they were, in order of acceptance.
    pub(super) times_us: Vec<i64>,
    pub(super) newest_at_us: i64,
    /// Of the newest; none for the orchestration itself.
    pub(super) task_id: Option<i32>,
    pub(super) newest: Arc<TaskFailureDetails>,
}

/// What failed in some events of one execution.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FailureFold {
    at_us: i64,
    names: Vec<Arc<str>>,
    by_name: HashMap<Arc<str>, u32>,
    open: HashMap<(Kind, i32), u32>,
    causes: BTreeMap<Cause, Failures>,
    times: usize,
}

impl FailureFold {
    /// Takes in the next event.
    pub(super) fn apply(&mut self, event: &HistoryEvent) {
        self.at_us = event.timestamp.as_ref().map_or(self.at_us, to_micros);
        let Some(what) = &event.event_type else {
            return;
        };
        match what {
            EventType::TaskScheduled(it) => self.open(Kind::Activity, event.event_id, &it.name),
            EventType::SubOrchestrationInstanceCreated(it) => {
                self.open(Kind::Child, event.event_id, &it.name);
            }
            EventType::TaskCompleted(it) => {
                self.open.remove(&(Kind::Activity, it.task_scheduled_id));
            }
            EventType::SubOrchestrationInstanceCompleted(it) => {
                self.open.remove(&(Kind::Child, it.task_scheduled_id));
            }
            EventType::TaskFailed(it) => {
                let details = it.failure_details.as_ref();
                self.on_failed(Kind::Activity, it.task_scheduled_id, details);
            }
            EventType::SubOrchestrationInstanceFailed(it) => {
                let details = it.failure_details.as_ref();
                self.on_failed(Kind::Child, it.task_scheduled_id, details);
            }
            // The rest schedules nothing and fails nothing.
            _ => {}
        }
    }

    fn open(&mut self, kind: Kind, id: i32, name: &str) {
        let number = match self.by_name.get(name) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
                let name: Arc<str> = name.into();
                self.names.push(Arc::clone(&name));
                self.by_name.insert(name, number);
                number
            }
        };
        self.open.insert((kind, id), number);
    }

    fn on_failed(&mut self, kind: Kind, id: i32, details: Option<&TaskFailureDetails>) {
        let name = self.open.remove(&(kind, id));
        let name = name.and_then(|it| self.names.get(it as usize)).cloned();
        let place = match kind {
            Kind::Activity => Place::Activity,
            Kind::Child => Place::Child,
        };
        let details = details.cloned().unwrap_or_default();
        let name = name.as_deref().unwrap_or_default();
        self.add(place, name, Some(id), self.at_us, details);
    }

    /// One more failure.
    pub(super) fn add(
        &mut self,
        place: Place,
        name: &str,
        task_id: Option<i32>,
        at_us: i64,
        mut details: TaskFailureDetails,
    ) {
        let mut cause = Cause {
            place,
            name: name.to_owned(),
            error_type: details.error_type.clone(),
            shape: message_shape(&details.error_message),
        };
        if self.causes.len() >= GROUPS_MAX && !self.causes.contains_key(&cause) {
            "(others)".clone_into(&mut cause.shape);
        }
        cut_details(Some(&mut details));
        let failures = self.causes.entry(cause).or_insert_with(|| Failures {
            times_us: Vec::new(),
            newest_at_us: i64::MIN,
            task_id: None,
            newest: Arc::default(),
        });
        if failures.times_us.len() < TIMES_MAX {
            failures.times_us.push(at_us);
            self.times += 1;
        }
        if at_us >= failures.newest_at_us {
            failures.newest_at_us = at_us;
            failures.task_id = task_id;
            failures.newest = Arc::new(details);
        }
    }

    /// Nothing more comes: what is open is of no use.
    pub(super) fn end(&mut self) {
        self.open = HashMap::new();
        self.names = Vec::new();
        self.by_name = HashMap::new();
    }

    pub(super) fn causes(&self) -> &BTreeMap<Cause, Failures> {
        &self.causes
    }

    /// What it takes of the memory, about, in entries.
    pub(super) fn weight(&self) -> usize {
        16 + self.open.len() + self.names.len() + self.times + 20 * self.causes.len()
    }
}
