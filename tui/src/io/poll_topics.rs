//! What a screen asks beside window and tree, from servers without the monitor feed: the same
//! answers, as far as the official service tells them.

use std::sync::Arc;
use std::time::Duration;

use durascope_proto::EntityMetadata;
use durascope_proto::EntityQuery;
use durascope_proto::GetInstanceRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::InstanceQuery;
use durascope_proto::OrchestrationState;
use durascope_proto::OrchestrationStatus;
use durascope_proto::QueryEntitiesRequest;
use durascope_proto::QueryInstancesRequest;
use durascope_proto::StreamInstanceHistoryRequest;
use durascope_proto::history::HistoryIndex;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::tasks;
use durascope_sdk::transport::Repeat;
use prost_types::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::Code;
use tonic::Status;

use crate::app::effect::WatchSpec;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::data::polled::entities;
use crate::data::polled::failures;
use crate::data::polled::times;
use crate::data::status;
use crate::data::tasks::Tasks;
use crate::format::MILLI;
use crate::io::source::Sink;
use crate::io::topics::other_topic;
use crate::io::wire::Hub;

/// Shortest and longest pause between two questions, and how much longer than its cost one is.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
const COST_FACTOR: u32 = 10;
/// Longest wait for an answer, and for the next part of a history.
const READ_MAX: Duration = Duration::from_secs(30);
const PAGE: i32 = 500;
/// Failed instances and entities read at most.
const LISTED_MAX: usize = 5_000;
/// Histories kept: of the instance on screen, and of the one it is compared with.
const KEPT_MAX: usize = 2;
/// History events read of one instance at most.
const EVENTS_MAX: usize = 200_000;

/// Answers the newest topic of `spec` until the dashboard closes.
pub async fn run(hub: Hub, mut spec: watch::Receiver<WatchSpec>, sink: &Sink) {
    let mut questions = Questions {
        hub,
        histories: Vec::new(),
    };
    loop {
        let topic = spec.borrow_and_update().topic.clone();
        tokio::select! {
            () = questions.answer(&topic, sink) => {}
            changed = other_topic(&mut spec, &topic) => {
                if !changed {
                    return;
                }
            }
        }
    }
}

/// Asks, and keeps what was read of the histories of few instances.
struct Questions {
    hub: Hub,
    histories: Vec<History>,
}

/// The history of one instance, as it was when the instance last moved.
struct History {
    instance_id: String,
    /// Absent while the instance does not exist.
    of: Option<Seen>,
    events: Vec<HistoryEvent>,
    index: HistoryIndex,
    tasks: Tasks,
}

/// What tells whether an instance has moved.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    execution_id: String,
    status: i32,
    moved: Option<Timestamp>,
}

impl Questions {
    /// Answers `topic` again and again; it is dropped when another one is asked.
    async fn answer(&mut self, topic: &Topic, sink: &Sink) {
        let mut before = None;
        loop {
            let begun = Instant::now();
            let told = match self.ask(topic, sink).await {
                Ok(None) => return std::future::pending().await,
                Ok(Some(told)) => told,
                Err(status) => Told::Refused(refusal(&self.hub, &status)),
            };
            // The same tasks again would only make the screen think that something moved.
            let revision = revision(&told);
            if revision.is_none() || revision != before {
                sink.topic(topic.clone(), told);
            }
            before = revision;
            let pause = (begun.elapsed() * COST_FACTOR).clamp(PAUSE_MIN, PAUSE_MAX);
            tokio::time::sleep(pause).await;
        }
    }

    async fn ask(&mut self, topic: &Topic, sink: &Sink) -> Result<Option<Told>, Status> {
        Ok(Some(match topic {
            Topic::None => return Ok(None),
            Topic::Tasks { instance_id } => Told::Tasks(self.tasks(instance_id).await?),
            Topic::Compare { left, right } => {
                Told::Compare(self.tasks(left).await?, self.tasks(right).await?)
            }
            Topic::History(request) => Told::History(Arc::new(self.page(request).await?)),
            Topic::Failures(request) => {
                let (states, more) = self.failed().await?;
                let list = failures::list(&states, request, more, sink.clock().now());
                Told::Failures(Arc::new(list))
            }
            Topic::Entities(request) => {
                Told::Entities(Arc::new(entities::page(&self.entities().await?, request)))
            }
            Topic::Work(_) => {
                let words = "queues and workers are not in the official service; \
                             the durascope emulator tells them";
                Told::Refused(words.to_owned())
            }
        }))
    }

    async fn tasks(&mut self, instance_id: &str) -> Result<Tasks, Status> {
        Ok(self.history(instance_id).await?.tasks.clone())
    }

    async fn page(&mut self, request: &ReadHistoryRequest) -> Result<HistoryPage, Status> {
        let history = self.history(&request.instance_id).await?;
        let Some(of) = &history.of else {
            return Ok(HistoryPage::default());
        };
        let event = |number: u64| {
            let at = usize::try_from(number.checked_sub(1)?).ok()?;
            history.events.get(at).cloned()
        };
        Ok(HistoryPage {
            execution_id: of.execution_id.clone(),
            ..history.index.page(request, event)
        })
    }

    /// The history of an instance, read anew when the instance has moved.
    async fn history(&mut self, instance_id: &str) -> Result<&History, Status> {
        let state = self.instance(instance_id).await?;
        let seen = state.as_ref().map(Seen::of);
        let kept = self.histories.iter();
        let at = kept.clone().position(|it| it.instance_id == instance_id);
        let mut history = match at {
            Some(at) => self.histories.remove(at),
            None => History::of(instance_id),
        };
        if at.is_none() || history.of != seen {
            let events = match &seen {
                Some(_) => self.events(instance_id).await?,
                None => Vec::new(),
            };
            history.renew(state.as_ref(), events);
        }
        self.histories.truncate(KEPT_MAX - 1);
        self.histories.insert(0, history);
        Ok(&self.histories[0])
    }

