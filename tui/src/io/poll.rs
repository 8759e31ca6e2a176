//! Polling of the official service, for servers without the monitor feed.
//!
//! The protocol has no "since" for a history and no sort for queries: pages are loaded and
//! sorted here, and a history is read again only when its instance has moved.

use std::time::Duration;

use durascope_proto::GetEntityRequest;
use durascope_proto::GetInstanceRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::InstanceQuery;
use durascope_proto::OrchestrationState;
use durascope_proto::QueryInstancesRequest;
use durascope_proto::StreamInstanceHistoryRequest;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::Payload;
use durascope_proto::monitor::ReportedProgress;
use durascope_proto::monitor::StatusCount;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::progress;
use durascope_sdk::transport::Repeat;
use prost_types::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::Code;
use tonic::Status;

use crate::app::effect::WatchSpec;
use crate::app::event::Mode;
use crate::data::fold;
use crate::data::polled::times;
use crate::io::list;
use crate::io::row_facts::RowFacts;
use crate::io::source::Ended;
use crate::io::source::Sink;
use crate::io::source::Source;
use crate::io::wire::Hub;

/// Instances loaded at most; the screen says when there are more.
const INSTANCES_MAX: usize = 5_000;
const PAGE: i32 = 500;
/// Shortest and longest pause between two reads.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Longest wait for an answer, and for the next part of a history.
const READ_MAX: Duration = Duration::from_secs(30);
/// Bytes of a payload that the screen keeps, as the feed does.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// History events read of one instance at most.
const EVENTS_MAX: usize = 200_000;

/// Queries every second or less often, by what they cost.
pub struct Poll {
    hub: Hub,
    sequence: u64,
    rows: Vec<InstanceRow>,
    more: bool,
    tree: Option<(Option<Timestamp>, InstanceTree)>,
    facts: RowFacts,
    /// The server has no entities to ask for.
    without_entities: bool,
}

impl Poll {
    /// Polling over `hub`.
    pub fn new(hub: Hub) -> Self {
        Self {
            hub,
            sequence: 0,
            rows: Vec::new(),
            more: false,
            tree: None,
            facts: RowFacts::default(),
            without_entities: false,
        }
    }

    /// One look, for who does not stay.
    ///
    /// # Errors
    /// The server's status.
    pub async fn once(&mut self, spec: &WatchSpec) -> Result<WatchUpdate, Status> {
        self.read().await?;
        self.read_tree(&spec.instance_id).await?;
        Ok(self.update(spec))
    }

    async fn read(&mut self) -> Result<(), Status> {
        let mut rows = Vec::new();
        let mut token = None;
        loop {
            let query = InstanceQuery {
                max_instance_count: PAGE,
                continuation_token: token,
                ..InstanceQuery::default()
            };
            let request = QueryInstancesRequest { query: Some(query) };
            let answer = self.hub.call(READ_MAX, Repeat::Safe, || {
                let (mut client, request) = (self.hub.sidecar(), request.clone());
                async move { client.query_instances(request).await }
            });
            let answer = answer.await?;
            rows.extend(answer.orchestration_state.into_iter().map(row_of));
            token = answer.continuation_token.filter(|it| !it.is_empty());
            self.more = token.is_some();
            if token.is_none() || rows.len() >= INSTANCES_MAX {
                self.rows = rows;
                return Ok(());
            }
        }
    }