    async fn instance(&self, instance_id: &str) -> Result<Option<OrchestrationState>, Status> {
        let request = GetInstanceRequest {
            instance_id: instance_id.to_owned(),
            get_inputs_and_outputs: false,
        };
        let answer = self.hub.call(READ_MAX, Repeat::Safe, || {
            let (mut client, request) = (self.hub.sidecar(), request.clone());
            async move { client.get_instance(request).await }
        });
        match answer.await {
            Ok(answer) => Ok(answer.orchestration_state.filter(|_| answer.exists)),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    async fn events(&self, instance_id: &str) -> Result<Vec<HistoryEvent>, Status> {
        let request = StreamInstanceHistoryRequest {
            instance_id: instance_id.to_owned(),
            ..StreamInstanceHistoryRequest::default()
        };
        let opened = self.hub.call(READ_MAX, Repeat::Safe, || {
            let (mut client, request) = (self.hub.sidecar(), request.clone());
            async move { client.stream_instance_history(request).await }
        });
        let mut chunks = opened.await?;
        let mut events = Vec::new();
        let silent = |_elapsed| Status::deadline_exceeded("the history does not go on");
        while events.len() < EVENTS_MAX
            && let Some(chunk) = tokio::time::timeout(READ_MAX, chunks.message())
                .await
                .map_err(silent)??
        {
            events.extend(chunk.events);
        }
        times::fill(&mut events);
        Ok(events)
    }

    /// Instances that failed, and whether there are more.
    async fn failed(&self) -> Result<(Vec<OrchestrationState>, bool), Status> {
        let mut states = Vec::new();
        let mut token = None;
        loop {
            let query = InstanceQuery {
                runtime_status: vec![OrchestrationStatus::Failed.into()],
                max_instance_count: PAGE,
                continuation_token: token,
                // Some servers keep the details of a failure to who asks for the payloads.
                fetch_inputs_and_outputs: true,
                ..InstanceQuery::default()
            };
            let request = QueryInstancesRequest { query: Some(query) };
            let answer = self.hub.call(READ_MAX, Repeat::Safe, || {
                let (mut client, request) = (self.hub.sidecar(), request.clone());
                async move { client.query_instances(request).await }
            });
            let answer = answer.await?;
            let light = answer.orchestration_state.into_iter().map(without_payloads);
            states.extend(light);
            token = answer.continuation_token.filter(|it| !it.is_empty());
            if token.is_none() || states.len() >= LISTED_MAX {
                return Ok((states, token.is_some()));
            }
        }
    }

    async fn entities(&self) -> Result<Vec<EntityMetadata>, Status> {
        let mut entities = Vec::new();
        let mut token = None;
        loop {
            let query = EntityQuery {
                include_state: true,
                include_transient: true,
                page_size: Some(PAGE),
                continuation_token: token,
                ..EntityQuery::default()
            };
            let request = QueryEntitiesRequest { query: Some(query) };
            let answer = self.hub.call(READ_MAX, Repeat::Safe, || {
                let (mut client, request) = (self.hub.sidecar(), request.clone());
                async move { client.query_entities(request).await }
            });
            let answer = answer.await?;
            entities.extend(answer.entities);
            token = answer.continuation_token.filter(|it| !it.is_empty());
            if token.is_none() || entities.len() >= LISTED_MAX {
                return Ok(entities);
            }
        }
    }
}

impl Seen {
    fn of(state: &OrchestrationState) -> Self {
        Self {
            execution_id: state.execution_id.clone().unwrap_or_default(),
            status: state.orchestration_status,
            moved: state.last_updated_timestamp,
        }
    }
}

impl History {
    fn of(instance_id: &str) -> Self {
        Self {
            instance_id: instance_id.to_owned(),
            of: None,
            events: Vec::new(),
            index: HistoryIndex::default(),
            // When a worker took a task is in no history.
            tasks: Tasks::new(false),
        }
    }

    fn renew(&mut self, state: Option<&OrchestrationState>, events: Vec<HistoryEvent>) {
        self.of = state.map(Seen::of);
        self.index = HistoryIndex::default();
        events.iter().for_each(|event| self.index.push(event));
        self.tasks.apply(match (state, &self.of) {
            (Some(state), Some(of)) => TasksUpdate {
                execution_id: of.execution_id.clone(),
                ..tasks::of_history(&events, ended_ms(state))
            },
            _ => TasksUpdate::default(),
        });
        self.events = events;
    }
}

fn ended_ms(state: &OrchestrationState) -> Option<i64> {
    if !status::has_ended(status::of(state.orchestration_status)) {
        return None;
    }
    let at = state.completed_timestamp.or(state.last_updated_timestamp);
    status::micros(at.as_ref()).map(|at| at / MILLI)
}

fn without_payloads(mut state: OrchestrationState) -> OrchestrationState {
    (state.input, state.output, state.custom_status) = (None, None, None);
    state
}

/// Which tasks an answer has; nothing for other answers, which may differ each time.
fn revision(told: &Told) -> Option<(u64, u64)> {
    match told {
        Told::Tasks(tasks) => Some((tasks.revision, 0)),
        Told::Compare(left, right) => Some((left.revision, right.revision)),
        _ => None,
    }
}

fn refusal(hub: &Hub, status: &Status) -> String {
    match status.code() {
        Code::Unimplemented => {
            "this server does not tell that; the durascope emulator does".to_owned()
        }
        _ => hub.words(status),
    }
}