    async fn read_tree(&mut self, instance_id: &str) -> Result<(), Status> {
        if instance_id.is_empty() {
            self.tree = None;
            return Ok(());
        }
        let instance_id = instance_id.to_owned();
        let request = GetInstanceRequest {
            instance_id: instance_id.clone(),
            get_inputs_and_outputs: true,
        };
        let answer = self.hub.call(READ_MAX, Repeat::Safe, || {
            let (mut client, request) = (self.hub.sidecar(), request.clone());
            async move { client.get_instance(request).await }
        });
        let answer = match answer.await {
            Ok(answer) => answer,
            Err(status) if status.code() == Code::NotFound => Default::default(),
            Err(status) => return Err(status),
        };
        let Some(state) = answer.orchestration_state.filter(|_| answer.exists) else {
            self.tree = Some((
                None,
                InstanceTree {
                    instance_id,
                    ..InstanceTree::default()
                },
            ));
            return Ok(());
        };
        let moved = state.last_updated_timestamp;
        let reported = match reported(&state) {
            Some(report) => Some(report),
            // It moves by itself, so it is read though the instance has not moved.
            None => self.read_tracker(&instance_id).await?,
        };
        let known = self.tree.as_ref();
        if !known.is_some_and(|(at, it)| it.found && *at == moved && it.instance_id == instance_id)
        {
            let history = self.read_history(&instance_id).await?;
            self.tree = Some((moved, tree_of(state, &history)));
        }
        if let Some(row) = self.tree.as_mut().and_then(|(_, it)| it.instance.as_mut()) {
            row.reported = reported;
        }
        Ok(())
    }

    /// What some of the rows on screen wait for.
    async fn read_facts(&mut self, spec: &WatchSpec) {
        let Some((first, count)) = spec.on_screen else {
            return;
        };
        let window = InstanceWindow {
            offset: first,
            limit: count,
            ..spec.window.clone()
        };
        let rows = list::page(&self.rows, &window, None).rows;
        let watched = &spec.instance_id;
        self.facts.refresh(&self.hub, &rows, watched).await;
    }

    /// What the instance's tracker entity says, on servers that know entities.
    async fn read_tracker(
        &mut self,
        instance_id: &str,
    ) -> Result<Option<ReportedProgress>, Status> {
        if self.without_entities {
            return Ok(None);
        }
        let request = GetEntityRequest {
            instance_id: progress::tracker_id(instance_id),
            include_state: true,
        };
        let answer = self.hub.call(READ_MAX, Repeat::Safe, || {
            let (mut client, request) = (self.hub.sidecar(), request.clone());
            async move { client.get_entity(request).await }
        });
        let entity = match answer.await {
            Ok(answer) => answer.entity,
            Err(status) => match status.code() {
                Code::Unimplemented => {
                    self.without_entities = true;
                    None
                }
                // Not there, or the id of the instance makes none of an entity.
                Code::NotFound | Code::InvalidArgument => None,
                _ => return Err(status),
            },
        };
        let state = entity.and_then(|it| it.serialized_state);
        Ok(state.and_then(|it| ReportedProgress::from_tracker(&it)))
    }

    async fn read_history(&self, instance_id: &str) -> Result<Vec<HistoryEvent>, Status> {
        let request = StreamInstanceHistoryRequest {
            instance_id: instance_id.to_owned(),
            ..StreamInstanceHistoryRequest::default()
        };
        let opened = self.hub.call(READ_MAX, Repeat::Safe, || {
            let (mut client, request) = (self.hub.sidecar(), request.clone());
            async move { client.stream_instance_history(request).await }
        });
        let mut chunks = match opened.await {
            Ok(chunks) => chunks,
            // Some servers keep the history to themselves: the rest is still worth showing.
            Err(status) if status.code() == Code::Unimplemented => return Ok(Vec::new()),
            Err(status) => return Err(status),
        };
        let mut events = Vec::new();
        let silent = |_elapsed| Status::deadline_exceeded("the history does not go on");
        while let Some(chunk) = tokio::time::timeout(READ_MAX, chunks.message())
            .await
            .map_err(silent)??
        {
            events.extend(chunk.events);
            if events.len() >= EVENTS_MAX {
                break;
            }
        }
        times::fill(&mut events);
        Ok(events)
    }

    fn update(&mut self, spec: &WatchSpec) -> WatchUpdate {
        self.sequence += 1;
        let tree = self.tree.as_ref().map(|(_, it)| it.clone());
        let mut page = list::page(&self.rows, &spec.window, tree.as_ref());
        for row in page.rows.iter_mut().filter(|it| it.waits.is_none()) {
            self.facts.fill(row);
        }
        WatchUpdate {
            sequence: self.sequence,
            server_time: None,
            hub: Some(HubSummary {
                totals: self.totals(),
                ..HubSummary::default()
            }),
            instances: Some(page),
            tree: tree.filter(|it| it.instance_id == spec.instance_id),
            tree_unchanged: false,
        }
    }

    /// Totals, unless the hub has more than was loaded.
    fn totals(&self) -> Vec<StatusCount> {
        if self.more {
            return Vec::new();
        }
        let mut totals: Vec<StatusCount> = Vec::new();
        for row in &self.rows {
            match totals.iter_mut().find(|it| it.status == row.status) {
                Some(it) => it.count += 1,
                None => totals.push(StatusCount {
                    status: row.status,
                    count: 1,
                }),
            }
        }
        totals
    }
}

impl Source for Poll {
    async fn run(&mut self, mut spec: watch::Receiver<WatchSpec>, sink: &Sink) -> Ended {
        let mut due = Instant::now();
        let mut pause = PAUSE_MIN;
        loop {
            let wanted = spec.borrow_and_update().clone();
            let started = Instant::now();
            let is_due = started >= due;
            let read = async {
                if is_due {
                    self.read().await?;
                }
                self.read_tree(&wanted.instance_id).await?;
                if is_due {
                    self.read_facts(&wanted).await;
                }
                Ok::<_, Status>(())
            };
            match read.await {
                Ok(()) => {}
                Err(status) if status.code() == Code::Unimplemented => return Ended::NotOffered,
                Err(status) => return Ended::Failed(self.hub.words(&status)),
            }
            if is_due {
                pause = (started.elapsed() * 10).clamp(PAUSE_MIN, PAUSE_MAX);
                due = Instant::now() + pause;
            }
            let mode = Mode::Poll {
                loaded: self.rows.len(),
                more: self.more,
                every_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            };
            let update = self.update(&wanted);
            sink.data(update, mode);
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                changed = spec.changed() => {
                    if changed.is_err() {
                        return Ended::Closing;
                    }
                }
            }
        }
    }
}

fn reported(state: &OrchestrationState) -> Option<ReportedProgress> {
    let status = state.custom_status.as_deref()?;
    ReportedProgress::from_custom_status(status)
}

pub(super) fn row_of(state: OrchestrationState) -> InstanceRow {
    let reported = reported(&state);
    let failure = state
        .failure_details
        .as_ref()
        .map_or_else(String::new, |it| {
            format!("{}: {}", it.error_type, it.error_message)
        });
    InstanceRow {
        instance_id: state.instance_id,
        execution_id: state.execution_id.unwrap_or_default(),
        name: state.name,
        version: state.version,
        status: state.orchestration_status,
        created_at: state.created_timestamp,
        updated_at: state.last_updated_timestamp,
        completed_at: state.completed_timestamp,
        scheduled_start: state.scheduled_start_timestamp,
        parent_instance_id: state.parent_instance_id.unwrap_or_default(),
        failure,
        reported,
        tags: state.tags,
        ..InstanceRow::default()
    }
}

fn tree_of(mut state: OrchestrationState, history: &[HistoryEvent]) -> InstanceTree {
    let input = state.input.take();
    let output = state.output.take();
    let custom_status = state.custom_status.take();
    let failure = state.failure_details.clone();
    let tags = state.tags.clone();
    let mut tree = fold::tree(row_of(state), history);
    tree.input = payload(input);
    tree.output = payload(output);
    tree.custom_status = payload(custom_status);
    tree.failure = failure;
    tree.tags = tags;
    tree
}

fn payload(text: Option<String>) -> Option<Payload> {
    let mut text = text?;
    let total_bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if text.len() > PAYLOAD_BYTES_MAX {
        text.truncate(text.floor_char_boundary(PAYLOAD_BYTES_MAX));
    }
    Some(Payload {
        text: Some(text),
        total_bytes,
    })
}
